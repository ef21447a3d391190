#include "victim.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_SECONDS 60

static volatile sig_atomic_t killed;
static volatile pid_t victim; /* to be killed by the timer */

static void on_alarm(int number)
{
	(void)number;
	killed = 1;
	kill(victim, SIGKILL);
}

uint64_t victim_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

bool victim_start(char *const command[])
{
	sigaction(
		SIGALRM, &(struct sigaction){.sa_handler = on_alarm, .sa_flags = SA_RESTART}, NULL);
	killed = 0;
	victim = fork();
	if (victim == 0) {
		execv(command[0], command);
		_exit(127);
	}
	return victim > 0;
}

void victim_kill_within(unsigned us)
{
	/* No time at all would be no timer. */
	const struct itimerval timer
		= {.it_value = {.tv_sec = us / 1000000, .tv_usec = us % 1000000 + (us == 0)}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

bool victim_wait_killed(void)
{
	int status;

	while (waitpid(victim, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	if (killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	printf("the control process ended by itself: status %x\n", (unsigned)status);
	return false;
}

static bool listening(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	const bool is = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return is;
}

bool victim_wait_listening(const char *socket_path, unsigned *took_us)
{
	const uint64_t begin = victim_clock_us();

	while (!listening(socket_path)) {
		if (victim_clock_us() - begin > START_SECONDS * 1000000
			|| waitpid(victim, NULL, WNOHANG)) {
			printf("the control process does not start\n");
			return false;
		}
		usleep(500);
	}
	*took_us = (unsigned)(victim_clock_us() - begin);
	return true;
}

bool victim_end(void)
{
	kill(victim, SIGTERM);
	return waitpid(victim, NULL, 0) == victim;
}

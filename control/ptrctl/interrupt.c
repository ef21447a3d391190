#include "interrupt.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static const char *last_words;
static void (*before_end)(void);

static void say(const char *text)
{
	/* Nothing is left to be done about a terminal that is gone. */
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static void end(int number)
{
	if (before_end != NULL)
		before_end();
	say(progress_eraser());
	say(last_words);
	_exit(128 + number);
}

void interrupt_catch(const char *message, void (*clean_up)(void))
{
	struct sigaction action = {.sa_handler = end}, before;

	last_words = message;
	before_end = clean_up;
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < SIGNALS; i++) {
		/* What nohup and the like have had ignored stays so. */
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

static void change(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(how, &set, NULL);
}

void interrupt_hold(void)
{
	change(SIG_BLOCK);
}

void interrupt_release(void)
{
	change(SIG_UNBLOCK);
}

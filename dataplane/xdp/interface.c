#include "interface.h"

#include <errno.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../log.h"

/* A killed process has its claim till the kernel has taken its memory apart. */
#define BUSY_TRIES 100
#define BUSY_PAUSE_MS 20

/* Queues as net_af_xdp counts them: a device that tells no channels has one. */
static unsigned queue_count(int fd, const char *name)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (void *)&channels};

	memcpy(request.ifr_name, name, strlen(name) + 1);
	if (ioctl(fd, SIOCETHTOOL, &request) != 0 || channels.max_combined == 0)
		return 1;
	return channels.combined_count;
}

/* `name` is shorter than IF_NAMESIZE. */
static int check_fit(int fd, const char *name, unsigned queues)
{
	struct ifreq request = {0};

	memcpy(request.ifr_name, name, strlen(name) + 1);
	if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
		log_line("%s: cannot read its flags: %s", name, strerror(errno));
		return -1;
	}
	if ((request.ifr_flags & IFF_UP) == 0) {
		log_line("%s is down: ip link set dev %s up", name, name);
		return -1;
	}
	const unsigned have = queue_count(fd, name);
	if (have < queues) {
		log_line(
			"%s has %u queue%s, but dataplane.ports gives it %u cores, one queue each: "
			"name fewer cores, or: ethtool -L %s combined %u",
			name, have, have == 1 ? "" : "s", queues, name, queues);
		return -1;
	}
	return 0;
}

int interface_check(const char *name, unsigned queues, unsigned *index)
{
	if (strlen(name) >= IF_NAMESIZE) {
		log_line("interface name \"%s\" is too long: %zu characters, the kernel takes %d",
			name, strlen(name), IF_NAMESIZE - 1);
		return -1;
	}
	*index = if_nametoindex(name);
	if (*index == 0) {
		log_line(
			"there is no network interface \"%s\" here (ip link shows those that there are)",
			name);
		return -1;
	}
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		log_line("%s: cannot open a socket: %s", name, strerror(errno));
		return -1;
	}
	const int err = check_fit(fd, name, queues);
	close(fd);
	return err;
}

/* Pid of the process that listens on `address`, or 0. */
static int listener_pid(const struct sockaddr_un *address, socklen_t len)
{
	struct ucred peer = {0};
	socklen_t peer_len = sizeof(peer);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return 0;
	/* Fails when the backlog is full of such questions: then nobody knows. */
	if (connect(fd, (const void *)address, len) != 0
		|| getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) != 0)
		peer.pid = 0;
	close(fd);
	return peer.pid;
}

/* Binds and listens. Returns the descriptor, or -1 with errno. */
static int listen_on(const struct sockaddr_un *address, socklen_t len)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || (bind(fd, (const void *)address, len) == 0 && listen(fd, 8) == 0))
		return fd;
	const int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int interface_claim(const char *name, unsigned index)
{
	/* An abstract name: it lives in the network namespace, as the interface does, and goes
	 * with the process however that ends. */
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
		"ptrd-dataplane/interface/%u", index);
	const socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (unsigned)n);
	const struct timespec pause = {.tv_nsec = BUSY_PAUSE_MS * 1000000L};
	int fd = listen_on(&address, len);

	for (unsigned tries = 1; fd < 0 && errno == EADDRINUSE && tries < BUSY_TRIES; tries++) {
		(void)nanosleep(&pause, NULL);
		fd = listen_on(&address, len);
	}
	if (fd >= 0)
		return fd;
	if (errno != EADDRINUSE) {
		log_line("%s: cannot claim the interface: %s", name, strerror(errno));
		return -1;
	}
	const int pid = listener_pid(&address, len);
	if (pid > 0)
		log_line("%s is in use by another ptrd-dataplane, pid %d", name, pid);
	else
		log_line("%s is in use by another ptrd-dataplane", name);
	return -1;
}

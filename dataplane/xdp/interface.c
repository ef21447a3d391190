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

/* Drivers whose frames come from this machine, or from a virtual machine on it. */
static const char *const local_drivers[] = {"veth", "tun", "virtio_net", "bridge", "macvlan"};

static struct ifreq request_for(const char *name)
{
	struct ifreq request = {0};

	memcpy(request.ifr_name, name, strnlen(name, IF_NAMESIZE - 1));
	return request;
}

/* Queues that AF_XDP sockets can have: pairs, or the lesser of the two kinds. */
static unsigned queue_count(int fd, const char *name, bool *separate)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = request_for(name);

	request.ifr_data = (void *)&channels;
	*separate = false;
	if (ioctl(fd, SIOCETHTOOL, &request) != 0)
		return 1; /* a device that tells no channels has one */
	if (channels.max_combined > 0)
		return channels.combined_count;
	*separate = true;
	return channels.rx_count < channels.tx_count ? channels.rx_count : channels.tx_count;
}

/* `name` is shorter than IF_NAMESIZE. */
static int check_fit(int fd, const char *name, unsigned queues, bool *separate)
{
	struct ifreq request = request_for(name);

	if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
		log_line("%s: cannot read its flags: %s", name, strerror(errno));
		return -1;
	}
	if ((request.ifr_flags & IFF_UP) == 0) {
		log_line("%s is down: ip link set dev %s up", name, name);
		return -1;
	}
	const unsigned have = queue_count(fd, name, separate);
	if (have >= queues || queues == 1)
		return 0;
	log_line("%s has %u queue%s, but dataplane.ports gives it %u cores, one queue each: "
		 "name fewer cores, or: ethtool -L %s %s %u",
		name, have, have == 1 ? "" : "s", queues, name, *separate ? "rx N tx" : "combined",
		queues);
	return -1;
}

int interface_check(const char *name, unsigned queues, struct interface *interface)
{
	if (strlen(name) >= IF_NAMESIZE) {
		log_line("interface name \"%s\" is too long: %zu characters, the kernel takes %d",
			name, strlen(name), IF_NAMESIZE - 1);
		return -1;
	}
	interface->index = if_nametoindex(name);
	if (interface->index == 0) {
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
	const int err = check_fit(fd, name, queues, &interface->separate_queues);
	close(fd);
	return err;
}

int interface_mac(unsigned index, uint8_t mac[6])
{
	struct ifreq request = {0};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	const bool found = if_indextoname(index, request.ifr_name) != NULL
		&& ioctl(fd, SIOCGIFHWADDR, &request) == 0;
	const int saved = errno;
	close(fd);
	errno = saved;
	if (found)
		memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	return found ? 0 : -1;
}

/* Name of the interface's driver, "lo" for loopback, which has none, or "". */
static void driver_of(int fd, const char *name, char driver[32])
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = request_for(name);

	driver[0] = '\0';
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_LOOPBACK) != 0) {
		(void)strcpy(driver, "lo");
		return;
	}
	request.ifr_data = (void *)&info;
	if (ioctl(fd, SIOCETHTOOL, &request) == 0)
		(void)snprintf(driver, 32, "%.31s", info.driver);
}

bool interface_leaves_checksums(const char *name)
{
	char driver[32];
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	driver_of(fd, name, driver);
	close(fd);
	bool local = strcmp(driver, "lo") == 0;
	for (size_t i = 0; i < sizeof(local_drivers) / sizeof(local_drivers[0]); i++)
		local |= strcmp(driver, local_drivers[i]) == 0;
	if (local)
		log_line("%s: its peer may leave UDP checksums unfinished (driver %s): "
			 "queries are taken with those too",
			name, driver);
	return local;
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

#include "tags.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "../log.h"

#define FEATURES_MAX 256 /* the kernel has some 70 */
#define BLOCKS_MAX (FEATURES_MAX / 32)

/* The kernel's names; ethtool calls the first one rxvlan. */
static const char *const features[] = {"rx-vlan-hw-parse", "rx-vlan-stag-hw-parse"};
#define FEATURES (sizeof(features) / sizeof(features[0]))

/* The interface as ethtool's calls reach it. */
struct adapter {
	const char *name;
	int fd;
	unsigned blocks;           /* of 32 features */
	unsigned number[FEATURES]; /* in the kernel's order, or FEATURES_MAX */
};

static int call(const struct adapter *adapter, void *command)
{
	struct ifreq request = {.ifr_data = command};

	memcpy(request.ifr_name, adapter->name, strnlen(adapter->name, IF_NAMESIZE - 1));
	return ioctl(adapter->fd, SIOCETHTOOL, &request);
}

static unsigned count_features(const struct adapter *adapter)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} set = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = UINT64_C(1) << ETH_SS_FEATURES}};

	return call(adapter, &set) == 0 && set.info.sset_mask != 0 ? set.count : 0;
}

/* Finds the features. Returns -1 if the kernel does not tell. */
static int find_features(struct adapter *adapter)
{
	const unsigned count = count_features(adapter);

	if (count == 0 || count > FEATURES_MAX)
		return -1;
	struct ethtool_gstrings *names
		= calloc(1, sizeof(*names) + (size_t)count * ETH_GSTRING_LEN);
	if (names == NULL)
		return -1;
	*names = (struct ethtool_gstrings){
		.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = count};
	const int err = call(adapter, names);
	for (size_t f = 0; f < FEATURES; f++) {
		adapter->number[f] = FEATURES_MAX;
		for (unsigned i = 0; i < count && err == 0; i++)
			if (strncmp((const char *)names->data + (size_t)i * ETH_GSTRING_LEN,
				    features[f], ETH_GSTRING_LEN)
				== 0)
				adapter->number[f] = i;
	}
	free(names);
	adapter->blocks = (count + 31) / 32;
	return err;
}

/* Which of the features are on, as bits. An interface that knows none has none. */
static unsigned active(const struct adapter *adapter)
{
	struct {
		struct ethtool_gfeatures head;
		struct ethtool_get_features_block block[BLOCKS_MAX];
	} got = {.head = {.cmd = ETHTOOL_GFEATURES, .size = adapter->blocks}};
	unsigned on = 0;

	if (call(adapter, &got) != 0)
		return 0;
	for (size_t f = 0; f < FEATURES; f++) {
		const unsigned number = adapter->number[f];

		if (number < FEATURES_MAX
			&& (got.block[number / 32].active & (1u << number % 32)) != 0)
			on |= 1u << f;
	}
	return on;
}

/* Asks for the features in `which` to be `on`. What comes of it, active() tells. */
static void set(const struct adapter *adapter, unsigned which, bool on)
{
	struct {
		struct ethtool_sfeatures head;
		struct ethtool_set_features_block block[BLOCKS_MAX];
	} wanted = {.head = {.cmd = ETHTOOL_SFEATURES, .size = adapter->blocks}};

	for (size_t f = 0; f < FEATURES; f++) {
		const unsigned number = adapter->number[f];

		if ((which & (1u << f)) == 0 || number >= FEATURES_MAX)
			continue;
		wanted.block[number / 32].valid |= 1u << number % 32;
		if (on)
			wanted.block[number / 32].requested |= 1u << number % 32;
	}
	(void)call(adapter, &wanted);
}

static int open_adapter(struct adapter *adapter, const char *name)
{
	*adapter = (struct adapter){
		.name = name, .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
	if (adapter->fd < 0)
		return -1;
	if (find_features(adapter) == 0)
		return 0;
	close(adapter->fd);
	return -1;
}

/* True if this network namespace has a VLAN interface on `name`: /proc/net/vlan/config has a line for
 * each, "VLAN | id | interface", but for those in other namespaces. */
static bool has_vlans(const char *name)
{
	char line[256], parent[IF_NAMESIZE];
	bool found = false;
	FILE *file = fopen("/proc/net/vlan/config", "re");

	if (file == NULL)
		return false; /* no VLAN at all */
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line, "%*s | %*d | %15s", parent) == 1 && strcmp(parent, name) == 0;
	(void)fclose(file);
	return found;
}

/* What stays on cannot be turned off. */
static int judge(const char *name, unsigned left)
{
	if (left == 0)
		return 0;
	const char *feature = features[(left & 1) != 0 ? 0 : 1];

	if (has_vlans(name)) {
		log_line(
			"%s has VLAN interfaces, but takes tags off before the XDP program (%s, which "
			"cannot be turned off): queries in a VLAN would be answered outside it; name "
			"the VLAN's interface in dataplane.ports instead, or give the adapter to DPDK "
			"(pci:)",
			name, feature);
		return -1;
	}
	log_line("%s takes VLAN tags off before the XDP program (%s, which cannot be turned off): "
		 "queries in a VLAN would be answered outside it",
		name, feature);
	return 0;
}

int tags_keep(const char *name, struct tags *tags)
{
	struct adapter adapter;

	*tags = (struct tags){0};
	if (open_adapter(&adapter, name) != 0) {
		log_line("%s: the kernel does not tell whether VLAN tags stay in frames: %s", name,
			strerror(errno));
		return 0;
	}
	const unsigned before = active(&adapter);
	if (before != 0)
		set(&adapter, before, false);
	const unsigned left = active(&adapter);
	close(adapter.fd);
	tags->off = before & ~left;
	if (tags->off != 0)
		log_line("%s: leaves VLAN tags in frames while we run (rxvlan off)", name);
	if (judge(name, left) == 0)
		return 0;
	tags_restore(name, tags);
	return -1;
}

void tags_restore(const char *name, const struct tags *tags)
{
	struct adapter adapter;

	if (tags->off == 0 || open_adapter(&adapter, name) != 0)
		return;
	set(&adapter, tags->off, true);
	close(adapter.fd);
}

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>

#include "xdp/tags.h"

/* An adapter with a kernel in front, in place of the machine's: the linker has their calls go here. */
#define COUNT 70
#define RXVLAN 40 /* in the second and third block of 32 */
#define STAG 66
static struct {
	bool on[COUNT], changeable[COUNT];
	bool silent;       /* it tells no features at all */
	const char *vlans; /* of /proc/net/vlan/config; NULL: there is none */
	unsigned changes;
} adapter;

static const char *name_of(unsigned feature)
{
	static char name[ETH_GSTRING_LEN];

	if (feature == RXVLAN)
		return "rx-vlan-hw-parse";
	if (feature == STAG)
		return "rx-vlan-stag-hw-parse";
	(void)snprintf(name, sizeof(name), "rx-vlan-%u", feature);
	return name;
}

static void get(struct ethtool_gfeatures *got)
{
	assert_int_equal(got->size, 3);
	for (unsigned i = 0; i < COUNT; i++) {
		got->features[i / 32].active |= (uint32_t)adapter.on[i] << i % 32;
		got->features[i / 32].available |= (uint32_t)adapter.changeable[i] << i % 32;
	}
}

static void change(const struct ethtool_sfeatures *wanted)
{
	assert_int_equal(wanted->size, 3);
	adapter.changes++;
	for (unsigned i = 0; i < COUNT; i++) {
		const struct ethtool_set_features_block *block = &wanted->features[i / 32];

		if ((block->valid >> i % 32 & 1) == 0)
			continue;
		assert_true(i == RXVLAN || i == STAG);
		if (adapter.changeable[i])
			adapter.on[i] = block->requested >> i % 32 & 1;
	}
}

static int answer(struct ethtool_sset_info *command)
{
	struct ethtool_gstrings *names = (void *)command;

	switch (command->cmd) {
	case ETHTOOL_GSSET_INFO:
		if (adapter.silent)
			return -1;
		assert_int_equal(command->sset_mask, 1 << ETH_SS_FEATURES);
		command->data[0] = COUNT;
		return 0;
	case ETHTOOL_GSTRINGS:
		assert_int_equal(names->len, COUNT);
		for (unsigned i = 0; i < COUNT; i++)
			(void)snprintf((char *)names->data + (size_t)i * ETH_GSTRING_LEN,
				ETH_GSTRING_LEN, "%s", name_of(i));
		return 0;
	case ETHTOOL_GFEATURES:
		get((void *)command);
		return 0;
	case ETHTOOL_SFEATURES:
		change((void *)command);
		return 0;
	default:
		fail_msg("command 0x%x", command->cmd);
		return -1;
	}
}

int __wrap_ioctl(int fd, unsigned long request, struct ifreq *argument);
int __wrap_ioctl(int fd, unsigned long request, struct ifreq *argument)
{
	assert_true(fd >= 0);
	assert_int_equal(request, SIOCETHTOOL);
	assert_string_equal(argument->ifr_name, "eth7");
	const int err = answer((void *)argument->ifr_data);
	errno = EOPNOTSUPP;
	return err;
}

FILE *__wrap_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode)
{
	assert_string_equal(path, "/proc/net/vlan/config");
	if (adapter.vlans == NULL)
		return NULL;
	return fmemopen((void *)(uintptr_t)adapter.vlans, strlen(adapter.vlans), mode);
}

#define HEAD "VLAN Dev name    | VLAN ID\nName-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD\n"
#define OURS HEAD "eth6.5         | 5  | eth6\neth7.100       | 100  | eth7\n"
#define OTHERS HEAD "eth7.100       | 100  | eth77\neth6.7         | 7  | eth6\n"

static const struct {
	const char *what;
	bool rxvlan, rxvlan_changeable, stag, stag_changeable;
	const char *vlans;
	int result;
	bool rxvlan_kept, stag_kept; /* on while we run */
} cases[] = {
	{"both can be turned off", true, true, true, true, OURS, 0, false, false},
	{"one is off", true, true, false, true, OURS, 0, false, false},
	{"the other is off", false, true, true, true, NULL, 0, false, false},
	{"both are off", false, true, false, true, OURS, 0, false, false},
	{"off for good", false, false, false, false, OURS, 0, false, false},
	{"on for good, no VLAN", true, false, false, false, NULL, 0, true, false},
	{"on for good, VLANs of others", true, false, false, false, OTHERS, 0, true, false},
	{"on for good, a VLAN", true, false, false, false, OURS, -1, true, false},
	{"one on for good, no VLAN", true, true, true, false, OTHERS, 0, false, true},
	{"one on for good, a VLAN", true, true, true, false, OURS, -1, true, true},
};

static void set_adapter(size_t c)
{
	memset(&adapter, 0, sizeof(adapter));
	for (unsigned i = 0; i < COUNT; i++)
		adapter.on[i] = adapter.changeable[i] = i % 3 == 0;
	adapter.on[RXVLAN] = cases[c].rxvlan;
	adapter.changeable[RXVLAN] = cases[c].rxvlan_changeable;
	adapter.on[STAG] = cases[c].stag;
	adapter.changeable[STAG] = cases[c].stag_changeable;
	adapter.vlans = cases[c].vlans;
}

static void test_features(void **state)
{
	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct tags tags;

		set_adapter(c);
		if (tags_keep("eth7", &tags) != cases[c].result)
			fail_msg("%s: the other result", cases[c].what);
		if (adapter.on[RXVLAN] != cases[c].rxvlan_kept
			|| adapter.on[STAG] != cases[c].stag_kept)
			fail_msg("%s: on are %d and %d", cases[c].what, adapter.on[RXVLAN],
				adapter.on[STAG]);
		if (cases[c].result == 0)
			tags_restore("eth7", &tags);
		if (adapter.on[RXVLAN] != cases[c].rxvlan || adapter.on[STAG] != cases[c].stag)
			fail_msg("%s: not restored", cases[c].what);
		if (!cases[c].rxvlan && !cases[c].stag)
			assert_int_equal(adapter.changes, 0);
	}
}

static void test_no_features(void **state)
{
	struct tags tags;

	(void)state;
	set_adapter(0);
	adapter.silent = true;
	assert_int_equal(tags_keep("eth7", &tags), 0);
	tags_restore("eth7", &tags);
	assert_int_equal(adapter.changes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_no_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

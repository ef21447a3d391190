/* RRs on their way into a message of a transfer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"
#include "rr_set.h"

/* An RR that fits exactly, one byte short and one byte over; then one with its owner a pointer. */
static void test_fit(void **state)
{
	static const uint8_t rrs[] = "\xc0\x0c\0\14\0\1\0\0\0\1\0\2\1a"
				     "\xc0\x0c\0\14\0\1\0\0\0\1\0\2\1b";
	struct rr_set set = {.wire = rrs, .len = sizeof(rrs) - 1};
	uint8_t msg[200];

	(void)state;
	rr_set_ipv4(&set, ADDRESS(10, 20, 30, 255), 2);
	assert_int_equal(set.owner_len, 3 + 4 + 2);
	assert_memory_equal(set.owner, "\003255\00230\xc0\x0c", set.owner_len);
	assert_int_equal(rr_set_put(&set, msg, 50, 50 + 9 + 12 - 1), 0);
	assert_int_equal(set.at, 0);
	assert_int_equal(rr_set_put(&set, msg, 50, 50 + 9 + 12), 9 + 12);
	assert_int_equal(rr_set_put(&set, msg, 71, 71 + 14 - 1), 0);
	assert_int_equal(rr_set_put(&set, msg, 71, 71 + 14 + 1), 14);
	assert_memory_equal(msg + 71, "\xc0\x32\0\14\0\1\0\0\0\1\0\2\1b", 14);
	assert_int_equal(set.at, set.len);
	rr_set_ipv4(&set, ADDRESS(10, 20, 30, 255), 4);
	assert_int_equal(set.owner_len, 2);
	static const uint8_t address[16] = {0x20, 0x01, [15] = 0xaf};

	rr_set_ipv6(&set, address, 29);
	assert_memory_equal(set.owner,
		"\1f\1a\1"
		"0\xc0\x0c",
		8);
	assert_int_equal(set.owner_len, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

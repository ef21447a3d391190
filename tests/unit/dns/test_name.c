#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <ldns/ldns.h>

#include "name.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Names that are accepted must be what ldns makes of the same text. */
static void test_accepted(void **state)
{
	static const char *const names[] = {".", "a", "a.", "a.b", "Mail.Example.ORG.", L63,
		L63 "." L63, L63 "." L63 "." L63 "." L61, L63 "." L63 "." L63 "." L61 ".",
		"first\\.last.example.", "\\000.\\255.\\046\\\\", "a\\ b.c", "_srv._tcp.x",
		L61 "\\.\\046"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t wire[PTRD_NAME_WIRE_MAX];
		ldns_rdf *expected = ldns_dname_new_frm_str(names[i]);

		assert_non_null(expected);
		print_message("%s\n", names[i]);
		assert_int_equal(name_to_wire(names[i], wire), ldns_rdf_size(expected));
		assert_memory_equal(wire, ldns_rdf_data(expected), ldns_rdf_size(expected));
		ldns_rdf_deep_free(expected);
	}
}

static void test_refused(void **state)
{
	static const char *const names[] = {"", "..", ".a", "a..", "a..b", L63 "a", L63 "\\097",
		"b." L63 "a.c", L63 "." L63 "." L63 "." L61 "a", L63 "." L63 "." L63 "." L61 ".a",
		L63 "." L63 "." L63 "." L61 "a.", "a\\", "a\\1", "a\\12", "a\\12.b", "a\\256",
		"a\\999"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t wire[PTRD_NAME_WIRE_MAX];

		print_message("\"%s\"\n", names[i]);
		assert_int_equal(name_to_wire(names[i], wire), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

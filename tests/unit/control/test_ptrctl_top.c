/* What `ptrctl top` makes of two replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "top.h"

#define READER(cpu, port, cycles, busy, custom, rx, full)                                          \
	"{'reader':0,'cpu':" #cpu "," port "'cycles':" #cycles ",'busy_cycles':" #busy             \
	",'outcomes':{'ptr_custom':" #custom ",'nxdomain':0},'events':{'rx':" #rx                  \
	",'tx':0,'tx_full':" #full ",'to_kernel':0,'kernel_over':0}}"
#define PORT "'port':'ptd0','queue':1,"
#define STATS(time, revision, readers)                                                             \
	"{'time_us':" #time ",'pid':7,'generation':3,"                                             \
	"'dataplane':{'alive':true,'pid':8,'applied_generation':2},"                               \
	"'control':{'revision':" #revision ",'requests':100,'refused':1,'transactions':50,"        \
	"'connections':2,'watches':1,'imports':0},'readers':[" readers "]}"

static const char head[] = "control    pid 7, revision 1500, generation 3\n";
static const char columns[]
	= " CPU  PORT             QUEUE    LOAD    RX/s    TX/s  NO ROOM   KERNEL     OVER\n";

static char *format(const char *before, const char *now)
{
	json_t *was = before != NULL ? json_loads(before, 0, NULL) : NULL;
	json_t *is = json_loads(now, 0, NULL);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_true(out != NULL && is != NULL);
	top_format(out, was, is);
	fclose(out);
	json_decref(was);
	json_decref(is);
	return text;
}

/* Replies with double quotes, as jansson wants them. */
static char *quoted(const char *text)
{
	char *copy = strdup(text);

	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	return copy;
}

static void check(const char *before, const char *now, const char *const *lines)
{
	char *was = before != NULL ? quoted(before) : NULL, *is = quoted(now);
	char *text = format(was, is);

	for (; *lines != NULL; lines++)
		if (strstr(text, *lines) == NULL)
			fail_msg("no \"%s\" in:\n%s", *lines, text);
	free(text);
	free(was);
	free(is);
}

static void test_rates(void **state)
{
	(void)state;
	check(STATS(1000000, 500,
		      READER(0, "", 0, 0, 0, 5, 0) "," READER(2, PORT, 100, 50, 10, 0, 0)),
		STATS(3000000, 1500,
			READER(0, "", 0, 0, 4, 9, 0) "," READER(
				2, PORT, 1100, 300, 5000010, 5000000, 2)),
		(const char *[]){head,
			"           500 changes/s in 0 transactions/s, 0 requests/s, 0 refused/s\n",
			"           2 connections, 1 watches, 0 imports\n",
			"dataplane  pid 8, generation 2 applied\n", columns,
			"   0  (main lcore)         -       -       2       0        0        0        0\n",
			"   2  ptd0                 1    25 %    2.5M       0        1        0        0\n",
			"outcomes                 PER SECOND    SINCE START\n",
			"  ptr_custom                   2.5M           5.0M\n",
			"  rx                           2.5M           5.0M\n",
			"  tx_full                         1              2\n", NULL});
}

/* The first time there is nothing to compare with. */
static void test_first(void **state)
{
	(void)state;
	check(NULL, STATS(1000000, 1500, READER(2, PORT, 1100, 300, 12, 20, 2)),
		(const char *[]){head, "           - changes/s in - transactions/s",
			"   2  ptd0                 1       -       -       -        -        -        -\n",
			"  ptr_custom                      -             12\n", NULL});
}

/* Another dataplane than before, whose counters began anew, with a worker more; or none at all. */
static void test_restarts(void **state)
{
	(void)state;
	check(STATS(1000000, 500, READER(2, PORT, 1000, 500, 1000, 1000, 0)),
		STATS(2000000, 1500,
			READER(2, PORT, 100, 10, 300, 300, 0) "," READER(
				3, PORT, 100, 10, 1, 1, 0)),
		(const char *[]){
			"   2  ptd0                 1    10 %     300       0        0        0        0\n",
			"   3  ptd0                 1       -       -       -        -        -        -\n",
			"  ptr_custom                    301            301\n", NULL});
	check(NULL,
		"{'time_us':1,'pid':7,'generation':3,'dataplane':{'alive':false},'control':{},"
		"'readers':[]}",
		(const char *[]){"dataplane  does not run: nothing is answered\n", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_restarts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

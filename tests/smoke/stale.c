/*
 * stale SOCKET SERVER COUNT: COUNT times sets or unsets a PTR and, once that is acknowledged,
 * asks for it at once. The EIPs 203.0.113.0 to 203.0.113.99 are bound and have no custom PTR.
 * Every answer has to be the one just acknowledged.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "query.h"
#include "reply.h"

#define FIRST UINT32_C(0xCB007100) /* 203.0.113.0 */
#define EIPS 100
#define NAMES_MAX 3
#define TRIES 5 /* a lost packet is not a stale answer */

struct eip {
	char address[16];
	struct expected expected;
	char *names[NAMES_MAX];
	char text[NAMES_MAX][64];
	bool custom;
};

static void expect_default(struct eip *eip, unsigned i)
{
	snprintf(eip->text[0], sizeof(eip->text[0]), "ecs-203-0-113-%u.compute.example.com.", i);
	eip->expected.count = 1;
	eip->expected.ttl = 300;
	eip->custom = false;
}

/* Names and TTL that no turn before has had. */
static void expect_custom(struct eip *eip, unsigned turn)
{
	eip->expected.count = 1 + turn % NAMES_MAX;
	eip->expected.ttl = 1000 + turn;
	eip->custom = true;
	for (unsigned n = 0; n < eip->expected.count; n++)
		snprintf(eip->text[n], sizeof(eip->text[n]), "turn-%u-%u.example.org.", turn, n);
}

static void init(struct eip *eip, unsigned i)
{
	snprintf(eip->address, sizeof(eip->address), "203.0.113.%u", i);
	for (unsigned n = 0; n < NAMES_MAX; n++)
		eip->names[n] = eip->text[n];
	eip->expected.address = FIRST + i;
	eip->expected.names = eip->names;
	expect_default(eip, i);
}

/* Has the control process make what `eip` expects true. Returns false if it was refused. */
static bool change(struct client *client, const struct eip *eip)
{
	json_t *params = json_pack("{s:s}", "address", eip->address);

	if (eip->custom) {
		json_t *names = json_array();

		for (unsigned n = 0; n < eip->expected.count; n++)
			json_array_append_new(names, json_string(eip->names[n]));
		json_object_set_new(params, "names", names);
		json_object_set_new(params, "ttl", json_integer(eip->expected.ttl));
	}
	json_t *reply = client_request(client, eip->custom ? "ptr.set" : "ptr.unset", params);
	bool ok = json_object_get(reply, "result") != NULL;

	if (!ok && reply != NULL)
		json_dumpf(json_object_get(reply, "error"), stderr, 0);
	json_decref(reply);
	json_decref(params);
	return ok;
}

/* Asks and compares. Returns false after saying what is wrong. */
static bool verify(int fd, unsigned turn, const struct eip *eip)
{
	char error[REPLY_ERROR_SIZE];
	uint8_t reply[4096];
	ssize_t len = 0;

	for (int i = 0; i < TRIES && len <= 0; i++) {
		uint16_t id = (uint16_t)(turn * TRIES + (unsigned)i);

		if (query_send(fd, id, eip->expected.address) == 0)
			len = query_receive(fd, id, 1000, reply, sizeof(reply));
	}
	if (len <= 0) {
		fprintf(stderr, "turn %u: %s: no answer\n", turn, eip->address);
		return false;
	}
	if (reply_check(reply, (size_t)len, &eip->expected, error))
		return true;
	fprintf(stderr, "turn %u: %s: %s\n", turn, eip->address, error);
	return false;
}

static unsigned run(struct client *client, int fd, unsigned count)
{
	static struct eip eips[EIPS];
	unsigned turn, seed = 1, sets = 0;

	for (unsigned i = 0; i < EIPS; i++)
		init(&eips[i], i);
	for (turn = 0; turn < count; turn++) {
		unsigned i = (unsigned)rand_r(&seed) % EIPS;

		/* Of an EIP with a custom PTR, every other change replaces it. */
		if (eips[i].custom && rand_r(&seed) % 2 == 0)
			expect_default(&eips[i], i);
		else
			expect_custom(&eips[i], turn);
		sets += eips[i].custom;
		if (!change(client, &eips[i]) || !verify(fd, turn, &eips[i]))
			break;
	}
	printf("%u of %u changes seen at once: %u set, %u unset\n", turn, count, sets, turn - sets);
	return turn;
}

int main(int argc, char *argv[])
{
	if (argc != 4) {
		fprintf(stderr, "usage: stale SOCKET SERVER COUNT\n");
		return 2;
	}
	unsigned count = (unsigned)strtoul(argv[3], NULL, 10);
	struct client *client = client_open(argv[1]);
	int fd = query_open(argv[2]);

	if (client == NULL || fd < 0)
		return 3;
	bool ok = count > 0 && run(client, fd, count) == count;
	client_close(client);
	return ok ? 0 : 1;
}

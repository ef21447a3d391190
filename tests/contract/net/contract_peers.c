/*
 * contract_peers SERVER NAME=PEER[@PORT]...: puts every query of the contract to the server and to
 * each peer, all of which serve the contract's world, over UDP and TCP, and compares the replies
 * field by field. A difference that differences.c does not list fails, as does one that it lists
 * and that is not there.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "differences.h"
#include "wire_path.h"

#define PEERS_MAX 2

struct peer {
	const struct peer_differences *differences;
	bool *asked; /* for each of them, whether one of its queries has been */
	char address[64];
	uint16_t port;
};

struct run {
	const char *server;
	struct peer peers[PEERS_MAX];
	unsigned peers_count;
	size_t queries, listed, unlisted, gone;
	bool silent;
};

static struct reply_fields ours, theirs;

static bool is_about(const struct difference *d, const char *over, const char *query)
{
	if (strcmp(d->over, "both") != 0 && strcmp(d->over, over) != 0)
		return false;
	for (size_t i = 0; i < DIFFERENCE_QUERIES_MAX && d->queries[i] != NULL; i++)
		if (strcmp(d->queries[i], query) == 0)
			return true;
	return false;
}

static bool differs(enum reply_field field)
{
	/* Without a reply there is nothing more to compare. */
	const bool both = strcmp(ours.text[FIELD_REPLY], theirs.text[FIELD_REPLY]) == 0;

	return (both || field == FIELD_REPLY) && strcmp(ours.text[field], theirs.text[field]) != 0;
}

/* Each difference that is listed has to be there, and be of the kind that is listed. */
static void check_listed(
	struct run *run, const struct peer *peer, const char *over, const char *query, bool *listed)
{
	for (size_t i = 0; i < peer->differences->count; i++) {
		const struct difference *d = &peer->differences->list[i];

		if (!is_about(d, over, query))
			continue;
		peer->asked[i] = true;
		if (differs(d->field) && fnmatch(d->ours, ours.text[d->field], 0) == 0
			&& fnmatch(d->theirs, theirs.text[d->field], 0) == 0) {
			listed[d->field] = true;
			run->listed++;
			continue;
		}
		run->gone++;
		printf("listed but not there: %s, \"%s\", %s, %s (%s)\n", peer->differences->peer,
			query, over, reply_field_names[d->field], d->reason);
	}
}

static void compare(struct run *run, const struct peer *peer, const char *over, const char *query)
{
	bool listed[FIELD_COUNT] = {false};

	check_listed(run, peer, over, query, listed);
	for (enum reply_field field = 0; field < FIELD_COUNT; field++) {
		if (!differs(field) || listed[field])
			continue;
		run->unlisted++;
		printf("unlisted: %s, \"%s\", %s, %s:\n  ours   \"%s\"\n  theirs \"%s\"\n",
			peer->differences->peer, query, over, reply_field_names[field],
			ours.text[field], theirs.text[field]);
	}
}

static bool ask(struct run *run, struct reply_fields *fields, const struct path_peer *peer,
	const struct contract_case *row)
{
	static uint8_t reply[PATH_REPLY_MAX];
	uint8_t query[CONTRACT_QUERY_MAX];
	const size_t len = contract_build(row, query);
	const struct path_peer from = path_from(peer, row->transfers);
	const long got = path_ask(&from, query, len, reply);

	run->silent |= got < 0;
	if (got >= 0)
		reply_fields_read(fields, reply, (size_t)got);
	return got >= 0;
}

static void run_case(struct run *run, const struct contract_case *row, enum path path)
{
	const char *over = path == PATH_TCP ? "tcp" : "udp";
	struct path_peer peer = {.address = run->server, .port = 53, .path = path};

	run->queries++;
	if (!ask(run, &ours, &peer, row))
		return;
	for (unsigned i = 0; i < run->peers_count; i++) {
		peer.address = run->peers[i].address;
		peer.port = run->peers[i].port;
		if (ask(run, &theirs, &peer, row))
			compare(run, &run->peers[i], over, row->what);
	}
}

static bool add_peer(struct run *run, const char *text)
{
	struct peer *peer = &run->peers[run->peers_count];
	char name[16];
	const int fields = sscanf(text, "%15[^=]=%63[^@]@%hu", name, peer->address, &peer->port);

	if (fields < 2 || run->peers_count == PEERS_MAX)
		return false;
	if (fields == 2)
		peer->port = 53;
	peer->differences = strcmp(name, "knot") == 0 ? &knot_differences : &nsd_differences;
	peer->asked = calloc(peer->differences->count, sizeof(bool));
	run->peers_count++;
	return strcmp(name, peer->differences->peer) == 0 && peer->asked != NULL;
}

/* What is listed for queries that there are not. */
static void check_asked(struct run *run)
{
	for (unsigned i = 0; i < run->peers_count; i++) {
		const struct peer_differences *differences = run->peers[i].differences;

		for (size_t j = 0; j < differences->count; j++) {
			if (run->peers[i].asked[j])
				continue;
			run->gone++;
			printf("listed but never asked: %s, \"%s\" (%s)\n", differences->peer,
				differences->list[j].queries[0], differences->list[j].reason);
		}
	}
}

/* Cookies are made for the address that the servers see. */
static bool set_from(const char *server)
{
	const struct path_peer peer = {.address = server, .port = 53, .path = PATH_UDP};
	uint8_t address[16];
	bool ipv6;

	if (!path_local(&peer, &ipv6, address))
		return false;
	contract_from(ipv6, address);
	return true;
}

int main(int argc, char *argv[])
{
	static struct run run;
	const struct contract_case *row;
	bool usable = argc >= 3;

	run.server = argv[1];
	for (int i = 2; i < argc; i++)
		usable = usable && add_peer(&run, argv[i]);
	if (!usable) {
		fprintf(stderr,
			"usage: contract_peers SERVER knot=ADDRESS[@PORT] nsd=ADDRESS[@PORT]\n");
		return 2;
	}
	setlinebuf(stdout);
	if (!set_from(run.server))
		return 1;
	for (size_t i = 0; !run.silent && (row = contract_case_at(i)) != NULL; i++) {
		if (row->over != OVER_TCP)
			run_case(&run, row, PATH_UDP);
		if (row->over != OVER_UDP)
			run_case(&run, row, PATH_TCP);
	}
	check_asked(&run);
	printf("%zu queries to %u peers: %zu listed differences, %zu unlisted, %zu listed but not "
	       "there\n",
		run.queries, run.peers_count, run.listed, run.unlisted, run.gone);
	return !run.silent && run.queries > 300 && run.unlisted == 0 && run.gone == 0 ? 0 : 1;
}

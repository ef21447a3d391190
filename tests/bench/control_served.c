/*
 * control_served SOCKET SERVER KNOT DIRECTORY EIPS TIMES: TIMES changes of single records, spread over
 * EIPs, in ptrd and in Knot DNS in turn, and a page put on the disk of DIRECTORY each time. Writes the
 * medians in ms: until an answer of ours has the new name, for the page, and until one of Knot's has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <ldns/ldns.h>

#include "client.h"
#include "disk.h"
#include "query.h"
#include "workload.h"

#define UPDATE_TIMEOUT 10000 /* ms */

struct sides {
	struct client *client;
	int server, knot;
	struct disk disk;
	unsigned eips;
};

static bool change_ptrd(const struct sides *sides, const struct workload_ptr *ptr)
{
	json_t *params = json_pack("{s:s, s:[s], s:i}", "address", ptr->address, "names", ptr->name,
		"ttl", WORKLOAD_TTL);
	json_t *reply = client_request(sides->client, "ptr.set", params);
	const bool ok = json_object_get(reply, "result") != NULL;

	json_decref(params);
	json_decref(reply);
	return ok;
}

/* The owner's RRset goes, and one RR comes in its place (RFC 2136). */
static ldns_rr_list *update_of(const struct workload_ptr *ptr)
{
	unsigned a, b, c, d;
	char owner[WORKLOAD_TEXT_MAX], text[2 * WORKLOAD_TEXT_MAX + 32];
	ldns_rr_list *list = ldns_rr_list_new();
	ldns_rr *old = ldns_rr_new(), *new = NULL;

	sscanf(ptr->address, "%u.%u.%u.%u", &a, &b, &c, &d);
	snprintf(owner, sizeof(owner), "%u.%u.%u.%u.in-addr.arpa.", d, c, b, a);
	ldns_rr_set_owner(old, ldns_dname_new_frm_str(owner));
	ldns_rr_set_type(old, LDNS_RR_TYPE_PTR);
	ldns_rr_set_class(old, LDNS_RR_CLASS_ANY);
	ldns_rr_set_ttl(old, 0);
	snprintf(text, sizeof(text), "%s %d IN PTR %s", owner, WORKLOAD_TTL, ptr->name);
	ldns_rr_new_frm_str(&new, text, 0, NULL, NULL);
	ldns_rr_list_push_rr(list, old);
	ldns_rr_list_push_rr(list, new);
	return list;
}

static bool change_knot(const struct sides *sides, uint16_t id, const struct workload_ptr *ptr)
{
	ldns_rr_list *updates = update_of(ptr);
	ldns_pkt *update = ldns_update_pkt_new(
		ldns_dname_new_frm_str("10.in-addr.arpa."), LDNS_RR_CLASS_IN, NULL, updates, NULL);
	uint8_t *wire = NULL, reply[512];
	size_t len = 0;

	ldns_pkt_set_id(update, id);
	const bool sent = ldns_pkt2wire(&wire, update, &len) == LDNS_STATUS_OK
		&& send(sides->knot, wire, len, 0) == (ssize_t)len
		&& query_receive(sides->knot, id, UPDATE_TIMEOUT, reply, sizeof(reply)) > 0;

	free(wire);
	ldns_pkt_free(update);
	ldns_rr_list_deep_free(updates);
	if (sent && (reply[3] & 15) == LDNS_RCODE_NOERROR)
		return true;
	fprintf(stderr, "Knot DNS: %s\n", sent ? "refuses the update" : "no reply");
	return false;
}

/* Both are asked when they have acknowledged the change, and have to give the new name at once. */
static bool measure(struct sides *sides, unsigned i, double *ours, double *sync, double *knot)
{
	const unsigned n = (unsigned)(((uint64_t)i * 618041 + 7) % sides->eips);
	char run[24];

	snprintf(run, sizeof(run), "change-%u", i);
	const struct workload_ptr ptr = workload_ptr(run, n);

	double start = now_us();
	if (!change_ptrd(sides, &ptr) || !workload_served(sides->server, run, n))
		return false;
	*ours = now_us() - start;
	if (!disk_sync(&sides->disk, sync))
		return false;
	start = now_us();
	if (!change_knot(sides, (uint16_t)i, &ptr) || !workload_served(sides->knot, run, n))
		return false;
	*knot = now_us() - start;
	return true;
}

static bool run(struct sides *sides, unsigned times)
{
	double *values = calloc(times, 3 * sizeof(*values));
	double *ours = values, *sync = values + times, *knot = values + 2 * times;
	bool ok = values != NULL;

	for (unsigned i = 0; ok && i < times; i++)
		ok = measure(sides, i, &ours[i], &sync[i], &knot[i]);
	if (ok)
		printf("%.4f %.4f %.4f\n", median(ours, times) / 1000, median(sync, times) / 1000,
			median(knot, times) / 1000);
	free(values);
	return ok;
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fprintf(stderr, "usage: control_served SOCKET SERVER KNOT DIRECTORY EIPS TIMES\n");
		return 2;
	}
	struct sides sides = {
		.client = client_open(argv[1]),
		.server = query_open(argv[2]),
		.knot = query_open(argv[3]),
		.eips = (unsigned)strtoul(argv[5], NULL, 10),
	};

	if (sides.client == NULL || sides.server < 0 || sides.knot < 0
		|| !disk_open(&sides.disk, argv[4]))
		return 1;
	return run(&sides, (unsigned)strtoul(argv[6], NULL, 10)) ? 0 : 1;
}

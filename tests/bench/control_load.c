/*
 * Changes over the control socket, each reply looked at:
 *
 *   control_load SOCKET RUN batch FIRST COUNT       in batches of 1000, in order of address
 *   control_load SOCKET RUN scattered FIRST COUNT   the same, far from in order
 *   control_load SOCKET RUN pipelined FIRST COUNT   single requests, many on their way
 *   control_load SOCKET RUN one FIRST COUNT DIR     each when the one before is acknowledged
 *
 * Gives the EIPs FIRST to FIRST + COUNT - 1 the PTRs of this RUN, which they do not have. Writes the
 * seconds that took; "one" writes the median µs of a request, and of having a page on the disk of
 * DIR: those are taken in turn.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "client.h"
#include "disk.h"
#include "workload.h"

#define BATCH 1000
#define REQUEST_MAX 256 /* bytes of one change */
#define LINE_MAX_SIZE (BATCH * REQUEST_MAX)
#define BATCHES_AHEAD 16
#define REQUESTS_AHEAD 8192

/* How COUNT changes become request lines. */
struct load {
	struct client *client;
	const char *run;
	unsigned first, count;
	unsigned batch; /* changes in a line; 1: a request without a batch */
	unsigned ahead; /* lines on their way */
	unsigned step;  /* from one change to the next, modulo count */
};

static unsigned number(const struct load *load, unsigned i)
{
	return load->first + (unsigned)((uint64_t)i * load->step % load->count);
}

static unsigned batch_size(const struct load *load, unsigned line)
{
	const unsigned left = load->count - line * load->batch;

	return left < load->batch ? left : load->batch;
}

static size_t write_change(const struct load *load, unsigned i, char *out)
{
	const struct workload_ptr ptr = workload_ptr(load->run, number(load, i));

	return (size_t)snprintf(out, REQUEST_MAX,
		"\"method\":\"ptr.set\",\"params\":{\"address\":\"%s\",\"names\":[\"%s\"],\"ttl\":%d}}",
		ptr.address, ptr.name, WORKLOAD_TTL);
}

static bool send_line(const struct load *load, unsigned line)
{
	static char text[LINE_MAX_SIZE];
	size_t len = (size_t)sprintf(text, "{\"jsonrpc\":\"2.0\",\"id\":%u,", line);

	if (load->batch == 1) {
		len += write_change(load, line, text + len);
		text[len++] = '\n';
		return client_send(load->client, text, len);
	}
	len += (size_t)sprintf(
		text + len, "\"method\":\"batch\",\"params\":{\"quiet\":true,\"requests\":[");
	for (unsigned i = 0; i < batch_size(load, line); i++) {
		text[len++] = i > 0 ? ',' : ' ';
		text[len++] = '{';
		len += write_change(load, line * load->batch + i, text + len);
	}
	len += (size_t)sprintf(text + len, "]}}\n");
	return client_send(load->client, text, len);
}

/* A batch tells how many changes it was, a single request the PTR as it is now. */
static bool is_right(const struct load *load, unsigned line, const json_t *reply)
{
	const json_t *result = json_object_get(reply, "result");
	const struct workload_ptr ptr = workload_ptr(load->run, number(load, line));

	if (json_integer_value(json_object_get(reply, "id")) != line)
		return false;
	if (load->batch > 1)
		return json_integer_value(json_object_get(result, "count"))
			== batch_size(load, line);
	const char *name = json_string_value(json_array_get(json_object_get(result, "names"), 0));

	return name != NULL && strcmp(name, ptr.name) == 0;
}

static bool take_reply(const struct load *load, unsigned line)
{
	json_t *reply = client_reply(load->client);
	const bool ok = reply != NULL && is_right(load, line, reply);

	if (!ok && reply != NULL) {
		fprintf(stderr, "reply %u is wrong: ", line);
		json_dumpf(reply, stderr, 0);
		fprintf(stderr, "\n");
	}
	json_decref(reply);
	return ok;
}

static bool run(const struct load *load)
{
	const unsigned lines = (load->count + load->batch - 1) / load->batch;
	unsigned sent = 0;
	const double start = now_us();

	for (unsigned line = 0; line < lines; line++) {
		while (sent < lines && sent - line < load->ahead)
			if (!send_line(load, sent++))
				return false;
		if (!take_reply(load, line))
			return false;
	}
	printf("%.6f\n", (now_us() - start) / 1e6);
	return true;
}

static bool run_one_by_one(const struct load *load, const char *directory)
{
	double *requests = calloc(load->count, sizeof(*requests));
	double *syncs = calloc(load->count, sizeof(*syncs));
	struct disk disk;
	bool ok = requests != NULL && syncs != NULL && disk_open(&disk, directory);

	for (unsigned i = 0; ok && i < load->count; i++) {
		const double start = now_us();

		ok = send_line(load, i) && take_reply(load, i);
		requests[i] = now_us() - start;
		ok = ok && disk_sync(&disk, &syncs[i]);
	}
	if (ok)
		printf("%.1f %.1f\n", median(requests, load->count), median(syncs, load->count));
	free(requests);
	free(syncs);
	return ok;
}

/* Relatively prime to a count that is not one of its multiples: every EIP has its turn. */
#define SCATTER 618041

int main(int argc, char **argv)
{
	if (argc < 6 || (strcmp(argv[3], "one") == 0) != (argc == 7)) {
		fprintf(stderr,
			"usage: control_load SOCKET RUN"
			" batch|scattered|pipelined|one FIRST COUNT [DIR]\n");
		return 2;
	}
	const char *mode = argv[3];
	const bool in_batches = strcmp(mode, "batch") == 0 || strcmp(mode, "scattered") == 0;
	const struct load load = {
		.client = client_open(argv[1]),
		.run = argv[2],
		.first = (unsigned)strtoul(argv[4], NULL, 10),
		.count = (unsigned)strtoul(argv[5], NULL, 10),
		.batch = in_batches ? BATCH : 1,
		.ahead = in_batches ? BATCHES_AHEAD : REQUESTS_AHEAD,
		.step = strcmp(mode, "scattered") == 0 ? SCATTER : 1,
	};

	if (load.client == NULL || load.count == 0)
		return 1;
	const bool ok = argc == 7 ? run_one_by_one(&load, argv[6]) : run(&load);

	client_close(load.client);
	return ok ? 0 : 1;
}

/*
 * tcp_split SERVER: pipelined queries on one connection, cut into segments in every way; every
 * reply has to come, in order.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "stream.h"

#define QUERIES 1000

struct stream {
	const char *server;
	unsigned queries;
	size_t starts[QUERIES + 1];
	uint8_t bytes[QUERIES * STREAM_QUERY_MAX];
};

/* Whether a segment ends before byte `at`, which is byte `offset` of its query. */
typedef bool (*cut_rule)(size_t parameter, size_t at, size_t offset);

static bool cut_never(size_t parameter, size_t at, size_t offset)
{
	(void)parameter, (void)at, (void)offset;
	return false;
}

static bool cut_offset(size_t parameter, size_t at, size_t offset)
{
	(void)at;
	return offset == parameter;
}

static bool cut_every(size_t parameter, size_t at, size_t offset)
{
	(void)offset;
	return at % parameter == 0;
}

static void make(struct stream *stream, unsigned queries)
{
	stream->queries = queries;
	for (unsigned i = 0; i < queries; i++)
		stream->starts[i + 1]
			= stream->starts[i] + stream_query(i, stream->bytes + stream->starts[i]);
}

/* End of the segment that begins at `at`. */
static size_t segment_end(
	const struct stream *stream, unsigned *query, size_t at, cut_rule rule, size_t parameter)
{
	for (at++; at < stream->starts[stream->queries]; at++) {
		while (at >= stream->starts[*query + 1])
			++*query;
		if (rule(parameter, at, at - stream->starts[*query]))
			return at;
	}
	return stream->starts[stream->queries];
}

static bool run(const struct stream *stream, cut_rule rule, size_t parameter)
{
	const size_t total = stream->starts[stream->queries];
	const int fd = stream_open(stream->server, NULL);
	struct stream_replies replies = {0};
	unsigned query = 0;
	size_t at = 0;
	bool ok = fd >= 0;

	while (ok && replies.count < stream->queries) {
		/* The client reads while it writes, or both sides would wait for room. */
		const size_t end = segment_end(stream, &query, at, rule, parameter);

		if (at < total) {
			ok = stream_send(fd, stream->bytes + at, end - at);
			at = end;
		} else {
			ok = stream_wait(fd, POLLIN);
		}
		if (ok && stream_receive(fd, &replies) <= 0) {
			printf("connection ended after %u replies\n", replies.count);
			ok = false;
		}
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

/*
 * Waits until the server has read what was sent on `fd`: it has it when it is acknowledged, and
 * reads before it answers what comes later on another connection.
 */
static bool wait_read(const struct stream *stream, int fd)
{
	int queued = 1;

	while (ioctl(fd, SIOCOUTQ, &queued) == 0 && queued > 0)
		usleep(100);
	return queued == 0 && stream_ask_once(stream->server, NULL);
}

/* Both queries of a pair, cut once. */
static bool run_pair(const struct stream *stream, size_t cut)
{
	const int fd = stream_open(stream->server, NULL);
	struct stream_replies replies = {0};
	bool ok = fd >= 0 && stream_send(fd, stream->bytes, cut) && wait_read(stream, fd)
		&& stream_send(fd, stream->bytes + cut, stream->starts[2] - cut);

	while (ok && replies.count < 2)
		ok = stream_wait(fd, POLLIN) && stream_receive(fd, &replies) > 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool report(bool ok, const char *what, size_t value)
{
	if (!ok)
		printf("FAILED: %s %zu\n", what, value);
	return ok;
}

static bool run_all(struct stream *stream)
{
	const size_t total = stream->starts[QUERIES];
	size_t longest = 0;

	for (size_t cut = 1; cut < stream->starts[2]; cut++)
		if (!report(run_pair(stream, cut), "a pair, cut at byte", cut))
			return false;
	for (unsigned i = 0; i < 3; i++)
		if (stream->starts[i + 1] - stream->starts[i] > longest)
			longest = stream->starts[i + 1] - stream->starts[i];
	for (size_t offset = 0; offset < longest; offset++)
		if (!report(run(stream, cut_offset, offset), "each query cut at byte", offset))
			return false;
	if (!report(run(stream, cut_every, 1), "segments of bytes:", 1)
		|| !report(run(stream, cut_every, 1448), "segments of bytes:", 1448)
		|| !report(run(stream, cut_never, 0), "one write of bytes:", total))
		return false;
	printf("%s: %zu cuts of a pair; %zu streams of %d queries in %zu bytes, cut at every "
	       "offset of a query, at every byte, at 1448 bytes, not at all\n",
		stream->server, stream->starts[2] - 1, longest + 3, QUERIES, total);
	return true;
}

int main(int argc, char *argv[])
{
	static struct stream stream;

	if (argc != 2) {
		fprintf(stderr, "usage: tcp_split SERVER\n");
		return 2;
	}
	stream.server = argv[1];
	make(&stream, QUERIES);
	return run_all(&stream) ? 0 : 1;
}

/*
 * replay_check QUERIES REPLIES 4|6: each of the queries, which replay_write has written, has its answer,
 * in the same order, and it is right. Writes how many there are.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include <pcap/pcap.h>

#include "replay.h"

static pcap_t *open_capture(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *capture = pcap_open_offline(path, error);

	if (capture == NULL)
		errx(1, "%s: %s", path, error);
	return capture;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: replay_check QUERIES REPLIES 4|6\n");
		return 2;
	}
	pcap_t *queries = open_capture(argv[1]), *replies = open_capture(argv[2]);
	const struct replay replay = {.ipv6 = strcmp(argv[3], "6") == 0};
	struct pcap_pkthdr *query_header, *reply_header;
	const uint8_t *query, *reply;
	unsigned count = 0;

	while (pcap_next_ex(queries, &query_header, &query) == 1) {
		if (pcap_next_ex(replies, &reply_header, &reply) != 1)
			errx(1, "query %u has no answer", count + 1);
		const char *why = replay_check(
			&replay, query, query_header->caplen, reply, reply_header->caplen);
		if (why != NULL)
			errx(1, "answer %u is wrong: %s", count + 1, why);
		count++;
	}
	if (pcap_next_ex(replies, &reply_header, &reply) == 1)
		errx(1, "more answers than queries");
	pcap_close(queries);
	pcap_close(replies);
	printf("%u\n", count);
	return 0;
}

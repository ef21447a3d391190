/*
 * replay_write FILE EIPS COUNT 4|6 plain|cookies: a capture of COUNT distinct queries in random order,
 * see replay.h. Writes how many of them are for custom PTRs, for default ones and for nothing.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pcap/pcap.h>

#include "replay.h"

/* All EIPs, of which the first `count` are drawn. */
static uint32_t *draw(unsigned eips, unsigned count)
{
	uint32_t *eip = calloc(eips, sizeof(*eip));

	if (eip == NULL)
		err(1, "EIPs");
	for (unsigned i = 0; i < eips; i++)
		eip[i] = i;
	for (unsigned i = 0; i < count; i++) {
		const unsigned other = i + (unsigned)(replay_random(i, UINT8_MAX) % (eips - i));
		const uint32_t drawn = eip[other];

		eip[other] = eip[i];
		eip[i] = drawn;
	}
	return eip;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: replay_write FILE EIPS COUNT 4|6 plain|cookies\n");
		return 2;
	}
	const unsigned count = (unsigned)strtoul(argv[3], NULL, 10);
	const struct replay replay = {
		.eips = (unsigned)strtoul(argv[2], NULL, 10),
		.ipv6 = strcmp(argv[4], "6") == 0,
		.cookies = strcmp(argv[5], "cookies") == 0,
		.now = (uint32_t)time(NULL),
	};
	unsigned kinds[REPLAY_KINDS] = {0};

	if (count > replay.eips)
		errx(2, "%u distinct queries for %u EIPs", count, replay.eips);
	uint32_t *eip = draw(replay.eips, count);
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, REPLAY_FRAME_MAX);
	pcap_dumper_t *dumper = pcap != NULL ? pcap_dump_open(pcap, argv[1]) : NULL;
	if (dumper == NULL)
		errx(1, "%s: %s", argv[1], pcap != NULL ? pcap_geterr(pcap) : "out of memory");
	for (unsigned i = 0; i < count; i++) {
		uint8_t frame[REPLAY_FRAME_MAX];
		enum replay_kind kind;
		const size_t len = replay_query(&replay, i, eip[i], frame, &kind);
		const struct pcap_pkthdr header
			= {.caplen = (bpf_u_int32)len, .len = (bpf_u_int32)len};

		pcap_dump((u_char *)dumper, &header, frame);
		kinds[kind]++;
	}
	const bool written = pcap_dump_flush(dumper) == 0;
	pcap_dump_close(dumper);
	pcap_close(pcap);
	free(eip);
	if (!written)
		err(1, "%s", argv[1]);
	printf("%u %u %u\n", kinds[REPLAY_CUSTOM], kinds[REPLAY_DEFAULT], kinds[REPLAY_MISS]);
	return 0;
}

/*
 * replay_write FILE EIPS COUNT 4|6 plain|cookies|text: a capture of COUNT distinct queries in random
 * order, see replay.h; or as text, as kxdpgun and dnsperf read them. Writes how many of them are for
 * custom PTRs, for default ones and for nothing.
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

/* Where queries go: a capture, or text. */
struct output {
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	FILE *text;
	const struct replay *replay;
};

static void open_output(struct output *output, const char *path, bool text)
{
	if (text) {
		output->text = fopen(path, "we");
		if (output->text == NULL)
			err(1, "%s", path);
		return;
	}
	output->pcap = pcap_open_dead(DLT_EN10MB, REPLAY_FRAME_MAX);
	output->dumper = output->pcap != NULL ? pcap_dump_open(output->pcap, path) : NULL;
	if (output->dumper == NULL)
		errx(1, "%s: %s", path,
			output->pcap != NULL ? pcap_geterr(output->pcap) : "out of memory");
}

/* The name, the type, and an E for EDNS. */
static void write_text(FILE *out, const uint8_t *message)
{
	for (const uint8_t *label = message + 12; *label != 0; label += 1 + *label)
		fprintf(out, "%.*s.", *label, (const char *)label + 1);
	fprintf(out, " PTR%s\n", message[11] != 0 ? " E" : "");
}

static void write_query(const struct output *output, const uint8_t *frame, size_t len)
{
	const struct pcap_pkthdr header = {.caplen = (bpf_u_int32)len, .len = (bpf_u_int32)len};

	if (output->text != NULL)
		write_text(output->text, frame + REPLAY_HEADERS(output->replay->ipv6));
	else
		pcap_dump((u_char *)output->dumper, &header, frame);
}

static bool close_output(struct output *output)
{
	if (output->text != NULL)
		return fclose(output->text) == 0;
	const bool written = pcap_dump_flush(output->dumper) == 0;

	pcap_dump_close(output->dumper);
	pcap_close(output->pcap);
	return written;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: replay_write FILE EIPS COUNT 4|6 plain|cookies|text\n");
		return 2;
	}
	const unsigned count = (unsigned)strtoul(argv[3], NULL, 10);
	const struct replay replay = {
		.eips = (unsigned)strtoul(argv[2], NULL, 10),
		.ipv6 = strcmp(argv[4], "6") == 0,
		.cookies = strcmp(argv[5], "cookies") == 0,
		.now = (uint32_t)time(NULL),
	};
	struct output output = {.replay = &replay};
	unsigned kinds[REPLAY_KINDS] = {0};

	if (count > replay.eips)
		errx(2, "%u distinct queries for %u EIPs", count, replay.eips);
	uint32_t *eip = draw(replay.eips, count);
	open_output(&output, argv[1], strcmp(argv[5], "text") == 0);
	for (unsigned i = 0; i < count; i++) {
		uint8_t frame[REPLAY_FRAME_MAX];
		enum replay_kind kind;
		const size_t len = replay_query(&replay, i, eip[i], frame, &kind);

		write_query(&output, frame, len);
		kinds[kind]++;
	}
	if (!close_output(&output))
		err(1, "%s", argv[1]);
	free(eip);
	printf("%u %u %u\n", kinds[REPLAY_CUSTOM], kinds[REPLAY_DEFAULT], kinds[REPLAY_MISS]);
	return 0;
}

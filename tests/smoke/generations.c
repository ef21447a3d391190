/*
 * generations CAPTURE NETWORK SUFFIX FIRST: tells which generations of a region's content the DNS
 * replies in a capture (Ethernet, IPv4, UDP) are of, as one line "GENERATION REPLIES" for each, from
 * FIRST on. Two in succession have no answer in common: address i of the network has in generation g
 *
 *   its default PTR, ecs-A-B-C-D.SUFFIX, if (i + g) % 4 is 0
 *   none, and does not exist, if it is 1
 *   custom names, 2 or 3 as it is, else: {a,b,c}.gG.eI.example., with a TTL of g
 *
 * A reply has to be wholly of the generation of the reply before it or of the next one.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "reply.h"

#define HEADERS (14 + 20 + 8) /* Ethernet, IPv4 without options, UDP */
#define DEFAULT_TTL 300
#define NXDOMAIN 3
#define NAMES 3
#define NAME_SIZE 300
#define SHOWN_MAX 5 /* wrong replies that are described */

struct network {
	uint32_t address; /* host byte order */
	const char *suffix;
};

/* What the address has in the generation; without names: it does not exist. */
static void expect(const struct network *network, unsigned generation, struct expected *expected,
	char text[NAMES][NAME_SIZE])
{
	const uint32_t address = expected->address, i = address - network->address;
	const unsigned kind = (i + generation) % 4;

	expected->count = kind == 0 ? 1 : kind == 1 ? 0 : kind;
	expected->ttl = kind == 0 ? DEFAULT_TTL : generation;
	for (unsigned n = 0; n < expected->count; n++)
		if (kind == 0)
			snprintf(text[n], NAME_SIZE, "ecs-%u-%u-%u-%u.%s", address >> 24,
				address >> 16 & 255, address >> 8 & 255, address & 255,
				network->suffix);
		else
			snprintf(text[n], NAME_SIZE, "%c.g%u.e%" PRIu32 ".example.", "abc"[n],
				generation, i);
}

static bool is_of(const struct network *network, unsigned generation, const uint8_t *wire,
	size_t len, char error[REPLY_ERROR_SIZE])
{
	char text[NAMES][NAME_SIZE], *names[NAMES] = {text[0], text[1], text[2]};
	struct expected expected = {.names = names};

	if (!reply_address(wire, len, &expected.address)) {
		snprintf(error, REPLY_ERROR_SIZE, "no PTR question for an address");
		return false;
	}
	expect(network, generation, &expected, text);
	if (expected.count > 0)
		return reply_check(wire, len, &expected, error);
	snprintf(error, REPLY_ERROR_SIZE, "address %08" PRIx32 " exists", expected.address);
	return (wire[3] & 15) == NXDOMAIN && wire[6] == 0 && wire[7] == 0; /* RCODE, ANCOUNT */
}

/* False if a reply is of neither generation that it may be of, or the capture cannot be read. */
static bool tell(pcap_t *capture, const struct network *network, unsigned generation)
{
	char error[REPLY_ERROR_SIZE];
	struct pcap_pkthdr *header;
	const uint8_t *frame;
	unsigned long replies = 0, wrong = 0;
	int status;

	while ((status = pcap_next_ex(capture, &header, &frame)) == 1) {
		const size_t len = header->caplen > HEADERS ? header->caplen - HEADERS : 0;
		const uint8_t *wire = frame + HEADERS;

		if (is_of(network, generation, wire, len, error)) {
			replies++;
		} else if (is_of(network, generation + 1, wire, len, error)) {
			printf("%u %lu\n", generation++, replies);
			replies = 1;
		} else if (wrong++ < SHOWN_MAX) {
			fprintf(stderr, "neither of generation %u nor the next: %s\n", generation,
				error);
		}
	}
	printf("%u %lu\n", generation, replies);
	return wrong == 0 && status == PCAP_ERROR_BREAK;
}

int main(int argc, char *argv[])
{
	char error[PCAP_ERRBUF_SIZE];
	struct network network;
	struct in_addr address;

	if (argc != 5 || inet_pton(AF_INET, argv[2], &address) != 1) {
		fprintf(stderr, "usage: generations CAPTURE NETWORK SUFFIX FIRST\n");
		return 2;
	}
	pcap_t *capture = pcap_open_offline(argv[1], error);
	if (capture == NULL) {
		fprintf(stderr, "%s\n", error);
		return 3;
	}
	network = (struct network){.address = ntohl(address.s_addr), .suffix = argv[3]};
	const bool right = tell(capture, &network, (unsigned)strtoul(argv[4], NULL, 10));

	pcap_close(capture);
	return right ? 0 : 1;
}

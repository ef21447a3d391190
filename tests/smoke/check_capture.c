/*
 * check_capture CAPTURE STORE TTL MINIMUM: compares every DNS reply in a capture (Ethernet, IPv4,
 * UDP) with the store. STORE is what `ptrctl --json eip list` wrote, TTL what default PTRs have;
 * at least MINIMUM replies have to be there. IP and UDP checksums have to be right, too.
 */
#include <arpa/inet.h>
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <pcap/pcap.h>

#include "reply.h"

#define ETHERNET 14
#define IPV4 20
#define UDP 8
#define SHOWN_MAX 5 /* wrong replies that are described */

struct store {
	struct expected *eips; /* sorted by address */
	size_t count, size;
	uint32_t default_ttl;
};

static int compare(const void *a, const void *b)
{
	const struct expected *left = a, *right = b;

	return left->address < right->address ? -1 : left->address > right->address;
}

static bool add(struct store *store, const json_t *eip)
{
	const json_t *ptr = json_object_get(eip, "ptr");
	const json_t *names = json_object_get(ptr, "names");
	bool custom = json_is_array(names);
	struct in_addr address;

	if (inet_pton(AF_INET, json_string_value(json_object_get(eip, "address")), &address) != 1)
		return false;
	if (store->count == store->size) {
		store->size = store->size * 2 + 1024;
		store->eips = reallocarray(store->eips, store->size, sizeof(*store->eips));
		if (store->eips == NULL)
			err(3, "store");
	}
	struct expected *new = &store->eips[store->count++];
	new->address = ntohl(address.s_addr);
	new->count = custom ? (unsigned)json_array_size(names) : 1;
	new->ttl = custom ? (uint32_t)json_integer_value(json_object_get(ptr, "ttl"))
			  : store->default_ttl;
	new->names = calloc(new->count, sizeof(*new->names));
	if (new->names == NULL)
		err(3, "store");
	for (unsigned i = 0; i < new->count; i++) {
		const json_t *name
			= custom ? json_array_get(names, i) : json_object_get(eip, "default_name");

		new->names[i] = strdup(json_string_value(name));
	}
	return true;
}

static bool load(struct store *store, const char *path)
{
	FILE *in = fopen(path, "re");
	json_error_t error;
	json_t *page, *eip;
	size_t index;

	if (in == NULL) {
		perror(path);
		return false;
	}
	while ((page = json_loadf(in, JSON_DISABLE_EOF_CHECK, &error)) != NULL) {
		json_array_foreach(json_object_get(page, "eips"), index, eip)
		{
			if (!add(store, eip)) {
				fprintf(stderr, "%s: EIP %zu has no address\n", path, store->count);
				return false;
			}
		}
		json_decref(page);
	}
	bool ok = feof(in) != 0;
	if (!ok)
		fprintf(stderr, "%s: %s\n", path, error.text);
	fclose(in);
	if (store->count > 0)
		qsort(store->eips, store->count, sizeof(*store->eips), compare);
	return ok && store->count > 0;
}

/* RFC 1071 sum of big-endian words, to be continued with another part. */
static uint32_t sum(const uint8_t *bytes, size_t len, uint32_t so_far)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		so_far += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (len % 2 != 0)
		so_far += (uint32_t)bytes[len - 1] << 8;
	return so_far;
}

static bool sum_is_right(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return sum == 0xFFFF;
}

/* Checks the headers down to the DNS message. Returns what is wrong, or NULL. */
static const char *check_headers(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + ETHERNET, *udp = ip + IPV4;

	if (len < ETHERNET + IPV4 + UDP || ip[0] != 0x45)
		return "not an IPv4 frame without options";
	size_t ip_len = (size_t)(ip[2] << 8 | ip[3]), udp_len = (size_t)(udp[4] << 8 | udp[5]);
	if (len < ETHERNET + ip_len || ip_len != IPV4 + udp_len || udp_len < UDP)
		return "IP and UDP lengths do not agree with the frame";
	if (!sum_is_right(sum(ip, IPV4, 0)))
		return "IP header checksum is wrong";
	if (udp[6] == 0 && udp[7] == 0)
		return "no UDP checksum";
	/* Pseudo-header: both addresses, protocol, length. */
	if (!sum_is_right(sum(udp, udp_len, sum(ip + 12, 8, 17 + (uint32_t)udp_len))))
		return "UDP checksum is wrong";
	return NULL;
}

/* Compares one reply. Returns false with the difference in `error`. */
static bool check_frame(
	const struct store *store, const uint8_t *frame, size_t len, char error[REPLY_ERROR_SIZE])
{
	const char *why = check_headers(frame, len);
	struct expected key;

	if (why != NULL) {
		snprintf(error, REPLY_ERROR_SIZE, "%s", why);
		return false;
	}
	const uint8_t *udp = frame + ETHERNET + IPV4;
	size_t wire_len = (size_t)(udp[4] << 8 | udp[5]) - UDP;
	if (!reply_address(udp + UDP, wire_len, &key.address)) {
		snprintf(error, REPLY_ERROR_SIZE, "no PTR question for an address");
		return false;
	}
	const struct expected *expected
		= bsearch(&key, store->eips, store->count, sizeof(*store->eips), compare);
	if (expected == NULL) {
		snprintf(error, REPLY_ERROR_SIZE, "address %08" PRIx32 " is not in the store",
			key.address);
		return false;
	}
	return reply_check(udp + UDP, wire_len, expected, error);
}

/* Returns how many replies of the capture are right, or -1 if any is wrong or it cannot be read. */
static long check_all(const struct store *store, const char *path)
{
	char error[PCAP_ERRBUF_SIZE > REPLY_ERROR_SIZE ? PCAP_ERRBUF_SIZE : REPLY_ERROR_SIZE];
	pcap_t *capture = pcap_open_offline(path, error);
	struct pcap_pkthdr *header;
	const uint8_t *frame;
	long right = 0, wrong = 0;
	int status;

	if (capture == NULL) {
		fprintf(stderr, "%s\n", error);
		return -1;
	}
	while ((status = pcap_next_ex(capture, &header, &frame)) == 1) {
		if (check_frame(store, frame, header->caplen, error))
			right++;
		else if (wrong++ < SHOWN_MAX)
			fprintf(stderr, "reply %ld: %s\n", right + wrong, error);
	}
	pcap_close(capture);
	printf("%ld replies as the store has them, %ld not\n", right, wrong);
	return wrong > 0 || status != PCAP_ERROR_BREAK ? -1 : right;
}

int main(int argc, char *argv[])
{
	static struct store store; /* as long as the process */

	if (argc != 5) {
		fprintf(stderr, "usage: check_capture CAPTURE STORE TTL MINIMUM\n");
		return 2;
	}
	store.default_ttl = (uint32_t)strtoul(argv[3], NULL, 10);
	long minimum = strtol(argv[4], NULL, 10);
	if (minimum < 1 || !load(&store, argv[2]))
		return 3;
	long right = check_all(&store, argv[1]);
	if (right >= 0 && right < minimum)
		fprintf(stderr, "the capture has %ld replies, want at least %ld\n", right, minimum);
	return right >= minimum ? 0 : 1;
}

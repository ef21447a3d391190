#include "replay.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "cookie.h"
#include "workload.h"

#define FIRST UINT32_C(0x0A000000)    /* 10.0.0.0 */
#define MISSES UINT32_C(0x00C00000)   /* from 10.192.0.0 on nothing is bound */
#define CLIENTS UINT32_C(0x64400000)  /* 100.64.0.0/10 */
#define CLIENTS6 UINT32_C(0x10000000) /* 2001:db8:1000::/36, networks of 56 bits */
#define CLIENT_NETWORKS 10000
#define CLIENT_PORTS 60000
#define CLIENT_PORT_FIRST 1024
#define CUSTOM_EVERY 5
#define DEFAULT_TTL 300
#define TYPE_PTR 12
#define TYPE_OPT 41
#define OPTION_COOKIE 10
#define OPT_SIZE 11
#define UDP_SIZE 1232
#define HEADER 12 /* of a DNS message */

/* Of 100 queries. */
#define MISS_SHARE 5
#define MIXED_CASE_SHARE 10
#define EDNS_SHARE 85
#define COOKIE_SHARE 50
_Static_assert(COOKIE_SHARE <= EDNS_SHARE, "those with EDNS come first");

/* What replay_random() is for. */
enum purpose {
	IS_MISS,
	HAS_EDNS,
	IS_MIXED,
	CASES,
	NETWORK,
	HOST,
	PORT,
	ID,
};

/* 198.51.100.53 and 2001:db8:53::53 (tests/smoke/lib.sh), net_pcap's first port, and a router. */
static const uint8_t service4[4] = {198, 51, 100, 53};
static const uint8_t service6[16] = {0x20, 1, 0x0d, 0xb8, 0, 0x53, [15] = 0x53};
static const uint8_t port_mac[6] = {2, 'p', 'c', 'a', 'p', 0}, router_mac[6] = {2, 0, 0, 0, 0, 1};

/* Made by the engine itself from this secret, which is in the configuration: tests/bench/replay.sh. */
static const struct dns_settings settings = {
	.cookie_secrets = 1,
	.cookie_secret = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
};

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t replay_random(uint64_t index, uint64_t purpose)
{
	/* The finalizer of SplitMix64. */
	uint64_t x = (index << 8 | purpose) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static unsigned percent(unsigned index, enum purpose purpose)
{
	return (unsigned)(replay_random(index, purpose) % 100);
}

/* RFC 1071. */
static uint32_t sum(const uint8_t *bytes, size_t len, uint32_t so_far)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		so_far += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (len % 2 != 0)
		so_far += (uint32_t)bytes[len - 1] << 8;
	return so_far;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16 != 0)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)total;
}

/* Sum of UDP header, message and pseudo header. */
static uint32_t udp_sum(bool ipv6, const uint8_t *ip, size_t udp_len)
{
	const uint8_t *udp = ip + (ipv6 ? 40 : 20);
	const uint32_t addresses = ipv6 ? sum(ip + 8, 32, 0) : sum(ip + 12, 8, 0);

	return sum(udp, udp_len, addresses + IPPROTO_UDP + (uint32_t)udp_len);
}

/* Text to labels. Returns the length on the wire. */
static size_t put_name(uint8_t *at, const char *text)
{
	uint8_t *const start = at;

	while (*text != '\0') {
		const size_t len = strcspn(text, ".");

		*at++ = (uint8_t)len;
		memcpy(at, text, len);
		at += len;
		text += len + (text[len] == '.');
	}
	*at++ = 0;
	return (size_t)(at - start);
}

static size_t put_reverse_name(const struct replay *replay, uint32_t number, uint8_t *at)
{
	const uint32_t a = FIRST + number;
	char text[80];
	int len = 0;

	if (!replay->ipv6) {
		snprintf(text, sizeof(text), "%u.%u.%u.%u.in-addr.arpa", a & 255, a >> 8 & 255,
			a >> 16 & 255, a >> 24);
		return put_name(at, text);
	}
	for (unsigned i = 0; i < 8; i++)
		len += sprintf(text + len, "%x.", number >> 4 * i & 15);
	sprintf(text + len, "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
	return put_name(at, text);
}

/* The number that a reverse name stands for. */
static uint32_t number_of(bool ipv6, const uint8_t *name)
{
	uint32_t number = 0;

	for (unsigned i = 0; i < (ipv6 ? 8u : 4u); i++) {
		char label[4] = {0};

		memcpy(label, name + 1, name[0] < 4 ? name[0] : 3);
		unsigned value = 0;
		sscanf(label, ipv6 ? "%x" : "%u", &value);
		number |= value << (ipv6 ? 4 : 8) * i;
		name += 1 + name[0];
	}
	return ipv6 ? number : number - FIRST;
}

static enum replay_kind kind_of(uint32_t number)
{
	return number >= MISSES              ? REPLAY_MISS
		: number % CUSTOM_EVERY == 0 ? REPLAY_CUSTOM
					     : REPLAY_DEFAULT;
}

static void mix_case(uint8_t *name, size_t len, uint64_t random)
{
	/* Lengths of labels are below 'a'. */
	for (size_t i = 0; i < len; i++, random = random >> 1 | random << 63)
		if (name[i] >= 'a' && name[i] <= 'z' && (random & 1) != 0)
			name[i] -= 'a' - 'A';
}

static size_t put_opt(uint8_t *at, unsigned cookie_len)
{
	memset(at, 0, OPT_SIZE);
	put16(at + 1, TYPE_OPT);
	put16(at + 3, UDP_SIZE);
	if (cookie_len == 0)
		return OPT_SIZE;
	put16(at + 9, 4 + cookie_len);
	put16(at + 11, OPTION_COOKIE);
	put16(at + 13, cookie_len);
	return OPT_SIZE + 4 + cookie_len;
}

static size_t put_message(const struct replay *replay, unsigned index, uint32_t number,
	const uint8_t client[16], uint8_t *message)
{
	const unsigned edns = percent(index, HAS_EDNS);
	uint8_t *at = message + HEADER;

	memset(message, 0, HEADER);
	put16(message, replay_random(index, ID) & 0xffff);
	message[5] = 1;
	const size_t name_len = put_reverse_name(replay, number, at);
	if (percent(index, IS_MIXED) < MIXED_CASE_SHARE)
		mix_case(at, name_len, replay_random(index, CASES));
	at += name_len;
	put16(at, TYPE_PTR);
	put16(at + 2, 1);
	at += 4;
	if (edns >= EDNS_SHARE)
		return (size_t)(at - message);
	message[11] = 1;
	if (!replay->cookies || edns >= COOKIE_SHARE)
		return (size_t)(at - message) + put_opt(at, 0);
	at += put_opt(at, COOKIE_SIZE) - COOKIE_SIZE;
	/* The server's part is what the server would give this client. */
	uint8_t option[COOKIE_CLIENT_SIZE];
	memcpy(option, client, 4);
	put32(option + 4, index);
	(void)cookie_check(
		&settings, client, replay->ipv6, replay->now, option, sizeof(option), at);
	return (size_t)(at - message) + COOKIE_SIZE;
}

/* Address of the client; IPv4 in the first four bytes. */
static void put_client(const struct replay *replay, unsigned index, uint8_t client[16])
{
	const uint32_t network = (uint32_t)(replay_random(index, NETWORK) % CLIENT_NETWORKS);
	const uint32_t host = 1 + (uint32_t)(replay_random(index, HOST) % 254);

	memset(client, 0, 16);
	if (!replay->ipv6) {
		put32(client, CLIENTS + network * 256 + host);
		return;
	}
	put32(client, UINT32_C(0x20010db8));
	put32(client + 4, CLIENTS6 + network * 256);
	client[15] = (uint8_t)host;
}

static uint8_t *put_ip(
	bool ipv6, const uint8_t *from, const uint8_t *to, unsigned payload_len, uint8_t *ip)
{
	if (ipv6) {
		put32(ip, UINT32_C(6) << 28);
		put16(ip + 4, payload_len);
		ip[6] = IPPROTO_UDP;
		ip[7] = 64;
		memcpy(ip + 8, from, 16);
		memcpy(ip + 24, to, 16);
		return ip + 40;
	}
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, 20 + payload_len);
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, from, 4);
	memcpy(ip + 16, to, 4);
	put16(ip + 10, 0xffff & ~fold(sum(ip, 20, 0)));
	return ip + 20;
}

size_t replay_query(const struct replay *replay, unsigned index, unsigned eip, uint8_t *frame,
	enum replay_kind *kind)
{
	const bool miss = percent(index, IS_MISS) < MISS_SHARE;
	const uint32_t number = miss ? MISSES + index : eip;
	uint8_t client[16];
	uint8_t *message = frame + REPLAY_HEADERS(replay->ipv6), *udp = message - 8;

	put_client(replay, index, client);
	const size_t len = put_message(replay, index, number, client, message);
	const unsigned udp_len = 8 + (unsigned)len;

	memcpy(frame, port_mac, 6);
	memcpy(frame + 6, router_mac, 6);
	put16(frame + 12, replay->ipv6 ? 0x86dd : 0x0800);
	put_ip(replay->ipv6, client, replay->ipv6 ? service6 : service4, udp_len, frame + 14);
	put16(udp, CLIENT_PORT_FIRST + (unsigned)(replay_random(index, PORT) % CLIENT_PORTS));
	put16(udp + 2, 53);
	put16(udp + 4, udp_len);
	put16(udp + 6, 0);
	const uint16_t checksum = (uint16_t)~fold(udp_sum(replay->ipv6, frame + 14, udp_len));
	put16(udp + 6, checksum != 0 ? checksum : 0xffff); /* 0 says that there is none */
	*kind = kind_of(number);
	return (size_t)(message - frame) + len;
}

static size_t put_target(const struct replay *replay, uint32_t number, uint8_t *at)
{
	const uint32_t a = FIRST + number;
	char text[128];

	if (kind_of(number) == REPLAY_CUSTOM) {
		const struct workload_ptr ptr = workload_ptr("host", number);

		return put_name(at, ptr.name);
	}
	if (replay->ipv6)
		snprintf(text, sizeof(text),
			"ecs-2001-0db8-0000-0000-0000-0000-%04x-%04x.compute.example.com",
			number >> 16, number & 0xffff);
	else
		snprintf(text, sizeof(text), "ecs-%u-%u-%u-%u.compute.example.com", a >> 24,
			a >> 16 & 255, a >> 8 & 255, a & 255);
	return put_name(at, text);
}

/* The answer to the query up to where the authority section begins. */
static size_t put_answer(
	const struct replay *replay, const uint8_t *query, size_t question_len, uint8_t *message)
{
	const uint32_t number = number_of(replay->ipv6, query + HEADER);
	const enum replay_kind kind = kind_of(number);
	uint8_t *rr = message + HEADER + question_len;

	memcpy(message, query, HEADER + question_len);
	message[2] = 0x84; /* QR, AA */
	message[3] = kind == REPLAY_MISS ? 3 : 0;
	message[kind == REPLAY_MISS ? 9 : 7] = 1;
	if (kind == REPLAY_MISS)
		return HEADER + question_len;
	put16(rr, 0xc00c);
	put16(rr + 2, TYPE_PTR);
	put16(rr + 4, 1);
	put32(rr + 6, kind == REPLAY_CUSTOM ? WORKLOAD_TTL : DEFAULT_TTL);
	const size_t len = put_target(replay, number, rr + 12);
	put16(rr + 10, (unsigned)len);
	return HEADER + question_len + 12 + len;
}

static const char *check_headers(
	bool ipv6, const uint8_t *query, const uint8_t *reply, size_t reply_len)
{
	const uint8_t *query_ip = query + 14, *ip = reply + 14;
	const size_t addresses = ipv6 ? 8 : 12, size = ipv6 ? 16 : 4, udp = ipv6 ? 40 : 20;
	const size_t ip_len = reply_len - 14, udp_len = ip_len - udp;

	if (memcmp(reply, query + 6, 6) != 0 || memcmp(reply + 6, query, 6) != 0
		|| memcmp(reply + 12, query + 12, 2) != 0)
		return "Ethernet header";
	if (memcmp(ip + addresses, query_ip + addresses + size, size) != 0
		|| memcmp(ip + addresses + size, query_ip + addresses, size) != 0)
		return "IP addresses";
	if ((get32(ip + (ipv6 ? 4 : 0)) >> (ipv6 ? 16 : 0) & 0xffff) != (ipv6 ? udp_len : ip_len)
		|| get32(ip + udp + 4) >> 16 != udp_len)
		return "lengths";
	if (memcmp(ip + udp, query_ip + udp + 2, 2) != 0
		|| memcmp(ip + udp + 2, query_ip + udp, 2) != 0)
		return "UDP ports";
	if ((!ipv6 && fold(sum(ip, 20, 0)) != 0xffff) || (ip[udp + 6] == 0 && ip[udp + 7] == 0)
		|| fold(udp_sum(ipv6, ip, udp_len)) != 0xffff)
		return "checksums";
	return NULL;
}

const char *replay_check(const struct replay *replay, const uint8_t *query, size_t query_len,
	const uint8_t *reply, size_t reply_len)
{
	const size_t headers = (size_t)REPLAY_HEADERS(replay->ipv6);
	const uint8_t *asked = query + headers, *got = reply + headers;
	uint8_t expected[REPLAY_FRAME_MAX];

	if (reply_len < headers + HEADER)
		return "too short";
	const char *why = check_headers(replay->ipv6, query, reply, reply_len);
	if (why != NULL)
		return why;
	const size_t question_len = strlen((const char *)asked + HEADER) + 1 + 4;
	const size_t opt_len = query_len - headers - HEADER - question_len;
	const size_t answer_len = put_answer(replay, asked, question_len, expected);
	const size_t got_len = reply_len - headers;

	if (got_len < answer_len + opt_len || memcmp(got, expected, answer_len) != 0)
		return "header, question or answer";
	/* A cookie that is younger than half an hour comes back as it is. */
	if (memcmp(got + got_len - opt_len, asked + HEADER + question_len, opt_len) != 0)
		return "OPT record";
	if (expected[9] == 0 && got_len != answer_len + opt_len)
		return "something behind the answer";
	return NULL;
}

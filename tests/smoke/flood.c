/*
 * flood fast|slow SERVER RATE SLIP MILLISECONDS FLOODER... guest:ADDRESS... cookie:ADDRESS...
 *	new:ADDRESS...
 *
 * From each of the FLOODER addresses in turn, all of one client prefix, sends the same query, at a
 * multiple of RATE a second, to a server that answers RATE of one kind to one prefix and of the
 * rest every SLIPth, truncated. Meanwhile the guests, which are elsewhere, and the clients with a
 * cookie (RFC 7873), which are not, ask steadily. The new ones are of the flood's prefix and have
 * only a client cookie until they get BADCOOKIE with a server cookie, to ask with that from then on.
 * Checks the counts against the token bucket's bounds, and that guests and clients with a cookie lose
 * nothing. Slow: by packets that no worker looks into. Writes what it has counted.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "endpoint.h"

#define SOCKETS_MAX 256
#define MULTIPLE 20     /* of the rate, that is offered */
#define STEADY_MS 20    /* between two queries of a guest */
#define SILENCE_MS 2000 /* after the last query: by then all replies have come */
#define HEADER_SIZE 12
#define OPTION_COOKIE 10
#define CLIENT_COOKIE_SIZE 8
#define COOKIE_SIZE 24 /* with the server's */
#define OPT_SIZE 15    /* with the head of one option */
#define RCODE_BADCOOKIE 23

static const uint8_t new_cookie[CLIENT_COOKIE_SIZE] = "flooding";

/* PTR of 203.0.113.7, without OPT. */
static const uint8_t question[] = "\0\0\0\0\0\1\0\0\0\0\0\0"
				  "\0017\003113\0010\003203\7in-addr\4arpa\0\0\14\0\1";
#define QUESTION_SIZE (sizeof(question) - 1)

enum kind {
	FLOODER,
	GUEST,
	COOKIE,
	NEW,
	KINDS
};
static const char *const prefixes[KINDS] = {"", "guest:", "cookie:", "new:"};

struct party {
	enum kind kind;
	const char *local;
	int fd;
	uint8_t cookie[COOKIE_SIZE];
	size_t cookie_len; /* 0: none */
	unsigned asked, answered, slipped, odd;
	/* Of a new one: the number of its first query with a server's cookie, and what it got before.
	 */
	unsigned since, early, badcookie;
};

struct flood {
	const char *server;
	bool slow;
	unsigned rate, slip;
	struct party parties[SOCKETS_MAX];
	unsigned count, flooders;
	int64_t first, last; /* ms of the first query and of the last reply of the flood */
	int64_t lost;        /* ms in which the bucket was full: the sender did not get to run */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static int open_from(const struct flood *flood, const char *local)
{
	struct sockaddr_storage to, from;
	const socklen_t to_len = endpoint(flood->server, 53, &to);
	const socklen_t from_len = endpoint(local, 0, &from);
	const int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (flood->slow && endpoint_slow(fd, to.ss_family) < 0)
		|| bind(fd, (const struct sockaddr *)&from, from_len) < 0
		|| connect(fd, (const struct sockaddr *)&to, to_len) < 0) {
		perror(local);
		exit(1);
	}
	return fd;
}

/* An OPT with the party's cookie. Returns its length. */
static size_t put_opt(uint8_t *at, const struct party *party, unsigned rcode)
{
	const uint8_t len = (uint8_t)party->cookie_len;
	const uint8_t opt[OPT_SIZE] = {0, 0, 41, 4, 0xd0, (uint8_t)(rcode >> 4), 0, 0, 0, 0,
		(uint8_t)(4 + len), 0, OPTION_COOKIE, 0, len};

	memcpy(at, opt, sizeof(opt));
	memcpy(at + sizeof(opt), party->cookie, len);
	return sizeof(opt) + len;
}

static void ask(struct party *party)
{
	uint8_t query[QUESTION_SIZE + OPT_SIZE + COOKIE_SIZE];
	size_t len = QUESTION_SIZE;

	memcpy(query, question, len);
	query[0] = (uint8_t)(party->asked >> 8);
	query[1] = (uint8_t)party->asked;
	if (party->cookie_len > 0) {
		query[11] = 1; /* ARCOUNT */
		len += put_opt(query + len, party, 0);
	}
	if (send(party->fd, query, len, 0) == (ssize_t)len)
		party->asked++;
}

/* Learns the server's cookie: the last option of the reply, whose OPT is the last record. */
static void learn(struct party *party, const uint8_t *reply, size_t len)
{
	static const uint8_t head[] = {0, OPTION_COOKIE, 0, COOKIE_SIZE};
	const uint8_t *at = memmem(reply, len, head, sizeof(head));

	if (at == NULL || (size_t)(reply + len - at) < sizeof(head) + COOKIE_SIZE)
		return;
	memcpy(party->cookie, at + sizeof(head), COOKIE_SIZE);
	party->cookie_len = COOKIE_SIZE;
}

/* True if the reply is BADCOOKIE and nothing else: the question, no flag but QR, no record but OPT,
 * no option but the client's cookie with a server's behind it. */
static bool is_badcookie(const uint8_t *reply, size_t len)
{
	uint8_t expected[QUESTION_SIZE + OPT_SIZE + COOKIE_SIZE];
	struct party party = {.cookie_len = COOKIE_SIZE};

	memcpy(expected, question, QUESTION_SIZE);
	memcpy(expected, reply, 2);
	expected[2] = 0x80;
	expected[3] = RCODE_BADCOOKIE & 15;
	expected[11] = 1; /* ARCOUNT */
	memcpy(party.cookie, new_cookie, CLIENT_COOKIE_SIZE);
	put_opt(expected + QUESTION_SIZE, &party, RCODE_BADCOOKIE);
	return len == sizeof(expected)
		&& memcmp(reply, expected, len - COOKIE_SIZE + CLIENT_COOKIE_SIZE) == 0;
}

static bool is_answer(const uint8_t *reply, size_t len)
{
	return len >= HEADER_SIZE && (reply[2] & 2) == 0 && (reply[3] & 15) == 0 && reply[7] == 1;
}

static void judge_new(struct party *party, const uint8_t *reply, size_t len)
{
	const unsigned number = len < HEADER_SIZE ? 0 : (unsigned)reply[0] << 8 | reply[1];

	if (party->since > 0 && number >= party->since) {
		is_answer(reply, len) ? party->answered++ : party->odd++;
	} else if (is_badcookie(reply, len)) {
		if (party->badcookie++ > 0)
			return;
		learn(party, reply, len);
		party->since = party->asked;
	} else {
		is_answer(reply, len) ? party->early++ : party->odd++;
	}
}

static void judge(struct party *party, const uint8_t *reply, size_t len)
{
	if (party->kind == COOKIE)
		learn(party, reply, len);
	if (len >= HEADER_SIZE && (reply[3] & 15) == 0 && (reply[2] & 2))
		party->slipped++;
	else if (is_answer(reply, len))
		party->answered++;
	else
		party->odd++;
}

/* Reads all replies that are there. Returns how many. */
static unsigned collect(struct party *party)
{
	uint8_t reply[1500];
	unsigned count = 0;
	ssize_t len;

	for (; (len = recv(party->fd, reply, sizeof(reply), 0)) > 0; count++) {
		if (party->kind == NEW)
			judge_new(party, reply, (size_t)len);
		else
			judge(party, reply, (size_t)len);
	}
	return count;
}

/* A cookie of the server's, before the flood. */
static bool get_cookie(struct party *party)
{
	const int64_t deadline = now_ms() + 10000;

	ask(party);
	while (party->cookie_len == CLIENT_COOKIE_SIZE && now_ms() < deadline) {
		struct pollfd waiting = {.fd = party->fd, .events = POLLIN};

		poll(&waiting, 1, 100);
		collect(party);
	}
	party->asked = party->answered = 0;
	return party->cookie_len == COOKIE_SIZE;
}

static void collect_all(struct flood *flood)
{
	for (unsigned i = 0; i < flood->count; i++)
		if (collect(&flood->parties[i]) > 0 && flood->parties[i].kind == FLOODER)
			flood->last = now_ms();
}

/* As many queries of the flood as are due by now, and those of the others. */
static void turn(struct flood *flood, unsigned *sent, int64_t *steady)
{
	const int64_t now = now_ms();
	const unsigned due = (unsigned)((now - flood->first) * flood->rate * MULTIPLE / 1000);

	for (unsigned burst = 0; *sent < due && burst < 64; burst++)
		ask(&flood->parties[(*sent)++ % flood->flooders]);
	if (now < *steady)
		return;
	*steady = now + STEADY_MS;
	for (unsigned i = flood->flooders; i < flood->count; i++)
		ask(&flood->parties[i]);
}

static void run(struct flood *flood, int64_t duration)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int64_t steady = 0, before;
	unsigned sent = 0;

	flood->first = flood->last = before = now_ms();
	while (now_ms() - flood->first < duration) {
		turn(flood, &sent, &steady);
		collect_all(flood);
		nanosleep(&pause, NULL);
		/* The bucket holds one second's worth. */
		if (now_ms() - before > 1000)
			flood->lost += now_ms() - before - 1000;
		before = now_ms();
	}
	while (now_ms() - before < SILENCE_MS) {
		collect_all(flood);
		nanosleep(&pause, NULL);
	}
}

static bool within(const char *what, double value, double low, double high)
{
	if (value >= low && value <= high)
		return true;
	printf("FAILED: %s: %.0f is not within %.0f and %.0f\n", what, value, low, high);
	return false;
}

/*
 * The bucket starts full with a second's worth and gets RATE tokens a second: no more answers than
 * that until the last reply, no less (but for a tenth) until the last query.
 */
static bool check_flood(const struct flood *flood, double duration)
{
	const double whole = (double)(flood->last - flood->first) / 1000;
	const double rate = flood->rate, lost = (double)flood->lost / 1000;
	unsigned sent = 0, answered = 0, slipped = 0, odd = 0;

	for (unsigned i = 0; i < flood->flooders; i++) {
		sent += flood->parties[i].asked;
		answered += flood->parties[i].answered;
		slipped += flood->parties[i].slipped;
		odd += flood->parties[i].odd;
	}
	const double limited = (double)sent - answered;
	const double slips = flood->slip == 0 ? 0 : limited / flood->slip;

	printf("sent %u answered %u slipped %u\n", sent, answered, slipped);
	return within("answers", answered, (duration - lost) * rate * 0.9, (whole + 1) * rate + 1)
		&& within("slips", slipped, slips * 0.95 - 1, slips * 1.05 + 1)
		&& within("other replies", odd, 0, 0);
}

/* Every query that is not limited has an answer: a new one's from the first with a cookie on. */
static bool check_others(const struct flood *flood)
{
	bool ok = true;

	for (unsigned i = flood->flooders; i < flood->count; i++) {
		const struct party *party = &flood->parties[i];
		const unsigned asked = party->asked - party->since;

		printf("%s%s asked %u answered %u odd %u\n", prefixes[party->kind], party->local,
			asked, party->answered, party->odd);
		if (party->kind == NEW)
			printf("before asked %u answered %u badcookie %u\n", party->since,
				party->early, party->badcookie);
		ok &= asked > 0 && party->answered == asked && party->odd == 0
			&& (party->badcookie > 0) == (party->kind == NEW);
	}
	return ok;
}

static void add_party(struct flood *flood, const char *argument)
{
	struct party *party = &flood->parties[flood->count++];

	for (enum kind kind = GUEST; kind < KINDS; kind++)
		if (strncmp(argument, prefixes[kind], strlen(prefixes[kind])) == 0)
			party->kind = kind;
	party->local = argument + strlen(prefixes[party->kind]);
	party->fd = open_from(flood, party->local);
	if (party->kind == COOKIE || party->kind == NEW) {
		memcpy(party->cookie, new_cookie, CLIENT_COOKIE_SIZE);
		party->cookie_len = CLIENT_COOKIE_SIZE;
	}
	flood->flooders += party->kind == FLOODER;
}

int main(int argc, char *argv[])
{
	static struct flood flood;

	if (argc < 7 || argc - 6 > SOCKETS_MAX
		|| (strcmp(argv[1], "fast") != 0 && strcmp(argv[1], "slow") != 0)) {
		fprintf(stderr,
			"usage: flood fast|slow SERVER RATE SLIP MILLISECONDS FLOODER... "
			"[guest:ADDRESS]... [cookie:ADDRESS]... [new:ADDRESS]...\n");
		return 2;
	}
	flood.slow = strcmp(argv[1], "slow") == 0;
	flood.server = argv[2];
	flood.rate = (unsigned)atoi(argv[3]);
	flood.slip = (unsigned)atoi(argv[4]);
	for (int i = 6; i < argc; i++)
		add_party(&flood, argv[i]);
	for (unsigned i = 0; i < flood.count; i++) {
		if (flood.parties[i].kind == COOKIE && !get_cookie(&flood.parties[i])) {
			printf("no cookie for %s\n", flood.parties[i].local);
			return 1;
		}
	}
	run(&flood, atoi(argv[5]));
	const bool held = check_flood(&flood, atof(argv[5]) / 1000);

	return check_others(&flood) && held ? 0 : 1;
}

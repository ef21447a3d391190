/*
 * flood SERVER RATE SLIP MILLISECONDS FLOODER... guest:ADDRESS... cookie:ADDRESS...
 *
 * From each of the FLOODER addresses in turn, all of one client prefix, sends the same query, at a
 * multiple of RATE a second, to a server that answers RATE of one kind to one prefix and of the
 * rest every SLIPth, truncated. Meanwhile the guests, which are elsewhere, and the clients with a
 * cookie (RFC 7873), which are not, ask steadily. Checks the counts against the token bucket's
 * bounds, and that guests and clients with a cookie lose nothing. Writes: sent, answered, slipped.
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
#define COOKIE_MAX 40

/* PTR of 203.0.113.7, without OPT. */
static const uint8_t question[] = "\0\0\0\0\0\1\0\0\0\0\0\0"
				  "\0017\003113\0010\003203\7in-addr\4arpa\0\0\14\0\1";
#define QUESTION_SIZE (sizeof(question) - 1)

enum kind {
	FLOODER,
	GUEST,
	COOKIE
};

struct party {
	enum kind kind;
	const char *local;
	int fd;
	uint8_t cookie[COOKIE_MAX];
	size_t cookie_len;
	unsigned asked, answered, slipped, odd;
};

struct flood {
	const char *server;
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

static int open_from(const char *server, const char *local)
{
	struct sockaddr_storage to, from;
	const socklen_t to_len = endpoint(server, 53, &to), from_len = endpoint(local, 0, &from);
	const int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&from, from_len) < 0
		|| connect(fd, (const struct sockaddr *)&to, to_len) < 0) {
		perror(local);
		exit(1);
	}
	return fd;
}

static void ask(struct party *party)
{
	uint8_t query[QUESTION_SIZE + 11 + 4 + COOKIE_MAX];
	size_t len = QUESTION_SIZE;

	memcpy(query, question, len);
	query[0] = (uint8_t)(party->asked >> 8);
	query[1] = (uint8_t)party->asked;
	if (party->kind == COOKIE) {
		const size_t cookie = party->cookie_len;
		const uint8_t opt[] = {0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, (uint8_t)(4 + cookie), 0,
			OPTION_COOKIE, 0, (uint8_t)cookie};

		query[11] = 1; /* ARCOUNT */
		memcpy(query + len, opt, sizeof(opt));
		memcpy(query + len + sizeof(opt), party->cookie, cookie);
		len += sizeof(opt) + cookie;
	}
	if (send(party->fd, query, len, 0) == (ssize_t)len)
		party->asked++;
}

/* Learns the server's cookie: the last option of the reply, whose OPT is the last record. */
static void learn(struct party *party, const uint8_t *reply, size_t len)
{
	static const uint8_t head[] = {0, OPTION_COOKIE, 0, 24};
	const uint8_t *at = memmem(reply, len, head, sizeof(head));

	if (at == NULL || (size_t)(reply + len - at) < sizeof(head) + 24)
		return;
	memcpy(party->cookie, at + sizeof(head), 24);
	party->cookie_len = 24;
}

/* Reads all replies that are there. Returns how many. */
static unsigned collect(struct party *party)
{
	uint8_t reply[1500];
	unsigned count = 0;
	ssize_t len;

	for (; (len = recv(party->fd, reply, sizeof(reply), 0)) > 0; count++) {
		if (party->kind == COOKIE)
			learn(party, reply, (size_t)len);
		const bool noerror = len >= HEADER_SIZE && (reply[3] & 15) == 0;

		if (noerror && (reply[2] & 2))
			party->slipped++;
		else if (noerror && reply[7] == 1)
			party->answered++;
		else
			party->odd++;
	}
	return count;
}

/* A cookie of the server's, before the flood. */
static bool get_cookie(struct party *party)
{
	const int64_t deadline = now_ms() + 10000;

	memcpy(party->cookie, "flooding", CLIENT_COOKIE_SIZE);
	party->cookie_len = CLIENT_COOKIE_SIZE;
	ask(party);
	while (party->cookie_len == CLIENT_COOKIE_SIZE && now_ms() < deadline) {
		struct pollfd waiting = {.fd = party->fd, .events = POLLIN};

		poll(&waiting, 1, 100);
		collect(party);
	}
	party->asked = party->answered = 0;
	return party->cookie_len > CLIENT_COOKIE_SIZE;
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

static bool check_others(const struct flood *flood)
{
	bool ok = true;

	for (unsigned i = flood->flooders; i < flood->count; i++) {
		const struct party *party = &flood->parties[i];

		printf("%s %s asked %u answered %u\n", party->kind == GUEST ? "guest" : "cookie",
			party->local, party->asked, party->answered);
		ok &= party->asked > 0 && party->answered == party->asked;
	}
	return ok;
}

static void add_party(struct flood *flood, const char *argument)
{
	struct party *party = &flood->parties[flood->count++];

	party->kind = strncmp(argument, "guest:", 6) == 0 ? GUEST
		: strncmp(argument, "cookie:", 7) == 0    ? COOKIE
							  : FLOODER;
	party->local = party->kind == FLOODER ? argument : strchr(argument, ':') + 1;
	party->fd = open_from(flood->server, party->local);
	flood->flooders += party->kind == FLOODER;
}

int main(int argc, char *argv[])
{
	static struct flood flood;

	if (argc < 6 || argc - 5 > SOCKETS_MAX) {
		fprintf(stderr,
			"usage: flood SERVER RATE SLIP MILLISECONDS FLOODER... "
			"[guest:ADDRESS]... [cookie:ADDRESS]...\n");
		return 2;
	}
	flood.server = argv[1];
	flood.rate = (unsigned)atoi(argv[2]);
	flood.slip = (unsigned)atoi(argv[3]);
	for (int i = 5; i < argc; i++)
		add_party(&flood, argv[i]);
	for (unsigned i = 0; i < flood.count; i++) {
		if (flood.parties[i].kind == COOKIE && !get_cookie(&flood.parties[i])) {
			printf("no cookie for %s\n", flood.parties[i].local);
			return 1;
		}
	}
	run(&flood, atoi(argv[4]));
	const bool held = check_flood(&flood, atof(argv[4]) / 1000);

	return check_others(&flood) && held ? 0 : 1;
}

/*
 * contract_client SERVER udp|tcp|slow: sends every case of the contract to the server and checks
 * each reply. The server serves the contract's world. One line for each case that is not right, one
 * in all.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cases.h"
#include "wire_path.h"

/* From these no query gets a reply: what sits behind them answers anything. */
static const uint16_t dead_ports[] = {7, 13, 19, 37, 0};

static bool applies(const struct contract_case *row, enum path path)
{
	return row->over == 0 || (row->over & (path == PATH_TCP ? OVER_TCP : OVER_UDP)) != 0;
}

/* Returns whether the reply is the right one. */
static bool run(const struct path_peer *any, size_t index, const struct contract_case *row)
{
	const struct path_peer peer = path_from(any, row->transfers);
	static uint8_t reply[PATH_REPLY_MAX];
	uint8_t query[CONTRACT_QUERY_MAX];
	char why[CONTRACT_WHY_SIZE];
	const size_t len = contract_build(row, query);
	const long got = path_ask(&peer, query, len, reply);

	if (got < 0) {
		printf("case %zu, %s: the server is silent\n", index, row->what);
		return false;
	}
	if (contract_check(row, reply, (size_t)got,
		    peer.path == PATH_TCP ? TRANSPORT_TCP : TRANSPORT_UDP, why))
		return true;
	printf("case %zu, %s: %s\n", index, row->what, why);
	return false;
}

/*
 * A query from a dead port, then ordinary ones until one is answered: by then a reply to the first
 * would have come. Returns whether none did.
 */
static bool run_port(const struct path_peer *peer, uint16_t port)
{
	static const uint8_t query[] = "\x11\x11\0\0\0\1\0\0\0\0\0\0"
				       "\003113\0010\003203\7in-addr\4arpa\0\0\6\0\1";
	static uint8_t reply[PATH_REPLY_MAX];
	const int fd = port == 0 ? path_open_raw(peer) : path_open(peer, port);

	if (fd < 0)
		return false;
	const bool sent = port == 0 ? path_send_raw(fd, query, sizeof(query) - 1)
				    : path_send(peer, fd, query, sizeof(query) - 1);
	const bool alive = path_ask(peer, query, sizeof(query) - 1, reply) > 0;
	const bool silent = port == 0 ? path_silent_raw(fd)
				      : recv(fd, reply, sizeof(reply), MSG_DONTWAIT) <= 0;

	close(fd);
	if (!sent || !alive || !silent)
		printf("source port %u: %s\n", port, silent ? "not asked" : "a reply");
	return sent && alive && silent;
}

int main(int argc, char *argv[])
{
	static const char *const paths[] = {"udp", "tcp", "slow"};
	struct path_peer peer = {.port = 53};
	size_t total = 0, right = 0, path = 0;
	const struct contract_case *row;
	uint8_t address[16];
	bool ipv6;

	while (argc == 3 && path < 3 && strcmp(argv[2], paths[path]) != 0)
		path++;
	if (argc != 3 || path == 3) {
		fprintf(stderr, "usage: contract_client SERVER udp|tcp|slow\n");
		return 2;
	}
	peer.address = argv[1];
	peer.path = (enum path)path;
	setlinebuf(stdout);
	/* Cookies are made for the address that the server sees. */
	if (!path_local(&peer, &ipv6, address))
		return 1;
	contract_from(ipv6, address);
	for (size_t i = 0; (row = contract_case_at(i)) != NULL; i++) {
		if (!applies(row, peer.path))
			continue;
		total++;
		right += run(&peer, i, row);
	}
	for (size_t i = 0; i < sizeof(dead_ports) / sizeof(dead_ports[0]); i++) {
		if (peer.path == PATH_TCP && dead_ports[i] == 0)
			continue; /* TCP has no such port */
		total++;
		right += run_port(&peer, dead_ports[i]);
	}
	printf("%s over %s: %zu cases, %zu right, %zu wrong\n", peer.address, argv[2], total, right,
		total - right);
	return total > 100 && right == total ? 0 : 1;
}

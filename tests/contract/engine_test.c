/*
 * Every case of the contract, straight into the engine: over both transports, from clients of both
 * families, one at a time and in bursts.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "cases.h"
#include "image.h"
#include "prefix.h"
#include "rig.h"
#include "transfer.h"
#include "world.h"

#define REGIONS_MAX 8
#define ROOM DNS_REPLY_MAX

static struct image images[REGIONS_MAX];
static struct dns_view *view;
static struct dns_prefix transfer_to[2];
static struct dns_settings settings = {
	.nsid = CONTRACT_NSID,
	.nsid_len = sizeof(CONTRACT_NSID) - 1,
	.version = CONTRACT_VERSION,
	.hostname = CONTRACT_HOSTNAME,
	.cookie_secrets = 2,
	.tcp_keepalive = CONTRACT_TCP_KEEPALIVE,
	.transfer_to = transfer_to,
	.transfer_to_count = 2,
};

static void fill_eip(struct image *image, const struct contract_eip *eip)
{
	uint8_t names[10 * 255], address[16];
	size_t len = 0;

	for (unsigned i = 0; i < eip->names_count; i++) {
		ldns_rdf *name = ldns_dname_new_frm_str(eip->names[i]);

		assert_non_null(name);
		memcpy(names + len, ldns_rdf_data(name), ldns_rdf_size(name));
		len += ldns_rdf_size(name);
		ldns_rdf_deep_free(name);
	}
	if (inet_pton(AF_INET6, eip->address, address) == 1) {
		image_record6(image, address, eip->ttl, names, eip->names_count);
		return;
	}
	assert_int_equal(inet_pton(AF_INET, eip->address, address), 1);
	const uint32_t number = ADDRESS(address[0], address[1], address[2], address[3]);

	if (eip->names_count > 0)
		image_record(image, number, eip->ttl, names, eip->names_count);
	else
		image_bind(image, number, PTRD_REF_DEFAULT);
}

static void fill_image(struct image *image, const char *region)
{
	image_create(image, 4, 8, 32768);
	for (size_t i = 0; i < contract_eips_count; i++) {
		if (strcmp(contract_eips[i].region, region) == 0)
			fill_eip(image, &contract_eips[i]);
	}
}

static struct dns_region_spec spec_of(const struct contract_region *region, struct image *image,
	struct dns_delegation_spec *delegations)
{
	for (unsigned i = 0; i < region->delegations_count; i++)
		delegations[i] = (struct dns_delegation_spec){
			.prefix = region->delegations[i].prefix,
			.name = region->delegations[i].name,
			.ns = region->delegations[i].ns,
			.ns_count = region->delegations[i].ns_count,
		};
	return (struct dns_region_spec){
		.name = region->name,
		.table = image->table,
		.prefixes = region->prefixes,
		.prefixes_count = region->prefixes_count,
		.suffix = region->suffix,
		.default_name = region->default_name,
		.default_name6 = region->default_name6,
		.rfc2317 = region->rfc2317,
		.delegations = delegations,
		.delegations_count = region->delegations_count,
		.default_ttl = region->default_ttl,
		.unbound_default = region->unbound_default,
		.soa_mname = region->soa_mname,
		.soa_rname = region->soa_rname,
		.soa_refresh = region->soa_refresh,
		.soa_retry = region->soa_retry,
		.soa_expire = region->soa_expire,
		.soa_minimum = region->soa_minimum,
		.soa_ttl = region->soa_ttl,
		.ns_names = region->ns_names,
		.ns_names_count = region->ns_names_count,
		.ns_ttl = region->ns_ttl,
	};
}

static void read_secret(uint8_t *secret, const char *text)
{
	size_t len;

	assert_int_equal(sodium_hex2bin(secret, DNS_COOKIE_SECRET_SIZE, text, strlen(text), NULL,
				 &len, NULL),
		0);
	assert_int_equal(len, DNS_COOKIE_SECRET_SIZE);
}

static int setup(void **state)
{
	struct dns_region_spec specs[REGIONS_MAX];
	struct dns_delegation_spec delegations[REGIONS_MAX][2];
	char error[DNS_VIEW_ERROR_SIZE] = "";
	unsigned served = 0;

	(void)state;
	assert_in_range(contract_regions_count, 1, REGIONS_MAX);
	for (size_t i = 0; i < contract_regions_count; i++) {
		fill_image(&images[i], contract_regions[i].name);
		/* A detached region is in no directory, so in no view. */
		if (contract_regions[i].detached)
			continue;
		specs[served] = spec_of(&contract_regions[i], &images[i], delegations[i]);
		served++;
	}
	view = dns_view_create(1, specs, served, error);
	if (view == NULL)
		fail_msg("%s", error);
	assert_null(dns_prefix_parse_client(&transfer_to[0], CONTRACT_TRANSFER));
	assert_null(dns_prefix_parse_client(&transfer_to[1], CONTRACT_TRANSFER6));
	read_secret(settings.cookie_secret[0], CONTRACT_COOKIE_SECRET);
	read_secret(settings.cookie_secret[1], CONTRACT_COOKIE_SECRET_OLD);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dns_view_free(view);
	for (size_t i = 0; i < contract_regions_count; i++)
		image_free(&images[i]);
	return 0;
}

struct client {
	bool ipv6;
	uint8_t address[16];
};

static const struct client clients[] = {
	{false, {198, 51, 100, 77}},
	{true, {0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
};

static const struct client transfer_clients[] = {
	{false, {198, 51, 100, 2}},
	{true, {0x20, 0x01, 0x0d, 0xb8, 0, 0x53, [15] = 2}},
};

/* Who sends a case in place of `client`. */
static const struct client *client_of(const struct contract_case *c, const struct client *client)
{
	return c->transfers ? &transfer_clients[client->ipv6] : client;
}

static bool is_over(const struct contract_case *c, enum transport transport)
{
	return c->over == 0 || (c->over & (transport == TRANSPORT_UDP ? OVER_UDP : OVER_TCP)) != 0;
}

/* What lies behind a message. A record or a name that is cut would go on there: nobody may look. */
static const uint8_t rests[][12] = {
	"\0\0\0\0\0\0\0\0\0\0\0",
	"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	"\0\0\51\4\xd0\0\0\0\0\0\0\0",
	"\0\14\0\1\0\14\0\1\0\14\0\1",
};
static unsigned rest; /* that of the messages from now on */

static void make_request(struct dns_request *r, const struct contract_case *c,
	const struct client *client, enum transport transport)
{
	client = client_of(c, client);
	memset(r, 0xa5, sizeof(*r)); /* the engine must not rely on what a request held */
	r->msg = malloc(ROOM);
	assert_non_null(r->msg);
	contract_from(client->ipv6, client->address);
	const size_t len = contract_build(c, r->msg);

	assert_in_range(len, 1, ROOM);
	for (size_t at = len; at < ROOM; at++)
		r->msg[at] = rests[rest][(at - len) % sizeof(rests[rest])];
	r->len = (uint16_t)len;
	r->room = transport == TRANSPORT_UDP ? DNS_UDP_SIZE : ROOM;
	r->port = 40000;
	r->transport = transport == TRANSPORT_UDP ? DNS_UDP : DNS_TCP;
	r->transfer_possible = true;
	memcpy(r->client, client->address, sizeof(r->client));
	r->client_ipv6 = client->ipv6;
}

/* Writes the one message of a transfer over the query. */
static void transfer(const struct dns_context *context, struct dns_request *r)
{
	static uint8_t message[DNS_TRANSFER_MESSAGE_MAX];
	size_t memory = 1 << 20;
	const char *why;
	struct dns_transfer *transfer = dns_transfer_create(context, r, &memory);

	assert_non_null(transfer);
	assert_int_equal(dns_transfer_copy(transfer, view, UINT32_MAX, &why), DNS_TRANSFER_COPIED);
	r->reply_len = (uint16_t)dns_transfer_message(transfer, message);
	assert_in_range(r->reply_len, 1, ROOM);
	memcpy(r->msg, message, r->reply_len);
	r->sum = plain_sum(r->msg, r->reply_len);
	assert_int_equal(dns_transfer_message(transfer, message), 0);
	dns_transfer_free(transfer);
	assert_int_equal(memory, 1 << 20);
}

static void check_reply(const struct dns_request *r, const struct contract_case *c,
	const struct client *client, enum transport transport)
{
	char why[CONTRACT_WHY_SIZE];

	client = client_of(c, client);
	contract_from(client->ipv6, client->address);
	if (!contract_check(c, r->msg, r->reply_len, transport, why))
		fail_msg("\"%s\" over %s from an IPv%d client: %s", c->what,
			transport == TRANSPORT_UDP ? "UDP" : "TCP", client->ipv6 ? 6 : 4, why);
	assert_int_equal(r->sum, plain_sum(r->msg, r->reply_len));
}

/* Runs every case in bursts of `size`. Returns how many queries that made. */
static unsigned run(unsigned size, const struct client *client, enum transport transport)
{
	const struct dns_context context
		= {.view = view, .settings = &settings, .now = (uint32_t)time(NULL)};
	struct dns_request requests[DNS_BURST];
	const struct contract_case *cases[DNS_BURST], *c;
	unsigned count = 0, done = 0;

	for (size_t index = 0; (c = contract_case_at(index)) != NULL || count > 0; index++) {
		if (c != NULL && is_over(c, transport)) {
			make_request(&requests[count], c, client, transport);
			cases[count++] = c;
		}
		if (count < size && c != NULL)
			continue;
		dns_answer(&context, requests, count);
		for (unsigned i = 0; i < count; i++) {
			if (requests[i].outcome == PTRD_TRANSFER)
				transfer(&context, &requests[i]);
			check_reply(&requests[i], cases[i], client, transport);
			free(requests[i].msg);
		}
		done += count;
		count = 0;
		if (c == NULL)
			break;
	}
	return done;
}

static void test_cases(void **state)
{
	static const unsigned sizes[] = {1, 7, DNS_BURST};

	(void)state;
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			const unsigned udp = run(sizes[s], &clients[i], TRANSPORT_UDP);
			const unsigned tcp = run(sizes[s], &clients[i], TRANSPORT_TCP);

			assert_true(udp > 500 && tcp > 500);
		}
	}
}

/* Whatever lies behind the message, the reply is the same. */
static void test_rests(void **state)
{
	(void)state;
	for (rest = 0; rest < sizeof(rests) / sizeof(rests[0]); rest++) {
		run(1, &clients[0], TRANSPORT_UDP);
		run(1, &clients[1], TRANSPORT_TCP);
	}
	rest = 0;
}

/* No case has a reply to these ports. */
static void test_dead_ports(void **state)
{
	static const uint16_t ports[] = {0, 7, 13, 19, 37};
	const struct dns_context context
		= {.view = view, .settings = &settings, .now = (uint32_t)time(NULL)};
	const struct contract_case *c;

	(void)state;
	for (size_t index = 0; (c = contract_case_at(index)) != NULL; index++) {
		for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
			const enum transport transport
				= is_over(c, TRANSPORT_UDP) ? TRANSPORT_UDP : TRANSPORT_TCP;
			struct dns_request r;

			make_request(&r, c, &clients[i % 2], transport);
			r.port = ports[i];
			dns_answer(&context, &r, 1);
			assert_int_equal(r.reply_len, 0);
			assert_int_equal(r.outcome, r.len < 12 ? PTRD_DROP_SHORT : PTRD_DROP_PORT);
			free(r.msg);
		}
	}
}

/* A check that cannot fail shows nothing: what each reply gets must not suit the case after it,
 * unless the two expect the same. */
static void test_checks_can_fail(void **state)
{
	const struct dns_context context
		= {.view = view, .settings = &settings, .now = (uint32_t)time(NULL)};
	const struct contract_case *c;
	unsigned refused = 0, count = 0;

	(void)state;
	for (size_t index = 0; (c = contract_case_at(index)) != NULL; index++) {
		const struct contract_case *next = contract_case_at(index + 1);
		struct dns_request r;
		char why[CONTRACT_WHY_SIZE];

		if (next == NULL || !is_over(c, TRANSPORT_UDP) || !is_over(next, TRANSPORT_UDP))
			continue;
		make_request(&r, c, &clients[0], TRANSPORT_UDP);
		dns_answer(&context, &r, 1);
		refused += !contract_check(next, r.msg, r.reply_len, TRANSPORT_UDP, why);
		free(r.msg);
		count++;
	}
	/* Neighbours are alike in places, such as rows of malformed messages; few of them are. */
	assert_true(refused > count / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_rests),
		cmocka_unit_test(test_dead_ports),
		cmocka_unit_test(test_checks_can_fail),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

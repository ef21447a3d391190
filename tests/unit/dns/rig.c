#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#define LONG_LABEL "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
/* 255 bytes on the wire: three labels of 63, one of 61, the root. */
#define LONG_NAME(c)                                                                               \
	LONG_LABEL "." LONG_LABEL "." LONG_LABEL "." c                                             \
		   "bcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi."

static const char *const eu_prefixes[] = {"203.0.113.0/24", "80.158.0.0/16", "10.1.4.0/22"};
static const char *const open_prefixes[] = {"198.51.100.0/24"};
static const char *const tiny_prefixes[] = {"192.0.2.16/28"};
static const char *const long_prefixes[] = {"192.168.0.0/24"};
static const char *const two_ns[] = {"ns1.example.net.", "ns2.example.net."};
static const char *const long_ns[] = {LONG_NAME("0"), LONG_NAME("1"), LONG_NAME("2"),
	LONG_NAME("3"), LONG_NAME("4"), LONG_NAME("5"), LONG_NAME("6"), LONG_NAME("7"),
	LONG_NAME("8"), LONG_NAME("9"), LONG_NAME("a"), LONG_NAME("b"), LONG_NAME("c")};

static const struct dns_region_spec common = {
	.suffix = "compute.example.com.",
	.default_name = "ecs-{a}-{b}-{c}-{d}.{suffix}",
	.default_ttl = 300,
	.soa_mname = "ns1.example.net.",
	.soa_rname = "hostmaster.example.net.",
	.soa_refresh = 3600,
	.soa_retry = 900,
	.soa_expire = 604800,
	.soa_minimum = 300,
	.soa_ttl = 3600,
	.ns_names = two_ns,
	.ns_names_count = 2,
	.ns_ttl = 7200,
};

struct dns_settings ask_settings;
struct dns_limiter *ask_limiter;
uint32_t ask_now;
uint64_t ask_now_ms;
uint8_t ask_client[16] = {192, 0, 2, 1};
bool ask_client_ipv6;

void wire_of_length(uint8_t *wire, unsigned len, char letter)
{
	unsigned rest = len - 1;

	while (rest > 0) {
		unsigned label = rest > 64 ? 63 : rest - 1;

		if (rest - label - 1 == 1) /* one byte is no label */
			label--;
		*wire++ = (uint8_t)label;
		memset(wire, letter, label);
		wire += label;
		rest -= label + 1;
	}
	*wire = 0;
}

/* Ten names of `len` bytes each. */
static void ten_names(struct image *image, uint32_t address, unsigned len)
{
	uint8_t names[10 * 255];

	for (unsigned i = 0; i < 10; i++)
		wire_of_length(names + i * len, len, (char)('a' + i));
	image_record(image, address, 600, names, 10);
}

static void fill_images(struct image *images)
{
	static const uint8_t mail[] = "\4mail\7example\3org";

	/* One bucket for all of eu, so that its look-ups walk a chain. */
	image_create(&images[EU], 1, 4, 16384);
	for (unsigned i = 100; i < 110; i++)
		image_bind(&images[EU], ADDRESS(203, 0, 113, i), PTRD_REF_DEFAULT);
	image_record(&images[EU], ADDRESS(203, 0, 113, 7), 600, mail, 1);
	image_bind(&images[EU], ADDRESS(203, 0, 113, 8), PTRD_REF_DEFAULT);
	ten_names(&images[EU], ADDRESS(203, 0, 113, 9), 255);
	ten_names(&images[EU], ADDRESS(203, 0, 113, 10), 5);
	image_bind(&images[EU], ADDRESS(80, 158, 4, 2), PTRD_REF_DEFAULT);
	image_record(&images[EU], ADDRESS(80, 158, 4, 3), 601, mail, 1);
	image_bind(&images[EU], ADDRESS(10, 1, 6, 1), PTRD_REF_DEFAULT);

	image_create(&images[OPEN], 8, 0, 1024);
	image_record(&images[OPEN], ADDRESS(198, 51, 100, 1), 1, mail, 1);
	image_create(&images[TINY], 8, 0, 1024);
	image_record(&images[TINY], ADDRESS(192, 0, 2, 17), 2147483647, mail, 1);
	image_bind(&images[TINY], ADDRESS(192, 0, 2, 18), PTRD_REF_DEFAULT);
	image_create(&images[LONG], 8, 0, 1024);
	image_bind(&images[LONG], ADDRESS(192, 168, 0, 1), PTRD_REF_DEFAULT);
}

void rig_create(struct rig *rig)
{
	struct dns_region_spec specs[REGIONS] = {common, common, common, common};
	char error[DNS_VIEW_ERROR_SIZE] = "";

	fill_images(rig->images);
	specs[EU].name = "eu";
	specs[EU].prefixes = eu_prefixes;
	specs[EU].prefixes_count = 3;
	specs[OPEN].name = "open";
	specs[OPEN].prefixes = open_prefixes;
	specs[OPEN].prefixes_count = 1;
	specs[OPEN].unbound_default = true;
	specs[OPEN].default_name = "static.{d}.{c}.{b}.{a}.{suffix}";
	specs[OPEN].soa_minimum = 900;
	specs[OPEN].soa_ttl = 120;
	specs[TINY].name = "tiny";
	specs[TINY].prefixes = tiny_prefixes;
	specs[TINY].prefixes_count = 1;
	specs[LONG].name = "long";
	specs[LONG].prefixes = long_prefixes;
	specs[LONG].prefixes_count = 1;
	specs[LONG].soa_mname = long_ns[0];
	specs[LONG].soa_rname = long_ns[1];
	specs[LONG].ns_names = long_ns;
	specs[LONG].ns_names_count = 13;
	for (unsigned i = 0; i < REGIONS; i++)
		specs[i].table = rig->images[i].table;
	rig->view = dns_view_create(1, specs, REGIONS, error);
	if (rig->view == NULL)
		fail_msg("%s", error);
}

void rig_free(struct rig *rig)
{
	dns_view_free(rig->view);
	for (unsigned i = 0; i < REGIONS; i++)
		image_free(&rig->images[i]);
}

void query_bytes(struct query *q, const void *bytes, size_t len)
{
	assert_true(len <= sizeof(q->bytes) - q->len);
	if (len > 0)
		memcpy(q->bytes + q->len, bytes, len);
	q->len += (unsigned)len;
}

void query_u16(struct query *q, unsigned value)
{
	const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	query_bytes(q, bytes, sizeof(bytes));
}

void query_header(
	struct query *q, unsigned flags, unsigned qd, unsigned an, unsigned ns, unsigned ar)
{
	q->len = 0;
	query_u16(q, QUERY_ID);
	query_u16(q, flags);
	query_u16(q, qd);
	query_u16(q, an);
	query_u16(q, ns);
	query_u16(q, ar);
}

void query_name(struct query *q, const char *text)
{
	ldns_rdf *name = ldns_dname_new_frm_str(text);

	assert_non_null(name);
	query_bytes(q, ldns_rdf_data(name), ldns_rdf_size(name));
	ldns_rdf_deep_free(name);
}

void query_question(struct query *q, const char *name, unsigned type, unsigned class)
{
	query_name(q, name);
	query_u16(q, type);
	query_u16(q, class);
}

void query_opt(struct query *q, unsigned size, uint32_t ttl, const void *rdata, unsigned rdlength)
{
	query_bytes(q, "", 1);
	query_u16(q, 41);
	query_u16(q, size);
	query_u16(q, ttl >> 16);
	query_u16(q, ttl & 0xffff);
	query_u16(q, rdlength);
	query_bytes(q, rdata, rdlength);
}

void query_simple(struct query *q, const char *name, unsigned type)
{
	query_header(q, 0x0100, 1, 0, 0, 0);
	query_question(q, name, type, 1);
}

/* ldns reads a message whose records end before its bytes do; here nothing may be left over. */
static void assert_no_rest(const struct reply *reply)
{
	size_t at = 12;
	unsigned questions = LDNS_QDCOUNT(reply->bytes);
	unsigned records = LDNS_ANCOUNT(reply->bytes) + LDNS_NSCOUNT(reply->bytes)
		+ LDNS_ARCOUNT(reply->bytes);

	for (unsigned i = 0; i < questions + records; i++) {
		ldns_rr *rr = NULL;

		assert_int_equal(
			ldns_wire2rr(&rr, reply->bytes, reply->len, &at,
				i < questions ? LDNS_SECTION_QUESTION : LDNS_SECTION_ANSWER),
			LDNS_STATUS_OK);
		ldns_rr_free(rr);
	}
	assert_int_equal(at, reply->len);
}

static void assert_one_ttl(const ldns_rr_list *section)
{
	for (size_t i = 1; i < ldns_rr_list_rr_count(section); i++)
		assert_int_equal(ldns_rr_ttl(ldns_rr_list_rr(section, i)),
			ldns_rr_ttl(ldns_rr_list_rr(section, 0)));
}

static void check_reply(struct reply *reply, enum dns_transport transport)
{
	const struct dns_request *r = &reply->request;

	assert_in_range(reply->len, 12, transport == DNS_UDP ? 1232 : DNS_REPLY_MAX);
	assert_int_equal(ldns_wire2pkt(&reply->pkt, reply->bytes, reply->len), LDNS_STATUS_OK);
	assert_no_rest(reply);
	assert_int_equal(ldns_pkt_id(reply->pkt), QUERY_ID);
	assert_true(ldns_pkt_qr(reply->pkt));
	assert_false(ldns_pkt_ra(reply->pkt));
	assert_int_equal(reply->bytes[3] & 0xf0, 0); /* RA, Z, AD, CD */
	assert_int_equal(ldns_pkt_tc(reply->pkt), r->truncated);
	assert_int_equal(r->sum, plain_sum(reply->bytes, reply->len));
	assert_one_ttl(ldns_pkt_answer(reply->pkt));
	assert_one_ttl(ldns_pkt_authority(reply->pkt));
	assert_int_equal(ldns_rr_list_rr_count(ldns_pkt_additional(reply->pkt)), 0);
}

void ask(struct reply *reply, const struct dns_view *view, const struct query *q,
	enum dns_transport transport)
{
	const unsigned minimum = transport == DNS_UDP ? DNS_UDP_SIZE : DNS_REPLY_MAX;
	const struct dns_context context = {
		.view = view,
		.settings = &ask_settings,
		.limiter = ask_limiter,
		.now = ask_now,
		.now_ms = ask_now_ms,
	};
	struct dns_request *r = &reply->request;
	uint8_t *exact = malloc(q->len > 0 ? q->len : 1);

	assert_non_null(exact);
	memset(reply, 0xa5, sizeof(*reply)); /* the engine must not rely on what a request held */
	memcpy(exact, q->bytes, q->len);
	r->msg = q->len > 0 ? exact : exact + 1;
	r->len = (uint16_t)q->len;
	r->room = (uint16_t)(q->len > minimum ? q->len : minimum);
	r->port = 40000;
	r->transport = (uint8_t)transport;
	memcpy(r->client, ask_client, sizeof(r->client));
	r->client_ipv6 = ask_client_ipv6;
	dns_parse(&context, r, 1);
	assert_memory_equal(exact, q->bytes, q->len);
	free(exact);

	reply->bytes = malloc(r->room);
	assert_non_null(reply->bytes);
	memset(reply->bytes, 0xa5, r->room);
	memcpy(reply->bytes, q->bytes, q->len < 12 ? q->len : 12u + r->question_len);
	r->msg = reply->bytes;
	dns_route(&context, r, 1);
	dns_lookup(&context, r, 1);
	dns_write(&context, r, 1);
	reply->len = r->reply_len;
	reply->pkt = NULL;
	if (reply->len > 0)
		check_reply(reply, transport);
}

void reply_free(struct reply *reply)
{
	ldns_pkt_free(reply->pkt);
	free(reply->bytes);
}

char *section_text(const ldns_rr_list *section)
{
	char *text = ldns_rr_list2str(section);

	assert_non_null(text);
	for (char *c = text; *c != '\0'; c++) {
		if (*c == '\t')
			*c = ' ';
	}
	return text;
}

void assert_section(const ldns_rr_list *section, const char *expected)
{
	char *text = section_text(section);

	assert_string_equal(text, expected);
	free(text);
}

unsigned reply_rcode(const struct reply *reply)
{
	return (unsigned)ldns_pkt_edns_extended_rcode(reply->pkt) << 4
		| (unsigned)ldns_pkt_get_rcode(reply->pkt);
}

bool question_echoed(const struct reply *reply, const struct query *q)
{
	size_t at = 12;

	while (q->bytes[at] != 0)
		at += 1u + q->bytes[at];
	at += 5;
	return ldns_pkt_qdcount(reply->pkt) == 1 && reply->len >= at
		&& memcmp(reply->bytes + 12, q->bytes + 12, at - 12) == 0;
}

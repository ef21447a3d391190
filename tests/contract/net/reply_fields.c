#include "reply_fields.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#define RECORDS_MAX 512

const char *const reply_field_names[FIELD_COUNT] = {"reply", "rcode", "opcode", "flags", "question",
	"answer", "authority", "additional", "edns", "options"};

__attribute__((format(printf, 2, 3))) static void add(char *text, const char *format, ...)
{
	const size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, REPLY_FIELD_SIZE - used, format, arguments);
	va_end(arguments);
}

/* Fields parted by one blank, lower case, SOA's seventh as "*". */
static void write_record(char *text, const ldns_rr *rr, bool question)
{
	char *line = ldns_rr2str(rr), *rest = line;
	unsigned number = 0;

	for (char *word; (word = strtok_r(rest, " \t\n", &rest)) != NULL; number++) {
		const bool serial
			= !question && ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA && number == 6;

		for (char *at = word; *at != '\0'; at++)
			*at = (char)tolower((unsigned char)*at);
		add(text, "%s%s", number > 0 ? " " : "", serial ? "*" : word);
	}
	add(text, "; ");
	free(line);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void write_section(char *text, const ldns_rr_list *section, bool question)
{
	char *lines[RECORDS_MAX] = {NULL};
	size_t count = ldns_rr_list_rr_count(section);

	count = count < RECORDS_MAX ? count : RECORDS_MAX;
	for (size_t i = 0; i < count; i++) {
		lines[i] = calloc(1, REPLY_FIELD_SIZE);
		if (lines[i] == NULL)
			abort();
		write_record(lines[i], ldns_rr_list_rr(section, i), question);
	}
	qsort(lines, count, sizeof(lines[0]), by_text);
	for (size_t i = 0; i < count; i++) {
		add(text, "%s", lines[i]);
		free(lines[i]);
	}
}

static void write_flags(char *text, const ldns_pkt *pkt, const uint8_t *reply)
{
	add(text, "%s%s%s%s%s%s%s", ldns_pkt_aa(pkt) ? "aa " : "", ldns_pkt_tc(pkt) ? "tc " : "",
		ldns_pkt_rd(pkt) ? "rd " : "", ldns_pkt_ra(pkt) ? "ra " : "",
		reply[3] & 0x40 ? "z " : "", ldns_pkt_ad(pkt) ? "ad " : "",
		ldns_pkt_cd(pkt) ? "cd " : "");
}

static int by_code(const void *a, const void *b)
{
	return *(const unsigned *)a > *(const unsigned *)b ? 1 : -1;
}

static void write_options(char *text, const ldns_rdf *data)
{
	const size_t len = data != NULL ? ldns_rdf_size(data) : 0;
	const uint8_t *at = data != NULL ? ldns_rdf_data(data) : NULL;
	unsigned codes[64] = {0}, count = 0;

	for (size_t i = 0; i + 4 <= len && count < 64;) {
		codes[count++] = (unsigned)at[i] << 8 | at[i + 1];
		i += 4 + ((size_t)at[i + 2] << 8 | at[i + 3]);
	}
	qsort(codes, count, sizeof(codes[0]), by_code);
	for (unsigned i = 0; i < count; i++)
		add(text, "%u ", codes[i]);
}

static void write_edns(struct reply_fields *fields, const ldns_pkt *pkt)
{
	if (!ldns_pkt_edns(pkt)) {
		add(fields->text[FIELD_EDNS], "none");
		return;
	}
	add(fields->text[FIELD_EDNS], "version %u size %u flags %04x", ldns_pkt_edns_version(pkt),
		ldns_pkt_edns_udp_size(pkt), ldns_pkt_edns_z(pkt));
	write_options(fields->text[FIELD_OPTIONS], ldns_pkt_edns_data(pkt));
}

void reply_fields_read(struct reply_fields *fields, const uint8_t *reply, size_t len)
{
	ldns_pkt *pkt = NULL;

	memset(fields, 0, sizeof(*fields));
	if (len == 0) {
		add(fields->text[FIELD_REPLY], "none");
		return;
	}
	if (len < LDNS_HEADER_SIZE || ldns_wire2pkt(&pkt, reply, len) != LDNS_STATUS_OK) {
		add(fields->text[FIELD_REPLY], "garbage");
		return;
	}
	add(fields->text[FIELD_REPLY], "yes");
	add(fields->text[FIELD_RCODE], "%u",
		(unsigned)ldns_pkt_edns_extended_rcode(pkt) << 4
			| (unsigned)ldns_pkt_get_rcode(pkt));
	add(fields->text[FIELD_OPCODE], "%u", (unsigned)ldns_pkt_get_opcode(pkt));
	write_flags(fields->text[FIELD_FLAGS], pkt, reply);
	write_section(fields->text[FIELD_QUESTION], ldns_pkt_question(pkt), true);
	write_section(fields->text[FIELD_ANSWER], ldns_pkt_answer(pkt), false);
	write_section(fields->text[FIELD_AUTHORITY], ldns_pkt_authority(pkt), false);
	write_section(fields->text[FIELD_ADDITIONAL], ldns_pkt_additional(pkt), false);
	write_edns(fields, pkt);
	ldns_pkt_free(pkt);
}

/*
 * Rules for names, TTLs and identifiers. Pure functions: text in; canonical text, or a refusal
 * that tells the value and the rule, out. Each returns true if the value is accepted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ptrd/table.h>

#include "publisher.h"
#include "refusal.h"

#define NAME_TEXT_MAX                                                                              \
	255 /* a domain name of at most 254 characters with its final dot, and a NUL */
#define NAMES_TEXT_MAX (PTRD_RECORD_NAMES_MAX * NAME_TEXT_MAX) /* separated by single spaces */
#define REGION_NAME_MAX PTRD_TABLE_REGION_MAX
#define EIP_ID_MAX 101 /* with its NUL */
#define PROJECT_MAX (PTRD_PROJECT_LEN_MAX + 1)
#define TTL_MAX INT32_MAX /* RFC 2181 section 8 */
#define DESCRIPTION_CHARACTERS 255
#define DESCRIPTION_MAX (4 * DESCRIPTION_CHARACTERS + 1) /* UTF-8, with its NUL */
#define TAGS_MAX 20
#define TAG_KEY_CHARACTERS 128
#define TAG_VALUE_CHARACTERS 255
/* All of them as compact JSON: a character is at most 4 bytes, also with its escape. */
#define TAGS_TEXT_MAX (TAGS_MAX * (4 * (TAG_KEY_CHARACTERS + TAG_VALUE_CHARACTERS) + 24) + 3)

/* [a-z0-9][a-z0-9-]{0,62}, DNS.0601 */
bool region_name_check(const char *text, struct refusal *why);

/* [A-Za-z0-9._-]{1,100}, DNS.0504 */
bool eip_id_check(const char *text, struct refusal *why);

/* [A-Za-z0-9._-]{1,64}, DNS.0002 */
bool project_check(const char *text, struct refusal *why);

/* "region:eip-id" cut in two, DNS.0501 */
bool ptr_id_split(const char *text, char region[static REGION_NAME_MAX],
	char eip_id[static EIP_ID_MAX], struct refusal *why);

/*
 * A domain name as a PTR, SOA or NS may name it: letters, digits, underscores, and hyphens inside a
 * label; no escapes, no wildcard. Folded to lower case, with its final dot. DNS.0505.
 */
bool name_canonical(const char *text, char name[static NAME_TEXT_MAX], struct refusal *why);

/*
 * The same for the name of a zone, where RFC 2317 section 4 has a slash:
 * 64/26.113.0.203.in-addr.arpa.
 */
bool zone_name_canonical(const char *text, char name[static NAME_TEXT_MAX], struct refusal *why);

/* True if the canonical `name` is at or below the canonical `zone`. */
bool name_at_or_below(const char *name, const char *zone);

/* 1 to 2147483647, DNS.0506 */
bool ttl_check(int64_t ttl, struct refusal *why);

/* UTF-8 of at most 255 characters, DNS.0508. */
bool description_check(const char *text, struct refusal *why);

/*
 * UTF-8 without control characters, and without a space at either end. A key has 1 to 128
 * characters and does not start with _sys_, DNS.1002; a value at most 255, DNS.1003.
 */
bool tag_key_check(const char *text, struct refusal *why);
bool tag_value_check(const char *text, struct refusal *why);

/*
 * A time as RFC 3339 has it (2026-11-24T19:00:00Z, any offset; a fraction is cut off), or in seconds
 * since 1970: DNS.0002.
 */
bool time_parse(const char *text, int64_t *seconds, struct refusal *why);

/* True if the two lists of canonical names, separated by spaces, are the same set. */
bool names_equal(const char *a, const char *b);

/* RRs of a custom PTR with these canonical names, at most 10, as table.h wants them. */
void record_encode(const char *names, uint32_t ttl, struct record_wire *record);

/*
 * UUID of version 7 (RFC 9562) made at `milliseconds` since 1970. Those made one after the other
 * sort so, and stand side by side in the store's index: wholly random ones take three times as long
 * in a bulk load, because each touches another page.
 */
void uuid_text(uint64_t milliseconds, char text[static 37]);

/*
 * A reply as fields of text, so that two servers' replies can be compared and a difference be
 * written down. Sections are sets: their records are sorted. A serial is written as "*".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum reply_field {
	FIELD_REPLY, /* "yes", "none" or "garbage"; then nothing else is said */
	FIELD_RCODE,
	FIELD_OPCODE,
	FIELD_FLAGS, /* AA TC RD RA Z AD CD, those that are set */
	FIELD_QUESTION,
	FIELD_ANSWER,
	FIELD_AUTHORITY,
	FIELD_ADDITIONAL, /* but for the OPT */
	FIELD_EDNS,       /* version, payload size and flags, or "none" */
	FIELD_OPTIONS,    /* their codes */
	FIELD_COUNT
};

extern const char *const reply_field_names[FIELD_COUNT];

#define REPLY_FIELD_SIZE 8192

struct reply_fields {
	char text[FIELD_COUNT][REPLY_FIELD_SIZE];
};

/* `len` 0: no reply came. */
void reply_fields_read(struct reply_fields *fields, const uint8_t *reply, size_t len);

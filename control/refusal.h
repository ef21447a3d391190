/*
 * Refusal: why a request was not done, in the words that the client gets. Filled by whoever finds
 * the reason; the caller that knows which parameter it was adds the field. One that is `stored`
 * was done, and only what acknowledges it has not come about.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <ptrd/protocol.h>

struct refusal {
	int rpc;              /* error.code of JSON-RPC; 0: PTRD_RPC_REFUSED */
	enum ptrd_error code; /* error.data.code */
	char text[640];       /* the value and the rule, ASCII */
	char field[64];       /* parameter, or "" */
	const json_t *value;  /* its value, borrowed from the request, or NULL */
	int index;            /* place in a batch, or -1 */
	char method[64];      /* method at that place */
	int64_t row;          /* place in an import, or -1 */
	bool stored;          /* the change is durable, at this revision, and will be served */
	uint64_t revision;
};

/* A fresh one, of no code yet. */
void refusal_init(struct refusal *why);

/*
 * Sets code and text; the field stays as it is. Always returns false, so that a check can end
 * with it.
 */
bool refuse(struct refusal *why, enum ptrd_error code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Names the parameter that was refused. Always returns false. */
bool refuse_field(struct refusal *why, const char *field, const json_t *value);

/* All of it in one line for people, ASCII: where, the field, the value and the rule. */
#define REFUSAL_TEXT_MAX 1024
void refusal_text(const struct refusal *why, char text[static REFUSAL_TEXT_MAX]);

/* "DNS.0506" */
const char *refusal_code(enum ptrd_error code);

/*
 * Text from a client, fit for a message: in quotes, bytes that are not printable ASCII as \xNN, cut
 * after 64 characters. QUOTE() lives as long as the block that it stands in.
 */
struct quoted {
	char text[72];
};
const char *quote(struct quoted *buffer, const char *text);
#define QUOTE(text) quote(&(struct quoted){{0}}, text)

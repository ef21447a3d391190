/*
 * Streams of mixed changes, and what the control process must make of each of them.
 *
 * A stream has regions, addresses and projects of its own, so that what there is of them depends on
 * nothing but on how many of its requests, in their order, have been carried out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define REGIONS 2 /* there may be none of a stream's, or one, or both */
#define BLOCKS 4  /* of addresses: prefixes of /24 side by side, each in one region or in none */
#define BLOCK_EIPS 8
#define EIPS (BLOCKS * BLOCK_EIPS)
#define PROJECTS 3

#define NO_REGION (-1)
#define NO_QUOTA (-1)

/* What the numbers stand for: id_text(), ptr_json(), project_text(). */
struct eip {
	bool bound;
	unsigned project;
	unsigned id;
	unsigned ptr; /* 0: the default */
};

struct region {
	bool exists, attached, unbound_default;
	unsigned suffix; /* a number in it */
	unsigned ttl;    /* of default PTRs */
};

/* Of one stream's objects. */
struct state {
	struct region regions[REGIONS];
	int owner[BLOCKS]; /* a region or NO_REGION */
	struct eip eips[EIPS];
	int quota[PROJECTS]; /* or NO_QUOTA */
};

enum row_kind {
	ROW_NONE,
	ROW_BECOME,
	ROW_UNBIND
};

/* An import goes through these, one request each. */
enum import_phase {
	IMPORT_NONE,
	IMPORT_BEGUN, /* asked for, or open */
	IMPORT_SENT,
	IMPORT_ENDED
};

struct import {
	enum import_phase phase;
	char id[64]; /* "" until the reply has told it */
	int whole;   /* region that it is loaded into, or NO_REGION */
	enum row_kind kinds[EIPS];
	struct eip rows[EIPS];
	bool refused; /* its commit */
};

struct stream {
	unsigned number;
	unsigned seed;
	unsigned last;    /* id or value that was given out; each is used once */
	struct state now; /* behind the last request that was made */
	struct import import;
};

/* One request: what it asks for, and what has to come of it. */
struct step {
	const char *method;
	json_t *params;
	const char *code;   /* the refusal's; NULL: it is accepted */
	json_t *rows;       /* that it adds to the audit, as node.audit shows them */
	struct state after; /* and what there is then */
};

void stream_init(struct stream *stream, unsigned number, unsigned seed);

/* Makes the next request and takes it for done. */
void stream_next(struct stream *stream, struct step *step);

/* The connection and its imports are gone, and `state` is what there is. */
void stream_resume(struct stream *stream, const struct state *state);

void step_release(struct step *step);

/* Below `most`. */
unsigned stream_random(struct stream *stream, unsigned most);

/* The objects' names and values, owned by the caller where they are JSON. */
#define TEXT_MAX 64

uint32_t eip_address(const struct stream *stream, unsigned eip); /* host byte order */
const char *address_text(const struct stream *stream, unsigned eip, char text[static TEXT_MAX]);
const char *id_text(const struct stream *stream, unsigned id, char text[static TEXT_MAX]);
const char *region_text(const struct stream *stream, unsigned region, char text[static TEXT_MAX]);
const char *project_text(const struct stream *stream, unsigned project, char text[static TEXT_MAX]);
const char *suffix_text(const struct region *region, char text[static TEXT_MAX]);
const char *default_name(const struct stream *stream, const struct region *region, unsigned eip,
	char text[static TEXT_MAX]);
unsigned ptr_ttl(unsigned ptr);
json_t *ptr_names(const struct stream *stream, unsigned ptr);
json_t *ptr_json(const struct stream *stream, unsigned ptr); /* without what is empty */
json_t *region_prefixes(const struct stream *stream, const struct state *state, int region);

/* Region of an EIP's block, or NULL. */
const struct region *region_of(const struct state *state, unsigned eip);

/* What a region or a project (each NULL or -1: any) has. */
unsigned count_eips(const struct state *state, int region, int project);
unsigned count_ptrs(const struct state *state, int region, int project);

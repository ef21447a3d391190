/*
 * A store in a directory of its own, a publisher, and the real dispatcher between them. The
 * publisher is the fake one, or the real one in test_serving.c.
 */
#pragma once

#include <jansson.h>

#include "load.h"
#include "round.h"
#include "store.h"

struct rig {
	char dir[64];
	struct control control;
	struct round round;
	const struct actor *actor; /* of the requests: the operator, unless a test changes it */
};

struct rig *rig_new(void);
void rig_free(struct rig *rig);

/* What a rig publishes to; `dir` is the rig's. */
struct publisher *rig_publisher_new(const char *dir);
void rig_publisher_free(struct publisher *p);

/* Closes the store and opens it again, and loads a new publisher from it. */
void rig_restart(struct rig *rig);

/*
 * Executes one request in a round of its own. `params` is JSON text, with ' for ". A new
 * reference: the whole reply.
 */
json_t *rig_ask(struct rig *rig, const char *method, const char *params);

/* The same, of which the result must not be an error. */
json_t *rig_ok(struct rig *rig, const char *method, const char *params);

/* The same, which must be refused with this code, and change nothing. Returns the error object. */
json_t *rig_refused(struct rig *rig, const char *method, const char *params, const char *code);

/* JSON text with ' for ". */
json_t *rig_json(const char *text);

/* Member of an object by its path, such as "soa.ttl"; borrowed; the test fails if there is none. */
const json_t *rig_at(const json_t *object, const char *path);
const char *rig_text(const json_t *object, const char *path);
json_int_t rig_number(const json_t *object, const char *path);

/*
 * The fake publisher must hold exactly what the store says about attached regions, and the store
 * must be at one with itself.
 */
void rig_check_mirror(struct rig *rig);

/* A query of the store has these rows, ended by NULL: columns separated by '|', with " as '. */
void rig_expect_rows(struct rig *rig, const char *sql, const char *const *rows);

/*
 * Actor: on whose behalf a request is executed, and what it may do. A project is alone on the node
 * as far as it can tell: what another has does not exist for it, in results, totals and errors.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "validate.h"

#define ACTOR_NAME_MAX 96 /* with its NUL */
#define ACTOR_TEXT_MAX (ACTOR_NAME_MAX + PROJECT_MAX + 16)

enum role {
	ROLE_NONE,     /* nothing */
	ROLE_OPERATOR, /* everything */
	ROLE_PROJECT,  /* what is its project's own */
	ROLE_VIEWER    /* reads everything */
};

/* Sets of roles, as the table of methods has them. */
#define ROLE_BIT(role) (1u << (role))
#define OPERATORS ROLE_BIT(ROLE_OPERATOR)
#define READERS (OPERATORS | ROLE_BIT(ROLE_VIEWER))  /* what no project is to see */
#define OWNERS (OPERATORS | ROLE_BIT(ROLE_PROJECT))  /* changes of what a project has */
#define EVERYBODY (READERS | ROLE_BIT(ROLE_PROJECT)) /* a project: with what is its own */

struct actor {
	enum role role;
	char project[PROJECT_MAX]; /* of ROLE_PROJECT, else "" */
	char name[ACTOR_NAME_MAX]; /* as the audit names it */
	uid_t uid;                 /* -1: the kernel does not tell */
};

/* Who starts the daemon, and whoever may open the socket where no roles are configured. */
extern const struct actor actor_operator;

/* The one project whose own is all that exists for the actor; NULL: it sees all. */
const char *actor_project(const struct actor *actor);

/* True if what this project has exists for the actor. */
bool actor_sees(const struct actor *actor, const char *project);

/* True if the role is in the set; else DNS.0013, which names the method and the role. */
bool actor_may(const struct actor *actor, unsigned roles, const char *method, struct refusal *why);

/*
 * True if the actor gets one more of `most` places, of which `taken` are taken and `own` of these by
 * its user. No user gets more than half of them, and the last eighth is the operators': whatever
 * others do, an operator can come and see.
 */
bool actor_gets_place(const struct actor *actor, unsigned most, unsigned taken, unsigned own);

/* What the audit calls it: its name; behind that of a project's stands "(project:shop)". */
const char *actor_text(const struct actor *actor, char text[static ACTOR_TEXT_MAX]);

/*
 * What `actor` is told of the actor that the audit calls `text`: to a project the others are
 * "operator". The result is `text`, or stands in `name`.
 */
const char *actor_shown(
	const struct actor *actor, const char *text, char name[static ACTOR_NAME_MAX]);

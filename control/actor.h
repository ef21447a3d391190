/*
 * Actor: on whose behalf a request is executed, and what it may do.
 */
#pragma once

#include "validate.h"

#define ACTOR_NAME_MAX 96 /* with its NUL */

enum role {
	ROLE_NONE,     /* nothing */
	ROLE_OPERATOR, /* everything */
	ROLE_PROJECT,  /* what is its project's own */
	ROLE_VIEWER    /* reads everything */
};

struct actor {
	enum role role;
	char project[PROJECT_MAX]; /* of ROLE_PROJECT, else "" */
	char name[ACTOR_NAME_MAX]; /* as the audit names it */
};

/* Who starts the daemon, and whoever may open the socket where no roles are configured. */
extern const struct actor actor_operator;

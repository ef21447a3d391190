/*
 * How the requests of a stream are made. Each function fills a step whose `after` is what there was
 * before, changes that, and puts down the audit's rows; or refuses it.
 */
#pragma once

#include "changes.h"

void step_init(struct step *step, const struct state *before);

/* Puts the request into the step; `params` becomes its own. */
void step_request(struct step *step, const char *method, json_t *params);

/* It will be refused with that code, and change nothing. */
void step_refuse(struct step *step, const char *code);

/* An EIP becomes what `then` says, `action` being what the audit calls it: a row if it differs. */
void step_become(const struct stream *stream, struct step *step, const char *action, unsigned i,
	const struct eip *then);

/* A row of the audit that is no EIP's; the JSON becomes the step's own. */
void step_row(struct step *step, const char *action, const char *region, const char *project,
	json_t *before, json_t *after);

typedef void make_step(struct stream *stream, struct step *step);

make_step make_of_eip; /* or of a project */
make_step make_of_region;
make_step make_wrong; /* what no state makes right */

/* The next request of the stream's import, which `phase` tells. */
make_step make_of_import;

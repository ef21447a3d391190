/*
 * Commands: one table of methods with the parameters that each takes. A later method is one more
 * entry in command.c and one more function below.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <ptrd/config.h>

#include "access.h"
#include "import.h"
#include "publisher.h"
#include "refusal.h"
#include "store.h"

/* A total of a list: total.h */
struct total {
	uint8_t list[16]; /* hash of what it is narrowed to */
	uint64_t revision, count;
};
#define TOTALS_MAX 32

/* What the process has done since its start, and does now. */
struct control_stats {
	uint64_t requests, refused;    /* members of a batch are not counted by themselves */
	uint64_t transactions;         /* that have changed something */
	unsigned connections, watches; /* open now */
};

/* What the commands act on. */
struct control {
	struct store *store;
	struct publisher *publisher;
	int64_t started;                  /* seconds since 1970 */
	const struct ptrd_config *config; /* or NULL: that of no file */
	const struct access *access;      /* or NULL: everybody is an operator */
	uint32_t ptr_quota;  /* PTRs of a project that has no quota of its own; 0: no limit */
	uint32_t audit_days; /* that changes are kept in the audit; 0: for ever */
	struct total totals[TOTALS_MAX];
	unsigned totals_next;
	struct imports imports;
	struct control_stats stats;
};

/* One execution of one method. */
struct call {
	struct control *control;
	const struct actor *actor;
	const struct command *command;
	const json_t *params; /* an object that params_check() has accepted */
	bool quiet;           /* nobody reads the result: it may stay NULL */
	json_t *result;       /* set by the command, a new reference */
	uint64_t generation;  /* that what it found done already waits for, or 0 */
	bool watch;           /* the connection gets the changes behind `watch_from` from here on */
	uint64_t watch_from;
	struct refusal why; /* set if the command returns false */
};

struct param {
	const char *name;
	json_type type; /* JSON_TRUE: one of both truth values; JSON_NULL: an integer or null */
	bool required;
};
#define PARAMS_MAX 16

struct command {
	const char *method;
	enum {
		READS,
		ACTS,   /* on what the store's transaction does not undo: never twice */
		WRITES, /* runs inside of a transaction */
		BULK    /* makes its own, while none is open */
	} effect;
	bool in_batch;  /* allowed as a member of `batch` */
	unsigned roles; /* set of those that may call it (actor.h) */
	bool (*run)(struct call *call);
	struct param params[PARAMS_MAX]; /* ended by a NULL name */
};

/* True if it changes the store. */
static inline bool command_changes(const struct command *command)
{
	return command->effect == WRITES || command->effect == BULK;
}

/* The command of that method, or NULL. */
const struct command *command_find(const char *method);

/* All that there are. */
const struct command *command_all(size_t *count);

/*
 * Asks whether the actor may, checks `params` against the command and runs it. Returns false with
 * call->why set; what it has changed by then is the caller's to undo. call->result is NULL then.
 */
bool command_run(struct call *call);

/*
 * Unknown, missing and wrongly typed members of `object`; `path` is "" or the object's name and a
 * dot.
 */
bool params_check(
	const struct param *params, const char *path, const json_t *object, struct refusal *why);

/* Parameters of a call. Optional ones that are missing get the fallback. */
const char *call_text(const struct call *call, const char *name, const char *fallback);
bool call_address(struct call *call, const char *name, struct address *address);
bool call_region(struct call *call, const char *name, const struct region **region);

/*
 * The parameter `project`; without one it stays as it is, or becomes the actor's own project if it
 * has one. DNS.0013 if it is another than that, whether or not there is such a project.
 */
bool call_project(struct call *call, const char **project);

/*
 * What exists for the actor: every look-up of an EIP on behalf of a client goes through one of
 * these. Another project's EIP is not found, in the very words for one that is not bound.
 */

/* The EIP at an address: 1; 0 if there is none; -1 with call->why set. */
int call_eip_at(struct call *call, const struct address *address, struct eip *eip);

/* The one that the parameter `address`, or the parameter `id` (`region:eip-id`), names: DNS.0502. */
bool call_eip(struct call *call, struct eip *eip);
bool call_no_eip(struct call *call, const struct address *address); /* that refusal; false */

/* Which of the two it was, for refusals. */
const char *call_eip_field(const struct call *call);

/*
 * True if the project may have that many PTRs more than it has, what this round has changed so far
 * included; else DNS.0405. One that replaces another is none more.
 */
bool call_quota(struct call *call, const char *project, uint64_t more);

/*
 * A change that holds already takes no revision, but is acknowledged no sooner than the one that
 * made it: that one may still wait for the dataplane.
 */
void call_repeated(struct call *call, const struct region *region);

/*
 * The region that an address which is not bound may be bound in: it has one, and is not delegated.
 */
bool call_bindable(struct call *call, const struct address *address, const struct region **region);

/* True if `id`, the parameter of that name, may become the id of an EIP of the region. */
bool call_id_free(struct call *call, const struct region *region, const char *id);

/* Refuses another id for an EIP that has one. Always false. */
bool call_id_kept(struct call *call, const struct eip *eip, const char *id);

/* A new id. */
void eip_new_id(char id[static EIP_ID_MAX]);

/* The project of an EIP that is bound without one. */
#define PROJECT_DEFAULT "default"

/* The parameters of a PTR; `value` points into the request and the texts. */
struct ptr_texts {
	char names[NAMES_TEXT_MAX], tags[TAGS_TEXT_MAX];
};
bool call_ptr(struct call *call, struct ptr_texts *texts, struct ptr_value *value);

/* True if the EIP has this PTR already. */
bool ptr_holds(const struct eip *eip, const struct ptr_value *value);

/* The parameter `tags` as struct ptr_value has them; none: "". */
bool call_tags(struct call *call, char tags[static TAGS_TEXT_MAX]);

/* Failures of the parts below, as DNS.0001. Always false. */
bool call_store_failed(struct call *call);
bool call_publisher_failed(struct call *call);

/* Page of a list: limit, offset, and the marker as text or NULL. */
struct page {
	int64_t limit, offset;
	const char *marker;
};
#define PAGE_LIMIT_MAX 500
bool call_limit(struct call *call, int64_t limit);
bool call_page(struct call *call, struct page *page);

/* Objects as clients see them: new references, NULL if out of memory. */
json_t *show_eip(const struct eip *eip);
json_t *show_ptr(const struct eip *eip);
json_t *show_region(const struct call *call, const struct region *region);
json_t *show_address(const struct address *address);
json_t *show_time(int64_t seconds);

/* The region is what the call results in. */
bool call_show_region(struct call *call, const struct region *region);

/* RRs of an EIP's custom PTR. */
void eip_record(const struct eip *eip, struct record_wire *record);

bool region_create(struct call *call);
bool region_get(struct call *call);
bool region_list(struct call *call);
bool region_attach(struct call *call);
bool region_detach(struct call *call);
bool region_update(struct call *call);
bool region_delete(struct call *call);
bool region_move_prefix(struct call *call);
bool eip_bind(struct call *call);
bool eip_unbind(struct call *call);
bool eip_get(struct call *call);
bool eip_list(struct call *call);
bool ptr_set(struct call *call);
bool ptr_unset(struct call *call);
bool ptr_get(struct call *call);
bool ptr_list(struct call *call);
bool project_set(struct call *call);
bool project_get(struct call *call);
bool project_list(struct call *call);
bool batch(struct call *call);
bool region_load(struct call *call);
bool import_begin(struct call *call);
bool import_rows(struct call *call);
bool import_commit(struct call *call);
bool import_abort(struct call *call);
bool node_status(struct call *call);
bool node_stats(struct call *call);
bool node_backup(struct call *call);
bool node_audit(struct call *call);
bool watch(struct call *call);

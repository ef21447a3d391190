/*
 * Regions written as zone files: what the dataplane answers, for other servers to load.
 */
#pragma once

#include "export_rows.h"
#include "output.h"
#include "zone_plan.h"

struct export_zones {
	const json_t *regions; /* that are exported */
	const char *zone;      /* only this one, with its final dot, or NULL */
	const char *folder;    /* a file for each zone there; NULL: the one zone goes to `file` */
	const char *file;
	struct output **outputs; /* finished, to be committed */
	size_t count;
	uint64_t records;
	bool unlisted; /* default names of unbound IPv6 addresses are left out */
};

/*
 * Writes the zones of `regions`. What it opened is in `outputs`, whatever it returns; `*status` is
 * EXIT_USAGE if there is no such zone, or more than one for a single file.
 */
enum export_result export_zones_write(struct export_zones *export, struct session *session,
	const struct command *command, enum exit_status *status);

/* Gives them their names, or drops them, and frees the array. */
bool export_zones_commit(struct export_zones *export);
void export_zones_drop(struct export_zones *export);

/*
 * EIPs with their custom PTRs, written as rows that an import takes.
 */
#pragma once

#include "command.h"
#include "reader.h"

/* What one attempt came to. */
enum export_result {
	EXPORT_DONE,
	EXPORT_CHANGED, /* something was changed meanwhile: it has to begin anew */
	EXPORT_FAILED,  /* `*status` says how; standard error says why */
};

/* `format`: CSV or JSON lines. `filters`: region and project (borrowed). Counts go to `*rows`. */
enum export_result export_rows(struct session *session, const struct command *command,
	const json_t *filters, enum reader_format format, FILE *out, uint64_t *rows,
	enum exit_status *status);

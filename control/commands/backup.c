#include <string.h>

#include "call.h"

/* The copy goes on between the rounds; whoever wants to know how far it is asks without a path. */
static json_t *show(const struct store_backup *b)
{
	static const char *const states[] = {
		[BACKUP_NONE] = "none",
		[BACKUP_RUNNING] = "running",
		[BACKUP_DONE] = "done",
		[BACKUP_FAILED] = "failed",
	};
	json_t *shown = json_pack("{s:s}", "state", states[b->state]);

	if (b->state == BACKUP_NONE)
		return shown;
	json_object_set_new(shown, "path", json_string(b->path));
	json_object_set_new(shown, "started", show_time(b->started));
	json_object_set_new(shown, "pages", json_integer((json_int_t)b->pages));
	json_object_set_new(shown, "copied", json_integer((json_int_t)b->copied));
	if (b->state == BACKUP_FAILED)
		json_object_set_new(shown, "error", json_string(b->error));
	if (b->state == BACKUP_DONE) {
		json_object_set_new(shown, "finished", show_time(b->finished));
		json_object_set_new(shown, "revision", json_integer((json_int_t)b->revision));
	}
	return shown;
}

static bool check_path(struct call *call, const char *path)
{
	const size_t len = strlen(path);

	if (path[0] != '/')
		refuse(&call->why, PTRD_ERR_INVALID_REQUEST,
			"%s is not absolute: it would be a file of the daemon's working directory",
			QUOTE(path));
	else if (len >= BACKUP_PATH_MAX)
		refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "%s is longer than %d bytes",
			QUOTE(path), BACKUP_PATH_MAX - 1);
	else if (path[len - 1] == '/')
		refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "%s names a directory, not a file",
			QUOTE(path));
	else
		return true;
	return refuse_field(&call->why, "path", json_object_get(call->params, "path"));
}

bool node_backup(struct call *call)
{
	struct store *store = call->control->store;
	const struct store_backup *b = store_backup(store);
	const char *path = call_text(call, "path", NULL);

	if (path != NULL) {
		if (!check_path(call, path))
			return false;
		if (b->state == BACKUP_RUNNING) {
			refuse(&call->why, PTRD_ERR_NOT_STEADY, "a backup to %s is under way",
				QUOTE(b->path));
			return refuse_field(
				&call->why, "path", json_object_get(call->params, "path"));
		}
		if (!store_backup_begin(store, path)) {
			refuse(&call->why, PTRD_ERR_INTERNAL, "%s", b->error);
			return refuse_field(
				&call->why, "path", json_object_get(call->params, "path"));
		}
	}
	call->result = show(b);
	return true;
}

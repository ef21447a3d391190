#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <sys/inotify.h>

#include <ptrd/directory.h>
#include <ptrd/node.h>

#include "directory.h"
#include "events.h"
#include "log.h"
#include "serving.h"
#include "tables.h"

/* A directory whose tables vanish while it is read has been replaced. This often in a row is an
 * error. */
#define ATTEMPTS_MAX 16

/* A view with the tables that it looks into. */
struct loaded {
	struct dns_view *view;
	struct table_file **files;
	unsigned count;
};

struct loader {
	struct serving *serving;
	struct tables tables;
	struct loaded current;
	char path[PATH_MAX]; /* of the directory */
	int inotify;
	struct event *event;
	struct event *retry; /* pending while a directory that could not be loaded is due */
	int spare;           /* descriptor held for loading, or -1 */
	char told[DIRECTORY_ERROR_SIZE]; /* why the directory is not applied, "" if it is */
};

static void unload(struct loader *loader, struct loaded *loaded)
{
	dns_view_free(loaded->view);
	for (unsigned i = 0; i < loaded->count; i++)
		tables_put(&loader->tables, loaded->files[i]);
	free(loaded->files);
	*loaded = (struct loaded){0};
}

/* Maps every region's table. On failure `loaded` holds those that have been mapped. */
static int map_tables(struct loader *loader, struct directory *directory, struct loaded *loaded,
	char error[DIRECTORY_ERROR_SIZE])
{
	int err = 0;

	loaded->files = calloc(directory->count + 1, sizeof(struct table_file *));
	if (loaded->files == NULL) {
		(void)snprintf(error, DIRECTORY_ERROR_SIZE, "out of memory");
		return -ENOMEM;
	}
	for (unsigned i = 0; i < directory->count; i++) {
		struct directory_region *region = &directory->regions[i];
		struct table_file *file = tables_get(&loader->tables, region->table,
			region->spec.name, &region->spec.table, &err, error);

		if (file == NULL)
			return err;
		loaded->files[loaded->count++] = file;
	}
	return 0;
}

static int build(struct loader *loader, struct directory *directory, struct loaded *loaded,
	char error[DIRECTORY_ERROR_SIZE])
{
	const int err = map_tables(loader, directory, loaded, error);

	if (err != 0)
		return err;
	struct dns_region_spec *specs = calloc(directory->count + 1, sizeof(*specs));
	if (specs == NULL) {
		(void)snprintf(error, DIRECTORY_ERROR_SIZE, "out of memory");
		return -ENOMEM;
	}
	for (unsigned i = 0; i < directory->count; i++)
		specs[i] = directory->regions[i].spec;
	loaded->view = dns_view_create(directory->generation, specs, directory->count, error);
	free(specs);
	return loaded->view != NULL ? 0 : -EINVAL;
}

/* Reads the directory and builds its view. Returns 0, or a negative errno value with `error`
 * set. */
static int load(struct loader *loader, struct loaded *loaded, char error[DIRECTORY_ERROR_SIZE])
{
	struct directory directory;

	*loaded = (struct loaded){0};
	int err = directory_read(&directory, loader->path, error);
	if (err != 0)
		return err == -ENOENT ? -ENODATA : err;
	err = build(loader, &directory, loaded, error);
	directory_free(&directory);
	if (err != 0)
		unload(loader, loaded);
	return err;
}

/* Makes `loaded` what is served, and returns when nobody looks at its predecessor any more. */
static void switch_to(struct loader *loader, const struct loaded *loaded)
{
	struct loaded old = loader->current;
	struct serving *serving = loader->serving;

	loader->current = *loaded;
	/* Release: a worker that sees the pointer sees the view. */
	atomic_store_explicit(&serving->view, loaded->view, memory_order_release);
	/* The main lcore is no reader at this moment: it answers no message while it loads. */
	serving_wait(serving);
	unload(loader, &old);
	/* Release: whoever reads this generation may reuse what only older ones referred to. */
	atomic_store_explicit(
		&serving->node->applied_generation, loaded->view->generation, memory_order_release);
}

/* Loading has one file open at a time. With a descriptor of its own, clients that take all the
 * others cannot keep a directory from being applied. */
static void hold_spare(struct loader *loader)
{
	if (loader->spare < 0)
		loader->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void free_spare(struct loader *loader)
{
	if (loader->spare >= 0)
		close(loader->spare);
	loader->spare = -1;
}

static int load_settled(
	struct loader *loader, struct loaded *loaded, char error[DIRECTORY_ERROR_SIZE])
{
	int err = 0;

	free_spare(loader);
	for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
		err = load(loader, loaded, error);
		if (err != -ENOENT)
			break;
	}
	hold_spare(loader);
	return err;
}

/* No notification tells that descriptors or memory are there again: it is tried until it works or
 * the next directory comes. Told once for each reason. */
static void put_off(struct loader *loader, const char error[DIRECTORY_ERROR_SIZE])
{
	const struct timeval second = {.tv_sec = 1};

	(void)event_add(loader->retry, &second);
	if (strcmp(loader->told, error) == 0)
		return;
	log_line("%s not applied, generation %" PRIu64
		 " stays served, tried again every second: %s",
		loader->path, loader->current.view->generation, error);
	(void)snprintf(loader->told, sizeof(loader->told), "%s", error);
}

static void reload(struct loader *loader)
{
	char error[DIRECTORY_ERROR_SIZE];
	struct loaded loaded;
	const int err = load_settled(loader, &loaded, error);

	if (err != 0 && err != -ENODATA) {
		put_off(loader, error);
		return;
	}
	loader->told[0] = '\0';
	(void)event_del(loader->retry);
	if (err == -ENODATA) {
		log_line("no %s yet: every query is refused until ptrd-control has written it",
			loader->path);
		return;
	}
	switch_to(loader, &loaded);
	log_line("generation %" PRIu64 ": %u region%s", loaded.view->generation,
		loaded.view->region_count, loaded.view->region_count == 1 ? "" : "s");
}

/* Takes all pending notifications. Returns true if one is about the directory. */
static bool take_notifications(const struct loader *loader)
{
	alignas(struct inotify_event) char buffer[4096];
	bool changed = false;
	ssize_t len;

	while ((len = read(loader->inotify, buffer, sizeof(buffer))) > 0) {
		for (const char *at = buffer; at < buffer + len;) {
			const struct inotify_event *event = (const void *)at;

			if ((event->mask & IN_Q_OVERFLOW) != 0
				|| (event->len > 0
					&& strcmp(event->name, PTRD_DIRECTORY_FILE) == 0))
				changed = true;
			if ((event->mask & IN_IGNORED) != 0)
				log_line(
					"%s: the run_dir has gone: changes are no longer seen; restart "
					"ptrd-dataplane",
					loader->path);
			at += sizeof(*event) + event->len;
		}
	}
	return changed;
}

static void on_notification(evutil_socket_t fd, short what, void *argument)
{
	struct loader *loader = argument;

	(void)fd;
	(void)what;
	if (take_notifications(loader))
		reload(loader);
}

static void on_retry(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	reload(argument);
}

static int watch(struct loader *loader, struct event_base *base, const char *run_dir)
{
	loader->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (loader->inotify < 0 || inotify_add_watch(loader->inotify, run_dir, IN_MOVED_TO) < 0) {
		log_line("cannot watch %s: %s", run_dir, strerror(errno));
		return -1;
	}
	loader->event
		= event_new(base, loader->inotify, EV_READ | EV_PERSIST, on_notification, loader);
	loader->retry = event_new(base, -1, 0, on_retry, loader);
	if (loader->event == NULL || loader->retry == NULL
		|| event_priority_set(loader->event, EVENTS_FIRST) != 0
		|| event_priority_set(loader->retry, EVENTS_FIRST) != 0
		|| event_add(loader->event, NULL) != 0) {
		log_line("cannot watch %s: no event", run_dir);
		return -1;
	}
	return 0;
}

/* Nothing served: what readers see before the first directory. */
static int load_nothing(struct loader *loader)
{
	char error[DIRECTORY_ERROR_SIZE];

	loader->current.view = dns_view_create(0, NULL, 0, error);
	if (loader->current.view == NULL) {
		log_line("%s", error);
		return -1;
	}
	atomic_store_explicit(&loader->serving->view, loader->current.view, memory_order_release);
	return 0;
}

struct loader *loader_create(struct event_base *base, const char *run_dir, struct serving *serving)
{
	struct loader *loader = calloc(1, sizeof(*loader));

	if (loader == NULL) {
		log_line("out of memory");
		return NULL;
	}
	loader->serving = serving;
	loader->inotify = -1;
	loader->spare = -1;
	/* config.c bounds the length of run_dir. */
	(void)snprintf(loader->path, sizeof(loader->path), "%s/%s", run_dir, PTRD_DIRECTORY_FILE);
	/* Watching comes before reading, so that no directory falls between the two. */
	if (load_nothing(loader) != 0 || watch(loader, base, run_dir) != 0) {
		loader_destroy(loader);
		return NULL;
	}
	reload(loader);
	return loader;
}

void loader_destroy(struct loader *loader)
{
	if (loader == NULL)
		return;
	if (loader->event != NULL)
		event_free(loader->event);
	if (loader->retry != NULL)
		event_free(loader->retry);
	free_spare(loader);
	if (loader->inotify >= 0)
		close(loader->inotify);
	atomic_store_explicit(&loader->serving->view, NULL, memory_order_release);
	unload(loader, &loader->current);
	free(loader);
}

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include <ptrd/config.h>

#include "listen.h"
#include "load.h"
#include "lock.h"
#include "server.h"

static void usage(FILE *out)
{
	fputs("usage: ptrd-control --config FILE\n"
	      "\n"
	      "  -c, --config FILE  configuration, the same file as ptrd-dataplane's\n"
	      "  -V, --version      print the version\n"
	      "  -h, --help         print this\n",
		out);
}

/* The configuration's path, or NULL if the process is to end with `*status`. */
static const char *parse_arguments(int argc, char **argv, int *status)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *config = NULL;
	int option;

	*status = 2;
	while ((option = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			config = optarg;
			break;
		case 'V':
			puts("ptrd-control " PTRD_VERSION);
			*status = 0;
			return NULL;
		case 'h':
			usage(stdout);
			*status = 0;
			return NULL;
		default:
			usage(stderr);
			return NULL;
		}
	}
	if (config == NULL || optind != argc) {
		usage(stderr);
		return NULL;
	}
	return config;
}

/* Serves until a signal. False: it could not start. */
static bool serve(struct control *control, const struct ptrd_config *config)
{
	if (!load_all(control))
		return false;
	const int fd = listen_open(config->control);
	if (fd < 0)
		return false;
	struct server *server = server_new(control, fd);
	if (server != NULL) {
		fprintf(stderr, "ptrd-control: %s: ready\n", config->control->socket);
		server_run(server);
	}
	listen_close(fd, config->control);
	server_free(server);
	return server != NULL;
}

static bool run(const struct ptrd_config *config, const struct access *access)
{
	struct control control = {
		.started = (int64_t)time(NULL),
		.config = config,
		.access = access,
		.ptr_quota = config->control->ptr_quota,
		.audit_days = config->control->audit_days,
	};
	/* The socket in it is for the clients of another group. */
	const int lock = lock_directory(config->run_dir, 0755, "control.lock");
	bool served = false;

	if (lock < 0)
		return false;
	control.store = store_open(config->state_dir);
	if (control.store != NULL)
		control.publisher = publisher_open(config->run_dir, config->huge_dir);
	if (control.publisher != NULL) {
		served = serve(&control, config);
		publisher_close(control.publisher);
	}
	store_close(control.store);
	close(lock);
	return served;
}

int main(int argc, char **argv)
{
	int status;
	const char *path = parse_arguments(argc, argv, &status);

	if (path == NULL)
		return status;
	/* Under a supervisor standard error is a pipe or a file: each event is one whole line. */
	setvbuf(stderr, NULL, _IOLBF, 0);
	if (sodium_init() < 0) {
		fprintf(stderr, "ptrd-control: no source of random numbers\n");
		return 1;
	}
	if (!store_alone()) {
		fprintf(stderr, "ptrd-control: SQLite is in use before its configuration\n");
		return 1;
	}
	struct ptrd_config *config = ptrd_config_load(path);
	if (config == NULL)
		return 1;
	struct access *access = access_new(config->control, path);
	const bool served = access != NULL && run(config, access);
	access_free(access);
	ptrd_config_free(config);
	return served ? 0 : 1;
}

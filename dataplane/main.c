/*
 * ptrd-dataplane: start and stop, in the order in which the parts need each other.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <sys/random.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_rcu_qsbr.h>

#include <ptrd/config.h>

#include "eal.h"
#include "events.h"
#include "kernel.h"
#include "loader.h"
#include "log.h"
#include "node.h"
#include "ports.h"
#include "worker.h"

#define EXIT_USAGE 2

struct dataplane {
	const char *path; /* of the configuration */
	const struct ptrd_config *config;
	struct node node;
	struct ports ports;
	struct serving serving;
	struct policy *policy;                  /* that of serving */
	uint8_t secret[DNS_COOKIE_SECRET_SIZE]; /* of cookies, where the configuration has none */
	struct worker workers[PTRD_READERS_MAX];
	unsigned workers_count;
	struct event_base *base;
	struct event *events[4]; /* SIGTERM, SIGINT, every second, SIGHUP */
	struct loader *loader;
	struct kernel_path *kernel;
};

static void on_signal(evutil_socket_t signal, short what, void *argument)
{
	struct dataplane *dataplane = argument;

	(void)what;
	log_line("%s: stopping", strsignal(signal));
	(void)event_base_loopbreak(dataplane->base);
}

static void on_second(evutil_socket_t fd, short what, void *argument)
{
	struct dataplane *dataplane = argument;

	(void)fd;
	(void)what;
	ports_check(&dataplane->ports);
}

/* Readers and time-outs stay those of `config`, that of the start. */
static int set_policy(struct dataplane *dataplane, const struct ptrd_config_dataplane *config,
	const struct ptrd_config_dns *dns)
{
	struct policy *old = dataplane->policy;
	unsigned readers = NODE_READER_MAIN + 1;

	for (unsigned p = 0; p < config->ports_count; p++)
		readers += config->ports[p].cores_count;
	struct policy *policy
		= policy_create(dns, config->tcp->idle_timeout, readers, dataplane->secret, old);
	if (policy == NULL)
		return -1;
	dataplane->policy = policy;
	/* Release: a worker that sees the pointer sees the policy. */
	atomic_store_explicit(&dataplane->serving.policy, policy, memory_order_release);
	if (old == NULL)
		return 0;
	serving_wait(&dataplane->serving);
	policy_free(old);
	return 0;
}

/* Only what is read in the file's dataplane.dns changes: the rest was used up at start. */
static void on_hangup(evutil_socket_t signal, short what, void *argument)
{
	struct dataplane *dataplane = argument;
	struct ptrd_config *config = ptrd_config_load(dataplane->path);

	(void)signal;
	(void)what;
	if (config != NULL
		&& set_policy(dataplane, dataplane->config->dataplane, config->dataplane->dns) == 0)
		log_line("%s: dataplane.dns read again; all else takes a restart", dataplane->path);
	else
		log_line("%s: refused, what was read before stays in force", dataplane->path);
	ptrd_config_free(config);
}

static int add_event(struct event *event, const struct timeval *interval)
{
	if (event != NULL && event_add(event, interval) == 0)
		return 0;
	log_line("out of memory");
	return -1;
}

static int start_events(struct dataplane *dataplane)
{
	const struct timeval second = {.tv_sec = 1};

	dataplane->base = events_create();
	if (dataplane->base == NULL) {
		log_line("out of memory");
		return -1;
	}
	dataplane->events[0] = evsignal_new(dataplane->base, SIGTERM, on_signal, dataplane);
	dataplane->events[1] = evsignal_new(dataplane->base, SIGINT, on_signal, dataplane);
	dataplane->events[3] = evsignal_new(dataplane->base, SIGHUP, on_hangup, dataplane);
	dataplane->events[2] = event_new(dataplane->base, -1, EV_PERSIST, on_second, dataplane);
	for (size_t i = 0; i < 2; i++)
		if (dataplane->events[i] != NULL)
			(void)event_priority_set(dataplane->events[i], EVENTS_FIRST);
	return add_event(dataplane->events[0], NULL) | add_event(dataplane->events[1], NULL)
		| add_event(dataplane->events[2], &second) | add_event(dataplane->events[3], NULL);
}

/* The configuration has been checked: each address can be read, and there are not too many. */
static void set_services(struct dataplane *dataplane)
{
	const struct ptrd_config_dataplane *config = dataplane->config->dataplane;

	for (uint32_t i = 0; i < config->service_addresses_count; i++)
		(void)frame_services_add(
			&dataplane->serving.services, config->service_addresses[i]);
}

/* For people. `queue` is the port's: of its device the number may be another. */
static void describe_worker(struct ptrd_node *shared, const struct worker *worker, uint16_t queue)
{
	struct ptrd_reader *reader = &shared->reader[worker->reader];

	reader->cpu = (uint32_t)rte_lcore_to_cpu_id((int)worker->lcore);
	reader->queue = queue;
	port_name(worker->port, reader->port, sizeof(reader->port));
}

static int start_workers(struct dataplane *dataplane)
{
	for (unsigned p = 0; p < dataplane->ports.count; p++) {
		const struct port *port = &dataplane->ports.port[p];

		for (uint16_t queue = 0; queue < port->queues; queue++) {
			const unsigned index = dataplane->workers_count;
			struct worker *worker = &dataplane->workers[index];

			*worker = (struct worker){
				.serving = &dataplane->serving,
				.port = port,
				.queue = port->queue[queue],
				.lcore = EAL_LCORE_MAIN + 1 + index,
				.reader = NODE_READER_MAIN + 1 + index,
			};
			if (worker_register(worker) != 0)
				return -1;
			const int err = rte_eal_remote_launch(worker_run, worker, worker->lcore);
			if (err != 0) {
				log_line("worker %u does not start: %s", index, strerror(-err));
				return -1;
			}
			describe_worker(dataplane->node.shared, worker, queue);
			dataplane->workers_count++;
		}
	}
	atomic_store_explicit(&dataplane->node.shared->readers, 1 + dataplane->workers_count,
		memory_order_release);
	return 0;
}

static int start_main_reader(struct dataplane *dataplane)
{
	dataplane->node.shared->reader[NODE_READER_MAIN]
		= (struct ptrd_reader){.cpu = (uint32_t)rte_lcore_to_cpu_id(EAL_LCORE_MAIN)};
	/* Registered but offline: it is a reader while it answers a message. */
	if (rte_rcu_qsbr_thread_register(node_qsbr(dataplane->node.shared), NODE_READER_MAIN) == 0)
		return 0;
	log_line("the main lcore cannot register as a reader");
	return -1;
}

static int start(struct dataplane *dataplane)
{
	const struct ptrd_config *config = dataplane->config;

	set_services(dataplane);
	if (getrandom(dataplane->secret, sizeof(dataplane->secret), 0)
		!= sizeof(dataplane->secret)) {
		log_line("no random secret for cookies: %s", strerror(errno));
		return -1;
	}
	if (eal_check(config) != 0 || node_open(&dataplane->node, config->run_dir) != 0)
		return -1;
	dataplane->serving.node = dataplane->node.shared;
	/* Before anything is attached: a signal from here on ends in stop(). */
	if (start_events(dataplane) != 0 || start_main_reader(dataplane) != 0)
		return -1;
	if (set_policy(dataplane, config->dataplane, config->dataplane->dns) != 0
		|| ports_claim(&dataplane->ports, config->dataplane) != 0
		|| eal_start(config, &dataplane->ports) != 0
		|| ports_start(&dataplane->ports, &dataplane->serving.services) != 0)
		return -1;
	dataplane->loader = loader_create(dataplane->base, config->run_dir, &dataplane->serving);
	if (dataplane->loader == NULL)
		return -1;
	dataplane->kernel
		= kernel_path_open(dataplane->base, &dataplane->serving, config->dataplane->tcp);
	if (dataplane->kernel == NULL || start_workers(dataplane) != 0)
		return -1;
	/* The last step: till here the kernel has had every frame. */
	return ports_open(&dataplane->ports, &dataplane->serving.services);
}

/* Takes any state that start() leaves. */
static void stop(struct dataplane *dataplane)
{
	ports_close(&dataplane->ports);
	atomic_store_explicit(&dataplane->serving.stop, true, memory_order_relaxed);
	if (dataplane->workers_count > 0)
		rte_eal_mp_wait_lcore();
	kernel_path_close(dataplane->kernel);
	loader_destroy(dataplane->loader);
	policy_free(dataplane->policy);
	ports_release(&dataplane->ports);
	for (size_t i = 0; i < sizeof(dataplane->events) / sizeof(dataplane->events[0]); i++)
		if (dataplane->events[i] != NULL)
			event_free(dataplane->events[i]);
	if (dataplane->base != NULL)
		event_base_free(dataplane->base);
	node_close(&dataplane->node);
	/* No rte_eal_cleanup(): it closes every device, see ports_release(). The EAL is in
	 * memory and goes with the process. */
}

static void tell_ready(const struct ptrd_config_dataplane *config, unsigned workers)
{
	for (uint32_t i = 0; i < config->service_addresses_count; i++)
		log_line("ready: answering on %s port %d with %u worker%s",
			config->service_addresses[i], FRAME_DNS_PORT, workers,
			workers == 1 ? "" : "s");
}

static int run(const struct ptrd_config *config, const char *path)
{
	/* Static: the workers' array is large, and lcores have pointers into it. */
	static struct dataplane dataplane = {.node.fd = -1};

	dataplane.config = config;
	dataplane.path = path;
	const int err = start(&dataplane);
	if (err == 0) {
		tell_ready(config->dataplane, dataplane.workers_count);
		(void)event_base_dispatch(dataplane.base);
	}
	stop(&dataplane);
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void usage(FILE *stream)
{
	(void)fprintf(stream,
		"usage: ptrd-dataplane --config FILE\n"
		"Answers reverse-DNS queries. scripts/ptrd.yaml.example explains the configuration;\n"
		"SIGHUP has its dataplane.dns read again.\n"
		"  -c, --config FILE  configuration, YAML\n"
		"  -V, --version      show the version\n"
		"  -h, --help         show this text\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *path = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'V':
			(void)puts("ptrd-dataplane " PTRD_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (path == NULL || optind < argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	struct ptrd_config *config = ptrd_config_load(path);
	if (config == NULL)
		return EXIT_FAILURE;
	(void)signal(SIGPIPE, SIG_IGN);
	const int status = run(config, path);
	ptrd_config_free(config);
	return status;
}

/*
 * Configuration file: one YAML document that both daemons read, each the whole of it, so that a
 * mistake is found by whichever starts first. scripts/ptrd.yaml.example explains every key.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Packet buffers that a queue takes at least. */
#define PTRD_PORT_BUFFERS_MIN 8191

/* Exactly one of interface, vdev and pci is not NULL. */
struct ptrd_config_port {
	char *interface; /* kernel-owned interface for AF_XDP */
	char *vdev;      /* devargs of a DPDK virtual device */
	char *pci;       /* devargs of a network adapter for a DPDK driver, its PCI address first */
	uint32_t *cores; /* one worker and one queue pair each */
	uint32_t cores_count;
	uint32_t buffers; /* packet buffers of each queue, default PTRD_PORT_BUFFERS_MIN */
	/* What is no query goes to the kernel by way of a TAP, and comes back from it. Default: true
	 * for vdev and pci; never for an interface, which has the kernel behind it. */
	bool exception;
	char *exception_interface; /* the TAP's name, default ptrd-x<index of the port> */
};

/* Who gets which role: exactly one of user and group is not NULL. */
struct ptrd_config_role {
	char *user;    /* name or number, of the process that has opened the socket */
	char *group;   /* name or number, one of that process's groups */
	char *role;    /* "operator", "viewer", "project:<name>" */
	uint32_t line; /* in the file: whether the name exists is found out later */
};

struct ptrd_config_control {
	char *socket;                   /* path; default: <run_dir>/control.sock */
	uint32_t socket_mode;           /* permission bits, default 0660 */
	char *socket_group;             /* name, or NULL for the process's group */
	struct ptrd_config_role *roles; /* the first that fits holds */
	uint32_t roles_count;
	bool roles_open;     /* no list at all: whoever may open the socket is an operator */
	uint32_t ptr_quota;  /* custom PTRs of a project, unless it has a quota of its own; default
			       50, 0: no limit */
	uint32_t audit_days; /* that changes are kept in the audit; default 0: for ever */
};

struct ptrd_config_tcp {
	uint32_t connections;  /* open at a time in all, default 10000 */
	uint32_t per_client;   /* open at a time from one address, default 100 */
	uint32_t idle_timeout; /* seconds, default 10 */
};

struct ptrd_config_rate_limit {
	uint32_t responses_per_second; /* to a client prefix, of a kind; default 0: no limit */
	uint32_t slip;                 /* every Nth over the rate gets TC=1; default 2, 0: none */
	uint32_t ipv4_prefix;          /* length, default 24 */
	uint32_t ipv6_prefix;          /* length, default 56 */
	uint32_t buckets;              /* of each worker, default 65536 */
};

/* Bytes that the limiters of all readers take, the workers and the main lcore, but for a page of
 * each. */
uint64_t ptrd_config_limiters_size(const struct ptrd_config_rate_limit *limit, unsigned readers);

/* Bytes that they may take: 1 GiB, and no more than a quarter of the host's memory. */
uint64_t ptrd_config_limiters_max(void);

/* What SIGHUP has the dataplane read again. */
struct ptrd_config_dns {
	char *nsid;     /* RFC 5001, at most 128 bytes; NULL: not told */
	char *version;  /* CH TXT version.bind and version.server; NULL: refused, as the next two */
	char *hostname; /* hostname.bind */
	char *id;       /* id.server */
	/* 32 hexadecimal digits each: the one that signs, and its predecessor. None: no cookies. */
	char **cookie_secrets;
	uint32_t cookie_secrets_count;
	bool cookie_random;    /* no list at all: the dataplane makes a secret of its own */
	char **allow_transfer; /* clients that may have zones: addresses and prefixes */
	uint32_t allow_transfer_count;
	uint32_t transfers;                        /* at a time, default 10 */
	uint32_t transfer_memory;                  /* of all of them, MiB, default 256 */
	struct ptrd_config_rate_limit *rate_limit; /* never NULL after loading */
};

struct ptrd_config_dataplane {
	char **service_addresses; /* IPv4 and IPv6 */
	uint32_t service_addresses_count;
	uint32_t main_core; /* main lcore: tables, TCP, slow UDP; default 0 */
	struct ptrd_config_port *ports;
	uint32_t ports_count;
	uint32_t memory;             /* MiB of packet memory, default 128 */
	bool no_huge;                /* never use huge pages for packet memory */
	char *xdp_program;           /* BPF object; default: the installed one */
	struct ptrd_config_tcp *tcp; /* never NULL after loading */
	struct ptrd_config_dns *dns; /* never NULL after loading */
};

struct ptrd_config {
	char *run_dir;   /* sockets, node segment, directory, tables: on tmpfs */
	char *state_dir; /* the store: on a disk */
	char *huge_dir;  /* directory on a hugetlbfs for tables, or NULL */
	struct ptrd_config_control *control;     /* never NULL after loading */
	struct ptrd_config_dataplane *dataplane; /* never NULL after loading */
};

/*
 * Reads and checks the file at `path`. Returns a configuration with every default filled in, to be
 * released with ptrd_config_free(); or NULL after writing to standard error what is wrong, where
 * (file, line, key) and the rule. Main thread, at start.
 */
struct ptrd_config *ptrd_config_load(const char *path);
void ptrd_config_free(struct ptrd_config *config);

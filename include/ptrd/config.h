/*
 * Configuration file: one YAML document that both daemons read, each the whole of it, so that a
 * mistake is found by whichever starts first. scripts/ptrd.yaml.example explains every key.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ptrd_config_port {
	char *interface; /* kernel-owned interface for AF_XDP, or NULL */
	char *vdev;      /* devargs of a DPDK virtual device, or NULL; exactly one of the two */
	uint32_t *cores; /* one worker and one queue pair each */
	uint32_t cores_count;
};

struct ptrd_config_control {
	char *socket;         /* path; default: <run_dir>/control.sock */
	uint32_t socket_mode; /* permission bits, default 0660 */
	char *socket_group;   /* name, or NULL for the process's group */
};

struct ptrd_config_tcp {
	uint32_t connections;  /* open at a time in all, default 10000 */
	uint32_t per_client;   /* open at a time from one address, default 100 */
	uint32_t idle_timeout; /* seconds, default 10 */
};

struct ptrd_config_dataplane {
	char **service_addresses; /* IPv4 in this version */
	uint32_t service_addresses_count;
	uint32_t main_core; /* main lcore: tables, TCP, slow UDP; default 0 */
	struct ptrd_config_port *ports;
	uint32_t ports_count;
	uint32_t memory;             /* MiB of packet memory, default 128 */
	bool no_huge;                /* never use huge pages for packet memory */
	char *xdp_program;           /* BPF object; default: the installed one */
	struct ptrd_config_tcp *tcp; /* never NULL after loading */
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

/*
 * Configurations made of text.
 */
#pragma once

#include <stddef.h>

#include <ptrd/config.h>

/* The least that is a configuration. */
#define LEAST                                                                                      \
	"run_dir: /run/x\n"                                                                        \
	"state_dir: /var/x\n"                                                                      \
	"dataplane:\n"                                                                             \
	"  service_addresses: [198.51.100.53]\n"
#define LEAST_PORT "  ports: [{interface: eth0, cores: [1]}]\n"

/* The file that holds the text: errors name it. */
extern char path[];

/* Set-up and tear-down of a group of tests. */
int make_file(void **state);
int remove_file(void **state);

/* Loads `text` of `len` bytes; what is written to standard error goes to `said`. */
struct ptrd_config *load_bytes(const void *text, size_t len, char said[4096]);
struct ptrd_config *load(const char *text, char said[4096]);

/* What is wrong, and the text that the error must have: line, key, rule. */
struct refused {
	const char *text;
	const char *error;
};
void check_refused(const struct refused *refused, size_t count);

/*
 * Kernel path: sockets on port 53 of every service address, on the main lcore, for what the
 * workers do not take: TCP, and UDP that came in fragments, with IP options or behind extension
 * headers, which the kernel puts together and strips, or on another interface.
 */
#pragma once

#include <ptrd/config.h>

struct event_base;
struct kernel_path;
struct serving;

/*
 * Opens the sockets for serving->services. `limits` must outlive the path. Returns NULL after
 * log_line() told which address and port, and why. Main lcore.
 */
struct kernel_path *kernel_path_open(
	struct event_base *base, struct serving *serving, const struct ptrd_config_tcp *limits);

/* Closes sockets and connections. NULL is allowed. */
void kernel_path_close(struct kernel_path *path);

/* The control socket. */
#pragma once

#include <ptrd/config.h>

/*
 * Listens on a unix stream socket at config->socket with its mode and group, in place of one that
 * a dead process left there, never of a live one's. Returns the descriptor (non-blocking), or -1
 * after writing to standard error why.
 */
int listen_open(const struct ptrd_config_control *config);

/* Closes it and removes its name. */
void listen_close(int fd, const struct ptrd_config_control *config);

/*
 * Access: which actor the process at the other end of a connection is, by what the kernel says of
 * it (unix(7): SO_PEERCRED, SO_PEERGROUPS) and the configured roles. Main thread.
 */
#pragma once

#include <ptrd/config.h>

#include "actor.h"

struct access;

/*
 * Finds the users and groups that the roles name; `path` is the configuration's file. Asks the
 * system's user database, which may be a directory service: this is for the start. NULL after
 * writing to standard error what does not exist, and where it stands.
 */
struct access *access_new(const struct ptrd_config_control *config, const char *path);
void access_free(struct access *access);

/*
 * The actor of a connected unix socket, as it was when it connected. `access` NULL: everybody is an
 * operator. Never waits for more than /etc/passwd: a user of whom neither that nor the roles tell
 * the name is called "uid 70001". One of whom the kernel does not tell has no role.
 */
void access_identify(const struct access *access, int fd, struct actor *actor);

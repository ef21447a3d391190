/* One control process for each directory. */
#pragma once

#include <sys/types.h>

/*
 * Takes the lock `file` in `dir` (made with `mode` if missing, parents included) for the life of
 * the process or until the descriptor that is returned gets closed. Returns -1 after writing to
 * standard error why, with the process that has it.
 */
int lock_directory(const char *dir, mode_t mode, const char *file);

/*
 * Where table files live: a folder on huge pages when one is configured and has room, else
 * `tables` in the run directory. Main thread.
 */
#pragma once

#include "table.h"

struct table_files;

/*
 * Makes the folders. In `huge_dir` (NULL: none), which must be on a hugetlbfs, it is one of our
 * own, named after `run_dir`: others may use the same hugetlbfs. Returns NULL after writing why to
 * standard error.
 */
struct table_files *table_files_open(const char *run_dir, const char *huge_dir);
void table_files_close(struct table_files *f);

/* A new table `<region>.<number>`, the number above any that was there at open. NULL with errno
 * set. */
struct table *table_files_create(struct table_files *f, const struct table_shape *shape);

/* Removes the files that an earlier process left; they were listed at open. */
void table_files_remove_leftovers(struct table_files *f);

/* True if `t` lies on huge pages. */
bool table_files_is_huge(const struct table_files *f, const struct table *t);

/* Folder that a table of ordinary pages goes to: for error texts. */
const char *table_files_dir(const struct table_files *f);

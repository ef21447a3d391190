/*
 * Region tables as this process maps them: read-only, one mapping for each file however many views
 * use it. Main lcore.
 */
#pragma once

#include <ptrd/table.h>

#define TABLE_ERROR_SIZE 512

struct table_file;

/* All mapped files. Zero-initialized: none. */
struct tables {
	struct table_file *first;
};

/*
 * Maps the table of `region` in the file at `path`, or takes one more reference to its mapping,
 * and fills `table`. Returns NULL with `error` set and the negative errno value in `*err` if that
 * cannot be: -ENOENT if there is no such file. To be given back with tables_put().
 */
struct table_file *tables_get(struct tables *tables, const char *path, const char *region,
	struct ptrd_table *table, int *err, char error[TABLE_ERROR_SIZE]);

/* Gives back one reference; with the last one the file is unmapped. No reader may use it any
 * more. */
void tables_put(struct tables *tables, struct table_file *file);

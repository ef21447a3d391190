#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_rig.h"

char path[] = "/tmp/test_config.XXXXXX";

int make_file(void **state)
{
	(void)state;
	const int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

struct ptrd_config *load_bytes(const void *text, size_t len, char said[4096])
{
	FILE *file = fopen(path, "w");
	FILE *capture = tmpfile();

	assert_non_null(file);
	assert_non_null(capture);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	(void)fflush(stderr);
	const int before = dup(STDERR_FILENO);
	assert_true(dup2(fileno(capture), STDERR_FILENO) >= 0);
	struct ptrd_config *config = ptrd_config_load(path);
	(void)fflush(stderr);
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	close(before);
	rewind(capture);
	said[fread(said, 1, 4095, capture)] = '\0';
	(void)fclose(capture);
	return config;
}

struct ptrd_config *load(const char *text, char said[4096])
{
	return load_bytes(text, strlen(text), said);
}

void check_refused(const struct refused *refused, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char said[4096];

		assert_null(load(refused[i].text, said));
		if (strstr(said, refused[i].error) == NULL || strstr(said, path) == NULL)
			fail_msg("case %zu: \"%s\" has no \"%s\"", i, said, refused[i].error);
	}
}

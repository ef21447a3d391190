#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"

struct output {
	struct output *next; /* of all that are open */
	FILE *stream;
	const char *title;
	char path[PATH_MAX];      /* "": standard output */
	char temporary[PATH_MAX]; /* beside it; "": the content is copied to `path` in the end */
};

/* Signals that end the process wait while the list is changed. */
static struct output *volatile outputs;

static bool complain(const struct output *output, int error)
{
	fprintf(stderr, "ptrctl: %s: %s: %s\n", output->title,
		*output->path != '\0' ? output->path : "standard output", strerror(error));
	return false;
}

void output_clean_up(void)
{
	for (const struct output *o = outputs; o != NULL; o = o->next)
		if (*o->temporary != '\0')
			unlink(o->temporary);
}

static void forget(struct output *output)
{
	struct output *at = outputs;

	interrupt_hold();
	if (at == output) {
		outputs = output->next;
	} else {
		while (at->next != output)
			at = at->next;
		at->next = output->next;
	}
	interrupt_release();
}

/* A name beside the file's, so that a rename can take its place. */
static bool open_beside(struct output *output)
{
	const char *slash = strrchr(output->path, '/');
	const size_t folder = slash != NULL ? (size_t)(slash - output->path) + 1 : 0;

	if ((size_t)snprintf(output->temporary, sizeof(output->temporary), "%.*s.%s.XXXXXX",
		    (int)folder, output->path, output->path + folder)
		>= sizeof(output->temporary)) {
		*output->temporary = '\0';
		errno = ENAMETOOLONG;
		return false;
	}
	const mode_t mask = umask(0);
	umask(mask);
	const int fd = mkostemp(output->temporary, O_CLOEXEC);
	if (fd < 0) {
		*output->temporary = '\0';
		return false;
	}
	fchmod(fd, 0666 & ~mask);
	output->stream = fdopen(fd, "w");
	return output->stream != NULL;
}

static bool open_stream(struct output *output, const char *path)
{
	struct stat st;
	const bool standard = path == NULL || strcmp(path, "-") == 0;

	if (!standard
		&& (size_t)snprintf(output->path, sizeof(output->path), "%s", path)
			>= sizeof(output->path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (!standard && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode)) {
			errno = EISDIR;
			return false;
		}
		if (S_ISREG(st.st_mode) && realpath(path, output->path) == NULL)
			return false;
		if (S_ISREG(st.st_mode))
			return open_beside(output);
	} else if (!standard) {
		return open_beside(output);
	}
	output->stream = tmpfile();
	return output->stream != NULL;
}

struct output *output_open(const char *path, const char *title)
{
	struct output *output = calloc(1, sizeof(*output));

	if (output == NULL) {
		fprintf(stderr, "ptrctl: %s: out of memory\n", title);
		return NULL;
	}
	output->title = title;
	interrupt_hold();
	const bool opened = open_stream(output, path);
	const int error = errno;
	output->next = outputs;
	outputs = output;
	interrupt_release();
	if (opened)
		return output;
	complain(output, error);
	output_drop(output);
	return NULL;
}

FILE *output_stream(const struct output *output)
{
	return output->stream;
}

bool output_finish(struct output *output)
{
	FILE *stream = output->stream;

	if (fflush(stream) != 0 || ferror(stream)
		|| (*output->temporary != '\0' && fsync(fileno(stream)) < 0))
		return complain(output, errno != 0 ? errno : EIO);
	if (*output->temporary == '\0')
		return true;
	output->stream = NULL;
	return fclose(stream) == 0 || complain(output, errno);
}

/* To standard output or a device. What becomes of standard output is looked at by main(), because a
 * reader of it that has seen enough is no error. */
static bool copy(struct output *output)
{
	FILE *to = *output->path != '\0' ? fopen(output->path, "we") : stdout;
	char buffer[64 * 1024];
	size_t n;

	if (to == NULL)
		return complain(output, errno);
	rewind(output->stream);
	while ((n = fread(buffer, 1, sizeof(buffer), output->stream)) > 0)
		if (fwrite(buffer, 1, n, to) < n)
			break;
	int error = ferror(to) ? errno : 0;

	if (to == stdout)
		error = 0;
	else if (fclose(to) != 0 && error == 0)
		error = errno;
	if (error == 0 && ferror(output->stream))
		error = EIO;
	return error == 0 || complain(output, error);
}

/* The name is as durable as the content. */
static void sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
		slash != NULL ? path : ".");
	const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

bool output_commit(struct output *output)
{
	bool done;

	if (*output->temporary == '\0') {
		done = copy(output);
	} else {
		interrupt_hold();
		done = rename(output->temporary, output->path) == 0 || complain(output, errno);
		if (done)
			*output->temporary = '\0';
		interrupt_release();
		if (done)
			sync_folder(output->path);
	}
	output_drop(output);
	return done;
}

void output_drop(struct output *output)
{
	if (output == NULL)
		return;
	if (*output->temporary != '\0')
		unlink(output->temporary);
	forget(output);
	if (output->stream != NULL)
		fclose(output->stream);
	free(output);
}

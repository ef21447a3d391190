#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_SIZE (64 * 1024)

struct client {
	int fd;
	const char *path;
	char *buffer;             /* received; a reply may be longer than a request */
	size_t taken, used, size; /* what is between the first two is not taken yet */
	int send_error;           /* why a request could not be sent, or 0 */
};

static const char *next_step(int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return "start ptrd-control, or name its socket with --socket or PTRD_SOCKET";
	case EACCES:
	case EPERM:
		return "run ptrctl as root or as a member of the socket's group";
	default:
		return "see whether ptrd-control runs and which socket its configuration names";
	}
}

static int connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

struct client *client_open(const char *path)
{
	int fd = connect_unix(path);

	if (fd < 0) {
		int error = errno;

		fprintf(stderr, "ptrctl: no control process at %s: %s\n", path, strerror(error));
		fprintf(stderr, "  %s\n", next_step(error));
		return NULL;
	}
	struct client *client = calloc(1, sizeof(*client));
	if (client == NULL) {
		fprintf(stderr, "ptrctl: out of memory\n");
		close(fd);
		return NULL;
	}
	client->fd = fd;
	client->path = path;
	return client;
}

void client_close(struct client *client)
{
	if (client == NULL)
		return;
	close(client->fd);
	free(client->buffer);
	free(client);
}

/* Makes room for a read, where what has been taken was or behind the rest. */
static bool make_room(struct client *client)
{
	if (client->size - client->used >= READ_SIZE)
		return true;
	client->used -= client->taken;
	if (client->used > 0)
		memmove(client->buffer, client->buffer + client->taken, client->used);
	client->taken = 0;
	if (client->size - client->used >= READ_SIZE)
		return true;
	const size_t size = client->size * 2 + READ_SIZE;
	char *buffer = realloc(client->buffer, size);

	if (buffer == NULL)
		return false;
	client->buffer = buffer;
	client->size = size;
	return true;
}

/*
 * Reads what has come, `flags` as of recv(). Returns false with errno set, 0 standing for the end of
 * the stream.
 */
static bool receive_more(struct client *client, int flags)
{
	ssize_t n;

	if (!make_room(client))
		return false;
	do {
		n = recv(client->fd, client->buffer + client->used, READ_SIZE, flags);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		if (n == 0)
			errno = 0;
		return false;
	}
	client->used += (size_t)n;
	return true;
}

/* Waits for a whole line. Returns its length without the newline, or -1 with errno as above. */
static ssize_t receive_line(struct client *client)
{
	size_t seen = 0; /* of what is not taken */

	for (;;) {
		const char *start = client->buffer + client->taken;
		const size_t len = client->used - client->taken;
		const char *end = len > seen ? memchr(start + seen, '\n', len - seen) : NULL;

		if (end != NULL)
			return end - start;
		seen = len;
		if (!receive_more(client, 0))
			return -1;
	}
}

static void report_loss(const struct client *client, int error)
{
	fprintf(stderr, "ptrctl: lost the control process at %s before it replied: %s\n",
		client->path, error == 0 ? "connection closed" : strerror(error));
	fprintf(stderr,
		"  a change under way may have been made or not: look before repeating it\n");
}

/* The first line received, which is taken out of the buffer; NULL: it is no JSON. */
static json_t *take_line(struct client *client, size_t len, json_error_t *error)
{
	json_t *line = json_loadb(client->buffer + client->taken, len, 0, error);

	client->taken += len + 1;
	return line;
}

static json_t *parse_reply(struct client *client, size_t len)
{
	json_error_t error;
	json_t *reply = take_line(client, len, &error);

	if (json_is_object(reply)
		&& (json_object_get(reply, "result") != NULL
			|| json_is_object(json_object_get(reply, "error"))))
		return reply;
	fprintf(stderr, "ptrctl: %s does not speak ptrd's protocol: %s\n", client->path,
		reply == NULL ? error.text : "a reply with neither result nor error");
	json_decref(reply);
	return NULL;
}

/* Waits until the socket takes more; replies that come meanwhile are kept. False with errno set. */
static bool wait_for_room(struct client *client)
{
	struct pollfd poll_fd = {.fd = client->fd, .events = POLLOUT | POLLIN};

	if (poll(&poll_fd, 1, -1) < 0)
		return errno == EINTR;
	if ((poll_fd.revents & POLLIN) == 0)
		return true;
	return receive_more(client, MSG_DONTWAIT) || errno == EAGAIN;
}

bool client_send(struct client *client, const char *line, size_t len)
{
	while (len > 0) {
		/* A daemon that is gone is an error here, not a SIGPIPE. */
		const ssize_t n = send(client->fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno != EAGAIN || !wait_for_room(client))) {
			client->send_error = errno;
			return false;
		}
		if (n > 0) {
			line += n;
			len -= (size_t)n;
		}
	}
	return true;
}

json_t *client_reply(struct client *client)
{
	const ssize_t len = receive_line(client);

	if (len < 0) {
		report_loss(client, client->send_error != 0 ? client->send_error : errno);
		return NULL;
	}
	return parse_reply(client, (size_t)len);
}

json_t *client_receive(struct client *client)
{
	const ssize_t len = receive_line(client);
	const int cause = errno;
	json_error_t error;
	json_t *line = NULL;

	if (len < 0)
		fprintf(stderr, "ptrctl: lost the control process at %s: %s\n", client->path,
			cause == 0 ? "connection closed" : strerror(cause));
	else
		line = take_line(client, (size_t)len, &error);
	if (len < 0 || json_object_get(line, "method") != NULL)
		return line;
	fprintf(stderr, "ptrctl: %s does not speak ptrd's protocol: %s\n", client->path,
		line == NULL ? error.text : "a line that is no notification");
	json_decref(line);
	return NULL;
}

json_t *client_exchange(struct client *client, const char *line, size_t len)
{
	/* A daemon that refuses the connection may have said why before it closed it. */
	client_send(client, line, len);
	return client_reply(client);
}

json_t *client_request(struct client *client, const char *method, json_t *params)
{
	json_t *request = json_pack("{s:s, s:i, s:s, s:O}", "jsonrpc", "2.0", "id", 1, "method",
		method, "params", params);
	char *text = json_dumps(request, JSON_COMPACT);
	json_t *reply = NULL;

	json_decref(request);
	if (text == NULL) {
		fprintf(stderr, "ptrctl: cannot write the request: out of memory, or not UTF-8\n");
		return NULL;
	}
	size_t len = strlen(text);
	char *line = realloc(text, len + 2);
	if (line != NULL) {
		strcpy(line + len, "\n");
		reply = client_exchange(client, line, len + 1);
		text = line;
	} else {
		fprintf(stderr, "ptrctl: out of memory\n");
	}
	free(text);
	return reply;
}

/*
 * exchange SOCKET: sends each line of standard input, as it is, on one connection to the control
 * process and writes each reply on a line, its members sorted. Fails when a line gets none.
 */
#include <stdio.h>
#include <stdlib.h>

#include "client.h"

int main(int argc, char *argv[])
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: exchange SOCKET\n");
		return 2;
	}
	struct client *client = client_open(argv[1]);
	if (client == NULL)
		return 3;
	while ((len = getline(&line, &size, stdin)) > 0) {
		json_t *reply = client_exchange(client, line, (size_t)len);

		if (reply == NULL)
			return 1;
		json_dumpf(reply, stdout, JSON_COMPACT | JSON_SORT_KEYS);
		putchar('\n');
		fflush(stdout);
		json_decref(reply);
	}
	free(line);
	client_close(client);
	return 0;
}

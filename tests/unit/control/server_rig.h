/*
 * The server on a real socket, in a child process with a fake publisher; the test is its client. All
 * waiting is for replies, with the test runner's own timeout behind it.
 */
#pragma once

#include <sys/types.h>

#include "rig.h"

struct fixture {
	struct rig *rig;
	char socket[96];
	pid_t child;
	volatile uint64_t
		*applied; /* shared with the child: the generation that its dataplane has applied */
};

int server_set_up(void **state);
int server_tear_down(void **state);

/* A connection to the child, which may not listen yet. */
int dial(const struct fixture *f);

void send_all(int fd, const char *bytes, size_t len);

/* Sends text with ' for ". */
void say(int fd, const char *text);

/* The next line as JSON, or NULL at the end of the stream. */
json_t *hear(int fd);

/* The next line must be the reply of this id (negative: null) with this code; "" is success. */
void expect(int fd, int id, const char *code);

#define GET "{'jsonrpc':'2.0','id':7,'method':'region.get','params':{'name':'eu'}}\n"

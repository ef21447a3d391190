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
	struct access *access; /* or NULL */
	pid_t child;
	volatile uint64_t
		*applied; /* shared with the child: the generation that its dataplane has applied */
};

int server_set_up(void **state);
/* The same with roles: besides root, users USER_A and USER_B are of projects a and b. */
#define USER_A 61001
#define USER_B 61002
int server_set_up_roles(void **state);
int server_tear_down(void **state);

/* A connection to the child, which may not listen yet. */
int dial(const struct fixture *f);

/* The same as another user, when the child listens. */
int dial_as(const struct fixture *f, uid_t uid);

void send_all(int fd, const char *bytes, size_t len);

/* Sends text with ' for ". */
void say(int fd, const char *text);

/* The next line as JSON, or NULL at the end of the stream. */
json_t *hear(int fd);

/* The next line must be the reply of this id (negative: null) with this code; "" is success. */
void expect(int fd, int id, const char *code);

#define GET "{'jsonrpc':'2.0','id':7,'method':'region.get','params':{'name':'eu'}}\n"

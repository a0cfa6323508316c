/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real control server on a real socket, and clients of it. Server and clients share
 * one process and one loop, which runs until something is seen, never for a fixed time.
 */
#ifndef SUPPORT_CLIENTS_H
#define SUPPORT_CLIENTS_H

#include "ctl/server.h"
#include "ctl/varlink.h"
#include <stdbool.h>

#define MILLISECOND UINT64_C(1000)
/* Nothing here takes that long unless it is broken. */
#define PATIENCE (10000 * MILLISECOND)
#define ECHO "{\"method\":\"org.relaywarden.Agent.Echo\",\"parameters\":{\"n\":%d}}"
#define BIG_REPLY (4 * 1024 * 1024)

struct fixture {
	struct ctl_stream *stream; /* while one is open */
	unsigned int gone;
	char directory[32];
	char path[64];
	sd_event *event;
	struct ctl_server *server;
	unsigned int calls;
};

/* A state of cmocka is a fixture; its server is started by the test. */
int setup(void **state);
int teardown(void **state);
/* Methods Echo, Big and Huge; streams Count and CountForAdmins. `timeout` is that of
 * everything, 0 the default. */
void start(struct fixture *f, uint64_t timeout);

/* --- a client ------------------------------------------------------------------ */

int dial(const struct fixture *f);
/* One turn of the loop. */
void turn(struct fixture *f);

/* Sends all of it, turning the loop where the socket is full. False once the server has
 * hung up. */
bool say(struct fixture *f, int fd, const char *data, size_t length);
void say_text(struct fixture *f, int fd, const char *text);
void say_echo(struct fixture *f, int fd, int n);

/* The next reply, or NULL when the server has hung up. */
json_t *hear(struct fixture *f, int fd, struct varlink_decoder *d);
int get_n(json_t *reply);
void expect_echo(struct fixture *f, int fd, int n);
void expect_hangup(struct fixture *f, int fd);
void expect_reply_error(struct fixture *f, int fd, const char *error);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions over UDP, repeated until they are answered or patience is over: what a STUN
 * server and a gateway are asked with.
 */
#ifndef UI_CLI_ASK_H
#define UI_CLI_ASK_H

#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASK_QUESTIONS_MAX 2
#define ASK_SIZE_MAX 1500

struct ask_peer {
	struct addr addr;
	uint16_t port; /* host order */
};

/* Whether these bytes answer question `index`; then it is not repeated. */
typedef bool ask_take(void *context, size_t index, const struct ask_peer *from,
		      const void *data, size_t size);

struct ask_question {
	struct ask_peer to;
	uint8_t data[64];
	size_t size;
	bool is_answered;
};

/* A socket of its own port, for peers of that family. The descriptor or -errno. */
int ask_open(bool is_ipv4);

/* The address and port that a socket has when it talks to a peer. 0 or -errno. */
int ask_local(int fd, const struct ask_peer *to, struct ask_peer *ret_local);

/*
 * Asks `count` questions at once: after 0, .5 and 1.5 seconds, and waits until
 * `seconds` after the first. The number of those answered, or -errno: -ECONNREFUSED
 * when the peer says that nobody is there.
 */
int ask(int fd, struct ask_question *questions, size_t count, double seconds,
	ask_take *take, void *context);

#endif

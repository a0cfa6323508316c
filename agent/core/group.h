/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several programs that are one application: what one of them takes from strangers
 * another gives to strangers, and between the two it goes over loopback. Each by itself
 * looks like a client; together they are a relay, and are judged together. Pure.
 *
 * Pipes, unix sockets and shared memory between programs are not seen.
 */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#define GROUP_LINKS_MAX                                                                \
	4 /* applications one talks to over loopback; the rest is not                  \
	   * followed */

struct app;

/* What an application exchanges with another one over loopback, decayed. */
struct group_link {
	uint16_t other; /* application, 0: a free place */
	double in, out; /* bytes per second */
	uint64_t time_ns;
};

/* Payload that came from `other` and went to it. */
void group_note(struct app *a, uint16_t other, uint64_t time_ns, double in, double out);

/* The other one is gone; its id may be given to another. */
void group_forget(struct app *a, uint16_t other);

/*
 * Whether what passes between the two now is a good part of what either of them
 * exchanges with strangers, and both do exchange something with strangers.
 */
bool group_is_linked(const struct app *a, const struct app *b, uint64_t now_ns);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of each P2P client (the files in rules/clients): how to recognise it,
 * its word for promotion, its own setting that forbids it. It sets priors and selectors
 * only; no verdict rests on a name.
 *
 * Programs whose trade it is to pass traffic on (reverse proxies, jump hosts) are
 * listed too: nobody promotes them, and behaviour alone cannot tell them from a relay.
 */
#ifndef CORE_CATALOGUE_H
#define CORE_CATALOGUE_H

#include "core/observation.h"
#include <stdbool.h>
#include <stddef.h>

struct catalogue_client {
	char *id;     /* "n2n": what match.client names */
	char *title;  /* "n2n supernode" */
	char *word;   /* its network's word for promotion: "supernode" */
	char *forbid; /* its own setting that forbids it, for people; "" of a trade */
	const char *trade; /* "reverse proxy": a relay by trade; NULL: a client */
	bool is_login;	   /* people log in through it: never cut */
	char **exes;	   /* globs on the executable's path */
	size_t exe_count;
	char **units; /* globs on the systemd unit */
	size_t unit_count;
};

struct catalogue {
	struct catalogue_client *clients; /* the last that matches is taken */
	size_t count;
	void *storage; /* owns the texts above; private to catalogue.c */
};

void catalogue_free(struct catalogue *c);

/* The client an application is an instance of, or NULL. */
const struct catalogue_client *catalogue_find(const struct catalogue *c,
					      const struct app_identity *identity);

#endif

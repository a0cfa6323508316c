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
	char *when;   /* its network's conditions for that, for people; "" not known */
	char *forbid; /* its own setting that forbids it, for people; "" of a trade */
	/* The same to be typed: the line to write into one of the files, or a command;
	 * "" where there is none. */
	char *forbid_line, *forbid_command;
	char **forbid_files; /* "/etc/x", or "~/x" of whoever runs it */
	size_t forbid_file_count;
	/* What shows that its own configuration has it work for others: an argument on
	 * its command line (globs); or a line (globs, of core/setting.h) in one of the
	 * files, all below /etc. */
	char **relay_arguments, **relay_lines, **relay_files;
	size_t relay_argument_count, relay_line_count, relay_file_count;
	bool needs_inbound; /* strangers have to reach it, or it is not promoted */
	const char *trade;  /* "reverse proxy": a relay by trade; NULL: a client */
	bool is_login;	    /* people log in through it: never cut */
	char **exes;	    /* globs on the executable's path */
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

/*
 * Why a path or a unit proves no trade. A trade exempts, so it is believed only where
 * root alone chose what runs: for a service or a container of the system, whoever it
 * runs as, and else for what no person runs; and by path only where the path can't be
 * made up, and the file is root's.
 */
enum catalogue_doubt {
	CATALOGUE_NO_DOUBT,
	CATALOGUE_DOUBT_USERNS, /* there it can mount what it likes over any path */
	CATALOGUE_DOUBT_PERSON, /* he can load code of his own into any program */
	CATALOGUE_DOUBT_FILE,	/* others than root can write it */
	CATALOGUE_DOUBT_UNIT,	/* users name their own units as they like */
};

/* What the catalogue says of an application. */
struct catalogue_match {
	const struct catalogue_client *client; /* or NULL */
	/* The trade it would be of, had it proved it; NULL: none. */
	const struct catalogue_client *unproved;
	enum catalogue_doubt doubt; /* why it has not */
};

struct catalogue_match catalogue_find(const struct catalogue *c,
				      const struct app_identity *identity);

/* "it runs in ..., where ...": the rest of a sentence; "" for none. */
const char *catalogue_doubt_text(enum catalogue_doubt doubt);

#endif

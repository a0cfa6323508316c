/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of what a reply lists: one row an object, one column a member, of which
 * --fields chooses, and a narrow terminal leaves out the least important.
 */
#ifndef UI_CLI_LISTING_H
#define UI_CLI_LISTING_H

#include "render.h"
#include <jansson.h>

enum listing_kind {
	LISTING_TEXT,
	LISTING_BOLD,
	LISTING_DIM,
	LISTING_NUMBER,
	LISTING_SIZE,
	LISTING_RATE,
	LISTING_TIME,
	LISTING_YES,
};

struct listing_column {
	const char *field;   /* what --fields calls it; the last one has none */
	const char *heading; /* "": it speaks for itself */
	enum listing_kind kind;
	/* 0: shown only if --fields names it; 1: always; else where there is room, the
	 * highest leaving first. */
	int rank;
	/* What to show of an item; NULL: its member `field`, as the kind says. */
	void (*cell)(struct render_table *t, const json_t *item);
};

struct context;

/* 0 where all fields, separated by commas, are there; else EXIT_USAGE, and
 * says which is not and which there are. */
int listing_check(const struct listing_column *columns, const char *fields);

/* Prints a row for each of `items`, with the columns that context.fields names. */
void listing_print(const struct context *c, const struct listing_column *columns,
		   const json_t *items);

#endif

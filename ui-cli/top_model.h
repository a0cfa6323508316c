/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `agentctl top` knows: the applications of the last reply of Status, what each
 * has carried during the last minutes, how they are sorted, which are shown, which one
 * is chosen. No terminal, no agent, no clock.
 */
#ifndef UI_CLI_TOP_MODEL_H
#define UI_CLI_TOP_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Samples kept of each application, one an update. */
#define TOP_HISTORY 120
/* More applications than this are not shown; top_model_left_out() counts them. */
#define TOP_ROWS_MAX 4096
#define TOP_FILTER_MAX 64

enum top_sort {
	TOP_BY_CONCERN, /* promoted, suspect, limited, busy; the busiest of each first
			 */
	TOP_BY_NAME,
	TOP_BY_ROLE,
	TOP_BY_PROBABILITY,
	TOP_BY_PEERS,
	TOP_BY_DOWN,
	TOP_BY_UP,
	TOP_SORTS,
};

struct top_row {
	json_t *app; /* as Status has it */
	/* Both directions together, bytes per second; the newest is the last one. */
	uint64_t history[TOP_HISTORY];
	size_t history_count;
};

struct top_model;

/* NULL without memory. */
struct top_model *top_model_new(void);
void top_model_free(struct top_model *m);

/* Takes in a reply of Status; those that are gone from it go, with their history. 0 or
 * -ENOMEM, and then all is as it was. */
int top_model_update(struct top_model *m, const json_t *reply);

/* The same again turns the order round. */
void top_model_sort(struct top_model *m, enum top_sort by);
enum top_sort top_model_sorted_by(const struct top_model *m, bool *ret_is_reversed);
const char *top_sort_name(enum top_sort by);

/* Shows those alone whose name, user, role, key or program has `text` in it, whatever
 * its case; "": all. */
void top_model_filter(struct top_model *m, const char *text);
const char *top_model_filtered_by(const struct top_model *m);

/* Of those that are shown. */
size_t top_model_count(const struct top_model *m);
const struct top_row *top_model_row(const struct top_model *m, size_t index);
size_t top_model_left_out(const struct top_model *m);

/* The chosen one stays chosen wherever it is sorted to; 0 where there is none. */
size_t top_model_chosen(const struct top_model *m);
/* Up (negative) or down by so many. */
void top_model_choose(struct top_model *m, long by);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An application of `agentctl top` as one line of a given width. No terminal.
 */
#ifndef UI_CLI_TOP_LINES_H
#define UI_CLI_TOP_LINES_H

#include "render.h"
#include "top_model.h"

/* Bytes of a line; wider terminals are not filled. */
#define TOP_LINE_MAX 2048
#define TOP_RATE_MAX 16

/* Which columns there is room for; those that matter least go first. */
struct top_layout {
	int name, user, role, likely, peers, down, up, limit, history; /* 0: left out */
};

void top_layout_make(int width, struct top_layout *ret_layout);

const char *top_heading(const struct top_layout *l, char buf[static TOP_LINE_MAX]);
const char *top_line(const struct top_layout *l, const struct top_row *row,
		     bool is_utf8, char buf[static TOP_LINE_MAX]);
enum style top_line_style(const struct top_row *row);

/* "94.2M", "250k", "0": bits a second, for narrow columns. */
const char *top_rate(uint64_t bytes_per_second, char buf[static TOP_RATE_MAX]);

/* The newest `width` samples, the newest on the right; its own highest is full. */
const char *top_history(const struct top_row *row, int width, bool is_utf8,
			char buf[static TOP_LINE_MAX]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the keys of `agentctl top` do: which page is shown, of which application, from
 * which line on. No terminal, no agent.
 */
#ifndef UI_CLI_TOP_KEYS_H
#define UI_CLI_TOP_KEYS_H

#include "top_model.h"

enum top_page { TOP_LIST, TOP_EVIDENCE, TOP_PEERS, TOP_STATUS, TOP_HELP };

struct top_state {
	enum top_page page;
	char *app;	/* key of the application the page is about; NULL in the list */
	size_t scroll;	/* lines of the page above its first one on the screen */
	bool is_typing; /* the filter */
	bool is_frozen; /* nothing is asked anew */
	bool is_ended;
};

void top_state_done(struct top_state *s);

/* A key of curses; `page_lines`: how many lines the screen shows at once. True when
 * what is to be shown has to be asked of the agent first. */
bool top_key(struct top_state *s, struct top_model *m, int key, int page_lines);

/* What the last line of the screen says of the keys. */
const char *top_key_hint(const struct top_state *s);
/* The page TOP_HELP. */
extern const char top_help[];

#endif

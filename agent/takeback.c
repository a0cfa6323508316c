/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent changes in the kernel beside its rules, and taking all of it back: at
 * its end, and what a killed one has left behind. Whatever else is to be taken back
 * gets a function here, called by both takeback_all and agent_clean_up.
 */
#include "agent_private.h"
#include "core/mark.h"
#include "ctl/listen.h"
#include "kernel/conntrack_marks.h"
#include "kernel/privilege.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* 262,144 entries that all have a mark take about two seconds. */
#define MARKS_TIMEOUT_MS 10000

/* --- what is remembered --------------------------------------------------------- */

static void remember(struct agent *a)
{
	struct takeback *t = &a->takeback;
	int r = -ENOENT;

	if (a->options.policies.state_dir && t->place[0])
		r = footprint_save(a->options.policies.state_dir, t->place,
				   &t->footprint);
	if (r < 0)
		log_warning("takeback",
			    "what is changed in the kernel can't be remembered in %s, "
			    "after a crash it would stay: %s",
			    a->options.policies.state_dir
				    ? a->options.policies.state_dir
				    : "a state directory",
			    strerror(-r));
}

static int recall(const char *state_dir, char ret_place[PLACE_SIZE],
		  struct footprint *ret_footprint)
{
	int r = place_read(ret_place);

	if (r == 0)
		r = state_dir ? footprint_load(state_dir, ret_place, ret_footprint)
			      : -ENOENT;
	if (r < 0 && r != -ENOENT)
		log_warning("takeback",
			    "what an earlier agent changed is not known: %s",
			    strerror(-r));
	return r;
}

void takeback_open(struct agent *a)
{
	struct takeback *t = &a->takeback;
	bool is_on = conntrack_is_accounting() != 0;
	int r;

	if (recall(a->options.policies.state_dir, t->place, &t->footprint) == 0)
		log_info("takeback", "an earlier agent was killed; what it changed is "
				     "taken back at the end");
	if (!is_on) {
		t->footprint.turned_accounting_on = true;
		remember(a);
	}
	r = conntrack_set_accounting(true);
	if (r == 1)
		log_info("conntrack", "turned nf_conntrack_acct on: flows older than "
				      "this are not metered");
	else if (r < 0)
		log_warning("conntrack", "nf_conntrack_acct can't be turned on: %s",
			    strerror(-r));
}

void takeback_note_mask(struct agent *a, uint32_t mask)
{
	struct takeback *t = &a->takeback;

	if (t->footprint.mark_mask == mask)
		return;
	/* Those of the mask before are cleared when the rules are. */
	t->old_mask = t->footprint.mark_mask;
	t->footprint.mark_mask = mask;
	remember(a);
}

/* --- taking back ----------------------------------------------------------------- */

/* False when another agent has it. */
static bool take_table(struct nft *nft, const char *name)
{
	int r = nft_remove(nft);

	if (r == 1)
		log_info("takeback", "removed table inet %s", name);
	else if (r == -EEXIST)
		log_warning("takeback", "table inet %s is another agent's", name);
	else if (r < 0)
		log_warning("takeback", "table inet %s can't be removed: %s", name,
			    strerror(-r));
	return r != -EEXIST;
}

static int take_marks(uint32_t mask, conntrack_mark_is_ours *is_ours, void *context)
{
	struct conntrack_cleared done;
	int r;

	if (!mask)
		return 0;
	r = conntrack_clear_marks(mask, is_ours, context, MARKS_TIMEOUT_MS, &done);
	if (r < 0)
		log_warning("takeback", "marks 0x%08x are not all cleared: %s", mask,
			    strerror(-r));
	if (done.mixed || done.refused)
		log_info("takeback",
			 "%" PRIu64 " flows keep bits of 0x%08x: their mark is "
			 "somebody else's, or can't be changed",
			 done.mixed + done.refused, mask);
	if (done.cleared)
		log_info("takeback", "cleared the marks of %" PRIu64 " flows",
			 done.cleared);
	return r;
}

static int take_accounting(const struct footprint *f)
{
	int r = f->turned_accounting_on ? conntrack_set_accounting(false) : 0;

	if (r == 1)
		log_info("takeback", "turned nf_conntrack_acct off again");
	else if (r < 0)
		log_warning("takeback", "nf_conntrack_acct can't be turned off: %s",
			    strerror(-r));
	return r < 0 ? r : 0;
}

/* A mark with bits of others, too: ours if the number is that of the flow's owner. */
static bool is_ours(void *context, const struct nlmsghdr *message, uint32_t mark)
{
	const struct agent *a = context;
	struct mark_layout layout;
	struct conntrack_entry entry;
	const struct flow *f = NULL;

	if (mark_layout_init(a->takeback.footprint.mark_mask, &layout) == 0 &&
	    conntrack_parse(message, a->link, a->guests, &entry) == 0)
		f = engine_find_flow(a->engine, &entry.key);
	return f && f->app &&
	       app_number(f->app) == (mark & layout.app) >> layout.app_shift;
}

void takeback_old_marks(struct agent *a)
{
	uint32_t mask = a->takeback.old_mask;

	a->takeback.old_mask = 0;
	take_marks(mask, NULL, NULL);
}

void takeback_all(struct agent *a)
{
	struct takeback *t = &a->takeback;
	struct footprint *f = &t->footprint;
	int r;

	if (!f->mark_mask && !f->turned_accounting_on)
		return;
	/* The table first: its rules would mark again. */
	if (f->mark_mask && a->nft && !take_table(a->nft, a->options.table))
		return;
	r = take_marks(f->mark_mask, is_ours, a);
	if (take_accounting(f) == 0 && r == 0 && a->options.policies.state_dir)
		footprint_remove(a->options.policies.state_dir);
}

/* --- what was left behind --------------------------------------------------------- */

static int clean_table(const char *name)
{
	struct nft *nft;
	bool is_done;
	int r = nft_open(name, &nft);

	if (r == -EPROTONOSUPPORT)
		return 0; /* no nf_tables, no table */
	if (r < 0) {
		log_error("takeback", "nftables is not available: %s", strerror(-r));
		return r;
	}
	is_done = take_table(nft, name);
	nft_close(nft);
	return is_done ? 0 : -EEXIST;
}

/* Queues have our handle on whatever interface they are. */
static int clean_queues(void)
{
	static const struct queue_classes none;
	struct shaper *shaper;
	int r = shaper_open(&shaper);

	if (r == 0) {
		r = shaper_prepare(shaper, &none, NULL, 0);
		shaper_finish(shaper);
		shaper_close(shaper);
	}
	if (r < 0)
		log_warning("takeback", "queues can't be removed: %s", strerror(-r));
	return r;
}

static int clean_all(const struct agent_options *options)
{
	const char *dir = options->policies.state_dir;
	struct footprint f = {0};
	char place[PLACE_SIZE];
	int r = clean_table(options->table);

	if (r == 0)
		r = clean_queues();
	/* What is not remembered in this place was taken back, or never done. */
	if (r < 0 || recall(dir, place, &f) == -ENOENT)
		return r;
	r = take_marks(f.mark_mask, NULL, NULL);
	if (r == 0)
		r = take_accounting(&f);
	return r == 0 ? footprint_remove(dir) : r;
}

int agent_clean_up(const struct agent_options *options)
{
	struct ctl_listener listener;
	int r;

	if (!privilege_has_net_admin()) {
		log_error("takeback", "needs CAP_NET_ADMIN: run it as root");
		return -EPERM;
	}
	/* As if it were the agent: none runs or begins to run meanwhile. */
	r = ctl_listen(options->control_path, &listener);
	if (r < 0) {
		log_error("takeback", "%s: %s", options->control_path,
			  r == -EADDRINUSE ? "relaywardend is running; stop it first"
					   : strerror(-r));
		return r;
	}
	r = clean_all(options);
	ctl_listener_done(&listener);
	return r;
}

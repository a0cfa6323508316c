/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Others that change our table: told with their name, and put back. The kernel does not
 * let them while it is owned (on_failure = open, Linux 5.12); else any root can.
 *
 * What was lost of the notifications may have been about us: the table is written anew
 * then as well, unless it is owned.
 */
#include "agent_private.h"
#include "base/text.h"
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void make_text(struct tamper *t, const struct nft_foreign_change *c)
{
	char what[96], process[4 * NFT_PROCESS_SIZE];

	nft_change_describe(c, what, sizeof(what));
	text_escape(c->process, process, sizeof(process));
	if (c->pid)
		snprintf(t->text, sizeof(t->text), "%s by %s (pid %u)", what,
			 *process ? process : "a process", c->pid);
	else
		snprintf(t->text, sizeof(t->text),
			 "%s by somebody the kernel does not name", what);
}

/* From now on what is in the kernel is not what was planned. */
static void begin_repair(struct agent *a, uint64_t now_ns)
{
	struct tamper *t = &a->tamper;
	uint64_t at = tampering_repair_at(&t->pace, now_ns);

	t->is_pending = true;
	a->enforce.is_installed = false;
	a->enforce.retry_ns = at;
}

void tamper_noticed(void *context, const struct nft_foreign_change *change)
{
	struct agent *a = context;
	struct tamper *t = &a->tamper;
	uint64_t now = agent_now();

	/* Nothing was ever there: it is the table of somebody before us. */
	if (!a->enforce.installed.layout.mask)
		return;
	t->count++;
	t->last_ns = now;
	make_text(t, change);
	/* Once for each time that it is put back, which has a bound. */
	if (!t->is_pending)
		chronicle_say_take(a, EVENT_TAMPERED,
				   json_pack("{s:s, s:I}", "table", a->options.table,
					     "pid", (json_int_t)change->pid),
				   "table inet %s was %s", a->options.table, t->text);
	begin_repair(a, now);
}

void tamper_handle(struct agent *a)
{
	int r = nft_watch_read(a->watch);

	if (r == -ENOBUFS) {
		a->tamper.lost++;
		if (a->enforce.is_installed && !a->enforce.installed.is_owned)
			begin_repair(a, agent_now());
	}
	if (a->tamper.is_pending)
		enforce_update(a, agent_now());
}

void tamper_repaired(struct agent *a)
{
	struct tamper *t = &a->tamper;

	if (!t->is_pending)
		return;
	t->is_pending = false;
	t->repairs++;
	tampering_repaired(&t->pace, agent_now());
	/* Flows may have lost their marks while the rules were not there. */
	a->poll.wants_full = true;
	chronicle_say_take(a, EVENT_REPAIRED, NULL, "table inet %s was put back",
			   a->options.table);
}

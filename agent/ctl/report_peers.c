/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report_json.h"
#include <math.h>
#include <stdlib.h>

/* One remote address of an application: the sum of its flows. */
struct remote {
	struct addr addr;
	unsigned int flows;
	bool is_in, is_out, is_leg, is_trusted;
	uint64_t bytes_in, bytes_out;
	double rate_in, rate_out;
	UT_hash_handle hh;
};

static void add_flow(struct remote *p, const struct flow *f, uint64_t now_ns)
{
	struct rates rates = flow_rates(f, now_ns);

	p->flows++;
	p->is_in = p->is_in || f->is_inbound;
	p->is_out = p->is_out || !f->is_inbound;
	p->is_leg = p->is_leg || f->is_leg;
	p->is_trusted = !f->is_stranger;
	p->bytes_in += f->bytes_in;
	p->bytes_out += f->bytes_out;
	p->rate_in += rates.in;
	p->rate_out += rates.out;
}

/* `table` has room for a remote a flow. */
static struct remote *sum_flows(const struct app *app, const bool *may_see,
				struct remote *table, uint64_t now_ns)
{
	struct remote *head = NULL, *next = table;

	for (const struct flow *f = app->flows; f; f = f->next) {
		struct remote *p;

		if (may_see && !may_see[f->app])
			continue;
		HASH_FIND(hh, head, &f->key.remote, sizeof(f->key.remote), p);
		if (!p) {
			p = next++;
			p->addr = f->key.remote;
			HASH_ADD(hh, head, addr, sizeof(p->addr), p);
		}
		add_flow(p, f, now_ns);
	}
	return head;
}

static int compare_heaviest(const struct remote *a, const struct remote *b)
{
	uint64_t x = a->bytes_in + a->bytes_out, y = b->bytes_in + b->bytes_out;

	return x < y ? 1 : x > y ? -1 : 0;
}

static json_t *make_peer(const struct remote *p)
{
	const char *initiated = p->is_in && p->is_out ? "both"
				: p->is_in	      ? "in"
						      : "out";
	char text[ADDR_STRLEN];

	return json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:b, s:b}", "address",
			 addr_format(&p->addr, text), "initiated", initiated, "flows",
			 (json_int_t)p->flows, "bytes_in", report_unsigned(p->bytes_in),
			 "bytes_out", report_unsigned(p->bytes_out), "rate_in",
			 report_integer(p->rate_in), "rate_out",
			 report_integer(p->rate_out), "leg", p->is_leg, "trusted",
			 p->is_trusted);
}

json_t *report_peer_list(const struct app *app, const bool *may_see, uint64_t now_ns,
			 size_t *ret_total)
{
	struct remote *table, *head = NULL;
	size_t count = 0;
	json_t *list = json_array();

	for (const struct flow *f = app->flows; f; f = f->next)
		count++;
	table = calloc(count ? count : 1, sizeof(*table));
	if (!table || !list)
		goto fail;
	head = sum_flows(app, may_see, table, now_ns);
	HASH_SORT(head, compare_heaviest);
	for (const struct remote *p = head; p; p = p->hh.next) {
		if (json_array_size(list) == REPORT_PEERS_MAX)
			break;
		if (json_array_append_new(list, make_peer(p)) < 0)
			goto fail;
	}
	*ret_total = HASH_COUNT(head);
	HASH_CLEAR(hh, head);
	free(table);
	return list;
fail:
	HASH_CLEAR(hh, head);
	free(table);
	json_decref(list);
	return NULL;
}

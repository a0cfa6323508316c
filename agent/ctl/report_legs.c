/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pairs of peers an application passes traffic on between, strongest first. */
#include "ctl/report_json.h"
#include <string.h>

/* Two peers; a pair is there once, by its stronger flow. */
struct pair {
	struct addr a, b;
	float match;
	bool has_a, has_b;		   /* legs with them were met */
	uint64_t a_in, a_out, b_in, b_out; /* bytes of the legs with each */
};

struct pairs {
	struct pair list[REPORT_LEGS_MAX];
	size_t count;
};

static bool is_same_pair(const struct pair *p, const struct flow *f)
{
	return (addr_equal(&p->a, &f->key.remote) && addr_equal(&p->b, &f->partner)) ||
	       (addr_equal(&p->a, &f->partner) && addr_equal(&p->b, &f->key.remote));
}

/* One that carries what many bring is a leg without being half of a pair. */
static bool has_partner(const struct flow *f)
{
	const struct addr none = {{0}};

	return !addr_equal(&f->partner, &none);
}

/* The place of a flow among the strongest pairs, or -1 if it has none. */
static int find_place(const struct pairs *pairs, const struct flow *f)
{
	size_t place = pairs->count;

	for (size_t i = 0; i < pairs->count; i++) {
		if (pairs->list[i].match < f->match && place == pairs->count)
			place = i;
		if (is_same_pair(&pairs->list[i], f) && place > i)
			return -1;
	}
	return place < REPORT_LEGS_MAX ? (int)place : -1;
}

static void insert(struct pairs *pairs, size_t place, const struct flow *f)
{
	struct pair *list = pairs->list;
	size_t end = place;

	/* Up to the weaker flow of the same pair, which goes; else up to the last. */
	while (end < pairs->count && !is_same_pair(&list[end], f))
		end++;
	if (end == pairs->count && pairs->count < REPORT_LEGS_MAX)
		pairs->count++;
	else if (end == pairs->count)
		end--;
	memmove(list + place + 1, list + place, (end - place) * sizeof(*list));
	list[place] =
		(struct pair){.a = f->key.remote, .b = f->partner, .match = f->match};
}

static void add_bytes(struct pairs *pairs, const struct flow *f)
{
	for (size_t i = 0; i < pairs->count; i++) {
		struct pair *p = &pairs->list[i];

		if (addr_equal(&p->a, &f->key.remote)) {
			p->has_a = true;
			p->a_in += f->bytes_in;
			p->a_out += f->bytes_out;
		} else if (addr_equal(&p->b, &f->key.remote)) {
			p->has_b = true;
			p->b_in += f->bytes_in;
			p->b_out += f->bytes_out;
		}
	}
}

/* From the one who brought more to the other. */
static json_t *make_leg(const struct pair *p)
{
	bool is_back = p->b_in > p->a_in;
	char from[ADDR_STRLEN], to[ADDR_STRLEN];

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "from",
			 addr_format(is_back ? &p->b : &p->a, from), "to",
			 addr_format(is_back ? &p->a : &p->b, to), "bytes_in",
			 report_unsigned(is_back ? p->b_in : p->a_in), "bytes_out",
			 report_unsigned(is_back ? p->b_out : p->a_out), "to_in",
			 report_unsigned(is_back ? p->a_in : p->b_in), "to_out",
			 report_unsigned(is_back ? p->a_out : p->b_out), "correlation",
			 report_real((double)p->match));
}

static bool is_seen(const struct flow *f, const bool *may_see)
{
	return f->is_leg && (!may_see || may_see[f->app]);
}

/* The strongest, of flows that may be seen. */
static void collect(const struct app *app, const bool *may_see, struct pairs *pairs)
{
	for (const struct flow *f = app->flows; f; f = f->next) {
		int place = is_seen(f, may_see) && has_partner(f) ? find_place(pairs, f)
								  : -1;

		if (place >= 0)
			insert(pairs, (size_t)place, f);
	}
	for (const struct flow *f = app->flows; f; f = f->next)
		if (is_seen(f, may_see))
			add_bytes(pairs, f);
}

json_t *report_legs(const struct app *app, const bool *may_see)
{
	struct pairs pairs = {.count = 0};
	json_t *list = json_array();

	collect(app, may_see, &pairs);
	for (size_t i = 0; list && i < pairs.count; i++) {
		const struct pair *p = &pairs.list[i];

		/* The other half is somebody else's, and so is its peer. */
		if (may_see && !(p->has_a && p->has_b))
			continue;
		if (json_array_append_new(list, make_leg(p)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/shaper.h"
#include "kernel/rtnl.h"
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* Tries for a dump that the kernel calls inconsistent. */
#define DUMP_TRIES 4
/* Qdiscs of ours on what is no uplink that go in one update; more go in the next. */
#define STRAYS_MAX 16
/* Updates, one a second, that an uplink rests after a failure. */
#define REST_UPDATES 30

struct uplink {
	struct shaper_uplink state;
	bool is_ours, is_foreign; /* in the kernel now */
	bool has_removals;
	unsigned int rest;
};

struct shaper {
	struct rtnl rtnl;
	bool may_be_dirty; /* something of ours may be in the kernel */
	enum shaper_leaf leaf;
	struct uplink uplinks[SHAPER_UPLINKS_MAX];
	size_t uplink_count;
	struct shaper_uplink states[SHAPER_UPLINKS_MAX]; /* of these, to look at */
	uint32_t strays[STRAYS_MAX];
	size_t stray_count;
	struct queue_classes seen, wanted;
	bool is_overfull; /* more classes than can be ours */
	struct queue_changes changes;
};

/* --- talking to the kernel ---------------------------------------------------- */

static void take_nothing(void *context, const struct nlmsghdr *m)
{
	(void)context;
	(void)m;
}

/* What an encoder has put into the buffer. */
static int send_request(struct shaper *s)
{
	return rtnl_send(&s->rtnl, take_nothing, NULL);
}

static int dump(struct shaper *s, uint16_t type, uint32_t interface,
		nlread_callback *callback)
{
	int r = -EINTR;

	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		struct nlmsghdr *m =
			rtnl_begin(&s->rtnl, type, NLM_F_DUMP, sizeof(struct tcmsg));
		struct tcmsg *tc = mnl_nlmsg_get_payload(m);

		tc->tcm_ifindex = (int)interface;
		r = rtnl_send(&s->rtnl, callback, s);
	}
	return r;
}

static int remove_root(struct shaper *s, uint32_t interface)
{
	shaper_encode_root_removal(s->rtnl.buf, interface);
	return send_request(s);
}

/* --- what there is ------------------------------------------------------------ */

static struct uplink *find_uplink(struct shaper *s, uint32_t index)
{
	for (size_t i = 0; i < s->uplink_count; i++)
		if (s->uplinks[i].state.index == index)
			return &s->uplinks[i];
	return NULL;
}

static void take_qdisc(void *context, const struct nlmsghdr *m)
{
	struct shaper *s = context;
	struct shaper_qdisc q;
	struct uplink *u;

	if (!shaper_parse_qdisc(m, &q))
		return;
	u = find_uplink(s, q.interface);
	if (u) {
		u->is_ours |= q.is_our_root;
		u->is_foreign |= q.is_foreign;
	} else if (q.is_our_root && s->stray_count < STRAYS_MAX) {
		s->strays[s->stray_count++] = q.interface;
	}
}

/* A dump that is tried again begins from nothing. */
static int look_at_qdiscs(struct shaper *s)
{
	s->stray_count = 0;
	for (size_t i = 0; i < s->uplink_count; i++)
		s->uplinks[i].is_ours = s->uplinks[i].is_foreign = false;
	return dump(s, RTM_GETQDISC, 0, take_qdisc);
}

static void take_class(void *context, const struct nlmsghdr *m)
{
	struct shaper *s = context;
	struct queue_class class;

	if (!shaper_parse_class(m, &class))
		return;
	if (s->seen.count == QUEUE_CLASSES_MAX)
		s->is_overfull = true;
	else
		s->seen.items[s->seen.count++] = class;
}

static int compare_classes(const void *a, const void *b)
{
	const struct queue_class *x = a, *y = b;

	return (x->minor > y->minor) - (x->minor < y->minor);
}

static int look_at_classes(struct shaper *s, uint32_t interface)
{
	int r;

	s->seen.count = 0;
	s->is_overfull = false;
	r = dump(s, RTM_GETTCLASS, interface, take_class);
	if (r < 0)
		return r;
	qsort(s->seen.items, s->seen.count, sizeof(s->seen.items[0]), compare_classes);
	return s->is_overfull ? -E2BIG : 0;
}

/* --- making and changing ------------------------------------------------------ */

static int set_leaf(struct shaper *s, uint32_t interface,
		    const struct queue_class *class)
{
	int r;

	for (;;) {
		shaper_encode_leaf(s->rtnl.buf, interface, class, s->leaf);
		r = send_request(s);
		if (r != -ENOENT || s->leaf + 1 == LEAF_COUNT)
			return r;
		s->leaf++; /* the kernel has none of that kind */
	}
}

static int set_class(struct shaper *s, uint32_t interface,
		     const struct queue_class *class)
{
	int r;

	shaper_encode_class(s->rtnl.buf, interface, class);
	r = send_request(s);
	return r == 0 && class->is_leaf ? set_leaf(s, interface, class) : r;
}

/* The root, if it is not there, and all classes as they are wanted. */
static int uplink_fill(struct shaper *s, struct uplink *u)
{
	int r = 0;

	if (!u->is_ours) {
		shaper_encode_root(s->rtnl.buf, u->state.index);
		r = send_request(s);
		if (r < 0)
			return r == -EEXIST ? -EBUSY : r;
		u->is_ours = true;
	}
	r = look_at_classes(s, u->state.index);
	if (r < 0)
		return r;
	queue_diff(&s->seen, &s->wanted, &s->changes);
	for (size_t i = 0; i < s->changes.removals_at && r == 0; i++)
		r = set_class(s, u->state.index, &s->changes.items[i].class);
	u->has_removals = s->changes.count > s->changes.removals_at;
	return r;
}

static int uplink_empty(struct shaper *s, struct uplink *u)
{
	int r = u->is_ours ? remove_root(s, u->state.index) : 0;

	if (r == 0)
		u->is_ours = false;
	return r;
}

/* What another run left may not be changeable into what we want: then it goes first. */
static int uplink_refill(struct shaper *s, struct uplink *u)
{
	bool was_ours = u->is_ours;
	int r = uplink_fill(s, u);

	if (r < 0 && was_ours && uplink_empty(s, u) == 0)
		r = uplink_fill(s, u);
	return r;
}

static void uplink_prepare(struct shaper *s, struct uplink *u)
{
	u->has_removals = false;
	if (u->is_foreign) {
		u->state.error = -EBUSY;
		u->rest = 0;
		return;
	}
	if (u->rest) {
		u->rest--;
		return;
	}
	u->state.error = uplink_refill(s, u);
	if (u->state.error == 0)
		return;
	u->rest = REST_UPDATES;
	uplink_empty(s, u); /* half of it would be worse than none */
}

/* Those that stay keep their state. */
static void set_uplinks(struct shaper *s, const uint32_t *indexes, size_t count)
{
	struct uplink fresh[SHAPER_UPLINKS_MAX] = {0};

	if (count > SHAPER_UPLINKS_MAX)
		count = SHAPER_UPLINKS_MAX;
	for (size_t i = 0; i < count; i++) {
		const struct uplink *before = find_uplink(s, indexes[i]);

		if (before)
			fresh[i] = *before;
		fresh[i].state.index = indexes[i];
	}
	memcpy(s->uplinks, fresh, sizeof(fresh));
	s->uplink_count = count;
}

int shaper_prepare(struct shaper *s, const struct queue_classes *wanted,
		   const uint32_t *uplinks, size_t count)
{
	int r;

	s->wanted = *wanted;
	set_uplinks(s, uplinks, wanted->count ? count : 0);
	if (!s->uplink_count && !s->may_be_dirty)
		return 0;
	s->may_be_dirty = true;
	r = look_at_qdiscs(s);
	for (size_t i = 0; i < s->uplink_count; i++) {
		if (r == 0)
			uplink_prepare(s, &s->uplinks[i]);
		else
			s->uplinks[i].state.error = r;
		s->states[i] = s->uplinks[i].state;
	}
	return r;
}

/* --- removing ----------------------------------------------------------------- */

static void remove_classes(struct shaper *s, uint32_t interface)
{
	int r = look_at_classes(s, interface);

	if (r < 0)
		return;
	queue_diff(&s->seen, &s->wanted, &s->changes);
	for (size_t i = s->changes.removals_at; i < s->changes.count; i++) {
		shaper_encode_class_removal(s->rtnl.buf, interface,
					    &s->changes.items[i].class);
		send_request(s); /* what fails is there at the next look */
	}
}

void shaper_finish(struct shaper *s)
{
	bool is_clean = s->uplink_count == 0 && s->stray_count < STRAYS_MAX;

	if (!s->may_be_dirty)
		return;
	for (size_t i = 0; i < s->uplink_count; i++)
		if (s->uplinks[i].state.error == 0 && s->uplinks[i].has_removals)
			remove_classes(s, s->uplinks[i].state.index);
	for (size_t i = 0; i < s->stray_count; i++)
		is_clean &= remove_root(s, s->strays[i]) == 0;
	s->may_be_dirty = !is_clean;
}

/* --- life and questions ------------------------------------------------------- */

int shaper_open(struct shaper **ret_shaper)
{
	struct shaper *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->may_be_dirty = true; /* by an earlier run */
	r = rtnl_init(&s->rtnl);
	if (r < 0) {
		shaper_close(s);
		return r;
	}
	*ret_shaper = s;
	return 0;
}

void shaper_close(struct shaper *s)
{
	if (!s)
		return;
	rtnl_done(&s->rtnl);
	free(s);
}

const struct shaper_uplink *shaper_uplinks(const struct shaper *s, size_t *ret_count)
{
	*ret_count = s->uplink_count;
	return s->states;
}

const char *shaper_leaf_name(const struct shaper *s)
{
	return shaper_leaf_kind(s->leaf);
}

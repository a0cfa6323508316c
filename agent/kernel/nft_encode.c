/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_encode.h"
#include "kernel/nft_callers.h"
#include "kernel/nft_hold.h"
#include "kernel/nft_nat.h"
#include "kernel/nft_rules.h"
#include "kernel/nft_sets.h"
#include "kernel/nft_shape.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/udata.h>
#include <stdio.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* After the common filters at 0: what they drop is neither counted nor limited. */
#define CHAIN_PRIORITY 10

/*
 * The bucket of a kernel limit holds one second of the rate plus the burst, and is full
 * at first: every change of a rate lets that pass once more, for the kernel changes no
 * limit in place. So it is kept as small as it can be: 64 KiB is the largest packet
 * that segmentation offload makes, which a smaller bucket would never let pass.
 */
#define LIMIT_BUCKET_LEAST 65536
/* The kernel counts (rate + burst) nanoseconds in 64 bits and refuses more. */
#define LIMIT_RATE_MAX 18000000000u

/* --- messages ----------------------------------------------------------------- */

struct nlmsghdr *nft_message_begin(struct nft_encoder *e, uint16_t type, uint16_t flags)
{
	struct nft_buffer *buf = e->buf;

	if (!e->error && buf->size - buf->used < NFT_MESSAGE_ROOM)
		e->error = -ENOBUFS;
	if (e->error)
		return NULL;
	return nftnl_nlmsg_build_hdr((char *)buf->data + buf->used, type, NFPROTO_INET,
				     flags, buf->seq);
}

void nft_message_end(struct nft_encoder *e, const struct nlmsghdr *message)
{
	e->buf->used += NLMSG_ALIGN(message->nlmsg_len);
}

void nft_fail_without_memory(struct nft_encoder *e)
{
	if (!e->error)
		e->error = -ENOMEM;
}

/* --- table and chains --------------------------------------------------------- */

void nft_put_table(struct nft_encoder *e, uint16_t type, uint16_t netlink_flags,
		   uint32_t table_flags)
{
	struct nlmsghdr *message = nft_message_begin(e, type, netlink_flags);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, e->table);
	/* Left out it means "as it is" for a table that exists. */
	if (table_flags)
		mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(table_flags));
	nft_message_end(e, message);
}

static struct nftnl_chain *chain_new(struct nft_encoder *e, const char *name)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c) {
		nft_fail_without_memory(e);
		return NULL;
	}
	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, e->table);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, name);
	return c;
}

static void put_chain_take(struct nft_encoder *e, struct nftnl_chain *c)
{
	struct nlmsghdr *message =
		nft_message_begin(e, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);

	if (message) {
		nftnl_chain_nlmsg_build_payload(message, c);
		nft_message_end(e, message);
	}
	if (c)
		nftnl_chain_free(c);
}

void nft_put_chain(struct nft_encoder *e, const char *name)
{
	put_chain_take(e, chain_new(e, name));
}

void nft_put_base_chain(struct nft_encoder *e, const char *name, uint32_t hook,
			int32_t priority)
{
	struct nftnl_chain *c = chain_new(e, name);

	if (c) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, hook);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, priority);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	}
	put_chain_take(e, c);
}

/* Without a handle the kernel deletes all rules of the chain. */
void nft_flush_chain(struct nft_encoder *e, const char *name)
{
	struct nlmsghdr *message = nft_message_begin(e, NFT_MSG_DELRULE, 0);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, e->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, name);
	nft_message_end(e, message);
}

void nft_delete_chain(struct nft_encoder *e, const char *name)
{
	struct nlmsghdr *message = nft_message_begin(e, NFT_MSG_DELCHAIN, 0);

	if (!message)
		return;
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, e->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, name);
	nft_message_end(e, message);
}

/* --- objects ------------------------------------------------------------------ */

struct nftnl_obj *nft_object_new(struct nft_encoder *e, uint32_t type, const char *name)
{
	struct nftnl_obj *o = nftnl_obj_alloc();

	if (!o) {
		nft_fail_without_memory(e);
		return NULL;
	}
	nftnl_obj_set_str(o, NFTNL_OBJ_TABLE, e->table);
	nftnl_obj_set_str(o, NFTNL_OBJ_NAME, name);
	nftnl_obj_set_u32(o, NFTNL_OBJ_TYPE, type);
	return o;
}

void nft_put_object_take(struct nft_encoder *e, uint16_t type, struct nftnl_obj *o)
{
	bool is_new = type == NFT_MSG_NEWOBJ;
	struct nlmsghdr *message =
		nft_message_begin(e, type, is_new ? NLM_F_CREATE | NLM_F_EXCL : 0);

	if (message) {
		nftnl_obj_nlmsg_build_payload(message, o);
		nft_message_end(e, message);
	}
	if (o)
		nftnl_obj_free(o);
}

/* A process chooses its name, and an admin may save `nft list` and load it again: no
 * quote ends the string early, nothing moves the cursor. */
static void comment_clean(const char *comment, char *buf, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && comment[i]; i++) {
		bool is_plain = comment[i] >= ' ' && comment[i] <= '~' &&
				comment[i] != '"' && comment[i] != '\\';

		buf[i] = is_plain ? comment[i] : '?';
	}
	buf[i] = '\0';
}

void nft_object_set_comment(struct nft_encoder *e, struct nftnl_obj *o,
			    const char *comment)
{
	struct nftnl_udata_buf *u = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	char clean[128];

	if (!u) {
		nft_fail_without_memory(e);
		return;
	}
	comment_clean(comment, clean, sizeof(clean));
	if (clean[0] && nftnl_udata_put_strz(u, NFTNL_UDATA_OBJ_COMMENT, clean))
		nftnl_obj_set_data(o, NFTNL_OBJ_USERDATA, nftnl_udata_buf_data(u),
				   nftnl_udata_buf_len(u));
	nftnl_udata_buf_free(u);
}

void nft_put_counter(struct nft_encoder *e, const char *name)
{
	struct nftnl_obj *o = nft_object_new(e, NFT_OBJECT_COUNTER, name);

	if (o) {
		nftnl_obj_set_u64(o, NFTNL_OBJ_CTR_PKTS, 0);
		nftnl_obj_set_u64(o, NFTNL_OBJ_CTR_BYTES, 0);
	}
	nft_put_object_take(e, NFT_MSG_NEWOBJ, o);
}

/* --- steps -------------------------------------------------------------------- */

static void encode_forward(struct nft_encoder *e, bool is_wanted)
{
	if (is_wanted) {
		nft_put_base_chain(e, NFT_FORWARD_CHAIN, NF_INET_FORWARD,
				   CHAIN_PRIORITY);
		nft_rules_forward(e);
		return;
	}
	nft_flush_chain(e, NFT_FORWARD_CHAIN);
	nft_delete_chain(e, NFT_FORWARD_CHAIN);
}

static void encode_levels(struct nft_encoder *e)
{
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		nft_flush_chain(e, nft_side_of((enum direction)d)->mark_chain);
		nft_rules_mark(e, (enum direction)d);
	}
}

static void encode_cutting(struct nft_encoder *e)
{
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		nft_flush_chain(e, nft_side_of((enum direction)d)->cut_chain);
		nft_rules_cut(e, (enum direction)d);
	}
}

/* A chain is there before a rule jumps to it. */
static void encode_chains(struct nft_encoder *e, enum direction d)
{
	const struct nft_side *side = nft_side_of(d);

	nft_put_base_chain(e, side->chain,
			   d == DIRECTION_IN ? NF_INET_LOCAL_IN : NF_INET_LOCAL_OUT,
			   CHAIN_PRIORITY);
	nft_put_chain(e, side->mark_chain);
	nft_put_chain(e, side->cut_chain);
	nft_put_chain(e, side->refuse_chain);
	nft_put_chain(e, side->guest_chain);
	nft_put_chain(e, side->shape_chain);
	nft_rules_base(e, d);
	nft_rules_guest(e, d);
	nft_rules_mark(e, d);
	nft_rules_cut(e, d);
	nft_rules_refuse(e, d);
}

static void encode_create(struct nft_encoder *e)
{
	bool is_owned = e->wanted->is_owned && e->features->has_owner_flag;

	/* Whatever is left of an earlier run goes: added so that there is something to
	 * delete, deleted, and added anew. */
	nft_put_table(e, NFT_MSG_NEWTABLE, NLM_F_CREATE, 0);
	nft_put_table(e, NFT_MSG_DELTABLE, 0, 0);
	nft_put_table(e, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL,
		      is_owned ? NFT_TABLE_F_OWNER : 0);
	nft_sets_create(e);
	nft_hold_create(e);
	nft_put_counter(e, NFT_UNLISTED_COUNTER);
	for (int d = 0; d < DIRECTION_COUNT; d++)
		encode_chains(e, (enum direction)d);
	nft_quotas_create(e);
}

const char *nft_counter_name(enum direction d, uint8_t number,
			     char buf[static NFT_NAME_SIZE])
{
	snprintf(buf, NFT_NAME_SIZE, "%s_%u", d == DIRECTION_IN ? "in" : "out", number);
	return buf;
}

const char *nft_refused_name(enum direction d, uint8_t number,
			     char buf[static NFT_NAME_SIZE])
{
	snprintf(buf, NFT_NAME_SIZE, "%s_%u", nft_side_of(d)->refused, number);
	return buf;
}

const char *nft_guarded_name(enum direction d, uint8_t number,
			     char buf[static NFT_NAME_SIZE])
{
	snprintf(buf, NFT_NAME_SIZE, "%s_%u", nft_side_of(d)->guarded, number);
	return buf;
}

static void add_counter(struct nft_encoder *e, uint8_t number, const char *name)
{
	struct nftnl_obj *o = nft_object_new(e, NFT_OBJECT_COUNTER, name);

	if (o) {
		nft_object_set_comment(e, o, e->wanted->apps[number].comment);
		nftnl_obj_set_u64(o, NFTNL_OBJ_CTR_PKTS, 0);
		nftnl_obj_set_u64(o, NFTNL_OBJ_CTR_BYTES, 0);
	}
	nft_put_object_take(e, NFT_MSG_NEWOBJ, o);
}

static void remove_counter(struct nft_encoder *e, const char *name)
{
	nft_put_object_take(e, NFT_MSG_DELOBJ,
			    nft_object_new(e, NFT_OBJECT_COUNTER, name));
}

/* A counter of an application, and the element of `map` that leads to it. */
static void encode_counter(struct nft_encoder *e, const struct plan_step *step,
			   const char *map, const char *name)
{
	uint32_t key = mark_of(&e->wanted->layout, step->number, 0);

	if (step->kind == STEP_APP_REMOVE || step->kind == STEP_REFUSED_REMOVE) {
		nft_put_element(e, NFT_MSG_DELSETELEM, map, &key, sizeof(key), NULL,
				NULL);
		remove_counter(e, name);
		return;
	}
	add_counter(e, step->number, name);
	nft_put_element(e, NFT_MSG_NEWSETELEM, map, &key, sizeof(key), name, NULL);
}

static void encode_guard(struct nft_encoder *e, const struct plan_step *step)
{
	char name[NFT_NAME_SIZE];

	for (int i = 0; i < DIRECTION_COUNT; i++) {
		enum direction d = (enum direction)i;

		nft_guarded_name(d, step->number, name);
		if (step->kind == STEP_GUARD_ADD)
			add_counter(e, step->number, name);
		nft_shape_guard(e, step, d, name);
		if (step->kind == STEP_GUARD_REMOVE)
			remove_counter(e, name);
	}
}

static void encode_app(struct nft_encoder *e, const struct plan_step *step)
{
	char name[NFT_NAME_SIZE];

	for (int i = 0; i < DIRECTION_COUNT; i++) {
		enum direction d = (enum direction)i;

		encode_counter(e, step, nft_side_of(d)->counters,
			       nft_counter_name(d, step->number, name));
	}
}

/* A mark into one of the sets, or out of it. */
static void put_mark(struct nft_encoder *e, const struct plan_step *step,
		     const char *set, uint32_t flags)
{
	uint32_t mark = mark_of(&e->wanted->layout, step->number, flags);
	bool is_new = step->kind == STEP_CUT_ADD || step->kind == STEP_REFUSED_ADD;

	nft_put_element(e, is_new ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, set, &mark,
			sizeof(mark), NULL, NULL);
}

static void encode_refused(struct nft_encoder *e, const struct plan_step *step)
{
	char name[NFT_NAME_SIZE];

	for (int i = 0; i < DIRECTION_COUNT; i++) {
		enum direction d = (enum direction)i;

		encode_counter(e, step, nft_side_of(d)->refused,
			       nft_refused_name(d, step->number, name));
	}
	put_mark(e, step, "cut", e->wanted->layout.blocked);
}

static void encode_cut(struct nft_encoder *e, const struct plan_step *step)
{
	if (step->cut == CUT_CALLS)
		put_mark(e, step, "calls", 0);
	else if (step->cut == CUT_ALL)
		put_mark(e, step, "cut", 0);
	else if (step->cut == CUT_PEERS)
		put_mark(e, step, "full", 0);
	else
		e->error = -EINVAL;
}

void nft_object_set_limit(struct nftnl_obj *o, uint64_t rate)
{
	if (rate > LIMIT_RATE_MAX)
		rate = LIMIT_RATE_MAX;
	nftnl_obj_set_u64(o, NFTNL_OBJ_LIMIT_RATE, rate);
	nftnl_obj_set_u64(o, NFTNL_OBJ_LIMIT_UNIT, 1); /* second */
	nftnl_obj_set_u32(
		o, NFTNL_OBJ_LIMIT_BURST,
		rate < LIMIT_BUCKET_LEAST ? LIMIT_BUCKET_LEAST - (uint32_t)rate : 0);
	nftnl_obj_set_u32(o, NFTNL_OBJ_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES);
	nftnl_obj_set_u32(o, NFTNL_OBJ_LIMIT_FLAGS, NFT_LIMIT_F_INV);
}

/* The marks a limit is found by: the rate's has no LEG, a relay's may have. */
static void put_limit_elements(struct nft_encoder *e, const struct plan_step *step,
			       const char *name)
{
	const struct mark_layout *l = &e->wanted->layout;
	const struct nft_side *side = nft_side_of(step->direction);
	const char *map = step->is_relay_limit ? side->relay : side->rate;
	bool is_new = step->kind == STEP_LIMIT_ADD;
	uint16_t type = is_new ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
	uint32_t own = mark_of(l, step->number, 0);
	uint32_t leg = mark_of(l, step->number, l->leg);
	const char *object = is_new ? name : NULL;

	if (!step->is_relay_limit || !step->legs_only)
		nft_put_element(e, type, map, &own, sizeof(own), object, NULL);
	if (step->is_relay_limit)
		nft_put_element(e, type, map, &leg, sizeof(leg), object, NULL);
}

const char *nft_limit_name(const struct plan_step *step, char buf[static NFT_NAME_SIZE])
{
	const struct nft_side *side = nft_side_of(step->direction);

	snprintf(buf, NFT_NAME_SIZE, "%s_%u",
		 step->is_relay_limit ? side->relay : side->rate, step->number);
	return buf;
}

static void encode_limit(struct nft_encoder *e, const struct plan_step *step)
{
	char name[NFT_NAME_SIZE];
	struct nftnl_obj *o;

	o = nft_object_new(e, NFT_OBJECT_LIMIT, nft_limit_name(step, name));
	if (step->kind == STEP_LIMIT_REMOVE) {
		put_limit_elements(e, step, name);
		nft_put_object_take(e, NFT_MSG_DELOBJ, o);
		return;
	}
	if (o)
		nft_object_set_limit(o, step->rate);
	nft_put_object_take(e, NFT_MSG_NEWOBJ, o);
	put_limit_elements(e, step, name);
}

static void encode_port(struct nft_encoder *e, const struct plan_step *step)
{
	uint32_t mark = mark_of(&e->wanted->layout, step->port.number, 0);
	bool is_new = step->kind == STEP_PORT_ADD;
	/* Fields of a concatenation fill 32-bit registers from the left. */
	struct {
		uint8_t proto, pad[3];
		uint16_t port, pad2;
	} key = {.proto = step->port.proto, .port = htons(step->port.port)};

	nft_put_element(e, is_new ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, "ports",
			&key, sizeof(key), NULL, is_new ? &mark : NULL);
}

static void encode_cgroup(struct nft_encoder *e, const struct plan_step *step)
{
	const struct plan_cgroup *c = &step->cgroup;
	uint32_t mark = mark_of(&e->wanted->layout, c->number, 0);
	bool is_new = step->kind == STEP_CGROUP_ADD;
	char map[NFT_NAME_SIZE];

	if (c->level < 1 || c->level > PLAN_CGROUP_LEVEL_MAX) {
		e->error = -EINVAL;
		return;
	}
	nft_put_element(e, is_new ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
			nft_cgroups_name(c->level, map), &c->id, sizeof(c->id), NULL,
			is_new ? &mark : NULL);
}

static void encode_step(struct nft_encoder *e, const struct plan_step *step)
{
	switch (step->kind) {
	case STEP_CREATE:
		encode_create(e);
		return;
	case STEP_APP_ADD:
	case STEP_APP_REMOVE:
		encode_app(e, step);
		return;
	case STEP_REFUSED_ADD:
	case STEP_REFUSED_REMOVE:
		encode_refused(e, step);
		return;
	case STEP_CUT_ADD:
	case STEP_CUT_REMOVE:
		encode_cut(e, step);
		return;
	case STEP_LIMIT_ADD:
	case STEP_LIMIT_REMOVE:
		encode_limit(e, step);
		return;
	case STEP_QUOTA_ADD:
	case STEP_QUOTA_REMOVE:
		nft_encode_quota(e, step);
		return;
	case STEP_QUOTAS_SET:
		nft_quotas_set(e);
		return;
	case STEP_NAT_ADD:
	case STEP_NAT_REMOVE:
		nft_put_nat(e, step->kind == STEP_NAT_ADD);
		return;
	case STEP_NAT_APP_ADD:
	case STEP_NAT_APP_REMOVE:
		nft_put_nat_app(e, step);
		return;
	case STEP_PORT_ADD:
	case STEP_PORT_REMOVE:
		encode_port(e, step);
		return;
	case STEP_CGROUP_ADD:
	case STEP_CGROUP_REMOVE:
		encode_cgroup(e, step);
		return;
	case STEP_GUEST_ADD:
	case STEP_GUEST_REMOVE:
		nft_put_guest(e,
			      step->kind == STEP_GUEST_ADD ? NFT_MSG_NEWSETELEM
							   : NFT_MSG_DELSETELEM,
			      &step->guest);
		return;
	case STEP_FORWARD_ADD:
	case STEP_FORWARD_REMOVE:
		encode_forward(e, step->kind == STEP_FORWARD_ADD);
		return;
	case STEP_TRUSTED_SET:
		nft_sets_trust(e);
		return;
	case STEP_LEVELS_SET:
		encode_levels(e);
		return;
	case STEP_CUTTING_SET:
		encode_cutting(e);
		return;
	case STEP_CLASS_ADD:
	case STEP_CLASS_REMOVE:
		nft_shape_class(e, step);
		return;
	case STEP_GUARD_ADD:
	case STEP_GUARD_REMOVE:
		encode_guard(e, step);
		return;
	case STEP_SHAPING_SET:
		nft_shape_set(e);
		return;
	}
	e->error = -EINVAL;
}

int nft_encode_step(struct nft_buffer *buf, const char *table,
		    const struct nft_features *features, const struct plan *wanted,
		    const struct plan_step *step)
{
	struct nft_encoder e = {
		.buf = buf, .table = table, .features = features, .wanted = wanted};
	size_t used = buf->used;

	encode_step(&e, step);
	if (e.error)
		buf->used = used;
	else
		buf->seq++;
	return e.error;
}

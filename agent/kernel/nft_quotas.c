/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quotas: an object for each application that has one, which counts both directions,
 * and chains of their own, which are there only while a quota is. They come after the
 * limits, so that only what passes those is counted.
 */
#include "kernel/nft_encode.h"
#include "kernel/nft_handle.h"
#include "kernel/nft_rules.h"
#include "kernel/nft_sets.h"
#include <endian.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/udata.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* Behind the chains that count, cut and limit. */
#define CHAIN_PRIORITY 11

const char *nft_quota_name(uint8_t number, char buf[static NFT_NAME_SIZE])
{
	snprintf(buf, NFT_NAME_SIZE, "quota_%u", number);
	return buf;
}

/* --- what is wanted ------------------------------------------------------------ */

static void create_chains(struct nft_encoder *e, enum direction d)
{
	const struct nft_side *side = nft_side_of(d);

	nft_put_chain(e, side->over_chain);
	nft_put_chain(e, side->quota_chain);
	nft_put_base_chain(e, side->quota_hook,
			   d == DIRECTION_IN ? NF_INET_LOCAL_IN : NF_INET_LOCAL_OUT,
			   CHAIN_PRIORITY);
	nft_rules_over(e, d);
	nft_rules_quota(e, d);
}

/* Rules first: a chain that is jumped to stays. */
static void remove_chains(struct nft_encoder *e)
{
	const struct nft_side *in = nft_side_of(DIRECTION_IN);
	const struct nft_side *out = nft_side_of(DIRECTION_OUT);
	const char *const chains[] = {NFT_QUOTA_FORWARD_CHAIN, in->quota_hook,
				      out->quota_hook,	       in->quota_chain,
				      out->quota_chain,	       in->over_chain,
				      out->over_chain};
	const size_t count = sizeof(chains) / sizeof(chains[0]);

	for (size_t i = 0; i < count; i++)
		nft_flush_chain(e, chains[i]);
	for (size_t i = 0; i < count; i++)
		nft_delete_chain(e, chains[i]);
}

void nft_quotas_create(struct nft_encoder *e)
{
	if (!plan_has_quotas(e->wanted))
		return;
	for (int d = 0; d < DIRECTION_COUNT; d++)
		create_chains(e, (enum direction)d);
	nft_put_base_chain(e, NFT_QUOTA_FORWARD_CHAIN, NF_INET_FORWARD, CHAIN_PRIORITY);
	nft_rules_quota_forward(e);
}

void nft_quotas_set(struct nft_encoder *e)
{
	if (plan_has_quotas(e->wanted))
		nft_quotas_create(e);
	else
		remove_chains(e);
}

/* The kernel refuses an object that begins beyond its quota. */
static void set_quota(struct nft_encoder *e, struct nftnl_obj *o,
		      const struct plan_step *step)
{
	const struct plan_app *a = &e->wanted->apps[step->number];
	const struct plan_quota *q = &step->quota;
	char comment[sizeof(a->comment) + sizeof(q->label)];

	snprintf(comment, sizeof(comment), "%s %s", q->label, a->comment);
	nft_object_set_comment(e, o, comment);
	nftnl_obj_set_u64(o, NFTNL_OBJ_QUOTA_BYTES, q->bytes);
	nftnl_obj_set_u64(o, NFTNL_OBJ_QUOTA_CONSUMED,
			  q->used < q->bytes ? q->used : q->bytes);
	nftnl_obj_set_u32(o, NFTNL_OBJ_QUOTA_FLAGS, NFT_QUOTA_F_INV);
}

static void encode_object(struct nft_encoder *e, const struct plan_step *step)
{
	uint32_t key = mark_of(&e->wanted->layout, step->number, 0);
	char name[NFT_NAME_SIZE];
	struct nftnl_obj *o =
		nft_object_new(e, NFT_OBJECT_QUOTA, nft_quota_name(step->number, name));

	if (step->kind == STEP_QUOTA_REMOVE) {
		nft_put_element(e, NFT_MSG_DELSETELEM, "quotas", &key, sizeof(key),
				NULL, NULL);
		nft_put_object_take(e, NFT_MSG_DELOBJ, o);
		return;
	}
	if (o)
		set_quota(e, o, step);
	nft_put_object_take(e, NFT_MSG_NEWOBJ, o);
	nft_put_element(e, NFT_MSG_NEWSETELEM, "quotas", &key, sizeof(key), name, NULL);
}

/* What is left to one that is beyond its quota. */
static void encode_rate(struct nft_encoder *e, const struct plan_step *step,
			enum direction d)
{
	const char *map = nft_side_of(d)->over_rate;
	uint32_t key = mark_of(&e->wanted->layout, step->number, 0);
	char name[NFT_NAME_SIZE];
	struct nftnl_obj *o;

	snprintf(name, sizeof(name), "%s_%u", map, step->number);
	o = nft_object_new(e, NFT_OBJECT_LIMIT, name);
	if (step->kind == STEP_QUOTA_REMOVE) {
		nft_put_element(e, NFT_MSG_DELSETELEM, map, &key, sizeof(key), NULL,
				NULL);
		nft_put_object_take(e, NFT_MSG_DELOBJ, o);
		return;
	}
	if (o)
		nft_object_set_limit(o, step->quota.rate[d]);
	nft_put_object_take(e, NFT_MSG_NEWOBJ, o);
	nft_put_element(e, NFT_MSG_NEWSETELEM, map, &key, sizeof(key), name, NULL);
}

void nft_encode_quota(struct nft_encoder *e, const struct plan_step *step)
{
	uint32_t key = mark_of(&e->wanted->layout, step->number, 0);
	bool is_new = step->kind == STEP_QUOTA_ADD;

	if (step->quota.action == QUOTA_BLOCK)
		nft_put_element(e, is_new ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
				"over_block", &key, sizeof(key), NULL, NULL);
	for (int d = 0; d < DIRECTION_COUNT; d++)
		if (step->quota.action == QUOTA_SHAPE && step->quota.rate[d])
			encode_rate(e, step, (enum direction)d);
	encode_object(e, step);
}

/* --- what is there ------------------------------------------------------------- */

struct quota_object {
	const char *name;
	const struct nlattr *data, *userdata;
};

static int take_object(const struct nlattr *attr, void *context)
{
	struct quota_object *o = context;
	int type = mnl_attr_get_type(attr);

	if (type == NFTA_OBJ_NAME && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		o->name = mnl_attr_get_str(attr);
	else if (type == NFTA_OBJ_DATA && mnl_attr_validate(attr, MNL_TYPE_NESTED) == 0)
		o->data = attr;
	else if (type == NFTA_OBJ_USERDATA)
		o->userdata = attr;
	return MNL_CB_OK;
}

static int take_consumed(const struct nlattr *attr, void *context)
{
	uint64_t *consumed = context;

	if (mnl_attr_get_type(attr) == NFTA_QUOTA_CONSUMED &&
	    mnl_attr_validate(attr, MNL_TYPE_U64) == 0)
		*consumed = be64toh(mnl_attr_get_u64(attr));
	return MNL_CB_OK;
}

static int take_comment(const struct nftnl_udata *u, void *context)
{
	struct nft_quota *quota = context;

	if (nftnl_udata_type(u) == NFTNL_UDATA_OBJ_COMMENT)
		snprintf(quota->comment, sizeof(quota->comment), "%.*s",
			 (int)nftnl_udata_len(u), (const char *)nftnl_udata_get(u));
	return 0;
}

static void parse_quota(const struct nlmsghdr *message, void *context)
{
	struct nft_quotas *quotas = context;
	struct quota_object o = {0};
	struct nft_quota *q;
	unsigned int number;
	char end;

	mnl_attr_parse(message, sizeof(struct nfgenmsg), take_object, &o);
	if (!o.name || !o.data || sscanf(o.name, "quota_%3u%c", &number, &end) != 1 ||
	    number >= APP_NUMBER_COUNT)
		return;
	q = &quotas->app[number];
	q->is_there = true;
	mnl_attr_parse_nested(o.data, take_consumed, &q->consumed);
	if (o.userdata)
		nftnl_udata_parse(mnl_attr_get_payload(o.userdata),
				  mnl_attr_get_payload_len(o.userdata), take_comment,
				  q);
}

int nft_read_quotas(struct nft *n, struct nft_quotas *ret_quotas)
{
	return nft_dump_objects(n, NFT_OBJECT_QUOTA, parse_quota, ret_quotas,
				sizeof(*ret_quotas));
}

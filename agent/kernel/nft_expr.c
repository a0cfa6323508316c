/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_expr.h"
#include <libnftnl/expr.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>

/* The new last expression of the rule, or NULL. */
static struct nftnl_expr *append(struct nft_rule_builder *b, const char *name)
{
	struct nftnl_expr *e = b->has_failed ? NULL : nftnl_expr_alloc(name);

	if (e)
		nftnl_rule_add_expr(b->rule, e);
	else
		b->has_failed = true;
	return e;
}

static void set_text(struct nft_rule_builder *b, struct nftnl_expr *e,
		     uint16_t attribute, const char *text)
{
	if (nftnl_expr_set_str(e, attribute, text) < 0)
		b->has_failed = true;
}

static void expr_ct_load(struct nft_rule_builder *b, enum nft_ct_keys key)
{
	struct nftnl_expr *e = append(b, "ct");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
}

void expr_ct_mark(struct nft_rule_builder *b)
{
	expr_ct_load(b, NFT_CT_MARK);
}

void expr_ct_mark_masked(struct nft_rule_builder *b, uint32_t mask)
{
	expr_ct_mark(b);
	expr_bitwise(b, mask, 0);
}

void expr_ct_state(struct nft_rule_builder *b, enum ip_conntrack_info state)
{
	expr_ct_load(b, NFT_CT_STATE);
	expr_bitwise(b, NF_CT_STATE_BIT((uint32_t)state), 0);
	expr_compare_u32(b, NFT_CMP_NEQ, 0);
}

void expr_ct_bytes(struct nft_rule_builder *b)
{
	struct nftnl_expr *e;

	expr_ct_load(b, NFT_CT_BYTES);
	e = append(b, "byteorder");
	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_LEN, sizeof(uint64_t));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_SIZE, sizeof(uint64_t));
}

void expr_meta(struct nft_rule_builder *b, enum nft_meta_keys key)
{
	struct nftnl_expr *e = append(b, "meta");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

void expr_socket_cgroup(struct nft_rule_builder *b, unsigned int level)
{
	struct nftnl_expr *e = append(b, "socket");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_SOCKET_KEY, NFT_SOCKET_CGROUPV2);
	nftnl_expr_set_u32(e, NFTNL_EXPR_SOCKET_LEVEL, level);
	nftnl_expr_set_u32(e, NFTNL_EXPR_SOCKET_DREG, NFT_REG_1);
}

void expr_payload(struct nft_rule_builder *b, enum nft_payload_bases base,
		  uint32_t offset, uint32_t size, enum nft_registers to)
{
	struct nftnl_expr *e = append(b, "payload");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, size);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, to);
}

void expr_compare(struct nft_rule_builder *b, enum nft_cmp_ops op, const void *data,
		  uint32_t size)
{
	struct nftnl_expr *e = append(b, "cmp");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set_data(e, NFTNL_EXPR_CMP_DATA, data, size);
}

void expr_compare_u32(struct nft_rule_builder *b, enum nft_cmp_ops op, uint32_t data)
{
	expr_compare(b, op, &data, sizeof(data));
}

void expr_in_set(struct nft_rule_builder *b, const char *set)
{
	struct nftnl_expr *e = append(b, "lookup");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	set_text(b, e, NFTNL_EXPR_LOOKUP_SET, set);
}

void expr_map(struct nft_rule_builder *b, const char *map)
{
	struct nftnl_expr *e = append(b, "lookup");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1);
	set_text(b, e, NFTNL_EXPR_LOOKUP_SET, map);
}

void expr_object(struct nft_rule_builder *b, const char *map)
{
	struct nftnl_expr *e = append(b, "objref");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_SET_SREG, NFT_REG_1);
	set_text(b, e, NFTNL_EXPR_OBJREF_SET_NAME, map);
}

void expr_count_in_set(struct nft_rule_builder *b, const char *set, uint64_t kept_ms)
{
	struct nftnl_expr *e = append(b, "dynset"), *counter;

	if (!e)
		return;
	counter = nftnl_expr_alloc("counter");
	if (!counter) {
		b->has_failed = true;
		return;
	}
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set_u64(e, NFTNL_EXPR_DYNSET_TIMEOUT, kept_ms);
	set_text(b, e, NFTNL_EXPR_DYNSET_SET_NAME, set);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_FLAGS, NFT_DYNSET_F_INV);
	nftnl_expr_set(e, NFTNL_EXPR_DYNSET_EXPR, counter, 0); /* takes it */
}

void expr_set_ct_mark(struct nft_rule_builder *b)
{
	struct nftnl_expr *e = append(b, "ct");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_MARK);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_SREG, NFT_REG_1);
}

static void set_meta(struct nft_rule_builder *b, enum nft_meta_keys key)
{
	struct nftnl_expr *e = append(b, "meta");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

void expr_set_priority(struct nft_rule_builder *b)
{
	set_meta(b, NFT_META_PRIORITY);
}

void expr_set_mark(struct nft_rule_builder *b)
{
	set_meta(b, NFT_META_MARK);
}

void expr_bitwise(struct nft_rule_builder *b, uint32_t mask, uint32_t xor)
{
	struct nftnl_expr *e = append(b, "bitwise");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	nftnl_expr_set_data(e, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	nftnl_expr_set_data(e, NFTNL_EXPR_BITWISE_XOR, &xor, sizeof(xor));
}

void expr_over_limit(struct nft_rule_builder *b, uint64_t rate, uint32_t burst)
{
	struct nftnl_expr *e = append(b, "limit");

	if (!e)
		return;
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, rate);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, 1); /* second */
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, burst);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
}

void expr_count(struct nft_rule_builder *b, const char *counter)
{
	struct nftnl_expr *e = append(b, "objref");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	set_text(b, e, NFTNL_EXPR_OBJREF_IMM_NAME, counter);
}

void expr_queue(struct nft_rule_builder *b, uint16_t number, bool passes)
{
	struct nftnl_expr *e = append(b, "queue");

	if (!e)
		return;
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_NUM, number);
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_TOTAL, 1);
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_FLAGS,
			   passes ? NFT_QUEUE_FLAG_BYPASS : 0);
}

void expr_queue_target(struct nft_rule_builder *b, uint16_t number, bool passes)
{
	/* The kernel wants the size rounded up to that of its largest alignment. */
	size_t size = XT_ALIGN(sizeof(struct xt_NFQ_info_v3));
	struct nftnl_expr *e = append(b, "target");
	struct xt_NFQ_info_v3 *info = e ? calloc(1, size) : NULL;

	if (!info) {
		b->has_failed = true;
		return;
	}
	info->queuenum = number;
	info->queues_total = 1;
	info->flags = passes ? NFQ_FLAG_BYPASS : 0;
	set_text(b, e, NFTNL_EXPR_TG_NAME, "NFQUEUE");
	nftnl_expr_set_u32(e, NFTNL_EXPR_TG_REV, 3);
	/* Takes it, and frees it with the rule. */
	nftnl_expr_set(e, NFTNL_EXPR_TG_INFO, info, (uint32_t)size);
}

void expr_masquerade(struct nft_rule_builder *b)
{
	struct nftnl_expr *e = append(b, "masq");

	if (e)
		nftnl_expr_set_u32(e, NFTNL_EXPR_MASQ_FLAGS,
				   NF_NAT_RANGE_PROTO_RANDOM_FULLY);
}

void expr_reject(struct nft_rule_builder *b, bool with_reset)
{
	struct nftnl_expr *e = append(b, "reject");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_REJECT_TYPE,
			   with_reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
	nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE,
			  with_reset ? 0 : NFT_REJECT_ICMPX_PORT_UNREACH);
}

void expr_verdict(struct nft_rule_builder *b, int verdict, const char *chain)
{
	struct nftnl_expr *e = append(b, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
	if (chain)
		set_text(b, e, NFTNL_EXPR_IMM_CHAIN, chain);
}

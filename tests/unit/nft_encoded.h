/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests of nft_encode_step: a step's messages, taken apart. Static, because a
 * unit test is one file.
 */
#ifndef TESTS_NFT_ENCODED_H
#define TESTS_NFT_ENCODED_H

#include "kernel/nft.h"
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cmocka.h>

#define TABLE "t"
#define MESSAGES_MAX 128

static const struct nft_features all_features = {.has_owner_flag = true,
						 .has_socket_cgroupv2 = true,
						 .has_object_maps = true,
						 .has_quota = true,
						 .has_reject = true};

/* A step's messages, one after the other. */
struct encoded {
	struct nft_buffer buf;
	const struct nlmsghdr *message[MESSAGES_MAX];
	size_t count;
};

static struct plan plan_new(void)
{
	struct plan p;

	plan_init(&p);
	assert_int_equal(mark_layout_init(0xfff00000, &p.layout), 0);
	p.is_owned = true;
	return p;
}

static void index_messages(struct encoded *e)
{
	const struct nlmsghdr *m = (const void *)e->buf.data;
	int left = (int)e->buf.used;

	for (e->count = 0; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		const struct nfgenmsg *g = mnl_nlmsg_get_payload(m);

		assert_true(e->count < MESSAGES_MAX);
		assert_int_equal(m->nlmsg_type >> 8, NFNL_SUBSYS_NFTABLES);
		assert_int_equal(g->nfgen_family, NFPROTO_INET);
		assert_true(m->nlmsg_flags & NLM_F_REQUEST);
		assert_int_equal(m->nlmsg_seq, 77);
		e->message[e->count++] = m;
	}
	assert_int_equal(left, 0);
}

static struct encoded encode(const struct nft_features *features,
			     const struct plan *wanted, struct plan_step step)
{
	struct encoded e = {.buf = {.size = 128 * 1024, .seq = 77}};

	e.buf.data = calloc(1, e.buf.size); /* libmnl leaves padding alone */
	assert_non_null(e.buf.data);
	assert_int_equal(nft_encode_step(&e.buf, TABLE, features, wanted, &step), 0);
	assert_int_equal(e.buf.seq, 78);
	index_messages(&e);
	return e;
}

static void encoded_done(struct encoded *e)
{
	free(e->buf.data);
}

static uint16_t type_of(const struct encoded *e, size_t at)
{
	assert_true(at < e->count);
	return e->message[at]->nlmsg_type & 0xff;
}

#endif

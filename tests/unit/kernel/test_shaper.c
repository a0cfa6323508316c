/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of our qdiscs and classes, and what is read of the kernel's. */
#include "kernel/rtnl.h"
#include "kernel/shaper.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cmocka.h>

static uint32_t buf[SHAPER_MESSAGE_MAX / sizeof(uint32_t)];
static const struct nlattr *attrs[TCA_MAX + 1];

static struct tcmsg header_of(const struct nlmsghdr *m)
{
	struct tcmsg tc;

	assert_true(m->nlmsg_len <= SHAPER_MESSAGE_MAX);
	assert_true(m->nlmsg_flags & NLM_F_ACK);
	memcpy(&tc, mnl_nlmsg_get_payload(m), sizeof(tc));
	rtnl_attrs(m, sizeof(tc), attrs, TCA_MAX);
	assert_int_equal(tc.tcm_ifindex, 3);
	return tc;
}

static const struct nlattr **options_of(unsigned int max)
{
	static const struct nlattr *options[64];

	assert_non_null(attrs[TCA_OPTIONS]);
	nlread_attrs(mnl_attr_get_payload(attrs[TCA_OPTIONS]),
		     mnl_attr_get_payload_len(attrs[TCA_OPTIONS]), options, max);
	return options;
}

static struct tc_htb_opt parms_of(const struct nlattr **options)
{
	struct tc_htb_opt opt;

	assert_true(nlread_payload(options[TCA_HTB_PARMS], &opt, sizeof(opt)));
	return opt;
}

static struct queue_class class_of(uint64_t rate)
{
	return (struct queue_class){
		.minor = 29, .parent = 28, .rate = rate, .ceil = rate, .is_leaf = true};
}

/* --- what is sent ------------------------------------------------------------- */

static void the_root_replaces_the_default_alone_and_fails_open(void **state)
{
	const struct nlmsghdr *m = shaper_encode_root(buf, 3);
	struct tcmsg tc = header_of(m);
	struct tc_htb_glob glob;

	(void)state;
	assert_int_equal(m->nlmsg_type, RTM_NEWQDISC);
	/* With NLM_F_REPLACE an admin's qdisc would go. */
	assert_false(m->nlmsg_flags & NLM_F_REPLACE);
	assert_int_equal(tc.tcm_parent, TC_H_ROOT);
	assert_int_equal(tc.tcm_handle, 0x52570000);
	assert_string_equal(mnl_attr_get_str(attrs[TCA_KIND]), "htb");
	assert_true(nlread_payload(options_of(TCA_HTB_MAX)[TCA_HTB_INIT], &glob,
				   sizeof(glob)));
	assert_int_equal(glob.defcls, QUEUE_DEFAULT);
}

static void only_what_has_our_handle_is_removed(void **state)
{
	const struct nlmsghdr *m = shaper_encode_root_removal(buf, 3);

	(void)state;
	assert_int_equal(header_of(m).tcm_handle, 0x52570000);
	assert_int_equal(m->nlmsg_type, RTM_DELQDISC);
}

static void a_class_has_its_rate_below_its_parent(void **state)
{
	struct queue_class class = class_of(250000);
	const struct nlmsghdr *m = shaper_encode_class(buf, 3, &class);
	struct tcmsg tc = header_of(m);
	const struct nlattr **options = options_of(TCA_HTB_MAX);
	struct tc_htb_opt opt = parms_of(options);

	(void)state;
	assert_int_equal(m->nlmsg_type, RTM_NEWTCLASS);
	/* Made or changed in place. */
	assert_false(m->nlmsg_flags & NLM_F_EXCL);
	assert_int_equal(tc.tcm_handle, 0x5257001d);
	assert_int_equal(tc.tcm_parent, 0x5257001c);
	assert_int_equal(opt.rate.rate, 250000);
	assert_int_equal(opt.ceil.rate, 250000);
	assert_null(options[TCA_HTB_RATE64]);
	/* 25 ms of 2 Mbit/s are 6250 bytes. */
	assert_int_equal(opt.buffer, 25000000 / 64);
	/* Else the kernel computes one, and warns. */
	assert_int_not_equal(opt.quantum, 0);
}

static void a_bucket_holds_a_packet_at_the_lowest_rate(void **state)
{
	const uint64_t rates[] = {1, 2000, 32000};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct queue_class class = class_of(rates[i]);
		struct tc_htb_opt opt;

		header_of(shaper_encode_class(buf, 3, &class));
		opt = parms_of(options_of(TCA_HTB_MAX));
		if (rates[i] > 1) /* whose ticks are cut at 32 bits */
			assert_true(opt.buffer * UINT64_C(64) * rates[i] >=
				    UINT64_C(1513) * 1000000000);
	}
}

static void a_rate_above_32_bits_is_told_in_64(void **state)
{
	struct queue_class class = class_of(5000000000);
	const struct nlattr **options;
	struct tc_htb_opt opt;
	uint64_t rate;

	(void)state;
	header_of(shaper_encode_class(buf, 3, &class));
	options = options_of(TCA_HTB_MAX);
	opt = parms_of(options);
	assert_int_equal(opt.rate.rate, UINT32_MAX);
	assert_true(nlread_payload(options[TCA_HTB_RATE64], &rate, sizeof(rate)));
	assert_int_equal(rate, 5000000000);
	assert_true(nlread_payload(options[TCA_HTB_CEIL64], &rate, sizeof(rate)));
	assert_int_equal(rate, 5000000000);
}

static void a_leaf_is_made_or_changed_and_holds_a_quarter_of_a_second(void **state)
{
	struct queue_class class = class_of(10000000);
	const struct nlmsghdr *m = shaper_encode_leaf(buf, 3, &class, LEAF_FIFO);
	struct tcmsg tc = header_of(m);
	struct tc_fifo_qopt fifo;

	(void)state;
	assert_true(m->nlmsg_flags & NLM_F_REPLACE);
	assert_int_equal(tc.tcm_parent, 0x5257001d);
	/* Below the handles that the kernel gives. */
	assert_true(tc.tcm_handle && tc.tcm_handle < 0x80000000);
	assert_string_equal(mnl_attr_get_str(attrs[TCA_KIND]), "bfifo");
	assert_true(nlread_payload(attrs[TCA_OPTIONS], &fifo, sizeof(fifo)));
	assert_int_equal(fifo.limit, 2500000);
	/* The largest packet fits even the slowest. */
	class = class_of(1000);
	header_of(shaper_encode_leaf(buf, 3, &class, LEAF_FIFO));
	assert_true(nlread_payload(attrs[TCA_OPTIONS], &fifo, sizeof(fifo)));
	assert_true(fifo.limit > 65536);
}

static void codel_waits_for_a_packet_of_a_slow_class(void **state)
{
	struct queue_class class = class_of(32000);
	uint32_t target;

	(void)state;
	header_of(shaper_encode_leaf(buf, 3, &class, LEAF_FQ_CODEL));
	assert_string_equal(mnl_attr_get_str(attrs[TCA_KIND]), "fq_codel");
	assert_true(nlread_payload(options_of(TCA_FQ_CODEL_MAX)[TCA_FQ_CODEL_TARGET],
				   &target, sizeof(target)));
	assert_true(target > 47000); /* microseconds of 1514 bytes */
	class = class_of(10000000);
	header_of(shaper_encode_leaf(buf, 3, &class, LEAF_FQ_CODEL));
	assert_true(nlread_payload(options_of(TCA_FQ_CODEL_MAX)[TCA_FQ_CODEL_TARGET],
				   &target, sizeof(target)));
	assert_int_equal(target, 5000);
}

/* --- what is read ------------------------------------------------------------- */

static const struct nlmsghdr *qdisc(uint32_t handle, uint32_t parent, const char *kind)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct tcmsg *tc;

	m->nlmsg_type = RTM_NEWQDISC;
	tc = mnl_nlmsg_put_extra_header(m, sizeof(*tc));
	tc->tcm_ifindex = 3;
	tc->tcm_handle = handle;
	tc->tcm_parent = parent;
	mnl_attr_put_strz(m, TCA_KIND, kind);
	return m;
}

static struct shaper_qdisc parsed(const struct nlmsghdr *m)
{
	struct shaper_qdisc q;

	assert_true(shaper_parse_qdisc(m, &q));
	assert_int_equal(q.interface, 3);
	return q;
}

static void an_admins_qdisc_is_told_from_the_kernels_and_ours(void **state)
{
	struct shaper_qdisc q = parsed(qdisc(0x52570000, TC_H_ROOT, "htb"));

	(void)state;
	assert_true(q.is_our_root && !q.is_foreign);
	/* Below it. */
	q = parsed(qdisc(0x601d0000, 0x5257001d, "bfifo"));
	assert_true(!q.is_our_root && !q.is_foreign);
	/* The kernel's own. */
	q = parsed(qdisc(0, TC_H_ROOT, "fq_codel"));
	assert_true(!q.is_our_root && !q.is_foreign);
	q = parsed(qdisc(0, TC_H_ROOT, "mq"));
	assert_true(!q.is_our_root && !q.is_foreign);
	q = parsed(qdisc(0xffff0000, TC_H_INGRESS, "ingress"));
	assert_true(!q.is_our_root && !q.is_foreign);
	/* An admin's: a root, one with our handle, a part of the kernel's mq. */
	q = parsed(qdisc(0x80010000, TC_H_ROOT, "tbf"));
	assert_true(!q.is_our_root && q.is_foreign);
	q = parsed(qdisc(0x52570000, TC_H_ROOT, "tbf"));
	assert_true(!q.is_our_root && q.is_foreign);
	q = parsed(qdisc(0x80020000, 1, "fq"));
	assert_true(!q.is_our_root && q.is_foreign);
}

static void a_class_is_read_as_it_was_sent(void **state)
{
	const uint64_t rates[] = {1, 32000, UINT32_MAX - 1, UINT32_MAX, 5000000000};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct queue_class class = class_of(rates[i]), seen;
		struct nlmsghdr *m = shaper_encode_class(buf, 3, &class);
		struct tcmsg *tc = mnl_nlmsg_get_payload(m);

		tc->tcm_info = 0x601d0000;
		assert_true(shaper_parse_class(m, &seen));
		assert_int_equal(seen.minor, class.minor);
		assert_int_equal(seen.parent, class.parent);
		assert_int_equal(seen.rate, class.rate);
		assert_int_equal(seen.ceil, class.ceil);
		assert_true(seen.is_leaf);
	}
}

static void another_qdiscs_class_is_none_of_ours(void **state)
{
	struct queue_class class = class_of(32000), seen;
	struct nlmsghdr *m = shaper_encode_class(buf, 3, &class);
	struct tcmsg *tc = mnl_nlmsg_get_payload(m);

	(void)state;
	tc->tcm_handle = 0x0001001d;
	assert_false(shaper_parse_class(m, &seen));
	tc->tcm_handle = 0x5257001d;
	m->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + sizeof(*tc) - 1);
	assert_false(shaper_parse_class(m, &seen));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_replaces_the_default_alone_and_fails_open),
		cmocka_unit_test(only_what_has_our_handle_is_removed),
		cmocka_unit_test(a_class_has_its_rate_below_its_parent),
		cmocka_unit_test(a_bucket_holds_a_packet_at_the_lowest_rate),
		cmocka_unit_test(a_rate_above_32_bits_is_told_in_64),
		cmocka_unit_test(
			a_leaf_is_made_or_changed_and_holds_a_quarter_of_a_second),
		cmocka_unit_test(codel_waits_for_a_packet_of_a_slow_class),
		cmocka_unit_test(an_admins_qdisc_is_told_from_the_kernels_and_ours),
		cmocka_unit_test(a_class_is_read_as_it_was_sent),
		cmocka_unit_test(another_qdiscs_class_is_none_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

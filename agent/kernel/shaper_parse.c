/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of qdiscs and classes. */
#include "kernel/rtnl.h"
#include "kernel/shaper.h"
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* The message's own header, and its kind as far as it is "htb". */
static bool parse(const struct nlmsghdr *m, struct tcmsg *ret_header,
		  const struct nlattr **found)
{
	if (mnl_nlmsg_get_payload_len(m) < sizeof(*ret_header))
		return false;
	memcpy(ret_header, mnl_nlmsg_get_payload(m), sizeof(*ret_header));
	rtnl_attrs(m, sizeof(*ret_header), found, TCA_MAX);
	return ret_header->tcm_ifindex > 0;
}

static bool is_htb(const struct nlattr *kind)
{
	return kind && mnl_attr_get_payload_len(kind) == sizeof("htb") &&
	       memcmp(mnl_attr_get_payload(kind), "htb", sizeof("htb")) == 0;
}

static bool is_ours(uint32_t handle)
{
	return TC_H_MAJ(handle) == QUEUE_MAJOR << 16;
}

bool shaper_parse_qdisc(const struct nlmsghdr *m, struct shaper_qdisc *ret_qdisc)
{
	const struct nlattr *attrs[TCA_MAX + 1];
	struct tcmsg tc;

	if (m->nlmsg_type != RTM_NEWQDISC || !parse(m, &tc, attrs))
		return false;
	ret_qdisc->interface = (uint32_t)tc.tcm_ifindex;
	ret_qdisc->is_our_root = tc.tcm_parent == TC_H_ROOT && is_ours(tc.tcm_handle) &&
				 is_htb(attrs[TCA_KIND]);
	/* What filters what comes in (ingress, clsact) is in nobody's way. */
	ret_qdisc->is_foreign = tc.tcm_handle && !ret_qdisc->is_our_root &&
				tc.tcm_parent != TC_H_INGRESS &&
				!is_ours(tc.tcm_parent);
	return true;
}

static bool is_sane(const struct queue_class *class)
{
	return class->minor && class->rate && class->ceil;
}

bool shaper_parse_class(const struct nlmsghdr *m, struct queue_class *ret_class)
{
	const struct nlattr *attrs[TCA_MAX + 1], *options[TCA_HTB_MAX + 1];
	struct queue_class class = {0};
	struct tc_htb_opt opt;
	struct tcmsg tc;

	if (m->nlmsg_type != RTM_NEWTCLASS || !parse(m, &tc, attrs) ||
	    !is_ours(tc.tcm_handle) || !is_htb(attrs[TCA_KIND]) || !attrs[TCA_OPTIONS])
		return false;
	nlread_attrs(mnl_attr_get_payload(attrs[TCA_OPTIONS]),
		     mnl_attr_get_payload_len(attrs[TCA_OPTIONS]), options,
		     TCA_HTB_MAX);
	if (!nlread_payload(options[TCA_HTB_PARMS], &opt, sizeof(opt)))
		return false;
	class.minor = (uint16_t)TC_H_MIN(tc.tcm_handle);
	class.parent = is_ours(tc.tcm_parent) ? (uint16_t)TC_H_MIN(tc.tcm_parent) : 0;
	class.rate = opt.rate.rate;
	class.ceil = opt.ceil.rate;
	nlread_payload(options[TCA_HTB_RATE64], &class.rate, sizeof(class.rate));
	nlread_payload(options[TCA_HTB_CEIL64], &class.ceil, sizeof(class.ceil));
	/* The handle of its qdisc: 0 for the one that HTB gives it by itself. */
	class.is_leaf = tc.tcm_info != 0;
	if (!is_sane(&class))
		return false;
	*ret_class = class;
	return true;
}

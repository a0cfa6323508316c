/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The request that takes a mark off, by the decoder of another library. */
#include "../support/ct_message.h"
#include "kernel/conntrack_marks.h"
#include "kernel/nlread.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MASK 0xfff00000u

static uint32_t request[1024];

static int put_clear(const struct ct_message *m)
{
	memset(request, 0, sizeof(request));
	return conntrack_put_clear(m->header, MASK, 7, request, sizeof(request));
}

static const struct nlattr *attr_of(const struct nlmsghdr *m, unsigned int type)
{
	const struct nlattr *found[CTA_MARK_MASK + 1];

	nlread_attrs((const uint8_t *)m + NLMSG_HDRLEN + 4,
		     m->nlmsg_len - NLMSG_HDRLEN - 4, found, CTA_MARK_MASK);
	return found[type];
}

static void a_mark_is_cleared_under_the_mask_alone(void **state)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)request;
	struct ct_message message;
	int length;

	(void)state;
	ct_message_outbound(&message);
	mnl_attr_put_u32(message.header, CTA_MARK, htonl(0x01200005));
	length = put_clear(&message);
	assert_true(length > 0 && (size_t)length == m->nlmsg_len);
	assert_int_equal(m->nlmsg_seq, 7);
	assert_int_equal(m->nlmsg_flags, NLM_F_REQUEST); /* never makes an entry */
	assert_int_equal(mnl_attr_get_u32(attr_of(m, CTA_MARK)), 0);
	assert_int_equal(ntohl(mnl_attr_get_u32(attr_of(m, CTA_MARK_MASK))), MASK);
}

static void the_request_names_the_same_entry(void **state)
{
	struct ct_message message;
	struct nf_conntrack *ct = nfct_new();

	(void)state;
	assert_non_null(ct);
	ct_message_inbound(&message);
	mnl_attr_put_u16(message.header, CTA_ZONE, htons(9));
	mnl_attr_put_u32(message.header, CTA_MARK, htonl(MASK));
	assert_true(put_clear(&message) > 0);
	assert_int_equal(nfct_nlmsg_parse((const struct nlmsghdr *)request, ct), 0);
	assert_int_equal(nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_SRC), inet_addr(THERE));
	assert_int_equal(nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_DST), inet_addr(HERE));
	assert_int_equal(nfct_get_attr_u8(ct, ATTR_ORIG_L4PROTO), IPPROTO_TCP);
	assert_int_equal(nfct_get_attr_u16(ct, ATTR_ZONE), 9);
	nfct_destroy(ct);
}

static void what_has_no_bit_of_ours_is_left_alone(void **state)
{
	struct ct_message message;

	(void)state;
	ct_message_outbound(&message);
	assert_int_equal(put_clear(&message), 0);
	assert_int_equal(conntrack_mark_of(message.header), 0);
	mnl_attr_put_u32(message.header, CTA_MARK, htonl(0xca6c));
	assert_int_equal(put_clear(&message), 0);
	assert_int_equal(conntrack_mark_of(message.header), 0xca6c);
}

static void a_message_without_an_entry_is_refused(void **state)
{
	struct ct_message message;

	(void)state;
	ct_message_start(&message, AF_INET);
	mnl_attr_put_u32(message.header, CTA_MARK, htonl(MASK));
	assert_int_equal(put_clear(&message), -EINVAL);
	message.header->nlmsg_len = NLMSG_HDRLEN;
	assert_int_equal(put_clear(&message), -EINVAL);
}

static void without_room_nothing_is_written(void **state)
{
	struct ct_message message;

	(void)state;
	ct_message_outbound(&message);
	mnl_attr_put_u32(message.header, CTA_MARK, htonl(MASK));
	request[0] = 0;
	assert_int_equal(conntrack_put_clear(message.header, MASK, 7, request, 64),
			 -ENOBUFS);
	assert_int_equal(request[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_is_cleared_under_the_mask_alone),
		cmocka_unit_test(the_request_names_the_same_entry),
		cmocka_unit_test(what_has_no_bit_of_ours_is_left_alone),
		cmocka_unit_test(a_message_without_an_entry_is_refused),
		cmocka_unit_test(without_room_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

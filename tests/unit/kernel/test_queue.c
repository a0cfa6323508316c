/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/queue.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

/* 198.18.0.101:40000 to 198.18.0.1:7001, a SYN. */
static const uint8_t syn[] = {
	0x45, 0,   0,	40, 0,	  1, 0x40, 0,	 64,   6,    0, 0, 198, 18,
	0,    101, 198, 18, 0,	  1, 0x9c, 0x40, 0x1b, 0x59, 0, 0, 0,	1,
	0,    0,   0,	0,  0x50, 2, 4,	   0,	 0,    0,    0, 0,
};

/* A packet as the kernel tells of it; `payload` NULL: none. */
static struct nlmsghdr *packet_message(char *buf, const void *payload, size_t size)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct nfqnl_msg_packet_hdr header = {
		.packet_id = htonl(7), .hw_protocol = htons(0x0800), .hook = 1};
	struct nfgenmsg *general;

	m->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;
	general = mnl_nlmsg_put_extra_header(m, sizeof(*general));
	general->nfgen_family = AF_INET;
	general->res_id = htons(9);
	mnl_attr_put(m, NFQA_PACKET_HDR, sizeof(header), &header);
	mnl_attr_put_u32(m, NFQA_MARK, htonl(0xca6c));
	if (payload)
		mnl_attr_put(m, NFQA_PAYLOAD, size, payload);
	return m;
}

static void a_packet_says_who_calls_which_socket(void **state)
{
	_Alignas(struct nlmsghdr) char buf[512];
	struct queue_packet p;
	char text[ADDR_STRLEN];

	(void)state;
	assert_int_equal(queue_parse(packet_message(buf, syn, sizeof(syn)), &p), 0);
	assert_int_equal(p.id, 7);
	assert_int_equal(p.mark, 0xca6c);
	assert_true(p.has_key);
	assert_string_equal(addr_format(&p.key.local, text), "198.18.0.1");
	assert_string_equal(addr_format(&p.key.remote, text), "198.18.0.101");
	assert_int_equal(p.key.local_port, 7001);
	assert_int_equal(p.key.remote_port, 40000);
	assert_int_equal(p.key.proto, IPPROTO_TCP);
}

static void one_without_readable_headers_is_answered_too(void **state)
{
	_Alignas(struct nlmsghdr) char buf[512];
	struct queue_packet p;

	(void)state;
	assert_int_equal(queue_parse(packet_message(buf, NULL, 0), &p), 0);
	assert_int_equal(p.id, 7);
	assert_false(p.has_key);
	for (size_t size = 0; size < 24; size++) {
		assert_int_equal(queue_parse(packet_message(buf, syn, size), &p), 0);
		assert_int_equal(p.id, 7);
		assert_false(p.has_key);
	}
}

static void a_longer_packet_than_was_copied_is_read_as_well(void **state)
{
	_Alignas(struct nlmsghdr) char buf[512];
	uint8_t data[60] = {0};
	struct nlmsghdr *m;
	struct queue_packet p;

	(void)state;
	memcpy(data, syn, sizeof(syn));
	data[2] = 1000 >> 8;
	data[3] = 1000 & 0xff;
	m = packet_message(buf, data, sizeof(data));
	mnl_attr_put_u32(m, NFQA_CAP_LEN, htonl(1000));
	assert_int_equal(queue_parse(m, &p), 0);
	assert_true(p.has_key);
	assert_int_equal(p.key.local_port, 7001);
}

static void what_is_no_packet_gets_no_answer(void **state)
{
	_Alignas(struct nlmsghdr) char buf[512];
	struct nlmsghdr *m = packet_message(buf, syn, sizeof(syn));
	struct queue_packet p;

	(void)state;
	m->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(queue_parse(m, &p), -ENOMSG);
	m = packet_message(buf, syn, sizeof(syn));
	m->nlmsg_len = NLMSG_HDRLEN + 3;
	assert_int_equal(queue_parse(m, &p), -ENOMSG);
	m->nlmsg_len = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	assert_int_equal(queue_parse(m, &p), -EINVAL);
}

static void a_verdict_sends_the_packet_through_the_rules_again(void **state)
{
	_Alignas(struct nlmsghdr) char buf[QUEUE_VERDICT_SIZE];
	const struct nlmsghdr *m = queue_put_verdict(buf, 9, 7, 0x0700ca6c);
	const uint8_t *data = (const uint8_t *)m;
	/* queue 9; attribute 2: verdict and id; attribute 3: mark. */
	const uint8_t wanted[] = {0, 0, 0, 9, 12, 0, 2, 0, 0, 0, 0,    NF_REPEAT,
				  0, 0, 0, 7, 8,  0, 3, 0, 7, 0, 0xca, 0x6c};

	(void)state;
	assert_int_equal(m->nlmsg_type, NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT);
	assert_true(m->nlmsg_flags & NLM_F_REQUEST);
	assert_int_equal(m->nlmsg_len, NLMSG_HDRLEN + sizeof(wanted));
	assert_memory_equal(data + NLMSG_HDRLEN, wanted, sizeof(wanted));
	assert_true(m->nlmsg_len <= QUEUE_VERDICT_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_says_who_calls_which_socket),
		cmocka_unit_test(one_without_readable_headers_is_answered_too),
		cmocka_unit_test(a_longer_packet_than_was_copied_is_read_as_well),
		cmocka_unit_test(what_is_no_packet_gets_no_answer),
		cmocka_unit_test(a_verdict_sends_the_packet_through_the_rules_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/packet.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 198.18.0.1:4000 to 198.19.0.2:5000, UDP, 100 bytes of payload. */
static const uint8_t udp4[] = {
	0x45, 0, 0,   128, 0x12, 0x34, 0,    0,	   64,	 IPPROTO_UDP, 0, 0,   198, 18,
	0,    1, 198, 19,  0,	 2,    0x0f, 0xa0, 0x13, 0x88,	      0, 108, 0,   0};
/* 2001:db8::1 to 2001:db8::2 through a fragment header, TCP from 443 to 4000, SYN ACK.
 */
static const uint8_t tcp6[] = {0x60,
			       0,
			       0,
			       0,
			       0,
			       28,
			       IPPROTO_FRAGMENT,
			       64,
			       0x20,
			       1,
			       0x0d,
			       0xb8,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       1,
			       0x20,
			       1,
			       0x0d,
			       0xb8,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       2,
			       /* fragment */ IPPROTO_TCP,
			       0,
			       0,
			       1,
			       0,
			       0,
			       0,
			       9,
			       /* TCP */ 1,
			       187,
			       0x0f,
			       0xa0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0x50,
			       0x12,
			       0,
			       0,
			       0,
			       0,
			       0,
			       0};

struct frame {
	uint8_t data[256];
	size_t size;
};

static struct frame frame_of(const void *head, size_t head_size, const uint8_t *packet,
			     size_t size)
{
	struct frame f = {.size = head_size + size};

	memcpy(f.data, head, head_size);
	memcpy(f.data + head_size, packet, size);
	return f;
}

/* A heap block of just that size: reading on is found. */
static int parse(enum packet_link link, const struct frame *f, size_t size,
		 struct packet *ret)
{
	uint8_t *copy = malloc(size ? size : 1);
	int r;

	memcpy(copy, f->data, size);
	r = packet_parse(link, copy, size, f->size + 100, ret);
	free(copy);
	return r;
}

static const struct {
	enum packet_link link;
	const char *head;
	size_t size;
} links[] = {
	{PACKET_LINK_ETHERNET, "\1\2\3\4\5\6\1\2\3\4\5\6\x08\0", 14},
	{PACKET_LINK_ETHERNET, "\1\2\3\4\5\6\1\2\3\4\5\6\x88\xa8\0\1\x81\0\0\2\x08\0",
	 22},
	{PACKET_LINK_SLL, "\0\0\0\1\0\6\1\2\3\4\5\6\0\0\x08\0", 16},
	{PACKET_LINK_SLL2, "\x08\0\0\0\0\0\0\1\0\1\0\6\1\2\3\4\5\6\0\0", 20},
	{PACKET_LINK_RAW, "", 0},
	{PACKET_LINK_IPV4, "", 0},
	{PACKET_LINK_NULL, "\2\0\0\0", 4},
	{PACKET_LINK_LOOP, "\0\0\0\2", 4},
};

static void the_same_packet_is_found_behind_every_link_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		struct frame f =
			frame_of(links[i].head, links[i].size, udp4, sizeof(udp4));
		struct packet p;

		assert_true(packet_link_is_known((int)links[i].link));
		assert_int_equal(parse(links[i].link, &f, f.size, &p), 0);
		assert_int_equal(addr_ipv4(&p.source), htonl(0xc6120001));
		assert_int_equal(addr_ipv4(&p.destination), htonl(0xc6130002));
		assert_int_equal(p.source_port, 4000);
		assert_int_equal(p.destination_port, 5000);
		assert_int_equal(p.proto, IPPROTO_UDP);
		assert_int_equal(p.bytes, 128);
		assert_int_equal(p.payload, 100);
		assert_false(p.is_fragment);
	}
	assert_false(packet_link_is_known(105));
}

static void a_packet_cut_off_before_its_ports_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		struct frame f =
			frame_of(links[i].head, links[i].size, udp4, sizeof(udp4));
		size_t needed = links[i].size + 24;
		struct packet p;

		for (size_t size = 0; size < f.size; size++)
			assert_int_equal(parse(links[i].link, &f, size, &p),
					 size < needed ? -EBADMSG : 0);
	}
}

static void extension_headers_lead_to_the_ports(void **state)
{
	struct frame f = frame_of("", 0, tcp6, sizeof(tcp6));
	struct packet p;

	(void)state;
	assert_int_equal(parse(PACKET_LINK_RAW, &f, f.size, &p), 0);
	assert_int_equal(p.proto, IPPROTO_TCP);
	assert_int_equal(p.source_port, 443);
	assert_int_equal(p.bytes, 68);
	assert_int_equal(p.payload, 0);
	assert_true(p.is_answer);
	assert_true(p.is_fragment && p.has_ports);
	assert_int_equal(p.fragment_id, 9);
	for (size_t size = 1; size < 52; size++)
		assert_int_equal(parse(PACKET_LINK_RAW, &f, size, &p), -EBADMSG);
}

static void a_later_fragment_has_no_ports(void **state)
{
	struct frame f4 = frame_of("", 0, udp4, sizeof(udp4));
	struct frame f6 = frame_of("", 0, tcp6, sizeof(tcp6));
	struct packet p;

	(void)state;
	f4.data[7] = 20; /* its offset */
	assert_int_equal(parse(PACKET_LINK_RAW, &f4, f4.size, &p), 0);
	assert_true(p.is_fragment);
	assert_false(p.has_ports);
	assert_int_equal(p.source_port, 0);
	assert_int_equal(p.fragment_id, 0x1234);
	assert_int_equal(p.payload, 108);
	f6.data[43] = 0xb0;
	assert_int_equal(parse(PACKET_LINK_RAW, &f6, f6.size, &p), 0);
	assert_true(p.is_fragment);
	assert_false(p.has_ports);
}

static void headers_that_lie_are_refused(void **state)
{
	struct packet p;
	struct frame f;

	(void)state;
	f = frame_of("", 0, udp4, sizeof(udp4));
	f.data[0] = 0x44; /* a header of 16 bytes */
	assert_int_equal(parse(PACKET_LINK_RAW, &f, f.size, &p), -EBADMSG);
	f.data[0] = 0x4f; /* of 60, where 28 are */
	assert_int_equal(parse(PACKET_LINK_RAW, &f, f.size, &p), -EBADMSG);
	f.data[0] = 0x45;
	f.data[3] = 19; /* a packet shorter than its header */
	assert_int_equal(parse(PACKET_LINK_RAW, &f, f.size, &p), -EBADMSG);
	f = frame_of("", 0, tcp6, sizeof(tcp6));
	memset(f.data + 8, 0, 10);
	memset(f.data + 18, 0xff, 2); /* IPv4 in disguise */
	assert_int_equal(parse(PACKET_LINK_RAW, &f, f.size, &p), -EBADMSG);
	f = frame_of(links[0].head, 14, udp4, sizeof(udp4));
	f.data[13] = 6; /* ARP */
	assert_int_equal(parse(PACKET_LINK_ETHERNET, &f, f.size, &p), -EAFNOSUPPORT);
	assert_int_equal(packet_parse(PACKET_LINK_RAW, udp4, 28, 27, &p), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_packet_is_found_behind_every_link_header),
		cmocka_unit_test(a_packet_cut_off_before_its_ports_is_refused),
		cmocka_unit_test(extension_headers_lead_to_the_ports),
		cmocka_unit_test(a_later_fragment_has_no_ports),
		cmocka_unit_test(headers_that_lie_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

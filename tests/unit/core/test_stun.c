/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/stun.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 5769 2.2 and 2.3, up to their proofs of integrity. */
static const uint8_t sample_id[STUN_ID_SIZE] = {0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
						0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};
static const uint8_t sample_ipv4[] = {
	0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01,
	0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b,
	0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20,
	0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
	0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3,
	0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7,
	0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,
};
static const uint8_t sample_ipv6_attribute[] = {
	0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
	0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
};

static const char *text_of(const struct stun_endpoint *e)
{
	static char text[ADDR_STRLEN];

	return addr_format(&e->addr, text);
}

/* An answer with the sample's id and these attributes. Returns its size. */
static size_t make(uint8_t *buf, unsigned int type, const uint8_t *attributes,
		   size_t size)
{
	memcpy(buf, sample_ipv4, 20);
	buf[0] = (uint8_t)(type >> 8);
	buf[1] = (uint8_t)type;
	buf[2] = (uint8_t)(size >> 8);
	buf[3] = (uint8_t)size;
	if (size)
		memcpy(buf + 20, attributes, size);
	return 20 + size;
}

static int decode(unsigned int type, const uint8_t *attributes, size_t size,
		  struct stun_answer *ret_answer)
{
	uint8_t buf[256];

	return stun_decode(buf, make(buf, type, attributes, size), sample_id,
			   ret_answer);
}

static void a_request_is_as_short_as_it_may_be(void **state)
{
	struct stun_request r = {.id = {1, 2, 3}};
	uint8_t buf[STUN_REQUEST_SIZE];

	(void)state;
	assert_int_equal(stun_encode(&r, buf), 20);
	assert_memory_equal(buf, "\0\1\0\0\x21\x12\xa4\x42\1\2\3\0", 12);
	r.from_other_addr = r.from_other_port = true;
	assert_int_equal(stun_encode(&r, buf), 28);
	assert_memory_equal(buf, "\0\1\0\10", 4);
	assert_memory_equal(buf + 20, "\0\3\0\4\0\0\0\6", 8);
	r.from_other_addr = false;
	stun_encode(&r, buf);
	assert_int_equal(buf[27], 2);
}

static void the_samples_of_the_standard_are_read(void **state)
{
	struct stun_answer a;

	(void)state;
	assert_int_equal(stun_decode(sample_ipv4, sizeof(sample_ipv4), sample_id, &a),
			 0);
	assert_true(a.has_mapped);
	assert_false(a.has_other);
	assert_string_equal(text_of(&a.mapped), "192.0.2.1");
	assert_int_equal(a.mapped.port, 32853);
	assert_int_equal(decode(0x0101, sample_ipv6_attribute,
				sizeof(sample_ipv6_attribute), &a),
			 0);
	assert_string_equal(text_of(&a.mapped), "2001:db8:1234:5678:11:2233:4455:6677");
	assert_int_equal(a.mapped.port, 32853);
}

static void the_other_address_and_an_old_one_are_taken(void **state)
{
	static const uint8_t both[] = {
		0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
		0x00, 0x01, 0x00, 0x08, 0x00, 0x01, 0x00, 0x01, 10,   0,    0,	  1,
		0x80, 0x2c, 0x00, 0x08, 0x00, 0x01, 0x0d, 0x97, 198,  18,   0,	  7,
	};
	struct stun_answer a;

	(void)state;
	assert_int_equal(decode(0x0101, both, sizeof(both), &a), 0);
	assert_string_equal(text_of(&a.mapped), "192.0.2.1");
	assert_true(a.has_other);
	assert_string_equal(text_of(&a.other), "198.18.0.7");
	assert_int_equal(a.other.port, 3479);
	/* Without the better one, the old one does. */
	assert_int_equal(decode(0x0101, both + 12, 12, &a), 0);
	assert_string_equal(text_of(&a.mapped), "10.0.0.1");
	assert_int_equal(a.mapped.port, 1);
}

static void an_error_has_its_number(void **state)
{
	static const uint8_t unknown[] = {0x00, 0x09, 0x00, 0x04, 0, 0, 4, 20};
	static const uint8_t senseless[] = {0x00, 0x09, 0x00, 0x04, 0, 0, 1, 20};
	struct stun_answer a;

	(void)state;
	assert_int_equal(decode(0x0111, unknown, sizeof(unknown), &a), 0);
	assert_int_equal(a.error, 420);
	assert_int_equal(decode(0x0111, senseless, sizeof(senseless), &a), -EBADMSG);
	assert_int_equal(decode(0x0111, NULL, 0, &a), -EBADMSG);
	assert_int_equal(decode(0x0101, unknown, sizeof(unknown), &a), -EBADMSG);
}

static void what_is_no_answer_to_it_is_told_apart(void **state)
{
	uint8_t other[sizeof(sample_ipv4)];
	struct stun_answer a;

	(void)state;
	memcpy(other, sample_ipv4, sizeof(other));
	other[8] ^= 1;
	assert_int_equal(stun_decode(other, sizeof(other), sample_id, &a), -ENOENT);
	assert_int_equal(decode(0x0001, NULL, 0, &a), -ENOENT);
	other[4] ^= 1;
	assert_int_equal(stun_decode(other, sizeof(other), sample_id, &a), -EBADMSG);
}

static void what_is_cut_off_or_not_understood_is_refused(void **state)
{
	static const uint8_t needed[] = {0x00, 0x7f, 0x00, 0x00};
	static const uint8_t optional[] = {0x80, 0x7f, 0x00, 0x00};
	static const uint8_t long_one[] = {0x80, 0x7f, 0x00, 0x05, 1, 2, 3, 4};
	static const uint8_t family[] = {0x00, 0x20, 0x00, 0x08, 0, 3,
					 0,    0,    1,	   2,	 3, 4};
	static const uint8_t short_one[] = {0x00, 0x20, 0x00, 0x04, 0, 1, 0, 0};
	struct stun_answer a;
	uint8_t *copy;

	(void)state;
	assert_int_equal(decode(0x0101, needed, sizeof(needed), &a), -EBADMSG);
	assert_int_equal(decode(0x0101, optional, sizeof(optional), &a), 0);
	assert_int_equal(decode(0x0101, long_one, sizeof(long_one), &a), -EBADMSG);
	assert_int_equal(decode(0x0101, family, sizeof(family), &a), -EBADMSG);
	assert_int_equal(decode(0x0101, short_one, sizeof(short_one), &a), -EBADMSG);
	for (size_t size = 0; size < sizeof(sample_ipv4); size++) {
		copy = malloc(size ? size
				   : 1); /* of that size: a read beyond is seen */
		assert_non_null(copy);
		memcpy(copy, sample_ipv4, size);
		assert_int_equal(stun_decode(copy, size, sample_id, &a), -EBADMSG);
		free(copy);
	}
}

/* --- how a NAT maps --------------------------------------------------------------- */

static struct stun_endpoint at(const char *addr, uint16_t port)
{
	struct stun_endpoint e = {.port = port};

	assert_int_equal(addr_parse(addr, &e.addr), 0);
	return e;
}

static void a_nat_is_known_by_what_it_tells_apart(void **state)
{
	struct stun_endpoint local = at("192.168.1.2", 5000),
			     a = at("198.18.0.1", 5000), b = at("198.18.0.1", 6000),
			     c = at("198.18.0.1", 7000);

	(void)state;
	assert_int_equal(nat_mapping(&a, &a, NULL, NULL), NAT_NONE);
	assert_int_equal(nat_mapping(&local, &a, &a, NULL), NAT_ENDPOINT_INDEPENDENT);
	assert_int_equal(nat_mapping(&local, &a, &b, &b), NAT_ADDRESS_DEPENDENT);
	assert_int_equal(nat_mapping(&local, &a, &b, &c),
			 NAT_ADDRESS_AND_PORT_DEPENDENT);
	assert_int_equal(nat_mapping(&local, &a, NULL, NULL), NAT_NOT_KNOWN);
	assert_int_equal(nat_mapping(&local, &a, &b, NULL), NAT_NOT_KNOWN);
	assert_int_equal(nat_mapping(&local, NULL, NULL, NULL), NAT_NOT_KNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_as_short_as_it_may_be),
		cmocka_unit_test(the_samples_of_the_standard_are_read),
		cmocka_unit_test(the_other_address_and_an_old_one_are_taken),
		cmocka_unit_test(an_error_has_its_number),
		cmocka_unit_test(what_is_no_answer_to_it_is_told_apart),
		cmocka_unit_test(what_is_cut_off_or_not_understood_is_refused),
		cmocka_unit_test(a_nat_is_known_by_what_it_tells_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nlread.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEQ 7
#define TYPE 0x100

struct datagram {
	uint32_t buf[256];
	size_t used;
};

static struct nlmsghdr *add(struct datagram *d, uint16_t type, uint32_t seq)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header((uint8_t *)d->buf + d->used);

	m->nlmsg_type = type;
	m->nlmsg_seq = seq;
	d->used += m->nlmsg_len;
	return m;
}

static void add_status(struct datagram *d, uint16_t type, int status)
{
	struct nlmsghdr *m = add(d, type, SEQ);

	memcpy(mnl_nlmsg_put_extra_header(m, sizeof(status)), &status, sizeof(status));
	d->used += sizeof(status);
}

static void count(void *context, const struct nlmsghdr *m)
{
	unsigned int *calls = context;

	assert_int_equal(m->nlmsg_type, TYPE);
	(*calls)++;
}

static int walk(struct datagram *d, struct nlread *n, unsigned int *ret_calls)
{
	*ret_calls = 0;
	n->seq = SEQ;
	return nlread_walk(n, d->buf, d->used, count, ret_calls);
}

static void parts_are_handed_over_until_the_end(void **state)
{
	struct datagram d = {0};
	struct nlread n = {0};
	unsigned int calls;

	(void)state;
	add(&d, TYPE, SEQ);
	add(&d, TYPE, SEQ);
	assert_int_equal(walk(&d, &n, &calls), 0);
	assert_int_equal(calls, 2);
	add_status(&d, NLMSG_DONE, 0);
	add(&d, TYPE, SEQ);
	assert_int_equal(walk(&d, &n, &calls), 1);
	assert_int_equal(calls, 2);
}

static void answers_to_an_earlier_request_are_passed_over(void **state)
{
	struct datagram d = {0};
	struct nlread n = {0};
	unsigned int calls;

	(void)state;
	add(&d, TYPE, SEQ - 1);
	add(&d, NLMSG_DONE, SEQ - 1);
	add(&d, TYPE, SEQ);
	assert_int_equal(walk(&d, &n, &calls), 0);
	assert_int_equal(calls, 1);
}

static void an_interrupted_dump_is_read_to_its_end_then_reported(void **state)
{
	struct datagram first = {0}, last = {0};
	struct nlread n = {0};
	unsigned int calls;

	(void)state;
	add(&first, TYPE, SEQ)->nlmsg_flags = NLM_F_DUMP_INTR;
	add(&first, TYPE, SEQ);
	assert_int_equal(walk(&first, &n, &calls), 0);
	assert_int_equal(calls, 2);
	add_status(&last, NLMSG_DONE, 0);
	assert_int_equal(walk(&last, &n, &calls), -EINTR);
}

static void errors_and_acknowledgements_are_told_apart(void **state)
{
	static const struct {
		uint16_t type;
		int status, want;
	} cases[] = {
		{NLMSG_ERROR, 0, 1},
		{NLMSG_ERROR, -ENOENT, -ENOENT},
		{NLMSG_DONE, -ENOMEM, -ENOMEM},
		{NLMSG_ERROR, 5, -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct datagram d = {0};
		struct nlread n = {0};
		unsigned int calls;

		add_status(&d, cases[i].type, cases[i].status);
		assert_int_equal(walk(&d, &n, &calls), cases[i].want);
	}
}

static void an_error_without_a_status_is_an_error(void **state)
{
	struct datagram d = {0};
	struct nlread n = {0};
	unsigned int calls;

	(void)state;
	add(&d, NLMSG_ERROR, SEQ);
	assert_int_equal(walk(&d, &n, &calls), -EBADMSG);
}

/* A copy of exactly `size` bytes, so that the sanitizer sees a read beyond them. */
static void read_exact(const void *bytes, size_t size, const struct nlattr **found)
{
	void *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	nlread_attrs(copy, size, found, 2);
	for (unsigned int i = 0; i <= 2; i++)
		if (found[i])
			found[i] = (const void *)((const uint8_t *)bytes +
						  ((const uint8_t *)found[i] -
						   (const uint8_t *)copy));
	free(copy);
}

static void attributes_are_found_by_type_and_unknown_ones_passed_over(void **state)
{
	static const uint16_t bytes[] = {5, 1, 0xff, 0, 4, 9, 8, 2, 0x1234, 0x5678};
	const struct nlattr *found[3];
	uint32_t value;

	(void)state;
	read_exact(bytes, sizeof(bytes), found);
	assert_null(found[0]);
	assert_ptr_equal(found[1], bytes);
	assert_ptr_equal(found[2], &bytes[6]);
	assert_true(nlread_payload(found[2], &value, sizeof(value)));
	assert_memory_equal(&value, &bytes[8], sizeof(value));
	assert_false(nlread_payload(found[1], &value, sizeof(value)));
	assert_false(nlread_payload(NULL, &value, sizeof(value)));
}

static void attributes_that_do_not_fit_end_the_search(void **state)
{
	static const uint16_t too_long[] = {4, 0, 9, 1, 0, 0};
	static const uint16_t too_short[] = {4, 0, 3, 1, 4, 2};
	static const uint16_t zero[] = {0, 1, 4, 2};
	const struct nlattr *found[3];

	(void)state;
	read_exact(too_long, sizeof(too_long), found);
	assert_non_null(found[0]);
	assert_null(found[1]);
	read_exact(too_short, sizeof(too_short), found);
	assert_non_null(found[0]);
	assert_null(found[1]);
	assert_null(found[2]);
	read_exact(zero, sizeof(zero), found);
	assert_null(found[1]);
	assert_null(found[2]);
	for (size_t size = 0; size < 4; size++) {
		read_exact(zero, size, found);
		assert_null(found[1]);
	}
}

static void a_last_attribute_without_padding_is_taken(void **state)
{
	static const uint16_t bytes[] = {5, 1, 0x41, 0};
	const struct nlattr *found[3];

	(void)state;
	read_exact(bytes, 5, found);
	assert_ptr_equal(found[1], bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_handed_over_until_the_end),
		cmocka_unit_test(answers_to_an_earlier_request_are_passed_over),
		cmocka_unit_test(an_interrupted_dump_is_read_to_its_end_then_reported),
		cmocka_unit_test(errors_and_acknowledgements_are_told_apart),
		cmocka_unit_test(an_error_without_a_status_is_an_error),
		cmocka_unit_test(
			attributes_are_found_by_type_and_unknown_ones_passed_over),
		cmocka_unit_test(attributes_that_do_not_fit_end_the_search),
		cmocka_unit_test(a_last_attribute_without_padding_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

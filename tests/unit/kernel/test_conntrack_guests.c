/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack_parse where guests are known: which end is theirs. */
#include "../support/ct_message.h"
#include "kernel/conntrack.h"
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define GUEST "172.17.0.2"
#define OTHER "172.17.0.3"
#define GUEST6 "fd17::2"

struct fixture {
	struct link *link;
	struct guests *guests;
};

static void add_guest(struct fixture *f, const char *text, uint16_t app)
{
	struct addr a = ct_addr(text);

	assert_int_equal(guests_note(f->guests, &a, app, app, 1), 1);
}

static struct fixture set_up(void)
{
	struct fixture f = {.link = ct_link()};

	assert_int_equal(guests_new(&f.guests), 0);
	add_guest(&f, GUEST, 5);
	add_guest(&f, OTHER, 6);
	add_guest(&f, GUEST6, 5);
	return f;
}

static void tear_down(struct fixture *f)
{
	guests_free(f->guests);
	link_close(f->link);
}

static int parse(struct ct_side original, struct ct_side reply,
		 struct conntrack_entry *ret_entry)
{
	struct fixture f = set_up();
	struct ct_message m;
	int r;

	ct_message_build(&m, IPPROTO_UDP, original, reply);
	r = conntrack_parse(m.header, f.link, f.guests, ret_entry);
	tear_down(&f);
	return r;
}

static void expect(struct ct_side original, struct ct_side reply, bool is_inbound,
		   struct ct_side local_to_remote)
{
	const struct flow_key want = {.local = ct_addr(local_to_remote.src),
				      .remote = ct_addr(local_to_remote.dst),
				      .local_port = local_to_remote.src_port,
				      .remote_port = local_to_remote.dst_port,
				      .proto = IPPROTO_UDP};
	struct conntrack_entry e;

	assert_int_equal(parse(original, reply, &e), 0);
	assert_int_equal(e.guest, 5);
	assert_false(e.is_loopback);
	assert_int_equal(e.is_inbound, is_inbound);
	assert_memory_equal(&e.key, &want, sizeof(want));
}

static void a_masqueraded_flow_is_the_guests_with_its_own_address(void **state)
{
	(void)state;
	expect((struct ct_side){GUEST, 4000, THERE, 53},
	       (struct ct_side){THERE, 53, HERE, 40001}, false,
	       (struct ct_side){GUEST, 4000, THERE, 53});
}

static void a_published_port_is_the_guests_own(void **state)
{
	(void)state;
	expect((struct ct_side){THERE, 999, HERE, 8080},
	       (struct ct_side){GUEST, 80, THERE, 999}, true,
	       (struct ct_side){GUEST, 80, THERE, 999});
}

static void a_routed_guest_needs_no_translation(void **state)
{
	(void)state;
	expect((struct ct_side){GUEST6, 4000, THERE6, 53},
	       (struct ct_side){THERE6, 53, GUEST6, 4000}, false,
	       (struct ct_side){GUEST6, 4000, THERE6, 53});
	expect((struct ct_side){THERE6, 53, GUEST6, 4000},
	       (struct ct_side){GUEST6, 4000, THERE6, 53}, true,
	       (struct ct_side){GUEST6, 4000, THERE6, 53});
}

static void what_stays_on_this_machine_is_no_strangers(void **state)
{
	static const struct {
		struct ct_side original, reply;
	} local[] = {
		/* guest to guest; by a published port; guest to host; host to guest */
		{{GUEST, 1, OTHER, 2}, {OTHER, 2, GUEST, 1}},
		{{GUEST, 1, HERE, 2}, {OTHER, 2, GUEST, 1}},
		{{GUEST, 1, HERE, 2}, {HERE, 2, GUEST, 1}},
		{{HERE, 1, GUEST, 2}, {GUEST, 2, HERE, 1}},
		{{HERE, 1, HERE, 2}, {GUEST, 2, HERE, 1}},
		{{GUEST, 1, THERE, 2}, {HERE, 3128, GUEST, 1}},
	};
	struct conntrack_entry e;

	(void)state;
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		assert_int_equal(parse(local[i].original, local[i].reply, &e), -ELOOP);
}

static void what_is_forwarded_for_others_is_passed_over(void **state)
{
	struct conntrack_entry e;

	(void)state;
	assert_int_equal(parse((struct ct_side){"172.17.0.9", 1, THERE, 2},
			       (struct ct_side){THERE, 2, HERE, 1}, &e),
			 -ENOENT);
	assert_int_equal(parse((struct ct_side){"::172.17.0.2", 1, THERE6, 2},
			       (struct ct_side){THERE6, 2, "::172.17.0.2", 1}, &e),
			 -ENOENT);
}

static void a_guest_that_has_our_address_is_not_believed(void **state)
{
	struct fixture f = set_up();
	struct conntrack_entry e;
	struct ct_message m;

	(void)state;
	add_guest(&f, HERE, 9);
	ct_message_outbound(&m);
	assert_int_equal(conntrack_parse(m.header, f.link, f.guests, &e), 0);
	assert_int_equal(e.guest, 0);
	ct_message_inbound(&m);
	assert_int_equal(conntrack_parse(m.header, f.link, f.guests, &e), 0);
	assert_int_equal(e.guest, 0);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_masqueraded_flow_is_the_guests_with_its_own_address),
		cmocka_unit_test(a_published_port_is_the_guests_own),
		cmocka_unit_test(a_routed_guest_needs_no_translation),
		cmocka_unit_test(what_stays_on_this_machine_is_no_strangers),
		cmocka_unit_test(what_is_forwarded_for_others_is_passed_over),
		cmocka_unit_test(a_guest_that_has_our_address_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

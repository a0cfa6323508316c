/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../nft_encoded.h"
#include <errno.h>
#include <libnftnl/object.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>

static void assert_types(const struct encoded *e, const uint16_t *types, size_t count)
{
	assert_int_equal(e->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(type_of(e, i), types[i]);
}

/* --- objects and elements ----------------------------------------------------- */

static struct nftnl_obj *object_of(const struct nlmsghdr *message, const char *name)
{
	struct nftnl_obj *o = nftnl_obj_alloc();

	assert_int_equal(nftnl_obj_nlmsg_parse(message, o), 0);
	assert_string_equal(nftnl_obj_get_str(o, NFTNL_OBJ_NAME), name);
	assert_string_equal(nftnl_obj_get_str(o, NFTNL_OBJ_TABLE), TABLE);
	return o;
}

/* The only element of a message. */
struct element {
	char set[32], object[32];
	uint8_t key[16];
	uint32_t key_size, mark;
	bool has_mark;
};

static int element_take(struct nftnl_set_elem *se, void *context)
{
	struct element *e = context;
	uint32_t size;
	const void *data = nftnl_set_elem_get(se, NFTNL_SET_ELEM_KEY, &e->key_size);

	assert_true(e->key_size <= sizeof(e->key));
	memcpy(e->key, data, e->key_size);
	if (nftnl_set_elem_is_set(se, NFTNL_SET_ELEM_OBJREF))
		strcpy(e->object, nftnl_set_elem_get_str(se, NFTNL_SET_ELEM_OBJREF));
	data = nftnl_set_elem_get(se, NFTNL_SET_ELEM_DATA, &size);
	e->has_mark = data && size == sizeof(e->mark);
	if (e->has_mark)
		memcpy(&e->mark, data, size);
	return 0;
}

static struct element element_of(const struct nlmsghdr *message)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct element e = {.set = ""};

	assert_int_equal(nftnl_set_elems_nlmsg_parse(message, s), 0);
	strcpy(e.set, nftnl_set_get_str(s, NFTNL_SET_NAME));
	assert_int_equal(nftnl_set_elem_foreach(s, element_take, &e), 0);
	nftnl_set_free(s);
	return e;
}

static void assert_object_element(const struct nlmsghdr *message, const char *set,
				  uint32_t mark, const char *object)
{
	struct element e = element_of(message);

	assert_string_equal(e.set, set);
	assert_string_equal(e.object, object);
	assert_int_equal(e.key_size, sizeof(mark));
	assert_memory_equal(e.key, &mark, sizeof(mark));
}

static const char *comment_of(const struct nftnl_obj *o)
{
	uint32_t size = 0;
	const struct nftnl_udata *u = nftnl_obj_get_data(
		(struct nftnl_obj *)(uintptr_t)o, NFTNL_OBJ_USERDATA, &size);

	assert_non_null(u);
	assert_int_equal(nftnl_udata_type(u), NFTNL_UDATA_OBJ_COMMENT);
	return nftnl_udata_get(u);
}

static void an_app_gets_a_counter_for_each_direction(void **state)
{
	static const uint16_t types[] = {NFT_MSG_NEWOBJ, NFT_MSG_NEWSETELEM,
					 NFT_MSG_NEWOBJ, NFT_MSG_NEWSETELEM};
	struct plan p = plan_new();
	struct encoded e;
	struct nftnl_obj *o;

	(void)state;
	p.apps[7].is_present = true;
	strcpy(p.apps[7].comment, "voice");
	e = encode(&all_features, &p,
		   (struct plan_step){.kind = STEP_APP_ADD, .number = 7});
	assert_types(&e, types, 4);
	o = object_of(e.message[0], "in_7");
	assert_int_equal(nftnl_obj_get_u32(o, NFTNL_OBJ_TYPE), NFT_OBJECT_COUNTER);
	assert_string_equal(comment_of(o), "voice");
	nftnl_obj_free(o);
	assert_object_element(e.message[1], "counters_in", 0x07000000, "in_7");
	assert_object_element(e.message[3], "counters_out", 0x07000000, "out_7");
	/* An existing one is an error, not a success without effect. */
	for (size_t i = 0; i < e.count; i++)
		assert_true(e.message[i]->nlmsg_flags & NLM_F_EXCL);
	encoded_done(&e);
}

static void a_comment_cannot_break_out_of_its_quotes(void **state)
{
	struct plan p = plan_new();
	struct encoded e;
	struct nftnl_obj *o;

	(void)state;
	p.apps[255].is_present = true;
	strcpy(p.apps[255].comment, "a\"; }\n\x1b[2J\\");
	e = encode(&all_features, &p,
		   (struct plan_step){.kind = STEP_APP_ADD, .number = 255});
	o = object_of(e.message[2], "out_255");
	assert_string_equal(comment_of(o), "a?; }??[2J?");
	nftnl_obj_free(o);
	encoded_done(&e);
}

static void an_object_goes_after_the_element_that_holds_it(void **state)
{
	static const uint16_t types[] = {NFT_MSG_DELSETELEM, NFT_MSG_DELOBJ,
					 NFT_MSG_DELSETELEM, NFT_MSG_DELOBJ};
	struct plan p = plan_new();
	struct encoded e =
		encode(&all_features, &p,
		       (struct plan_step){.kind = STEP_APP_REMOVE, .number = 7});

	(void)state;
	assert_types(&e, types, 4);
	assert_object_element(e.message[0], "counters_in", 0x07000000, "");
	nftnl_obj_free(object_of(e.message[3], "out_7"));
	encoded_done(&e);
}

static struct encoded encode_limit(enum plan_step_kind kind, bool is_relay_limit,
				   bool legs_only, uint64_t rate)
{
	struct plan p = plan_new();

	return encode(&all_features, &p,
		      (struct plan_step){.kind = kind,
					 .number = 3,
					 .direction = DIRECTION_OUT,
					 .is_relay_limit = is_relay_limit,
					 .legs_only = legs_only,
					 .rate = rate});
}

static void a_limit_is_bytes_per_second_and_fires_above(void **state)
{
	struct encoded e = encode_limit(STEP_LIMIT_ADD, false, false, 250000);
	struct nftnl_obj *o;

	(void)state;
	assert_int_equal(e.count, 2);
	o = object_of(e.message[0], "rate_out_3");
	assert_int_equal(nftnl_obj_get_u32(o, NFTNL_OBJ_TYPE), NFT_OBJECT_LIMIT);
	assert_int_equal(nftnl_obj_get_u64(o, NFTNL_OBJ_LIMIT_RATE), 250000);
	assert_int_equal(nftnl_obj_get_u64(o, NFTNL_OBJ_LIMIT_UNIT), 1);
	/* On top of a second of the rate. */
	assert_int_equal(nftnl_obj_get_u32(o, NFTNL_OBJ_LIMIT_BURST), 0);
	assert_int_equal(nftnl_obj_get_u32(o, NFTNL_OBJ_LIMIT_TYPE),
			 NFT_LIMIT_PKT_BYTES);
	assert_int_equal(nftnl_obj_get_u32(o, NFTNL_OBJ_LIMIT_FLAGS), NFT_LIMIT_F_INV);
	nftnl_obj_free(o);
	assert_object_element(e.message[1], "rate_out", 0x03000000, "rate_out_3");
	encoded_done(&e);
}

static void the_largest_packet_fits_the_bucket_of_the_slowest_limit(void **state)
{
	const uint64_t rates[] = {1, 32000, 65535, 65536, 65537};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct encoded e = encode_limit(STEP_LIMIT_ADD, false, false, rates[i]);
		struct nftnl_obj *o = object_of(e.message[0], "rate_out_3");
		uint64_t bucket =
			rates[i] + nftnl_obj_get_u32(o, NFTNL_OBJ_LIMIT_BURST);

		assert_int_equal(bucket, rates[i] < 65536 ? 65536 : rates[i]);
		nftnl_obj_free(o);
		encoded_done(&e);
	}
}

static void a_rate_beyond_the_kernel_is_clamped(void **state)
{
	struct encoded e = encode_limit(STEP_LIMIT_ADD, false, false, UINT64_MAX);
	struct nftnl_obj *o = object_of(e.message[0], "rate_out_3");
	uint64_t rate = nftnl_obj_get_u64(o, NFTNL_OBJ_LIMIT_RATE);

	(void)state;
	assert_true(rate <= (UINT64_MAX / 1000000000u) - 65536);
	assert_true(rate > 12500000000u); /* 100 Gbit/s */
	nftnl_obj_free(o);
	encoded_done(&e);
}

static void a_relay_limit_covers_legs_or_everything(void **state)
{
	struct encoded e = encode_limit(STEP_LIMIT_ADD, true, true, 1000);

	(void)state;
	assert_int_equal(e.count, 2);
	assert_object_element(e.message[1], "relay_out", 0x03400000, "relay_out_3");
	encoded_done(&e);
	e = encode_limit(STEP_LIMIT_ADD, true, false, 1000);
	assert_int_equal(e.count, 3);
	assert_object_element(e.message[1], "relay_out", 0x03000000, "relay_out_3");
	assert_object_element(e.message[2], "relay_out", 0x03400000, "relay_out_3");
	encoded_done(&e);
	e = encode_limit(STEP_LIMIT_REMOVE, true, false, 1000);
	assert_int_equal(e.count, 3);
	assert_object_element(e.message[0], "relay_out", 0x03000000, "");
	assert_object_element(e.message[1], "relay_out", 0x03400000, "");
	assert_int_equal(type_of(&e, 2), NFT_MSG_DELOBJ);
	encoded_done(&e);
}

static void a_flow_waits_in_the_class_of_its_mark(void **state)
{
	struct plan p = plan_new();
	struct encoded e;
	struct element element;
	uint32_t leg = 0x07400000;

	(void)state;
	e = encode(&all_features, &p,
		   (struct plan_step){.kind = STEP_CLASS_ADD,
				      .number = 7,
				      .is_leg = true,
				      .priority = 0x5257001e});
	assert_int_equal(e.count, 1);
	assert_int_equal(type_of(&e, 0), NFT_MSG_NEWSETELEM);
	element = element_of(e.message[0]);
	assert_string_equal(element.set, "classes");
	assert_memory_equal(element.key, &leg, sizeof(leg));
	assert_true(element.has_mark);
	assert_int_equal(element.mark, 0x5257001e);
	encoded_done(&e);
}

static void a_guard_counts_what_the_relay_limit_covers(void **state)
{
	struct plan p = plan_new();
	struct plan_step step = {
		.kind = STEP_GUARD_ADD, .number = 7, .legs_only = true};
	struct encoded e = encode(&all_features, &p, step);
	struct nftnl_obj *o;

	(void)state;
	assert_int_equal(e.count, 4);
	o = object_of(e.message[0], "guarded_in_7");
	assert_int_equal(nftnl_obj_get_u32(o, NFTNL_OBJ_TYPE), NFT_OBJECT_COUNTER);
	nftnl_obj_free(o);
	assert_object_element(e.message[1], "guarded_in", 0x07400000, "guarded_in_7");
	encoded_done(&e);
	step.legs_only = false;
	e = encode(&all_features, &p, step);
	assert_int_equal(e.count, 6);
	assert_object_element(e.message[5], "guarded_out", 0x07000000, "guarded_out_7");
	encoded_done(&e);
	/* The elements first: a counter in use can't go. */
	step.kind = STEP_GUARD_REMOVE;
	e = encode(&all_features, &p, step);
	assert_int_equal(type_of(&e, 0), NFT_MSG_DELSETELEM);
	assert_int_equal(type_of(&e, 2), NFT_MSG_DELOBJ);
	encoded_done(&e);
}

static void a_port_is_keyed_by_protocol_and_network_order(void **state)
{
	static const uint8_t key[] = {17, 0, 0, 0, 0x1d, 0xe6, 0, 0};
	struct plan p = plan_new();
	struct plan_port port = {.proto = IPPROTO_UDP, .number = 9, .port = 7654};
	struct encoded e =
		encode(&all_features, &p,
		       (struct plan_step){.kind = STEP_PORT_ADD, .port = port});
	struct element element = element_of(e.message[0]);

	(void)state;
	assert_string_equal(element.set, "ports");
	assert_int_equal(element.key_size, sizeof(key));
	assert_memory_equal(element.key, key, sizeof(key));
	assert_true(element.has_mark);
	assert_int_equal(element.mark, 0x09000000);
	encoded_done(&e);
	e = encode(&all_features, &p,
		   (struct plan_step){.kind = STEP_PORT_REMOVE, .port = port});
	assert_int_equal(type_of(&e, 0), NFT_MSG_DELSETELEM);
	assert_false(element_of(e.message[0]).has_mark);
	encoded_done(&e);
}

static void a_cgroup_is_keyed_by_its_inode_at_its_level(void **state)
{
	struct plan p = plan_new();
	struct plan_cgroup c = {.id = 0x123456789a, .level = 3, .number = 200};
	struct encoded e =
		encode(&all_features, &p,
		       (struct plan_step){.kind = STEP_CGROUP_ADD, .cgroup = c});
	struct element element = element_of(e.message[0]);

	(void)state;
	assert_string_equal(element.set, "cgroups_3");
	assert_int_equal(element.key_size, 8);
	assert_memory_equal(element.key, &c.id, 8);
	assert_int_equal(element.mark, 0xc8000000);
	encoded_done(&e);
}

/* --- trusted networks --------------------------------------------------------- */

static int count_attribute(const struct nlattr *attr, void *context)
{
	(void)attr;
	++*(size_t *)context;
	return MNL_CB_OK;
}

/* libnftnl cannot read back its own messages of several elements. */
static int count_elements(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_ELEMENTS)
		mnl_attr_parse_nested(attr, count_attribute, context);
	return MNL_CB_OK;
}

static void the_trusted_set_is_flushed_and_filled_in_pieces(void **state)
{
	struct plan p = plan_new();
	struct encoded e;
	size_t elements = 0, messages = 0;

	(void)state;
	p.trusted = calloc(PLAN_TRUSTED_MAX, sizeof(*p.trusted));
	assert_non_null(p.trusted);
	for (uint32_t i = 0; i < PLAN_TRUSTED_MAX; i++)
		p.trusted[i] = (struct prefix){
			.addr = addr_from_ipv4(htonl(0x0a000000 | i << 8)),
			.bits = 127};
	p.trusted_count = PLAN_TRUSTED_MAX;
	e = encode(&all_features, &p, (struct plan_step){.kind = STEP_TRUSTED_SET});
	assert_int_equal(type_of(&e, 0), NFT_MSG_DELSETELEM);
	for (size_t i = 0; i < e.count; i++) {
		assert_true(e.message[i]->nlmsg_len < NFT_MESSAGE_ROOM);
		messages += type_of(&e, i) == NFT_MSG_NEWSETELEM;
		mnl_attr_parse(e.message[i], sizeof(struct nfgenmsg), count_elements,
			       &elements);
	}
	assert_int_equal(elements, 2 * PLAN_TRUSTED_MAX);
	assert_true(messages > 1);
	encoded_done(&e);
	plan_done(&p);
}

/* --- buffer ------------------------------------------------------------------- */

static void a_full_buffer_is_left_as_it_was(void **state)
{
	struct plan p = plan_new();
	uint8_t *data = calloc(1, NFT_MESSAGE_ROOM + 64);
	struct nft_buffer buf = {
		.data = data, .size = NFT_MESSAGE_ROOM + 64, .used = 16, .seq = 5};
	struct plan_step step = {.kind = STEP_APP_ADD, .number = 1};

	(void)state;
	assert_non_null(data);
	assert_int_equal(nft_encode_step(&buf, TABLE, &all_features, &p, &step),
			 -ENOBUFS);
	assert_int_equal(buf.used, 16);
	assert_int_equal(buf.seq, 5);
	free(data);
}

static void a_step_without_meaning_is_refused(void **state)
{
	struct plan p = plan_new();
	uint8_t *data = calloc(1, 2 * NFT_MESSAGE_ROOM);
	struct nft_buffer buf = {.data = data, .size = 2 * NFT_MESSAGE_ROOM};
	struct plan_step unknown = {.kind = (enum plan_step_kind)99};
	struct plan_step level = {.kind = STEP_CGROUP_ADD, .cgroup = {.level = 9}};

	(void)state;
	assert_non_null(data);
	assert_int_equal(nft_encode_step(&buf, TABLE, &all_features, &p, &unknown),
			 -EINVAL);
	assert_int_equal(nft_encode_step(&buf, TABLE, &all_features, &p, &level),
			 -EINVAL);
	assert_int_equal(buf.used, 0);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_app_gets_a_counter_for_each_direction),
		cmocka_unit_test(a_comment_cannot_break_out_of_its_quotes),
		cmocka_unit_test(an_object_goes_after_the_element_that_holds_it),
		cmocka_unit_test(a_limit_is_bytes_per_second_and_fires_above),
		cmocka_unit_test(
			the_largest_packet_fits_the_bucket_of_the_slowest_limit),
		cmocka_unit_test(a_rate_beyond_the_kernel_is_clamped),
		cmocka_unit_test(a_flow_waits_in_the_class_of_its_mark),
		cmocka_unit_test(a_guard_counts_what_the_relay_limit_covers),
		cmocka_unit_test(a_relay_limit_covers_legs_or_everything),
		cmocka_unit_test(a_port_is_keyed_by_protocol_and_network_order),
		cmocka_unit_test(a_cgroup_is_keyed_by_its_inode_at_its_level),
		cmocka_unit_test(the_trusted_set_is_flushed_and_filled_in_pieces),
		cmocka_unit_test(a_full_buffer_is_left_as_it_was),
		cmocka_unit_test(a_step_without_meaning_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

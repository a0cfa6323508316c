/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_sets.h"
#include "kernel/nft_callers.h"
#include "kernel/nft_intervals.h"
#include "kernel/nft_nat.h"
#include "kernel/nft_rules.h"
#include <errno.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <linux/netfilter/nf_tables.h>

#define TRUSTED_PER_MESSAGE 64

/* Data types as nft(8) numbers them; the kernel only keeps them for listings. */
enum {
	TYPE_IPV4_ADDR = 7,
	TYPE_IPV6_ADDR = 8,
	TYPE_INET_PROTO = 12,
	TYPE_INET_SERVICE = 13,
	TYPE_MARK = 19,
	TYPE_IFINDEX = 20,
	TYPE_CLASSID = 23,
	TYPE_CGROUPV2 = 46,
	TYPE_CONCAT_BITS = 6,
};

/* A bounded size lets the kernel choose its fixed-size hash table, the fastest one. */
struct set_spec {
	const char *name;
	uint32_t flags; /* enum nft_set_flags */
	uint32_t key_type, key_size;
	/* NFT_OBJECT_* in object maps; in other maps a data type, 0: marks. */
	uint32_t value_type;
	uint32_t count_max; /* 0: any */
};

static void set_put_data_types(struct nftnl_set *s, const struct set_spec *spec)
{
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, spec->key_type);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, spec->key_size);
	if (spec->flags & NFT_SET_OBJECT)
		nftnl_set_set_u32(s, NFTNL_SET_OBJ_TYPE, spec->value_type);
	if (spec->flags & NFT_SET_MAP) {
		nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE,
				  spec->value_type ? spec->value_type : TYPE_MARK);
		nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, sizeof(uint32_t));
	}
	if (spec->count_max)
		nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, spec->count_max);
}

/* For `nft list`, which else would not know that marks are in host order. */
static void set_put_byteorder(struct nft_encoder *e, struct nftnl_set *s,
			      const struct set_spec *spec)
{
	enum { HOST_ENDIAN = 1, BIG_ENDIAN_ORDER = 2 }; /* as nft(8) numbers them */
	struct nftnl_udata_buf *u = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	bool is_host_key = spec->key_type == TYPE_MARK ||
			   spec->key_type == TYPE_CGROUPV2 ||
			   spec->key_type == TYPE_IFINDEX;

	if (!u) {
		nft_fail_without_memory(e);
		return;
	}
	nftnl_udata_put_u32(u, NFTNL_UDATA_SET_KEYBYTEORDER,
			    is_host_key ? HOST_ENDIAN : BIG_ENDIAN_ORDER);
	if (spec->flags & NFT_SET_MAP)
		nftnl_udata_put_u32(u, NFTNL_UDATA_SET_DATABYTEORDER, HOST_ENDIAN);
	nftnl_set_set_data(s, NFTNL_SET_USERDATA, nftnl_udata_buf_data(u),
			   nftnl_udata_buf_len(u));
	nftnl_udata_buf_free(u);
}

static void put_set(struct nft_encoder *e, const struct set_spec *spec, uint32_t id)
{
	struct nftnl_set *s = nftnl_set_alloc();
	struct nlmsghdr *message;

	if (!s) {
		nft_fail_without_memory(e);
		return;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, e->table);
	nftnl_set_set_str(s, NFTNL_SET_NAME, spec->name);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, spec->flags);
	nftnl_set_set_u32(s, NFTNL_SET_ID, id);
	set_put_data_types(s, spec);
	set_put_byteorder(e, s, spec);
	message = nft_message_begin(e, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
	if (message) {
		nftnl_set_nlmsg_build_payload(message, s);
		nft_message_end(e, message);
	}
	nftnl_set_free(s);
}

/* The elements of `s`, which are added or deleted; of none, all are deleted. */
static void put_elements(struct nft_encoder *e, uint16_t type, struct nftnl_set *s)
{
	bool is_new = type == NFT_MSG_NEWSETELEM;
	struct nlmsghdr *message =
		nft_message_begin(e, type, is_new ? NLM_F_CREATE | NLM_F_EXCL : 0);

	if (message) {
		nftnl_set_elems_nlmsg_build_payload(message, s);
		nft_message_end(e, message);
	}
}

static struct nftnl_set *elements_new(struct nft_encoder *e, const char *set)
{
	struct nftnl_set *s = nftnl_set_alloc();

	if (!s) {
		nft_fail_without_memory(e);
		return NULL;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, e->table);
	nftnl_set_set_str(s, NFTNL_SET_NAME, set);
	return s;
}

/* A new element with its key, owned by `s`; NULL when memory is out. */
static struct nftnl_set_elem *element_add(struct nft_encoder *e, struct nftnl_set *s,
					  const void *key, uint32_t size)
{
	struct nftnl_set_elem *element = s ? nftnl_set_elem_alloc() : NULL;

	if (!element) {
		nft_fail_without_memory(e);
		return NULL;
	}
	nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, size);
	nftnl_set_elem_add(s, element);
	return element;
}

void nft_put_element(struct nft_encoder *e, uint16_t type, const char *map,
		     const void *key, uint32_t key_size, const char *object,
		     const uint32_t *mark)
{
	struct nftnl_set *s = elements_new(e, map);
	struct nftnl_set_elem *element = element_add(e, s, key, key_size);

	if (element && object)
		nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_OBJREF, object);
	if (element && mark)
		nftnl_set_elem_set(element, NFTNL_SET_ELEM_DATA, mark, sizeof(*mark));
	if (element)
		put_elements(e, type, s);
	if (s)
		nftnl_set_free(s);
}

/* The bytes of an address as its family's set has them. */
static const void *address_key(const struct addr *a, bool is_ipv4, uint32_t *ret_size)
{
	*ret_size = is_ipv4 ? 4 : 16;
	return a->b + (is_ipv4 ? 12 : 0);
}

void nft_put_guest(struct nft_encoder *e, uint16_t type, const struct plan_guest *guest)
{
	uint32_t mark = mark_of(&e->wanted->layout, guest->number, 0), size;
	bool is_ipv4 = addr_is_ipv4(&guest->addr);
	const void *key = address_key(&guest->addr, is_ipv4, &size);

	nft_put_element(e, type, is_ipv4 ? "guests4" : "guests6", key, size, NULL,
			NULL);
	nft_put_element(e, type, is_ipv4 ? "guest_marks4" : "guest_marks6", key, size,
			NULL, type == NFT_MSG_NEWSETELEM ? &mark : NULL);
}

static void element_add_interval(struct nft_encoder *e, struct nftnl_set *s,
				 const struct nft_interval *i, bool is_ipv4)
{
	struct nftnl_set_elem *end;
	const void *key;
	uint32_t size;

	key = address_key(&i->first, is_ipv4, &size);
	element_add(e, s, key, size);
	if (i->is_open)
		return;
	key = address_key(&i->end, is_ipv4, &size);
	end = element_add(e, s, key, size);
	if (end)
		nftnl_set_elem_set_u32(end, NFTNL_SET_ELEM_FLAGS,
				       NFT_SET_ELEM_INTERVAL_END);
}

static void put_intervals(struct nft_encoder *e, const char *set, bool is_ipv4,
			  const struct nft_interval *intervals, size_t count)
{
	for (size_t i = 0; i < count && !e->error;) {
		size_t end = i + TRUSTED_PER_MESSAGE / 2;
		struct nftnl_set *s = elements_new(e, set);

		if (!s)
			return;
		for (; i < end && i < count; i++)
			element_add_interval(e, s, &intervals[i], is_ipv4);
		put_elements(e, NFT_MSG_NEWSETELEM, s);
		nftnl_set_free(s);
	}
}

static void put_networks(struct nft_encoder *e, const char *set, bool is_ipv4,
			 const struct prefix *networks, size_t count)
{
	struct nft_interval *intervals = calloc(count + 1, sizeof(*intervals));

	if (!intervals) {
		nft_fail_without_memory(e);
		return;
	}
	count = nft_intervals(networks, count, is_ipv4, intervals);
	put_intervals(e, set, is_ipv4, intervals, count);
	free(intervals);
}

void nft_clear_set(struct nft_encoder *e, const char *set)
{
	struct nftnl_set *all = elements_new(e, set);

	if (!all)
		return;
	put_elements(e, NFT_MSG_DELSETELEM, all);
	nftnl_set_free(all);
}

static void encode_trusted(struct nft_encoder *e, const char *set, bool is_ipv4)
{
	nft_clear_set(e, set);
	put_networks(e, set, is_ipv4, e->wanted->trusted, e->wanted->trusted_count);
}

void nft_sets_trust(struct nft_encoder *e)
{
	encode_trusted(e, "trusted4", true);
	encode_trusted(e, "trusted6", false);
}

/* Whoever has no address of the wide world is no stranger: addr_is_local_scope(). */
static void sets_fill_near(struct nft_encoder *e)
{
	static const char *const texts[] = {"0.0.0.0/8",      "127.0.0.0/8",
					    "169.254.0.0/16", "224.0.0.0/3",
					    "fe80::/10",      "ff00::/8"};
	struct prefix near[sizeof(texts) / sizeof(texts[0])];
	size_t count = sizeof(texts) / sizeof(texts[0]);

	for (size_t i = 0; i < count; i++)
		if (prefix_parse(texts[i], &near[i]) < 0) {
			e->error = -EINVAL;
			return;
		}
	put_networks(e, "near4", true, near, count);
	put_networks(e, "near6", false, near, count);
}

void nft_sets_create(struct nft_encoder *e)
{
	const uint32_t objects = NFT_SET_OBJECT;
	const uint32_t counting = NFT_SET_EVAL | NFT_SET_TIMEOUT;
	const uint32_t caller = TYPE_MARK << TYPE_CONCAT_BITS;
	const uint32_t flow = TYPE_INET_PROTO << TYPE_CONCAT_BITS | TYPE_INET_SERVICE;
	/* A number has one element in a map, in relay_* one with LEG and one without.
	 */
	const uint32_t few = APP_NUMBER_COUNT, twice = 2 * APP_NUMBER_COUNT;
	const struct set_spec fixed[] = {
		{"counters_in", objects, TYPE_MARK, 4, NFT_OBJECT_COUNTER, few},
		{"counters_out", objects, TYPE_MARK, 4, NFT_OBJECT_COUNTER, few},
		{"rate_in", objects, TYPE_MARK, 4, NFT_OBJECT_LIMIT, few},
		{"rate_out", objects, TYPE_MARK, 4, NFT_OBJECT_LIMIT, few},
		{"relay_in", objects, TYPE_MARK, 4, NFT_OBJECT_LIMIT, twice},
		{"relay_out", objects, TYPE_MARK, 4, NFT_OBJECT_LIMIT, twice},
		{"refused_in", objects, TYPE_MARK, 4, NFT_OBJECT_COUNTER, few},
		{"refused_out", objects, TYPE_MARK, 4, NFT_OBJECT_COUNTER, few},
		{"guarded_in", objects, TYPE_MARK, 4, NFT_OBJECT_COUNTER, twice},
		{"guarded_out", objects, TYPE_MARK, 4, NFT_OBJECT_COUNTER, twice},
		{"cut", 0, TYPE_MARK, 4, 0, twice}, /* with BLOCKED and without */
		{"calls", 0, TYPE_MARK, 4, 0, few},
		{"classes", NFT_SET_MAP, TYPE_MARK, 4, TYPE_CLASSID, twice},
		{"uplinks", 0, TYPE_IFINDEX, 4, 0, PLAN_UPLINKS_MAX},
		{"full", 0, TYPE_MARK, 4, 0, few},
		{"quotas", objects, TYPE_MARK, 4, NFT_OBJECT_QUOTA, few},
		{"over_block", 0, TYPE_MARK, 4, 0, few},
		{"over_rate_in", objects, TYPE_MARK, 4, NFT_OBJECT_LIMIT, few},
		{"over_rate_out", objects, TYPE_MARK, 4, NFT_OBJECT_LIMIT, few},
		{NFT_SYMMETRIC, 0, TYPE_MARK, 4, 0, few},
		{"ports", NFT_SET_MAP, flow, 8, 0, PLAN_PORTS_MAX},
		/* The same keys twice: older kernels look nothing up in a map but for
		 * its value. */
		{"guests4", 0, TYPE_IPV4_ADDR, 4, 0, PLAN_GUESTS_MAX},
		{"guests6", 0, TYPE_IPV6_ADDR, 16, 0, PLAN_GUESTS_MAX},
		{"guest_marks4", NFT_SET_MAP, TYPE_IPV4_ADDR, 4, 0, PLAN_GUESTS_MAX},
		{"guest_marks6", NFT_SET_MAP, TYPE_IPV6_ADDR, 16, 0, PLAN_GUESTS_MAX},
		{"trusted4", NFT_SET_INTERVAL, TYPE_IPV4_ADDR, 4, 0, 0},
		{"trusted6", NFT_SET_INTERVAL, TYPE_IPV6_ADDR, 16, 0, 0},
		{"near4", NFT_SET_INTERVAL, TYPE_IPV4_ADDR, 4, 0, 0},
		{"near6", NFT_SET_INTERVAL, TYPE_IPV6_ADDR, 16, 0, 0},
		{NFT_CALLERS4, counting, caller | TYPE_IPV4_ADDR, 8, 0, CALLERS_MAX},
		{NFT_CALLERS6, counting, caller | TYPE_IPV6_ADDR, 20, 0, CALLERS_MAX},
	};
	uint32_t id = 1; /* the kernel wants one for every new set of a transaction */

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		put_set(e, &fixed[i], id++);
	for (unsigned int level = 1; level <= PLAN_CGROUP_LEVEL_MAX; level++) {
		char name[NFT_NAME_SIZE];
		struct set_spec spec = {nft_cgroups_name(level, name),
					NFT_SET_MAP,
					TYPE_CGROUPV2,
					sizeof(uint64_t),
					0,
					PLAN_CGROUPS_MAX};

		put_set(e, &spec, id++);
	}
	sets_fill_near(e);
}

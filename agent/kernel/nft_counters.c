/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_callers.h"
#include "kernel/nft_handle.h"
#include "kernel/nft_hold.h"
#include <endian.h>
#include <errno.h>
#include <libnftnl/common.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* Any change of any rule in the namespace disturbs a dump. */
#define DUMP_ATTEMPTS 3

/* What follows `prefix` in `name`, or NULL. */
static const char *after(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(name, prefix, length) == 0 ? name + length : NULL;
}

/* "in_7", "refused_out_0": the one that is meant; NULL: none of ours. */
static struct nft_counter *counter_find(struct nft_counters *c, const char *name)
{
	struct nft_counter(*table)[DIRECTION_COUNT] = c->app;
	enum direction d = DIRECTION_IN;
	const char *digit, *rest;
	unsigned int number = 0;

	if (strcmp(name, NFT_UNASKED_COUNTER) == 0)
		return &c->unasked;
	if (strcmp(name, NFT_UNLISTED_COUNTER) == 0)
		return &c->unlisted;
	if ((rest = after(name, "refused_")))
		table = c->refused;
	else if ((rest = after(name, "guarded_")))
		table = c->guarded;
	if (rest)
		name = rest;
	rest = after(name, "in_");
	if (!rest) {
		d = DIRECTION_OUT;
		rest = after(name, "out_");
	}
	if (!rest)
		return NULL;
	for (digit = rest; *digit >= '0' && *digit <= '9' && digit < rest + 3; digit++)
		number = number * 10 + (unsigned int)(*digit - '0');
	if (digit == rest || *digit || number >= APP_NUMBER_COUNT)
		return NULL;
	return &table[number][d];
}

/* Attributes are taken when their shape is right and passed over when not. */
static int counter_take_value(const struct nlattr *attr, void *context)
{
	struct nft_counter *counter = context;

	if (mnl_attr_validate(attr, MNL_TYPE_U64) < 0)
		return MNL_CB_OK;
	if (mnl_attr_get_type(attr) == NFTA_COUNTER_PACKETS)
		counter->packets = be64toh(mnl_attr_get_u64(attr));
	else if (mnl_attr_get_type(attr) == NFTA_COUNTER_BYTES)
		counter->bytes = be64toh(mnl_attr_get_u64(attr));
	return MNL_CB_OK;
}

struct counter_object {
	const char *name;
	const struct nlattr *data;
};

static int counter_take_object(const struct nlattr *attr, void *context)
{
	struct counter_object *o = context;

	if (mnl_attr_get_type(attr) == NFTA_OBJ_NAME &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		o->name = mnl_attr_get_str(attr);
	else if (mnl_attr_get_type(attr) == NFTA_OBJ_DATA &&
		 mnl_attr_validate(attr, MNL_TYPE_NESTED) == 0)
		o->data = attr;
	return MNL_CB_OK;
}

static void counter_parse(const struct nlmsghdr *message, void *context)
{
	struct nft_counters *counters = context;
	struct counter_object o = {0};
	struct nft_counter *counter;

	mnl_attr_parse(message, sizeof(struct nfgenmsg), counter_take_object, &o);
	counter = o.name && o.data ? counter_find(counters, o.name) : NULL;
	if (counter)
		mnl_attr_parse_nested(o.data, counter_take_value, counter);
}

static int dump_request(struct nft *n, uint32_t type)
{
	char buf[256]; /* a header and a name of at most NFT_TABLE_NAME_MAX */
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(
		buf, NFT_MSG_GETOBJ, NFPROTO_INET, NLM_F_DUMP, n->seq);

	mnl_attr_put_strz(message, NFTA_OBJ_TABLE, n->table);
	mnl_attr_put_u32(message, NFTA_OBJ_TYPE, htonl(type));
	if (mnl_socket_sendto(n->socket, message, message->nlmsg_len) < 0)
		return -errno;
	return 0;
}

/* 1 at the end of the dump, 0 before it, -EAGAIN when the rules changed meanwhile. */
static int dump_take(const struct nlmsghdr *message, nft_object_taker *take,
		     void *context)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		return -EAGAIN;
	if (message->nlmsg_type == NLMSG_DONE)
		return 1;
	if (message->nlmsg_type == NLMSG_ERROR) {
		if (mnl_nlmsg_get_payload_len(message) < sizeof(*error))
			return -EBADMSG;
		return error->error ? error->error : 1;
	}
	if (mnl_nlmsg_get_payload_len(message) >= sizeof(struct nfgenmsg))
		take(message, context);
	return 0;
}

/* Reads to the end even after an error, so that the next request finds an idle socket.
 */
static int dump_receive(struct nft *n, nft_object_taker *take, void *context)
{
	uint32_t seq = n->seq++;
	int result = 0;

	for (;;) {
		ssize_t got =
			mnl_socket_recvfrom(n->socket, n->answer, sizeof(n->answer));
		const struct nlmsghdr *message = (const void *)n->answer;
		int left = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN ? -EBADMSG : -errno;
		for (; mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left)) {
			int r = message->nlmsg_seq == seq
					? dump_take(message, take, context)
					: 0;

			if (r < 0 && !result)
				result = r;
			if (message->nlmsg_seq == seq &&
			    (message->nlmsg_type == NLMSG_DONE ||
			     message->nlmsg_type == NLMSG_ERROR))
				return result;
		}
	}
}

int nft_dump_objects(struct nft *n, uint32_t type, nft_object_taker *take,
		     void *ret_result, size_t size)
{
	void *result = malloc(size);
	int r = -EAGAIN;

	if (!result)
		return -ENOMEM;
	for (int i = 0; i < DUMP_ATTEMPTS && r == -EAGAIN; i++) {
		memset(result, 0, size);
		r = dump_request(n, type);
		if (r == 0)
			r = dump_receive(n, take, result);
	}
	if (r >= 0)
		memcpy(ret_result, result, size);
	free(result);
	return r < 0 ? r : 0;
}

int nft_read_counters(struct nft *n, struct nft_counters *ret_counters)
{
	return nft_dump_objects(n, NFT_OBJECT_COUNTER, counter_parse, ret_counters,
				sizeof(*ret_counters));
}

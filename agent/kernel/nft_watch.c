/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_watch.h"
#include "kernel/nft_handle.h"
#include "kernel/nlread.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Datagrams taken in one call; the kernel puts some hundred messages into each. */
#define WATCH_BATCH 64
/* Room for a firewall's 50,000 rules, or for all that a plan of ours can hold. */
#define WATCH_RECEIVE_BUFFER (8 << 20)
/* NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, ...: the same in all. */
#define ATTR_TABLE 1

struct nft_watch {
	struct mnl_socket *socket;
	nft_watch_callback *callback;
	void *context;
	char table[NFT_TABLE_NAME_MAX];
	struct nft_watch_state state;
	uint32_t buf[NLREAD_SIZE / sizeof(uint32_t)];
};

/* --- one message -------------------------------------------------------------------
 */

static unsigned int part_of(uint8_t type)
{
	switch (type) {
	case NFT_MSG_NEWTABLE:
	case NFT_MSG_DELTABLE:
		return NFT_PART_TABLE;
	case NFT_MSG_NEWCHAIN:
	case NFT_MSG_DELCHAIN:
		return NFT_PART_CHAIN;
	case NFT_MSG_NEWRULE:
	case NFT_MSG_DELRULE:
		return NFT_PART_RULE;
	case NFT_MSG_NEWSET:
	case NFT_MSG_DELSET:
		return NFT_PART_SET;
	case NFT_MSG_NEWSETELEM:
	case NFT_MSG_DELSETELEM:
		return NFT_PART_ELEMENT;
	case NFT_MSG_NEWOBJ:
	case NFT_MSG_DELOBJ:
		return NFT_PART_OBJECT;
	default:
		return 0;
	}
}

static void find_attrs(const struct nlmsghdr *m, const struct nlattr **found,
		       unsigned int max)
{
	size_t header = NLMSG_ALIGN(sizeof(struct nfgenmsg));

	nlread_attrs((const uint8_t *)mnl_nlmsg_get_payload(m) + header,
		     mnl_nlmsg_get_payload_len(m) - header, found, max);
}

static bool is_text(const struct nlattr *attr, const char *text)
{
	size_t size = strlen(text) + 1;

	return attr && mnl_attr_get_payload_len(attr) == size &&
	       memcmp(mnl_attr_get_payload(attr), text, size) == 0;
}

static void take_change(struct nft_watch_state *s, const struct nlmsghdr *m,
			uint8_t type)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(m);
	const struct nlattr *found[ATTR_TABLE + 1];

	if (header->nfgen_family != NFPROTO_INET)
		return;
	find_attrs(m, found, ATTR_TABLE);
	if (!is_text(found[ATTR_TABLE], s->table))
		return;
	s->port = m->nlmsg_pid;
	s->change.parts |= part_of(type);
	if (type == NFT_MSG_DELTABLE || type == NFT_MSG_NEWTABLE)
		s->change.is_removed = type == NFT_MSG_DELTABLE;
	s->change.changes++;
}

/* The end of a transaction; of the one that changed us, unless that end was lost. */
static void take_culprit(struct nft_watch_state *s, const struct nlmsghdr *m)
{
	const struct nlattr *found[NFTA_GEN_PROC_NAME + 1];
	struct nft_foreign_change *c = &s->change;
	uint32_t pid;
	size_t length;

	/* Sequence numbers differ: a change has that of its message in the batch. */
	if (m->nlmsg_pid != s->port)
		return;
	find_attrs(m, found, NFTA_GEN_PROC_NAME);
	if (nlread_payload(found[NFTA_GEN_PROC_PID], &pid, sizeof(pid)))
		c->pid = ntohl(pid);
	if (!found[NFTA_GEN_PROC_NAME])
		return;
	length = mnl_attr_get_payload_len(found[NFTA_GEN_PROC_NAME]);
	if (length > sizeof(c->process) - 1)
		length = sizeof(c->process) - 1;
	memcpy(c->process, mnl_attr_get_payload(found[NFTA_GEN_PROC_NAME]), length);
	c->process[length] = '\0';
}

bool nft_watch_take(struct nft_watch_state *s, const struct nlmsghdr *m)
{
	uint8_t type = (uint8_t)m->nlmsg_type;

	/* Port 0 is the kernel itself, which tells of a quota that is used up. */
	if (m->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || !m->nlmsg_pid ||
	    m->nlmsg_pid == s->own_port ||
	    mnl_nlmsg_get_payload_len(m) < NLMSG_ALIGN(sizeof(struct nfgenmsg)))
		return false;
	if (part_of(type))
		take_change(s, m, type);
	if (type != NFT_MSG_NEWGEN || !s->change.parts)
		return false;
	take_culprit(s, m);
	return true;
}

const char *nft_change_describe(const struct nft_foreign_change *c, char *buf,
				size_t size)
{
	static const struct {
		unsigned int part;
		const char *name;
	} parts[] = {
		{NFT_PART_TABLE, "the table"},	{NFT_PART_CHAIN, "chains"},
		{NFT_PART_RULE, "rules"},	{NFT_PART_SET, "sets"},
		{NFT_PART_ELEMENT, "elements"}, {NFT_PART_OBJECT, "counters or limits"},
	};
	size_t used = 0;

	if (c->is_removed) {
		snprintf(buf, size, "removed");
		return buf;
	}
	snprintf(buf, size, "changed");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		used = strlen(buf);
		if (c->parts & parts[i].part)
			snprintf(buf + used, size - used, "%s%s",
				 strchr(buf, '(') ? ", " : " (", parts[i].name);
	}
	used = strlen(buf);
	if (strchr(buf, '('))
		snprintf(buf + used, size - used, ")");
	return buf;
}

/* --- the socket ---------------------------------------------------------------------
 */

static int join(struct mnl_socket *s)
{
	int group = NFNLGRP_NFTABLES, size = WATCH_RECEIVE_BUFFER;
	int fd = mnl_socket_get_fd(s);

	/* Less room only means losing some earlier. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

int nft_watch_open(const struct nft *n, nft_watch_callback *callback, void *context,
		   struct nft_watch **ret_watch)
{
	struct nft_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->callback = callback;
	w->context = context;
	strcpy(w->table, n->table);
	w->state.table = w->table;
	w->state.own_port = mnl_socket_get_portid(n->socket);
	w->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	r = w->socket ? join(w->socket) : -errno;
	if (r < 0) {
		nft_watch_close(w);
		return r;
	}
	*ret_watch = w;
	return 0;
}

void nft_watch_close(struct nft_watch *w)
{
	if (!w)
		return;
	if (w->socket)
		mnl_socket_close(w->socket);
	free(w);
}

int nft_watch_fd(const struct nft_watch *w)
{
	return mnl_socket_get_fd(w->socket);
}

static void change_begin(struct nft_watch_state *s)
{
	s->change = (struct nft_foreign_change){0};
}

static void take_datagram(struct nft_watch *w, size_t length)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)w->buf;
	int rest = (int)length;

	for (; mnl_nlmsg_ok(m, rest); m = mnl_nlmsg_next(m, &rest)) {
		if (!nft_watch_take(&w->state, m))
			continue;
		w->callback(w->context, &w->state.change);
		change_begin(&w->state);
	}
}

int nft_watch_read(struct nft_watch *w)
{
	size_t length;
	int r;

	for (int i = 0; i < WATCH_BATCH; i++) {
		r = nlread_receive(w->socket, w->buf, sizeof(w->buf), &length);
		if (r == -EAGAIN)
			return 0;
		if (r == -ENOBUFS)
			change_begin(&w->state);
		if (r < 0)
			return r;
		take_datagram(w, length);
	}
	return 0;
}

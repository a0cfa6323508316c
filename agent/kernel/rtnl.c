/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rtnl.h"
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

int rtnl_open_socket(int flags, unsigned int groups, struct mnl_socket **ret_socket)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);
	int r;

	if (!s)
		return -errno;
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		mnl_socket_close(s);
		return r;
	}
	*ret_socket = s;
	return 0;
}

int rtnl_init(struct rtnl *r)
{
	*r = (struct rtnl){0};
	return rtnl_open_socket(0, 0, &r->socket);
}

void rtnl_done(struct rtnl *r)
{
	if (r->socket)
		mnl_socket_close(r->socket);
	r->socket = NULL;
}

struct nlmsghdr *rtnl_begin(struct rtnl *r, uint16_t type, uint16_t flags,
			    size_t header)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(r->buf);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	mnl_nlmsg_put_extra_header(request, header);
	return request;
}

int rtnl_send(struct rtnl *r, nlread_callback *callback, void *context)
{
	struct nlread d = {.seq = ++r->seq};
	struct nlmsghdr *request = (struct nlmsghdr *)r->buf;
	size_t length;
	int status;

	request->nlmsg_seq = d.seq;
	if (mnl_socket_sendto(r->socket, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		status = nlread_receive(r->socket, r->buf, sizeof(r->buf), &length);
		if (status < 0)
			return status;
		status = nlread_walk(&d, r->buf, length, callback, context);
	} while (status == 0);
	return status < 0 ? status : 0;
}

void rtnl_attrs(const struct nlmsghdr *m, size_t header, const struct nlattr **found,
		unsigned int max)
{
	const uint8_t *payload = mnl_nlmsg_get_payload(m);
	size_t skip = NLMSG_ALIGN(header);
	size_t size = mnl_nlmsg_get_payload_len(m);

	nlread_attrs(payload + skip, size > skip ? size - skip : 0, found, max);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nlread.h"
#include <errno.h>
#include <string.h>

int nlread_receive(const struct mnl_socket *socket, void *buf, size_t size,
		   size_t *ret_length)
{
	ssize_t n;

	do
		n = mnl_socket_recvfrom(socket, buf, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*ret_length = (size_t)n;
	return 0;
}

/* The end of a dump and an error both begin with an int: zero or a negative errno. */
static int read_status(const struct nlmsghdr *m)
{
	int status;

	if (mnl_nlmsg_get_payload_len(m) < sizeof(status))
		return m->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&status, mnl_nlmsg_get_payload(m), sizeof(status));
	return status > 0 ? -EBADMSG : status;
}

static int take_message(struct nlread *d, const struct nlmsghdr *m,
			nlread_callback *callback, void *context)
{
	int r;

	if (m->nlmsg_seq != d->seq)
		return 0;
	if (m->nlmsg_flags & NLM_F_DUMP_INTR)
		d->is_interrupted = true;
	switch (m->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		r = read_status(m);
		if (r < 0)
			return r;
		return d->is_interrupted ? -EINTR : 1;
	case NLMSG_NOOP:
	case NLMSG_OVERRUN:
		return 0;
	default:
		callback(context, m);
		return 0;
	}
}

int nlread_walk(struct nlread *d, const void *buf, size_t length,
		nlread_callback *callback, void *context)
{
	const struct nlmsghdr *m = buf;
	int rest = (int)length;
	int r;

	for (; mnl_nlmsg_ok(m, rest); m = mnl_nlmsg_next(m, &rest)) {
		r = take_message(d, m, callback, context);
		if (r != 0)
			return r;
	}
	return 0;
}

/* mnl_attr_for_each rounds the end of a message up, and may look past the buffer. */
void nlread_attrs(const void *data, size_t size, const struct nlattr **found,
		  unsigned int max)
{
	const uint8_t *at = data;
	const struct nlattr *attr;
	size_t step;

	memset(found, 0, (max + 1) * sizeof(*found));
	while (size >= sizeof(*attr)) {
		attr = (const void *)at;
		if (attr->nla_len < sizeof(*attr) || attr->nla_len > size)
			return;
		if (mnl_attr_get_type(attr) <= max)
			found[mnl_attr_get_type(attr)] = attr;
		step = (attr->nla_len + MNL_ALIGNTO - 1u) & ~(MNL_ALIGNTO - 1u);
		if (step >= size)
			return;
		at += step;
		size -= step;
	}
}

bool nlread_payload(const struct nlattr *attr, void *ret_payload, size_t size)
{
	if (!attr || mnl_attr_get_payload_len(attr) != size)
		return false;
	memcpy(ret_payload, mnl_attr_get_payload(attr), size);
	return true;
}

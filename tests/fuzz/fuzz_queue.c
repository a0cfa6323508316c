/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue_parse on any bytes in a message of well-formed length; the seeds have the
 * header too, only its length is put right.
 */
#include "kernel/queue.h"
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *message;
	struct queue_packet p;

	if (size < sizeof(*message) || size > UINT16_MAX)
		return 0;
	message = malloc(size); /* of that size: a read beyond it is seen */
	if (!message)
		abort();
	memcpy(message, data, size);
	message->nlmsg_len = (uint32_t)size;
	if (queue_parse(message, &p) == 0 && p.has_key && !p.key.proto)
		abort();
	free(message);
	return 0;
}

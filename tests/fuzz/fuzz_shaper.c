/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shaper_parse_qdisc and shaper_parse_class on any bytes in a message of well-formed
 * length. The seeds are messages of a real kernel, header included; only its length is
 * put right.
 */
#include "kernel/shaper.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shaper_qdisc qdisc;
	struct queue_class class;
	struct nlmsghdr *message;

	if (size < sizeof(*message) || size > UINT16_MAX)
		return 0;
	message = malloc(size); /* of that size: a read beyond it is seen */
	if (!message)
		abort();
	memcpy(message, data, size);
	message->nlmsg_len = (uint32_t)size;
	if (shaper_parse_qdisc(message, &qdisc) &&
	    (!qdisc.interface || (qdisc.is_our_root && qdisc.is_foreign)))
		abort();
	/* Neither is divided by where it is 0. */
	if (shaper_parse_class(message, &class) &&
	    (!class.minor || !class.rate || !class.ceil))
		abort();
	free(message);
	return 0;
}

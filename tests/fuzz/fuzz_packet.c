/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers of a captured packet. The first byte chooses the link type, the second how
 * much longer it was on the wire; the rest is a block of its own.
 */
#include "core/packet.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum packet_link links[] = {
		PACKET_LINK_ETHERNET, PACKET_LINK_RAW,	PACKET_LINK_SLL,
		PACKET_LINK_SLL2,     PACKET_LINK_NULL, PACKET_LINK_IPV6};
	struct packet p;
	uint8_t *copy;

	if (size < 2)
		return 0;
	copy = malloc(size - 1);
	if (!copy)
		return 0;
	memcpy(copy, data + 2, size - 2);
	if (packet_parse(links[data[0] % 6], copy, size - 2, size - 2 + data[1] * 16u,
			 &p) == 0 &&
	    p.payload > p.bytes)
		abort();
	free(copy);
	return 0;
}

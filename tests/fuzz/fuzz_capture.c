/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture_parse on any bytes, and the filter on what it could read: a flow's packet
 * that the filter kept out would never be missed. The first byte says which way the
 * packet went (1) and whether the next two bytes count what was not captured (2); the
 * rest is the packet. The seeds are packets of a real kernel.
 */
#include "../unit/bpf_run.h"
#include "kernel/capture_internal.h"
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_filter(const struct flow_key *key, const uint8_t *packet, size_t size)
{
	struct capture_filter filter;
	struct bpf_packet p = {.data = packet,
			       .size = size,
			       .protocol = packet[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6,
			       .type = PACKET_HOST,
			       .hardware = ARPHRD_ETHER};
	size_t steps;

	capture_filter_build(key, 1, &filter);
	if (bpf_run(filter.code, filter.length, &p, &steps) != CAPTURE_SNAP)
		abort();
}

static void check(const struct capture_packet *p, size_t wire_size)
{
	static const uint8_t zero[sizeof(p->key.pad)];

	if (p->length > wire_size || memcmp(p->key.pad, zero, sizeof(zero)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capture_packet p;
	size_t wire_size;
	uint8_t *packet;

	if (size < 4)
		return 0;
	packet = malloc(size - 3); /* of that size: a read beyond it is seen */
	if (!packet)
		abort();
	memcpy(packet, data + 3, size - 3);
	wire_size = size - 3;
	if (data[0] & 2)
		wire_size += (size_t)data[1] << 8 | data[2];
	if (capture_parse(packet, size - 3, wire_size, data[0] & 1, &p) == 0) {
		check(&p, wire_size);
		check_filter(&p.key, packet, size - 3);
	}
	free(packet);
	return 0;
}

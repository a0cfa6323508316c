/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What strangers answer agentctl eligibility: a STUN server, a gateway; and whatever is
 * in a configuration file. The first byte says which.
 */
#include "core/portmap.h"
#include "core/setting.h"
#include "core/stun.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_stun(const uint8_t *data, size_t size)
{
	struct stun_answer a;
	uint8_t id[STUN_ID_SIZE] = {0};
	char text[ADDR_STRLEN];

	if (size >= 8 + sizeof(id))
		memcpy(id, data + 8, sizeof(id));
	if (stun_decode(data, size, id, &a) < 0)
		return;
	if (a.has_mapped)
		addr_format(&a.mapped.addr, text);
	if (a.error && (a.error < 300 || a.error > 799))
		abort();
}

static void try_portmap(const uint8_t *data, size_t size)
{
	struct portmap_answer a;

	if (portmap_decode(data, size, &a) == 0 && a.result &&
	    !*portmap_result_text(&a))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < 1)
		return 0;
	copy = malloc(size > 1 ? size - 1
			       : 1); /* of that size: a read beyond it is seen */
	if (!copy)
		abort();
	memcpy(copy, data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		try_stun(copy, size - 1);
		break;
	case 1:
		try_portmap(copy, size - 1);
		break;
	case 2:
		setting_is_said((const char *)copy, size - 1, "a = [b-y]*");
		break;
	default:
		setting_is_given((const char *)copy, size - 1, "-r*");
	}
	free(copy);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the gateway maps ports for whoever asks: by NAT-PMP or PCP. No mapping is
 * made. UPnP is not asked, and mappings that others have made are not listed: neither
 * of these protocols can.
 */
#ifndef UI_CLI_GATEWAY_H
#define UI_CLI_GATEWAY_H

#include "core/portmap.h"

struct gateway_probe {
	bool has_gateway, has_answered;
	struct addr gateway;
	struct portmap_answer answer;
};

void gateway_probe(struct gateway_probe *ret_probe);

#endif

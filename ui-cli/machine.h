/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What anybody can see of this machine's network without asking anyone: its addresses,
 * the gateway of its default route, how long it is up.
 */
#ifndef UI_CLI_MACHINE_H
#define UI_CLI_MACHINE_H

#include "base/addr.h"
#include <jansson.h>
#include <stdint.h>

/* Array of {interface, address, scope}, those of interfaces that are up, without
 * loopback. NULL when they can't be read. */
json_t *machine_addresses(void);

/* The IPv4 gateway. 0; -ENOENT where there is none; -errno. */
int machine_gateway(struct addr *ret_gateway);

uint64_t machine_uptime(void); /* seconds, suspended ones too */

#endif

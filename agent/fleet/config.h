/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/relaywarden/fleet.conf: where this computer's policy comes from, and what part
 * of the fleet it belongs to. See relaywarden-fleet.conf(5).
 */
#ifndef FLEET_CONFIG_H
#define FLEET_CONFIG_H

#include "core/bundle.h"
#include <limits.h>

#define CONFIG_FILE "/etc/relaywarden/fleet.conf"
#define CONFIG_URL_STRLEN 1024
#define CONFIG_FAULT_STRLEN 512

struct config {
	char url[CONFIG_URL_STRLEN]; /* https:// */
	char channel[BUNDLE_NAME_STRLEN];
	char ca_file[PATH_MAX]; /* "": those the system trusts */
};

/* 0, or a negative errno with a sentence of what is wrong, and where. */
int config_read(const char *path, struct config *ret_config,
		char fault[static CONFIG_FAULT_STRLEN]);

#endif

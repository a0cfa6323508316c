/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/app.h"
#include <math.h>

const char *app_role_name(enum app_role r)
{
	static const char *const names[] = {
		[ROLE_CLIENT] = "client",
		[ROLE_SUSPECT] = "suspect",
		[ROLE_SUPERNODE] = "supernode",
		[ROLE_RELAY] = "relay",
	};

	return names[r];
}

bool app_role_is_promoted(enum app_role r)
{
	return r == ROLE_SUPERNODE || r == ROLE_RELAY;
}

double app_probability(const struct app *a)
{
	return 1 / (1 + exp(-a->log_odds));
}

void app_note_matches(struct app *a, struct flow *f, uint8_t matches)
{
	f->matches = matches;
	a->has_matches = true;
	a->has_unnamed |= matches >= FLOW_LEG_MATCHES && !f->is_leg;
}

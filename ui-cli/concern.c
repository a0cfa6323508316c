/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "concern.h"
#include "fields.h"
#include <string.h>

/* Bytes per second, both directions: what only keeps a connection alive is less. */
#define BUSY_MIN 1000

enum concern concern_of(const json_t *app)
{
	if (field_bool(app, "promoted"))
		return IS_PROMOTED;
	if (strcmp(field_text(app, "role"), "client") != 0)
		return IS_SUSPECT;
	if (field_bool(app, "limited") ||
	    json_array_size(json_object_get(app, "cuts")) > 0)
		return IS_LIMITED;
	return field_int(app, "rate_in") + field_int(app, "rate_out") < BUSY_MIN
		       ? IS_QUIET
		       : IS_BUSY;
}

int concern_compare(const json_t *x, const json_t *y)
{
	int64_t rate_x = field_int(x, "rate_in") + field_int(x, "rate_out");
	int64_t rate_y = field_int(y, "rate_in") + field_int(y, "rate_out");

	if (concern_of(x) != concern_of(y))
		return concern_of(x) < concern_of(y) ? -1 : 1;
	if (rate_x != rate_y)
		return rate_x > rate_y ? -1 : 1;
	return strcmp(field_text(x, "key"), field_text(y, "key"));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which applications a caller may see, and which one he means.
 */
#ifndef CTL_REPORT_FIND_H
#define CTL_REPORT_FIND_H

#include "core/engine.h"
#include "ctl/peer.h"
#include <jansson.h>
#include <stdbool.h>

/* His own; for an admin all, and the traffic nobody could be found for. */
bool report_may_see(const struct ctl_peer *peer, const struct app *app);

/*
 * Whose flows he may see of those that are judged together with an application:
 * `may_see`, filled by application id, or NULL when it is those of all.
 */
const bool *report_whose_flows(const struct engine *engine, const struct ctl_peer *peer,
			       const struct app *app, bool may_see[APP_ID_MAX + 1]);

/*
 * The application `text` names: by key, name, unit, executable or id, the first of
 * these that fits. 0 with *ret_app, or with *ret_error and the error's parameters in
 * *ret_reply
 * (*ret_app untouched); -ENOMEM.
 */
int report_find_app(const struct engine *engine, const struct ctl_peer *peer,
		    const char *text, const struct app **ret_app, json_t **ret_reply,
		    const char **ret_error);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notices on the desktop of a session. Source: Desktop Notifications Specification 1.2
 * (org.freedesktop.Notifications on the session bus).
 */
#ifndef UI_CLI_DESKTOP_DESKTOP_H
#define UI_CLI_DESKTOP_DESKTOP_H

#include "notices.h"
#include <systemd/sd-event.h>

struct desktop_handlers {
	void (*on_shown)(void *context, uint64_t number, uint32_t id);
	void (*on_closed)(void *context, uint32_t id); /* any notice, of anybody */
};

struct desktop;

/* Connects to the session bus; the loop ends when that does, as the session has.
 * `handlers` are borrowed. 0 or -errno. */
int desktop_open(sd_event *event, const struct desktop_handlers *handlers,
		 void *context, struct desktop **ret_desktop);
void desktop_close(struct desktop *d);

/* Never waits: what goes wrong later is said on stderr. 0 or -errno. */
int desktop_show(struct desktop *d, const struct notice *notice);

/* Text as the body of a notice that may hold markup. Cut between characters where `buf`
 * is full. Returns `buf`. */
const char *desktop_escape_markup(const char *text, char *buf, size_t size);

#endif

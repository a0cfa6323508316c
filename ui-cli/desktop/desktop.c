/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desktop.h"
#include "ui-cli/command.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define SERVICE "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"

#define URGENCY_LOW 0
#define URGENCY_NORMAL 1
#define EXPIRES_AS_THE_DESKTOP_LIKES (-1)

struct desktop {
	sd_bus *bus;
	const struct desktop_handlers *handlers;
	void *context;
	bool has_complained;
};

/* One on its way to the screen. */
struct delivery {
	struct desktop *desktop;
	struct notice notice;
};

static void free_delivery(void *delivery)
{
	free(delivery);
}

/* A desktop without a notification service has none every time. */
static void complain_once(struct desktop *d, const char *why)
{
	if (!d->has_complained)
		complain(EXIT_FAILED,
			 "this desktop does not show notices: %s. What they tell is in "
			 "agentctl status",
			 why);
	d->has_complained = true;
}

static int on_notified(sd_bus_message *reply, void *context, sd_bus_error *error)
{
	const struct delivery *delivery = context;
	struct desktop *d = delivery->desktop;
	uint32_t id;

	(void)error;
	if (sd_bus_message_is_method_error(reply, NULL)) {
		complain_once(d, sd_bus_message_get_error(reply)->message);
		return 0;
	}
	if (sd_bus_message_read(reply, "u", &id) < 0)
		return 0;
	d->has_complained = false;
	d->handlers->on_shown(d->context, delivery->notice.number, id);
	return 0;
}

/* An asynchronous call about a delivery, which goes with it. Takes the delivery. */
static int call_take(struct delivery *delivery, sd_bus_message *call,
		     sd_bus_message_handler_t handler)
{
	sd_bus_slot *slot = NULL;
	int r = sd_bus_call_async(delivery->desktop->bus, &slot, call, handler,
				  delivery, 0);

	if (r >= 0)
		r = sd_bus_slot_set_destroy_callback(slot, free_delivery);
	else
		free_delivery(delivery);
	if (r >= 0)
		r = sd_bus_slot_set_floating(slot, 1);
	sd_bus_slot_unref(slot);
	return r < 0 ? r : 0;
}

static int append_hints(sd_bus_message *m, const struct notice *notice)
{
	uint8_t urgency = notice->kind == NOTICE_OVER ? URGENCY_LOW : URGENCY_NORMAL;

	return sd_bus_message_append(m, "a{sv}", 2, "urgency", "y", urgency, "category",
				     "s", "network");
}

static int send_take(struct delivery *delivery, bool has_markup)
{
	const struct notice *n = &delivery->notice;
	char escaped[5 * NOTICES_BODY_MAX];
	const char *body =
		has_markup ? desktop_escape_markup(n->body, escaped, sizeof(escaped))
			   : n->body;
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(delivery->desktop->bus, &m, SERVICE,
					       PATH, SERVICE, "Notify");

	if (r >= 0)
		r = sd_bus_message_append(m, "susss", "Relaywarden", n->replaces_id,
					  "network-transmit-receive", n->title, body);
	if (r >= 0)
		r = sd_bus_message_append(m, "as", 0); /* no actions */
	if (r >= 0)
		r = append_hints(m, n);
	if (r >= 0)
		r = sd_bus_message_append(m, "i", EXPIRES_AS_THE_DESKTOP_LIKES);
	if (r >= 0)
		r = call_take(delivery, m, on_notified);
	else
		free_delivery(delivery);
	sd_bus_message_unref(m);
	return r;
}

/* Whether the list of capabilities has the one that changes what a body means. */
static bool can_markup(sd_bus_message *reply)
{
	const char *name;
	bool found = false;

	if (sd_bus_message_enter_container(reply, 'a', "s") < 0)
		return false;
	while (sd_bus_message_read(reply, "s", &name) > 0)
		found = found || strcmp(name, "body-markup") == 0;
	return found;
}

static int on_capabilities(sd_bus_message *reply, void *context, sd_bus_error *error)
{
	const struct delivery *asked = context;
	struct delivery *delivery;

	(void)error;
	if (sd_bus_message_is_method_error(reply, NULL)) {
		complain_once(asked->desktop, sd_bus_message_get_error(reply)->message);
		return 0;
	}
	delivery = malloc(sizeof(*delivery));
	if (!delivery)
		return 0;
	*delivery = *asked;
	send_take(delivery, can_markup(reply));
	return 0;
}

/* Asked before each: another service may have taken over since. */
int desktop_show(struct desktop *d, const struct notice *notice)
{
	struct delivery *delivery = malloc(sizeof(*delivery));
	sd_bus_message *m = NULL;
	int r;

	if (!delivery)
		return -ENOMEM;
	*delivery = (struct delivery){d, *notice};
	r = sd_bus_message_new_method_call(d->bus, &m, SERVICE, PATH, SERVICE,
					   "GetCapabilities");
	if (r >= 0)
		r = call_take(delivery, m, on_capabilities);
	else
		free_delivery(delivery);
	sd_bus_message_unref(m);
	return r;
}

static int on_closed(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct desktop *d = context;
	uint32_t id, reason;

	(void)error;
	if (sd_bus_message_read(m, "uu", &id, &reason) >= 0)
		d->handlers->on_closed(d->context, id);
	return 0;
}

int desktop_open(sd_event *event, const struct desktop_handlers *handlers,
		 void *context, struct desktop **ret_desktop)
{
	struct desktop *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->handlers = handlers;
	d->context = context;
	r = sd_bus_open_user(&d->bus);
	if (r >= 0)
		r = sd_bus_set_exit_on_disconnect(d->bus, 1);
	if (r >= 0)
		r = sd_bus_match_signal_async(d->bus, NULL, SERVICE, PATH, SERVICE,
					      "NotificationClosed", on_closed, NULL, d);
	if (r >= 0)
		r = sd_bus_attach_event(d->bus, event, SD_EVENT_PRIORITY_NORMAL);
	if (r < 0) {
		desktop_close(d);
		return r;
	}
	*ret_desktop = d;
	return 0;
}

void desktop_close(struct desktop *d)
{
	if (!d)
		return;
	sd_bus_close_unref(d->bus); /* frees what is on its way */
	free(d);
}

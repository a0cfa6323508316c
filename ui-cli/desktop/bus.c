/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relaywarden-bus: the agent's events as signals on the system bus.
 *
 * It is a program of its own so that the agent, which has privileges and must not wait,
 * needs no bus: one that hangs, floods or is not there holds up this one, and the agent
 * drops a subscriber that does not read.
 */
#include "subscription.h"
#include "ui-cli/client.h"
#include "ui-cli/fields.h"
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define NAME "org.relaywarden"
#define PATH "/org/relaywarden/Agent"
#define INTERFACE "org.relaywarden.Agent1"

struct bridge {
	const char *socket;
	sd_event *event;
	sd_bus *bus;
	struct subscription *subscription;
	bool is_lossy; /* the bus did not take the last one */
};

/* time, kind, severity, application, key, text, details: as Events has them. */
static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_SIGNAL_WITH_NAMES(
		"Event", "xssssss",
		SD_BUS_PARAM(time) SD_BUS_PARAM(kind) SD_BUS_PARAM(severity)
			SD_BUS_PARAM(application) SD_BUS_PARAM(key) SD_BUS_PARAM(text)
				SD_BUS_PARAM(details),
		0),
	SD_BUS_VTABLE_END,
};

static int emit(const struct bridge *b, const json_t *event)
{
	char *details = json_dumps(json_object_get(event, "details"), JSON_COMPACT);
	int r = sd_bus_emit_signal(
		b->bus, PATH, INTERFACE, "Event", "xssssss", field_int(event, "time"),
		field_text(event, "kind"), field_text(event, "severity"),
		field_text(event, "application"), field_text(event, "key"),
		field_text(event, "text"), details ? details : "{}");

	free(details);
	return r;
}

/* A bus that hangs takes no more once the queue is full: events are lost then, which is
 * said once. */
static void on_event(void *context, const json_t *event)
{
	struct bridge *b = context;
	int r = emit(b, event);

	if (r < 0 && !b->is_lossy)
		complain(EXIT_FAILED, "the system bus takes no events: %s",
			 strerror(-r));
	b->is_lossy = r < 0;
}

static const struct subscription_handlers handlers = {.on_event = on_event};

static int open_bus(struct bridge *b)
{
	int r = sd_bus_open_system(&b->bus);

	if (r >= 0)
		r = sd_bus_set_exit_on_disconnect(b->bus, 1);
	if (r >= 0)
		r = sd_bus_add_object_vtable(b->bus, NULL, PATH, INTERFACE, vtable, b);
	/* Waits for the answer: nothing is to be done before. */
	if (r >= 0)
		r = sd_bus_request_name(b->bus, NAME, 0);
	if (r >= 0)
		r = sd_bus_attach_event(b->bus, b->event, SD_EVENT_PRIORITY_NORMAL);
	return r;
}

static int open_loop(struct bridge *b)
{
	sigset_t signals;
	int r = sd_event_new(&b->event);

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (r >= 0 && sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		r = -errno;
	if (r >= 0)
		r = sd_event_add_signal(b->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(b->event, NULL, SIGTERM, NULL, NULL);
	return r;
}

static enum exit_code run(struct bridge *b)
{
	int r = open_loop(b);

	if (r < 0)
		return complain(EXIT_FAILED, "the event loop can't start: %s",
				strerror(-r));
	r = open_bus(b);
	if (r < 0)
		return complain(
			EXIT_FAILED,
			"%s can't be had on the system bus: %s. Its policy is in "
			"/usr/share/dbus-1/system.d/org.relaywarden.conf",
			NAME, strerror(-r));
	r = subscription_new(b->event, b->socket, &handlers, b, &b->subscription);
	if (r < 0)
		return complain(EXIT_FAILED, "%s", strerror(-r));
	return sd_event_loop(b->event) < 0 ? EXIT_FAILED : EXIT_OK;
}

static const char usage[] =
	"Usage: relaywarden-bus [OPTION...]\n"
	"Sends what happens to the agent's applications as signals to the system bus.\n"
	"\n"
	"  -s, --socket PATH       ask the agent at PATH\n"
	"  -h, --help              this\n"
	"  -V, --version           the version\n"
	"\n"
	"See relaywarden-bus(8).\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	struct bridge b = {.socket = CLIENT_SOCKET_DEFAULT};
	enum exit_code code;
	int option;

	while ((option = getopt_long(argc, argv, "s:hV", options, NULL)) != -1)
		switch (option) {
		case 's':
			b.socket = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		case 'V':
			puts("relaywarden-bus " RELAYWARDEN_VERSION);
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	code = run(&b);
	subscription_free(b.subscription);
	sd_bus_close_unref(b.bus);
	sd_event_unref(b.event);
	return code;
}

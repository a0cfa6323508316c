/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relaywarden-notify: tells a user on his desktop that a program of his works for
 * strangers, once for each promotion. Events of the agent wake it up; what it tells it
 * reads from Status, and when it may from PolicyShow.
 */
#include "desktop.h"
#include "notice_text.h"
#include "subscription.h"
#include "told.h"
#include "ui-cli/client.h"
#include "ui-cli/fields.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECOND_US UINT64_C(1000000)
#define LOOK_AFTER 1   /* seconds after an event: several come at once */
#define QUIET_CHECK 60 /* seconds between looks at whether it is quiet still */

struct notifier {
	struct context client;
	uid_t user;	     /* whose programs; ANY_USER: all that may be seen */
	char told[PATH_MAX]; /* "" where there is nowhere to remember */
	sd_event *event;
	sd_event_source *look_timer, *show_timer;
	struct subscription *subscription;
	struct desktop *desktop;
	struct notices *notices;
};

static int64_t seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec;
}

static void arm(sd_event_source *timer, int64_t seconds)
{
	sd_event_source_set_time_relative(timer, (uint64_t)seconds * SECOND_US);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

/* --- when it may be shown --------------------------------------------------------- */

/* The section [notices] of the policy in force, as a file. */
static void write_section(const json_t *settings, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "[notices]\n");

	for (size_t i = 0; i < json_array_size(settings) && used < size; i++) {
		const json_t *s = json_array_get(settings, i);

		if (strcmp(field_text(s, "section"), "notices") == 0)
			used += (size_t)snprintf(buf + used, size - used, "%s = %s\n",
						 field_text(s, "key"),
						 field_text(s, "value"));
	}
}

/* Where the policy can't be read nothing is shown: it may forbid it. */
static bool may_show(const struct notifier *n)
{
	struct policy_source source = {.file = "[notices]"};
	struct policy_error error;
	struct policy *policy;
	struct wall_time now;
	char text[4096];
	json_t *reply;
	bool may;

	if (client_call(&n->client, "PolicyShow", NULL, &reply) != EXIT_OK)
		return false;
	write_section(json_object_get(reply, "settings"), text, sizeof(text));
	json_decref(reply);
	source.text = text;
	source.length = strlen(text);
	if (policy_parse(&source, 1, &policy, &error) < 0)
		return false;
	wall_time_at((int64_t)time(NULL), &now);
	may = !policy->notices.are_off &&
	      !policy_notices_are_quiet(&policy->notices, &now);
	policy_free(policy);
	return may;
}

/* --- looking and showing ---------------------------------------------------------- */

static void remember(const struct notifier *n)
{
	int r = *n->told ? told_save(n->told, n->notices) : 0;

	if (r < 0)
		complain(EXIT_FAILED, "%s: %s; after a restart notices may come twice",
			 n->told, strerror(-r));
}

/* Shows what is due, and says when to come back. */
static void show(struct notifier *n)
{
	int64_t wait = notices_wait(n->notices, seconds_now());
	bool may = wait > 0 || may_show(n);
	struct notice notice;
	bool has_shown = false;

	while (wait == 0 && notices_next(n->notices, seconds_now(), !may, &notice)) {
		int r = desktop_show(n->desktop, &notice);

		if (r < 0)
			complain(EXIT_FAILED, "the session bus takes no notice: %s",
				 strerror(-r));
		has_shown = true;
	}
	if (has_shown)
		remember(n);
	wait = notices_wait(n->notices, seconds_now());
	if (wait == INT64_MAX)
		return;
	if (!may)
		wait = QUIET_CHECK;
	arm(n->show_timer, wait > 0 ? wait : 1);
}

static int on_show(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	show(context);
	return 0;
}

static int on_look(sd_event_source *source, uint64_t usec, void *context)
{
	static struct promotion found[NOTICES_MAX * 2];
	struct notifier *n = context;
	json_t *reply;
	size_t count;

	(void)source;
	(void)usec;
	if (client_call(&n->client, "Status", NULL, &reply) != EXIT_OK)
		return 0; /* the subscription sees that too, and looks again */
	count = notice_find_promotions(json_object_get(reply, "applications"), n->user,
				       found, sizeof(found) / sizeof(*found));
	json_decref(reply);
	notices_see(n->notices, found, count, seconds_now());
	show(n);
	return 0;
}

static void on_open(void *context)
{
	const struct notifier *n = context;

	arm(n->look_timer, 0);
}

static void on_event(void *context, const json_t *event)
{
	const struct notifier *n = context;

	(void)event;
	arm(n->look_timer, LOOK_AFTER);
}

static const struct subscription_handlers agent_handlers = {on_open, on_event};

static void on_shown(void *context, uint64_t number, uint32_t id)
{
	const struct notifier *n = context;

	notices_shown(n->notices, number, id);
	remember(n);
}

static void on_closed(void *context, uint32_t id)
{
	const struct notifier *n = context;

	if (notices_closed(n->notices, id))
		remember(n);
}

static const struct desktop_handlers desktop_handlers = {on_shown, on_closed};

/* --- start ------------------------------------------------------------------------ */

static void find_told(struct notifier *n)
{
	const char *directory = getenv("RUNTIME_DIRECTORY"); /* of the unit */
	const char *session = getenv("XDG_RUNTIME_DIR");
	char own[PATH_MAX];

	if (!directory && session) {
		snprintf(own, sizeof(own), "%s/relaywarden-notify", session);
		if (mkdir(own, 0700) == 0 || errno == EEXIST)
			directory = own;
	}
	if (directory && (size_t)snprintf(n->told, sizeof(n->told), "%s/told.json",
					  directory) >= sizeof(n->told))
		*n->told = '\0';
	if (*n->told)
		told_load(n->told, n->notices);
}

static int open_loop(struct notifier *n)
{
	sigset_t signals;
	int r = sd_event_new(&n->event);

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (r >= 0 && sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		r = -errno;
	if (r >= 0)
		r = sd_event_add_signal(n->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(n->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_time(n->event, &n->look_timer, CLOCK_BOOTTIME,
				      UINT64_MAX, SECOND_US / 4, on_look, n);
	if (r >= 0)
		r = sd_event_add_time(n->event, &n->show_timer, CLOCK_BOOTTIME,
				      UINT64_MAX, SECOND_US / 4, on_show, n);
	return r;
}

static enum exit_code start(struct notifier *n)
{
	int r;

	n->notices = notices_new();
	if (!n->notices || open_loop(n) < 0)
		return complain(EXIT_FAILED, "the event loop can't start");
	find_told(n);
	r = desktop_open(n->event, &desktop_handlers, n, &n->desktop);
	if (r < 0)
		return complain(EXIT_FAILED,
				"there is no session bus: %s. Start it in the session "
				"of a desktop",
				strerror(-r));
	r = subscription_new(n->event, n->client.socket, &agent_handlers, n,
			     &n->subscription);
	if (r < 0)
		return complain(EXIT_FAILED, "%s", strerror(-r));
	return sd_event_loop(n->event) < 0 ? EXIT_FAILED : EXIT_OK;
}

static void stop(struct notifier *n)
{
	subscription_free(n->subscription);
	desktop_close(n->desktop);
	notices_free(n->notices);
	sd_event_source_disable_unref(n->look_timer);
	sd_event_source_disable_unref(n->show_timer);
	sd_event_unref(n->event);
}

static const char usage[] =
	"Usage: relaywarden-notify [OPTION...]\n"
	"Tells you on your desktop when a program of yours works for strangers.\n"
	"\n"
	"  -a, --all               programs of all users that the agent tells you of\n"
	"  -s, --socket PATH       ask the agent at PATH\n"
	"  -h, --help              this\n"
	"  -V, --version           the version\n"
	"\n"
	"See relaywarden-notify(1).\n";

/* True when there is nothing more to do, and how it went. */
static bool parse_options(int argc, char **argv, struct notifier *n,
			  enum exit_code *ret_code)
{
	static const struct option options[] = {
		{"all", no_argument, NULL, 'a'},
		{"socket", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "as:hV", options, NULL)) != -1)
		switch (option) {
		case 'a':
			n->user = ANY_USER;
			break;
		case 's':
			n->client.socket = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return true;
		case 'V':
			puts("relaywarden-notify " RELAYWARDEN_VERSION);
			return true;
		default:
			*ret_code = EXIT_USAGE;
			return true;
		}
	if (optind == argc)
		return false;
	*ret_code = complain(EXIT_USAGE, "unexpected argument '%s'; see --help",
			     argv[optind]);
	return true;
}

int main(int argc, char **argv)
{
	const char *environment = getenv("RELAYWARDEN_SOCKET");
	struct notifier n = {.client.socket = environment && *environment
						      ? environment
						      : CLIENT_SOCKET_DEFAULT,
			     .user = getuid()};
	enum exit_code code = EXIT_OK;

	setlocale(LC_CTYPE, "");
	if (parse_options(argc, argv, &n, &code))
		return code;
	if (getuid() == 0 || geteuid() == 0)
		return complain(EXIT_NOT_PERMITTED,
				"it never runs as root; start it as the user whose "
				"desktop it is, in his session");
	code = start(&n);
	stop(&n);
	return code;
}

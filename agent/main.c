/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent.h"
#include "base/log.h"
#include "kernel/privilege.h"
#include "kernel/prober.h"
#include "kernel/queue.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_USAGE 2

struct settings {
	struct agent_options agent;
	const char *user;
	bool has_policy_dirs, has_catalogue_dirs, is_clean_up;
};

static const char usage[] =
	"Usage: relaywardend [OPTION...]\n"
	"Notices when a local program has become a relay for strangers, and takes the\n"
	"link back as the policy says.\n"
	"\n"
	"      --foreground          stay in the foreground (it always does)\n"
	"      --policy-dir DIR      read policy from DIR; repeat for layers, later "
	"ones win\n"
	"      --catalogue-dir DIR   read what is known of clients from DIR\n"
	"      --state-dir DIR       keep the last good policy in DIR\n"
	"      --control PATH        listen for agentctl on PATH\n"
	"      --user NAME|UID[:GID] run as this user after the start\n"
	"      --table NAME          name of the nftables table\n"
	"      --queue NUMBER        NFQUEUE for calls to sockets that are not known "
	"yet\n"
	"      --record FILE         write what is observed to FILE, for agentctl "
	"replay\n"
	"      --log-level LEVEL     error, warning, info or debug\n"
	"      --clean-up            take back what a killed one left in the kernel, "
	"and exit\n"
	"      --version             print the version\n"
	"      --help                print this\n"
	"\n"
	"See relaywardend(8) and relaywarden-policy(5).\n";

enum {
	OPT_FOREGROUND = 256,
	OPT_POLICY_DIR,
	OPT_CATALOGUE_DIR,
	OPT_STATE_DIR,
	OPT_CONTROL,
	OPT_USER,
	OPT_TABLE,
	OPT_QUEUE,
	OPT_RECORD,
	OPT_LOG_LEVEL,
	OPT_CLEAN_UP,
	OPT_VERSION,
	OPT_HELP
};

static const struct option long_options[] = {
	{"foreground", no_argument, NULL, OPT_FOREGROUND},
	{"policy-dir", required_argument, NULL, OPT_POLICY_DIR},
	{"catalogue-dir", required_argument, NULL, OPT_CATALOGUE_DIR},
	{"state-dir", required_argument, NULL, OPT_STATE_DIR},
	{"control", required_argument, NULL, OPT_CONTROL},
	{"user", required_argument, NULL, OPT_USER},
	{"table", required_argument, NULL, OPT_TABLE},
	{"queue", required_argument, NULL, OPT_QUEUE},
	{"record", required_argument, NULL, OPT_RECORD},
	{"log-level", required_argument, NULL, OPT_LOG_LEVEL},
	{"clean-up", no_argument, NULL, OPT_CLEAN_UP},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

static void set_defaults(struct settings *s)
{
	static const char *const policy[] = {"/usr/share/relaywarden/policy.d",
					     "/etc/relaywarden/policy.d",
					     "/run/relaywarden/policy.d"};
	static const char *const catalogue[] = {"/usr/share/relaywarden/clients",
						"/etc/relaywarden/clients"};
	struct policy_store_config *p = &s->agent.policies;

	if (!s->has_policy_dirs)
		for (size_t i = 0; i < sizeof(policy) / sizeof(policy[0]); i++)
			p->policy_dirs[p->policy_dir_count++] = policy[i];
	if (!s->has_catalogue_dirs)
		for (size_t i = 0; i < sizeof(catalogue) / sizeof(catalogue[0]); i++)
			p->catalogue_dirs[p->catalogue_dir_count++] = catalogue[i];
}

static int add_layer(const char **dirs, size_t *count, const char *dir)
{
	if (*count == POLICY_STORE_LAYERS_MAX) {
		fprintf(stderr, "relaywardend: at most %d directories of one kind\n",
			POLICY_STORE_LAYERS_MAX);
		return -E2BIG;
	}
	dirs[(*count)++] = dir;
	return 0;
}

static int set_log_level(const char *level)
{
	static const struct {
		const char *name;
		int priority;
	} levels[] = {{"error", LOG_ERR},
		      {"warning", LOG_WARNING},
		      {"info", LOG_INFO},
		      {"debug", LOG_DEBUG}};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(level, levels[i].name) == 0) {
			log_set_level(levels[i].priority);
			return 0;
		}
	fprintf(stderr,
		"relaywardend: no log level '%s'; use error, warning, info or debug\n",
		level);
	return -EINVAL;
}

static int take_queue(struct settings *s, const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || number > UINT16_MAX) {
		fprintf(stderr,
			"relaywardend: no queue '%s'; expected a number from 0 to "
			"65535\n",
			text);
		return -EINVAL;
	}
	s->agent.queue = (uint16_t)number;
	return 0;
}

static int take_option(struct settings *s, int option)
{
	struct policy_store_config *p = &s->agent.policies;

	switch (option) {
	case OPT_FOREGROUND:
		return 0;
	case OPT_POLICY_DIR:
		s->has_policy_dirs = true;
		return add_layer(p->policy_dirs, &p->policy_dir_count, optarg);
	case OPT_CATALOGUE_DIR:
		s->has_catalogue_dirs = true;
		return add_layer(p->catalogue_dirs, &p->catalogue_dir_count, optarg);
	case OPT_STATE_DIR:
		p->state_dir = optarg;
		return 0;
	case OPT_CONTROL:
		s->agent.control_path = optarg;
		return 0;
	case OPT_USER:
		s->user = optarg;
		return 0;
	case OPT_TABLE:
		s->agent.table = optarg;
		return 0;
	case OPT_QUEUE:
		return take_queue(s, optarg);
	case OPT_RECORD:
		s->agent.record_path = optarg;
		return 0;
	case OPT_CLEAN_UP:
		s->is_clean_up = true;
		return 0;
	case OPT_LOG_LEVEL:
		return set_log_level(optarg);
	default:
		return -EINVAL;
	}
}

static void parse_options(int argc, char **argv, struct settings *s)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPT_VERSION) {
			puts("relaywardend " RELAYWARDEN_VERSION);
			exit(EXIT_SUCCESS);
		}
		if (option == OPT_HELP) {
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		}
		if (take_option(s, option) < 0)
			exit(EXIT_USAGE);
	}
	if (optind < argc) {
		fprintf(stderr, "relaywardend: unexpected argument '%s'; see --help\n",
			argv[optind]);
		exit(EXIT_USAGE);
	}
	set_defaults(s);
}

/* The state directory is all that the daemon may write to after its start. */
static void make_state_dir(const char *dir, uid_t uid, gid_t gid)
{
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		log_warning("agent", "%s can't be made, nothing is remembered: %s", dir,
			    strerror(errno));
	else if (geteuid() == 0 && chown(dir, uid, gid) < 0)
		log_warning("agent", "%s can't be given to its user: %s", dir,
			    strerror(errno));
}

/* First of all, so that it has nothing of ours. Without it policies are not probed. */
static void start_prober(struct agent_options *options, uid_t uid, gid_t gid)
{
	int r = prober_start(uid, gid, &options->prober);

	if (r < 0)
		log_warning("agent", "no prober, new policies are not probed: %s",
			    strerror(-r));
}

int main(int argc, char **argv)
{
	struct settings s = {
		.agent = {.policies.state_dir = "/var/lib/relaywarden",
			  .control_path = "/run/relaywarden/control.sock",
			  .table = "relaywarden",
			  .queue = QUEUE_NUMBER_DEFAULT},
		.user = "relaywarden",
	};
	struct agent *agent = NULL;
	uid_t uid;
	gid_t gid;
	int r;

	parse_options(argc, argv, &s);
	if (s.is_clean_up)
		return agent_clean_up(&s.agent) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	r = privilege_find_user(s.user, &uid, &gid);
	if (r < 0) {
		log_error("agent",
			  "there is no user '%s'; make it, or give --user NAME or "
			  "UID:GID",
			  s.user);
		return EXIT_FAILURE;
	}
	start_prober(&s.agent, uid, gid);
	make_state_dir(s.agent.policies.state_dir, uid, gid);
	r = agent_open(&s.agent, &agent);
	if (r == 0) {
		r = privilege_drop(uid, gid);
		if (r < 0)
			log_error("agent", "privileges can't be dropped: %s",
				  strerror(-r));
	}
	if (r == 0) {
		r = privilege_sandbox();
		if (r < 0)
			log_error("agent", "the sandbox can't be closed: %s",
				  strerror(-r));
	}
	if (r == 0)
		r = agent_run(agent);
	agent_close(agent);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files in rules/clients: what is said there of each client, and whom it names. */
#include "base/conffile.h"
#include "core/catalogue.h"
#include "core/policy_ini.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct policy_error error;

static const char *find(const struct catalogue *c, const char *exe, const char *unit)
{
	struct app_identity identity = {.kind = APP_KIND_EXE};
	struct catalogue_match m;

	snprintf(identity.exe, sizeof(identity.exe), "%s", exe);
	snprintf(identity.unit, sizeof(identity.unit), "%s", unit);
	m = catalogue_find(c, &identity);
	return m.client ? m.client->id : "(none)";
}

/* --- what is known of clients ----------------------------------------------------- */

/*
 * One row a client, as its documentation and its source have it: its network's word,
 * when it is promoted, the setting of its own that forbids it, and that setting as it
 * is typed.
 */
static const struct row {
	const char *id, *word, *when, *forbid;
	const char *file, *line, *command; /* the first file alone; NULL: none */
	bool needs_no_inbound;
} rows[] = {
	{"skype", "supernode, relay host", "public address, memory, bandwidth, uptime",
	 "policy DisableSupernode=1", NULL, "", "", false},
	{"gtk-gnutella", "ultrapeer",
	 "uptime over 1 h, average 3 h, TCP and UDP reachable, at least 8192 B/s out, "
	 "descriptors, memory",
	 "configured_peermode = leaf", "~/.gtk-gnutella/config_gnet",
	 "configured_peermode = 0", "", false},
	{"limewire", "ultrapeer",
	 "at least 10 kB/s up or 15 kB/s down, 30 minutes, has accepted incoming",
	 "DISABLE_SUPERNODE_MODE", "~/.limewire/limewire.props",
	 "DISABLE_SUPERNODE_MODE=true", "", false},
	{"kazaa", "supernode", "not behind NAT, processor, bandwidth",
	 "\"do not function as a supernode\"", NULL, "", "", false},
	{"java-i2p", "floodfill; transit",
	 "uptime 2 h, bandwidth class, reachable; automatic",
	 "router.floodfillParticipant=false; hidden mode",
	 "/var/lib/i2p/i2p-config/router.config", "router.hiddenMode=true", "", false},
	{"i2pd", "transit (default on), floodfill", "always: transit needs nothing",
	 "notransit = true", "/etc/i2pd/i2pd.conf", "notransit = true", "", true},
	{"kubo", "circuit relay v2 (default on)", "its AutoNAT finds it public",
	 "Swarm.RelayService.Enabled=false", NULL, "",
	 "ipfs config --json Swarm.RelayService.Enabled false", false},
	{"tor", "relay, bridge", "only when configured", "ORPort 0", "/etc/tor/torrc",
	 "ORPort 0", "", false},
	{"snowflake", "proxy", "opt-in, works behind NAT", "disable", NULL, "",
	 "systemctl disable --now snowflake-proxy.service", true},
	{"tailscale", "peer relay", "port set by admin, capability granted",
	 "tailscale set --relay-server-port=\"\"", NULL, "",
	 "tailscale set --relay-server-port=\"\"", false},
	{"nebula", "relay", "explicit", "relay.am_relay: false",
	 "/etc/nebula/config.yml", "am_relay: false", "", false},
	{"n2n", "supernode", "separate program; edge -r forwards", "do not run it",
	 NULL, "", "systemctl disable --now supernode.service", false},
	{"syncthing-relay", "strelaysrv",
	 "separate program; joins a public pool by default", "-pools=\"\"",
	 "/etc/default/syncthing-relaysrv", "RELAYSRV_OPTS=-pools=", "", false},
	{"bittorrent", "holepunch introducer",
	 "connected to both sides; control messages only", "none found", NULL, "", "",
	 false},
	{"hyphanet", "every node routes", "bandwidth", "none found", NULL, "", "",
	 true},
	{"coturn", "TURN server", "is one", "do not run it", NULL, "",
	 "systemctl disable --now coturn.service", false},
	{"bandwidth-sharing", "exit", "works behind NAT, no inbound", "uninstall", NULL,
	 "", "", true},
};

#define CLIENT_COUNT (sizeof(rows) / sizeof(*rows))

/* --- shipped files ---------------------------------------------------------------- */

static struct catalogue *parse_shipped(struct conffiles *files)
{
	const char *layers[] = {"rules/clients"};
	struct policy_source sources[64];
	struct catalogue *c = NULL;
	char text[600];

	assert_int_equal(conffiles_read(layers, 1, files, text, sizeof(text)), 0);
	assert_in_range(files->count, CLIENT_COUNT, 64);
	for (size_t i = 0; i < files->count; i++)
		sources[i] = (struct policy_source){files->files[i].path,
						    files->files[i].text,
						    files->files[i].length};
	if (catalogue_parse(sources, files->count, &c, &error) != 0)
		fail_msg("%s", policy_error_format(&error, text, sizeof(text)));
	return c;
}

static const struct catalogue_client *client_of(const struct catalogue *c,
						const char *id)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->clients[i].id, id) == 0)
			return &c->clients[i];
	fail_msg("no [client %s]", id);
	return NULL;
}

static void what_is_known_of_each_client_is_there(void **state)
{
	struct conffiles files;
	struct catalogue *c = parse_shipped(&files);

	(void)state;
	for (size_t i = 0; i < CLIENT_COUNT; i++) {
		const struct row *r = &rows[i];
		const struct catalogue_client *k = client_of(c, r->id);

		assert_string_equal(k->word, r->word);
		assert_string_equal(k->when, r->when);
		assert_string_equal(k->forbid, r->forbid);
		assert_string_equal(k->forbid_line, r->line);
		assert_string_equal(k->forbid_command, r->command);
		assert_int_equal(k->needs_inbound, !r->needs_no_inbound);
		assert_int_equal(k->forbid_file_count > 0, r->file != NULL);
		if (r->file)
			assert_string_equal(k->forbid_files[0], r->file);
	}
	conffiles_done(&files);
	catalogue_free(c);
}

/* A file of clients holds the one it is named for; one of a trade, all of that. */
static void every_shipped_client_is_in_the_file_for_it(void **state)
{
	struct conffiles files;
	struct catalogue *c = parse_shipped(&files);
	size_t file = 0, trades = 0;
	char path[256];

	(void)state;
	for (size_t i = 0; i < c->count; i++) {
		const struct catalogue_client *client = &c->clients[i];

		if (client->trade) {
			trades++;
			assert_string_equal(client->word, client->trade);
			assert_string_equal(client->forbid, "");
			continue;
		}
		snprintf(path, sizeof(path), "rules/clients/%s.ini", client->id);
		assert_string_equal(files.files[file++].path, path);
	}
	assert_int_equal(file, CLIENT_COUNT);
	assert_true(trades >= 40);
	for (; file < files.count; file++)
		assert_non_null(strstr(files.files[file].path, "/trade-"));
	conffiles_done(&files);
	catalogue_free(c);
}

/* Anybody may call a program of his own so: only what packages install is exempt. */
static void trades_are_known_by_paths_that_root_alone_writes(void **state)
{
	struct conffiles files;
	struct catalogue *c = parse_shipped(&files);

	(void)state;
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; c->clients[i].trade && k < c->clients[i].exe_count;
		     k++)
			if (strncmp(c->clients[i].exes[k], "/usr/", 5) != 0 &&
			    strncmp(c->clients[i].exes[k], "/lib/", 5) != 0)
				fail_msg("%s", c->clients[i].exes[k]);
	conffiles_done(&files);
	catalogue_free(c);
}

static void installed_programs_are_recognised(void **state)
{
	static const char *const cases[][3] = {
		{"/usr/bin/supernode", "", "n2n"},
		{"/usr/sbin/edge", "", "n2n"},
		{"/opt/microsoft/msedge/msedge", "", "(none)"},
		{"/usr/sbin/i2pd", "i2pd.service", "i2pd"},
		{"/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "i2p.service",
		 "java-i2p"},
		{"/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "", "(none)"},
		{"/usr/bin/turnserver", "coturn.service", "coturn"},
		{"/usr/bin/tor", "tor@default.service", "tor"},
		{"/usr/bin/torify", "", "(none)"},
		{"/usr/bin/snowflake-proxy", "", "snowflake"},
		{"/usr/sbin/tailscaled", "", "tailscale"},
		{"/usr/bin/nebula", "nebula@office.service", "nebula"},
		{"/usr/local/bin/ipfs", "", "kubo"},
		{"/usr/bin/strelaysrv", "", "syncthing-relay"},
		{"/usr/bin/syncthing", "", "(none)"},
		{"/usr/bin/transmission-gtk", "", "bittorrent"},
		{"/usr/bin/python3.11", "deluged.service", "bittorrent"},
		{"/usr/bin/earnapp", "", "bandwidth-sharing"},
		{"/usr/lib/firefox/firefox", "", "(none)"},
		{"/usr/sbin/nginx", "nginx.service", "nginx"},
		{"/home/x/nginx", "", "(none)"},
		{"/usr/sbin/haproxy", "haproxy.service", "haproxy"},
		{"/usr/sbin/sshd", "", "openssh"},
		{"/usr/bin/ssh", "", "(none)"},
		{"/usr/lib/postfix/sbin/smtpd", "postfix@-.service", "postfix"},
		{"/usr/lib/erlang/erts-13.1.5/bin/beam.smp", "ejabberd.service",
		 "ejabberd"},
		{"/usr/lib/erlang/erts-13.1.5/bin/beam.smp", "", "(none)"},
		{"/usr/sbin/named", "named.service", "bind"},
	};
	struct conffiles files;
	struct catalogue *c = parse_shipped(&files);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(find(c, cases[i][0], cases[i][1]), cases[i][2]);
	conffiles_done(&files);
	catalogue_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_of_each_client_is_there),
		cmocka_unit_test(every_shipped_client_is_in_the_file_for_it),
		cmocka_unit_test(trades_are_known_by_paths_that_root_alone_writes),
		cmocka_unit_test(installed_programs_are_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

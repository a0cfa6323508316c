/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/identity.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SLICE "/user.slice/user-1000.slice"
#define APPS SLICE "/user@1000.service/app.slice"
#define HEX64 "3f1b9a7c5d2e4f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd"

static struct identity_facts facts_of(const char *cgroup, const char *exe)
{
	struct identity_facts f = {.pid = 100, .uid = 1000};

	snprintf(f.user, sizeof(f.user), "ann");
	snprintf(f.comm, sizeof(f.comm), "comm");
	snprintf(f.cgroup, sizeof(f.cgroup), "%s", cgroup);
	snprintf(f.exe, sizeof(f.exe), "%s", exe);
	return f;
}

static struct app_identity made(const char *cgroup, const char *exe)
{
	struct identity_facts f = facts_of(cgroup, exe);
	struct app_identity id;

	memset(&id, 0xaa, sizeof(id));
	identity_make(&f, &id);
	return id;
}

struct expected {
	const char *cgroup;
	enum app_kind kind;
	const char *key, *name, *unit;
};

static void check(const struct expected *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct app_identity id = made(cases[i].cgroup, "/usr/bin/x");

		assert_string_equal(id.key, cases[i].key);
		assert_string_equal(id.name, cases[i].name);
		assert_string_equal(id.unit, cases[i].unit);
		assert_int_equal(id.kind, cases[i].kind);
		assert_true(identity_cgroup_is_app(cases[i].cgroup));
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

static void a_system_service_is_its_unit(void **state)
{
	static const struct expected cases[] = {
		{"/system.slice/coturn.service", APP_KIND_UNIT, "unit:coturn.service",
		 "coturn", "coturn.service"},
		{"/system.slice/system-openvpn.slice/openvpn@home.service",
		 APP_KIND_UNIT, "unit:openvpn@home.service", "openvpn@home",
		 "openvpn@home.service"},
		{"/system.slice/system-getty.slice/getty@tty1.service", APP_KIND_UNIT,
		 "unit:getty@tty1.service", "getty@tty1", "getty@tty1.service"},
		{"/system.slice/systemd-journald.service", APP_KIND_UNIT,
		 "unit:systemd-journald.service", "systemd-journald",
		 "systemd-journald.service"},
		{"/system.slice/run-u42.service", APP_KIND_UNIT, "unit:run-u42.service",
		 "run-u42", "run-u42.service"},
		{"/system.slice/run-r0f3a.scope", APP_KIND_UNIT, "unit:run-r0f3a.scope",
		 "run-r0f3a", "run-r0f3a.scope"},
		{"/system.slice/system-dbus\\x2d:1.1\\x2dorg.freedesktop.problems.slice"
		 "/dbus-:1.1-org.freedesktop.problems@0.service",
		 APP_KIND_UNIT, "unit:dbus-:1.1-org.freedesktop.problems@0.service",
		 "dbus-:1.1-org.freedesktop.problems@0",
		 "dbus-:1.1-org.freedesktop.problems@0.service"},
		{"/system.slice/my\\x2dapp.service", APP_KIND_UNIT,
		 "unit:my\\x2dapp.service", "my-app", "my\\x2dapp.service"},
	};

	(void)state;
	CHECK(cases);
}

static void what_lies_below_a_service_belongs_to_it(void **state)
{
	static const struct expected cases[] = {
		{"/system.slice/foo.service/worker/3", APP_KIND_UNIT,
		 "unit:foo.service", "foo", "foo.service"},
		{"/system.slice/foo.service/inner.service", APP_KIND_UNIT,
		 "unit:foo.service", "foo", "foo.service"},
		{"/system.slice/web.service/libpod-payload-" HEX64, APP_KIND_UNIT,
		 "unit:web.service", "web", "web.service"},
	};

	(void)state;
	CHECK(cases);
	assert_int_equal(identity_cgroup_length("/system.slice/foo.service/worker/3"),
			 strlen("/system.slice/foo.service"));
}

static void a_desktop_application_is_named_by_its_id(void **state)
{
	static const struct expected cases[] = {
		{APPS "/app-gnome-firefox-1234.scope", APP_KIND_UNIT,
		 "unit:app-firefox@1000", "firefox", "app-gnome-firefox-1234.scope"},
		{APPS "/app-org.mozilla.Thunderbird-22.scope", APP_KIND_UNIT,
		 "unit:app-org.mozilla.Thunderbird@1000", "Thunderbird",
		 "app-org.mozilla.Thunderbird-22.scope"},
		{APPS "/app-gnome-google\\x2dchrome-4711.scope", APP_KIND_UNIT,
		 "unit:app-google\\x2dchrome@1000", "google-chrome",
		 "app-gnome-google\\x2dchrome-4711.scope"},
		{APPS "/app-flatpak-org.mozilla.firefox-3456.scope", APP_KIND_UNIT,
		 "unit:app-org.mozilla.firefox@1000", "firefox",
		 "app-flatpak-org.mozilla.firefox-3456.scope"},
		{APPS "/app-flatpak-org.telegram.desktop-9.scope", APP_KIND_UNIT,
		 "unit:app-org.telegram.desktop@1000", "telegram",
		 "app-flatpak-org.telegram.desktop-9.scope"},
		{APPS "/app-org.kde.dolphin@8d6b2f0c1a.service", APP_KIND_UNIT,
		 "unit:app-org.kde.dolphin@1000", "dolphin",
		 "app-org.kde.dolphin@8d6b2f0c1a.service"},
		{APPS "/app-org.kde.kdeconnect.daemon@autostart.service", APP_KIND_UNIT,
		 "unit:app-org.kde.kdeconnect.daemon@1000", "kdeconnect",
		 "app-org.kde.kdeconnect.daemon@autostart.service"},
		{APPS "/app-gnome\\x2dkeyring\\x2dpkcs11@autostart.service",
		 APP_KIND_UNIT, "unit:app-gnome\\x2dkeyring\\x2dpkcs11@1000",
		 "gnome-keyring-pkcs11",
		 "app-gnome\\x2dkeyring\\x2dpkcs11@autostart.service"},
		{APPS "/app-steam.scope", APP_KIND_UNIT, "unit:app-steam@1000", "steam",
		 "app-steam.scope"},
		{APPS "/app-gnome-firefox-1234.scope/sub", APP_KIND_UNIT,
		 "unit:app-firefox@1000", "firefox", "app-gnome-firefox-1234.scope"},
	};

	(void)state;
	CHECK(cases);
}

static void two_starts_of_a_desktop_application_are_one(void **state)
{
	struct app_identity a = made(APPS "/app-gnome-firefox-1234.scope", "/f");
	struct app_identity b = made(APPS "/app-gnome-firefox-99.scope", "/f");

	(void)state;
	assert_string_equal(a.key, b.key);
}

static void user_units_of_two_people_are_two_applications(void **state)
{
	struct app_identity a = made(APPS "/syncthing.service", "/usr/bin/syncthing");
	struct app_identity b =
		made("/user.slice/user-1001.slice/user@1001.service/app.slice/"
		     "syncthing.service",
		     "/usr/bin/syncthing");

	(void)state;
	assert_string_equal(a.key, "unit:syncthing.service@1000");
	assert_string_equal(b.key, "unit:syncthing.service@1001");
	assert_string_equal(a.name, "syncthing");
}

static void a_snap_is_named_without_its_uuid(void **state)
{
	static const struct expected cases[] = {
		{APPS
		 "/snap.firefox.firefox-1b7f0f4c-7a0e-4b1c-9f55-0123456789ab.scope",
		 APP_KIND_UNIT, "unit:snap.firefox.firefox@1000", "firefox",
		 "snap.firefox.firefox-1b7f0f4c-7a0e-4b1c-9f55-0123456789ab.scope"},
		{APPS "/snap.chromium.chromium.1b7f0f4c-7a0e-4b1c-9f55-0123456789ab"
		      ".scope",
		 APP_KIND_UNIT, "unit:snap.chromium.chromium@1000", "chromium",
		 "snap.chromium.chromium.1b7f0f4c-7a0e-4b1c-9f55-0123456789ab.scope"},
		{"/system.slice/snap.lxd.daemon.service", APP_KIND_UNIT,
		 "unit:snap.lxd.daemon", "lxd.daemon", "snap.lxd.daemon.service"},
	};

	(void)state;
	CHECK(cases);
}

static void containers_are_named_by_their_id_or_name(void **state)
{
	static const struct expected cases[] = {
		{"/system.slice/docker-" HEX64 ".scope", APP_KIND_CONTAINER,
		 "container:docker/" HEX64, "docker-3f1b9a7c5d2e",
		 "docker-" HEX64 ".scope"},
		{"/docker/" HEX64, APP_KIND_CONTAINER, "container:docker/" HEX64,
		 "docker-3f1b9a7c5d2e", HEX64},
		{"/docker/" HEX64 "/init", APP_KIND_CONTAINER,
		 "container:docker/" HEX64, "docker-3f1b9a7c5d2e", HEX64},
		{"/machine.slice/libpod-" HEX64 ".scope/container", APP_KIND_CONTAINER,
		 "container:podman/" HEX64, "podman-3f1b9a7c5d2e",
		 "libpod-" HEX64 ".scope"},
		{SLICE "/user@1000.service/user.slice/libpod-" HEX64 ".scope",
		 APP_KIND_CONTAINER, "container:podman/" HEX64, "podman-3f1b9a7c5d2e",
		 "libpod-" HEX64 ".scope"},
		{SLICE "/user@1000.service/user.slice/libpod-conmon-" HEX64 ".scope",
		 APP_KIND_CONTAINER, "container:podman/" HEX64, "podman-3f1b9a7c5d2e",
		 "libpod-conmon-" HEX64 ".scope"},
		{"/kubepods.slice/kubepods-besteffort.slice/cri-containerd-" HEX64
		 ".scope",
		 APP_KIND_CONTAINER, "container:containerd/" HEX64,
		 "containerd-3f1b9a7c5d2e", "cri-containerd-" HEX64 ".scope"},
		{"/kubepods/burstable/pod7/" HEX64, APP_KIND_CONTAINER,
		 "container:oci/" HEX64, "oci-3f1b9a7c5d2e", HEX64},
		{"/lxc/web", APP_KIND_CONTAINER, "container:lxc/web", "web", "web"},
		{"/lxc.payload.web/system.slice/nginx.service", APP_KIND_CONTAINER,
		 "container:lxc/web", "web", "lxc.payload.web"},
		{"/machine.slice/machine-fedora.scope/payload/system.slice/"
		 "sshd.service",
		 APP_KIND_CONTAINER, "container:machine/fedora", "fedora",
		 "machine-fedora.scope"},
		{"/machine.slice/systemd-nspawn@debian.service/payload",
		 APP_KIND_CONTAINER, "container:machine/debian", "debian",
		 "systemd-nspawn@debian.service"},
		{"/machine.slice/machine-qemu\\x2d7\\x2dwin11.scope/libvirt/emulator",
		 APP_KIND_CONTAINER, "container:machine/win11", "win11",
		 "machine-qemu\\x2d7\\x2dwin11.scope"},
	};

	(void)state;
	CHECK(cases);
}

static void a_container_tells_its_id(void **state)
{
	struct app_identity id = made("/docker/" HEX64, "/usr/bin/x");

	(void)state;
	assert_string_equal(id.container, HEX64);
}

static void what_many_share_is_nobodys_own(void **state)
{
	static const char *const paths[] = {
		"",
		"/",
		"/init.scope",
		"/system.slice",
		"/user.slice",
		SLICE,
		SLICE "/session-2.scope",
		SLICE "/session-c1.scope",
		SLICE "/user@1000.service",
		SLICE "/user@1000.service/init.scope",
		APPS,
		APPS "/app-org.gnome.Terminal.slice",
		APPS "/app-org.gnome.Terminal.slice/"
		     "vte-spawn-1b7f0f4c-7a0e-4b1c-9f55-0123456789ab.scope",
		SLICE "/user@1000.service/tmux-spawn-1b7f0f4c.scope",
		APPS "/app-org.kde.konsole-123.scope/tab(456).scope",
		"/docker",
		"/docker/buildkit",
		"/.service",
		"/.scope",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct app_identity id = made(paths[i], "/usr/bin/curl");

		assert_false(identity_cgroup_is_app(paths[i]));
		assert_int_equal(identity_cgroup_length(paths[i]), 0);
		assert_int_equal(id.kind, APP_KIND_EXE);
		assert_string_equal(id.key, "exe:/usr/bin/curl@1000");
		assert_string_equal(id.name, "curl");
		assert_int_equal(identity_from_cgroup(paths[i], 0, "", &id), -ENOENT);
	}
}

static void a_cgroup_alone_gives_the_same_key(void **state)
{
	struct app_identity a = made(APPS "/syncthing.service", "/usr/bin/syncthing");
	struct app_identity b;

	(void)state;
	assert_int_equal(
		identity_from_cgroup(APPS "/syncthing.service", 1000, "ann", &b), 0);
	assert_string_equal(a.key, b.key);
	assert_string_equal(a.name, b.name);
	assert_string_equal(b.user, "ann");
	assert_string_equal(b.exe, "");
}

static void a_replaced_executable_keeps_its_identity(void **state)
{
	struct app_identity id = made("/", "/opt/voice/voice (deleted)");

	(void)state;
	assert_string_equal(id.key, "exe:/opt/voice/voice@1000");
	assert_string_equal(id.exe, "/opt/voice/voice");
	assert_string_equal(id.name, "voice");
}

static void two_users_of_one_executable_are_two_applications(void **state)
{
	struct identity_facts f = facts_of("/", "/usr/bin/x");
	struct app_identity a, b;

	(void)state;
	identity_make(&f, &a);
	f.uid = 1001;
	identity_make(&f, &b);
	assert_string_not_equal(a.key, b.key);
}

static void an_interpreter_takes_its_program_into_the_identity(void **state)
{
	struct identity_facts f = facts_of("/", "/usr/bin/python3.11");
	struct app_identity id;

	(void)state;
	snprintf(f.script, sizeof(f.script), "/home/ann/relay.py");
	identity_make(&f, &id);
	assert_string_equal(id.key, "exe:/usr/bin/python3.11:/home/ann/relay.py@1000");
	assert_string_equal(id.name, "relay.py");
	assert_string_equal(id.exe, "/usr/bin/python3.11");
	snprintf(f.exe, sizeof(f.exe), "/usr/bin/firefox");
	identity_make(&f, &id);
	assert_string_equal(id.key, "exe:/usr/bin/firefox@1000");
	assert_string_equal(id.name, "firefox");
}

static void interpreters_are_known_with_their_versions(void **state)
{
	(void)state;
	assert_true(identity_is_interpreter("/usr/bin/python3.11"));
	assert_true(identity_is_interpreter("/usr/bin/node"));
	assert_true(identity_is_interpreter("/usr/lib/jvm/17/bin/java"));
	assert_true(identity_is_interpreter("/bin/sh"));
	assert_true(identity_is_interpreter("perl5.36.0"));
	assert_false(identity_is_interpreter("/usr/bin/javac"));
	assert_false(identity_is_interpreter("/usr/bin/3"));
	assert_false(identity_is_interpreter(""));
}

static void without_executable_the_name_of_the_process_must_do(void **state)
{
	struct app_identity id = made("/", "");

	(void)state;
	assert_string_equal(id.key, "comm:comm@1000");
	assert_string_equal(id.name, "comm");
	assert_int_equal(id.kind, APP_KIND_EXE);
}

static bool has_controls(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static void hostile_names_are_made_printable(void **state)
{
	struct identity_facts f = facts_of("/", "/tmp/\033[2Jx\n\177");
	struct app_identity id;

	(void)state;
	identity_make(&f, &id);
	assert_false(has_controls(id.key));
	assert_false(has_controls(id.name));
	assert_false(has_controls(id.exe));
	f = facts_of(APPS "/app-gnome-\\x1b\\x5b2J\n-1.scope", "");
	identity_make(&f, &id);
	assert_false(has_controls(id.name));
	assert_false(has_controls(id.key));
	assert_false(has_controls(id.unit));
	f = facts_of("/", "");
	snprintf(f.comm, sizeof(f.comm), "a\nb\033c");
	identity_make(&f, &id);
	assert_false(has_controls(id.name));
}

static void long_paths_that_differ_at_their_end_stay_apart(void **state)
{
	char path[1000];
	struct app_identity a, b;

	(void)state;
	memset(path, 'd', sizeof(path));
	path[0] = '/';
	path[999] = '\0';
	a = made("/", path);
	path[998] = 'e';
	b = made("/", path);
	assert_true(strlen(a.key) < sizeof(a.key));
	assert_string_not_equal(a.key, b.key);
}

static void what_can_have_any_path_is_not_what_has_it(void **state)
{
	struct identity_facts f = facts_of("/", "/usr/sbin/p");
	struct app_identity id;

	(void)state;
	f.is_exe_roots = true;
	identity_make(&f, &id);
	assert_string_equal(id.key, "exe:/usr/sbin/p@1000");
	assert_false(id.is_in_userns || id.is_exe_loose || id.is_users_own);
	f.is_in_userns = true;
	f.is_exe_roots = false;
	identity_make(&f, &id);
	assert_string_equal(id.key, "exe:/usr/sbin/p@1000+userns");
	assert_true(id.is_in_userns && id.is_exe_loose);
}

static void a_unit_tells_whether_it_is_a_users_own(void **state)
{
	struct app_identity id;

	(void)state;
	assert_false(made("/system.slice/p.service", "/p").is_users_own);
	assert_false(made("/system.slice/docker-" HEX64 ".scope", "/p").is_users_own);
	assert_true(made(APPS "/p.service", "/p").is_users_own);
	assert_true(
		made(SLICE "/user@1000.service/user.slice/libpod-" HEX64 ".scope", "/p")
			.is_users_own);
	assert_int_equal(identity_from_cgroup(APPS "/p.service", 1000, "ann", &id), 0);
	assert_true(id.is_users_own);
}

static void people_are_told_from_what_the_system_runs(void **state)
{
	static const uint32_t people[] = {1000,	 60000,	 60513,	    65533,
					  65535, 100000, 1200000000};
	static const uint32_t systems[] = {0, 33, 999, 61184, 62000, 65519, 65534};

	(void)state;
	for (size_t i = 0; i < sizeof(people) / sizeof(*people); i++)
		assert_true(identity_is_person(people[i]));
	for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++)
		assert_false(identity_is_person(systems[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_system_service_is_its_unit),
		cmocka_unit_test(what_lies_below_a_service_belongs_to_it),
		cmocka_unit_test(a_desktop_application_is_named_by_its_id),
		cmocka_unit_test(two_starts_of_a_desktop_application_are_one),
		cmocka_unit_test(user_units_of_two_people_are_two_applications),
		cmocka_unit_test(a_snap_is_named_without_its_uuid),
		cmocka_unit_test(containers_are_named_by_their_id_or_name),
		cmocka_unit_test(a_container_tells_its_id),
		cmocka_unit_test(what_many_share_is_nobodys_own),
		cmocka_unit_test(a_cgroup_alone_gives_the_same_key),
		cmocka_unit_test(a_replaced_executable_keeps_its_identity),
		cmocka_unit_test(two_users_of_one_executable_are_two_applications),
		cmocka_unit_test(an_interpreter_takes_its_program_into_the_identity),
		cmocka_unit_test(interpreters_are_known_with_their_versions),
		cmocka_unit_test(without_executable_the_name_of_the_process_must_do),
		cmocka_unit_test(hostile_names_are_made_printable),
		cmocka_unit_test(long_paths_that_differ_at_their_end_stay_apart),
		cmocka_unit_test(what_can_have_any_path_is_not_what_has_it),
		cmocka_unit_test(a_unit_tells_whether_it_is_a_users_own),
		cmocka_unit_test(people_are_told_from_what_the_system_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

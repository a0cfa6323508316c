/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cgroup path is read from the root down; the first component that is one
 * application's own decides, and whatever lies below (delegated cgroups, a container's
 * own units) belongs to it.
 */
#include "core/identity.h"
#include "base/text.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAW_MAX 2048	 /* of a key before it is escaped and cut */
#define CONTAINER_HEX 12 /* digits of a container id shown to people */

/* A borrowed piece of a path. */
struct piece {
	const char *text;
	size_t length;
};

struct cgroup_owner {
	enum app_kind kind;
	struct piece unit;	/* the component that decided */
	size_t path_length;	/* of the path up to and with it */
	const char *manager;	/* "docker", "lxc", "machine", ... of a container */
	struct piece container; /* its id or name */
	char user_instance[16]; /* N of user@N.service on the way, or "" */
};

static bool piece_starts(struct piece p, const char *prefix)
{
	size_t n = strlen(prefix);

	return p.length > n && memcmp(p.text, prefix, n) == 0;
}

static bool piece_ends(struct piece p, const char *suffix)
{
	size_t n = strlen(suffix);

	return p.length > n && memcmp(p.text + p.length - n, suffix, n) == 0;
}

static bool piece_is(struct piece p, const char *text)
{
	return p.length == strlen(text) && memcmp(p.text, text, p.length) == 0;
}

/* Without `prefix` and `suffix`, which it must have. */
static struct piece piece_inner(struct piece p, const char *prefix, const char *suffix)
{
	size_t head = strlen(prefix), tail = strlen(suffix);

	if (p.length <= head + tail)
		return (struct piece){p.text + p.length, 0};
	return (struct piece){p.text + head, p.length - head - tail};
}

static struct piece piece_after(struct piece p, size_t skip)
{
	return (struct piece){p.text + skip, p.length - skip};
}

static bool piece_is_hex(struct piece p, size_t at_least)
{
	for (size_t i = 0; i < p.length; i++)
		if (!isxdigit((unsigned char)p.text[i]))
			return false;
	return p.length >= at_least;
}

static bool piece_is_digits(struct piece p)
{
	for (size_t i = 0; i < p.length; i++)
		if (!isdigit((unsigned char)p.text[i]))
			return false;
	return p.length > 0;
}

/* Copies with systemd's \xNN undone (systemd.unit(5), "String Escaping"). */
static void piece_unescape(struct piece p, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < p.length && n + 1 < size; i++) {
		struct piece hex = {p.text + i + 2, 2};

		if (i + 3 < p.length && p.text[i] == '\\' && p.text[i + 1] == 'x' &&
		    piece_is_hex(hex, 2) && memcmp(hex.text, "00", 2) != 0) {
			char digits[3] = {hex.text[0], hex.text[1], '\0'};

			buf[n++] = (char)strtoul(digits, NULL, 16);
			i += 3;
		} else {
			buf[n++] = p.text[i];
		}
	}
	buf[n] = '\0';
}

/* --- whose a cgroup is --------------------------------------------------------- */

/* A terminal's tab or pane: anything may run in it, so its name says nothing. */
static bool is_terminal_scope(struct piece c)
{
	return piece_ends(c, ".scope") &&
	       (piece_starts(c, "vte-spawn-") || piece_starts(c, "tmux-spawn-") ||
		piece_starts(c, "tab("));
}

static bool set_container(struct cgroup_owner *o, const char *manager,
			  struct piece container)
{
	if (container.length == 0)
		return false;
	o->kind = APP_KIND_CONTAINER;
	o->manager = manager;
	o->container = container;
	return true;
}

/* Ids that container engines put into a scope or directory name, by prefix. */
static bool is_engine_cgroup(struct piece c, struct cgroup_owner *o)
{
	static const struct {
		const char *prefix, *manager;
	} engines[] = {
		{"docker-", "docker"},
		{"libpod-conmon-", "podman"},
		{"libpod-payload-", "podman"},
		{"libpod-", "podman"},
		{"cri-containerd-", "containerd"},
		{"crio-conmon-", "crio"},
		{"crio-", "crio"},
		{"nerdctl-", "containerd"},
	};
	const char *suffix = piece_ends(c, ".scope") ? ".scope" : "";

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		struct piece id;

		if (!piece_starts(c, engines[i].prefix))
			continue;
		id = piece_inner(c, engines[i].prefix, suffix);
		if (piece_is_hex(id, CONTAINER_HEX))
			return set_container(o, engines[i].manager, id);
	}
	return false;
}

/* machine-qemu\x2d3\x2dname.scope: libvirt counts starts; the name alone is stable. */
static struct piece machine_name(struct piece p)
{
	static const char *const drivers[] = {"qemu\\x2d", "lxc\\x2d"};

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(drivers[i]), start = n;

		if (!piece_starts(p, drivers[i]))
			continue;
		while (n < p.length && isdigit((unsigned char)p.text[n]))
			n++;
		if (n > start && piece_starts(piece_after(p, n), "\\x2d"))
			return piece_after(p, n + strlen("\\x2d"));
	}
	return p;
}

static bool is_container(struct piece c, struct piece parent, struct cgroup_owner *o)
{
	if (is_engine_cgroup(c, o))
		return true;
	if (piece_is(parent, "docker") && piece_is_hex(c, CONTAINER_HEX))
		return set_container(o, "docker", c);
	if (c.length == 64 && piece_is_hex(c, 64))
		return set_container(o, "oci", c);
	if (piece_is(parent, "lxc") || piece_is(parent, "lxc.payload"))
		return set_container(o, "lxc", c);
	if (piece_starts(c, "lxc.payload."))
		return set_container(o, "lxc", piece_inner(c, "lxc.payload.", ""));
	if (piece_starts(c, "machine-") && piece_ends(c, ".scope"))
		return set_container(
			o, "machine",
			machine_name(piece_inner(c, "machine-", ".scope")));
	if (piece_starts(c, "systemd-nspawn@") && piece_ends(c, ".service"))
		return set_container(o, "machine",
				     piece_inner(c, "systemd-nspawn@", ".service"));
	return false;
}

/* A unit that holds one application, rather than whatever somebody starts there. */
static bool is_own_unit(struct piece c)
{
	if (piece_ends(c, ".service"))
		return !piece_starts(c, "user@");
	if (!piece_ends(c, ".scope"))
		return false;
	return !piece_is(c, "init.scope") && !piece_starts(c, "session-") &&
	       !is_terminal_scope(c);
}

static void note_user_manager(struct piece c, struct cgroup_owner *o)
{
	struct piece n;

	if (!piece_starts(c, "user@") || !piece_ends(c, ".service"))
		return;
	n = piece_inner(c, "user@", ".service");
	if (piece_is_digits(n) && n.length < sizeof(o->user_instance))
		snprintf(o->user_instance, sizeof(o->user_instance), "%.*s",
			 (int)n.length, n.text);
}

/* True when the path lies in one application's own cgroup; *o says whose. */
static bool cgroup_find_owner(const char *path, struct cgroup_owner *o)
{
	struct piece parent = {"", 0};
	bool is_found = false;

	memset(o, 0, sizeof(*o));
	for (const char *at = path; *at;) {
		struct piece c = {at, strcspn(at, "/")};

		at += c.length;
		at += strspn(at, "/");
		if (is_terminal_scope(c))
			return false;
		if (is_found || c.length == 0)
			continue;
		note_user_manager(c, o);
		if (is_container(c, parent, o) || is_own_unit(c)) {
			if (o->kind != APP_KIND_CONTAINER)
				o->kind = APP_KIND_UNIT;
			o->unit = c;
			o->path_length = (size_t)(c.text + c.length - path);
			is_found = true;
		}
		parent = c;
	}
	return is_found;
}

size_t identity_cgroup_length(const char *cgroup_path)
{
	struct cgroup_owner o;

	return cgroup_find_owner(cgroup_path, &o) ? o.path_length : 0;
}

bool identity_cgroup_is_app(const char *cgroup_path)
{
	return identity_cgroup_length(cgroup_path) > 0;
}

/* --- names ---------------------------------------------------------------------- */

/* The last `c` in a piece, or its length. */
static size_t piece_rfind(struct piece p, char c)
{
	for (size_t i = p.length; i > 0; i--)
		if (p.text[i - 1] == c)
			return i - 1;
	return p.length;
}

static size_t piece_find(struct piece p, char c)
{
	const char *at = memchr(p.text, c, p.length);

	return at ? (size_t)(at - p.text) : p.length;
}

/*
 * The application id of app[-LAUNCHER]-ID-RANDOM.scope or app[-LAUNCHER]-ID[@RANDOM]
 * .service; dashes within ID are written \x2d.
 */
static struct piece desktop_app_id(struct piece unit)
{
	bool is_scope = piece_ends(unit, ".scope");
	struct piece p = piece_inner(unit, "app-", is_scope ? ".scope" : ".service");
	size_t at;

	if (is_scope) {
		at = piece_rfind(p, '-');
		if (at < p.length && at > 0)
			p.length = at;
	} else {
		at = piece_find(p, '@');
		if (at > 0)
			p.length = at;
	}
	at = piece_find(p, '-');
	if (at + 1 < p.length)
		p = piece_after(p, at + 1);
	return p;
}

/* snap.NAME.APP-UUID.scope and snap.NAME.APP.UUID.scope without UUID. */
static struct piece snap_app_id(struct piece unit)
{
	enum { UUID_LENGTH = 36 };
	bool is_scope = piece_ends(unit, ".scope");
	struct piece p = piece_inner(unit, "snap.", is_scope ? ".scope" : ".service");
	struct piece tail;

	if (!is_scope || p.length < UUID_LENGTH + 2)
		return p;
	tail = piece_after(p, p.length - UUID_LENGTH);
	if (tail.text[8] == '-' && tail.text[13] == '-' && tail.text[18] == '-' &&
	    (tail.text[-1] == '-' || tail.text[-1] == '.'))
		p.length -= UUID_LENGTH + 1;
	return p;
}

/* "firefox.firefox" is firefox; "lxd.daemon" stays. */
static struct piece snap_name(struct piece id)
{
	size_t dot = piece_find(id, '.');

	if (dot * 2 + 1 == id.length && memcmp(id.text, id.text + dot + 1, dot) == 0)
		id.length = dot;
	return id;
}

/* org.mozilla.Thunderbird is Thunderbird, org.telegram.desktop is telegram. */
static void reverse_dns_name(char *name)
{
	static const char *const generic[] = {"desktop", "daemon", "client",
					      "service", "app",	   NULL};
	char *first = strchr(name, '.'), *last = strrchr(name, '.');

	if (last && last > name && strcmp(last, ".desktop") == 0 && first == last) {
		*last = '\0';
		return;
	}
	if (!first || first == last || !last[1])
		return;
	for (size_t i = 0; generic[i]; i++) {
		if (strcasecmp(last + 1, generic[i]) != 0)
			continue;
		*last = '\0';
		last = strrchr(name, '.');
		break;
	}
	memmove(name, last + 1, strlen(last + 1) + 1);
}

static uint64_t hash_text(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

/* Escapes a key; one too long keeps a hash of the whole, so that it stays unique. */
static void set_key(const char *raw, struct app_identity *id)
{
	enum { HASH_TAIL = 18, LONGEST_ESCAPE = 4 };

	text_escape(raw, id->key, sizeof(id->key));
	if (strlen(id->key) + LONGEST_ESCAPE < sizeof(id->key))
		return;
	text_escape(raw, id->key, sizeof(id->key) - HASH_TAIL);
	snprintf(id->key + strlen(id->key), HASH_TAIL, "~%016llx",
		 (unsigned long long)hash_text(raw));
}

/* The part of a unit's name that survives a restart, and its name for people. */
static void unit_names(const struct cgroup_owner *o, char *stable, char *name,
		       size_t size)
{
	struct piece u = o->unit, id = u;

	if (piece_starts(u, "app-")) {
		id = desktop_app_id(u);
		snprintf(stable, size, "app-%.*s", (int)id.length, id.text);
		piece_unescape(id, name, size);
		reverse_dns_name(name);
	} else if (piece_starts(u, "snap.")) {
		id = snap_app_id(u);
		snprintf(stable, size, "snap.%.*s", (int)id.length, id.text);
		piece_unescape(snap_name(id), name, size);
	} else {
		snprintf(stable, size, "%.*s", (int)u.length, u.text);
		id.length = piece_rfind(u, '.');
		piece_unescape(id, name, size);
	}
}

static void make_unit(const struct cgroup_owner *o, struct app_identity *id)
{
	char stable[APP_TEXT_MAX], name[APP_TEXT_MAX], raw[RAW_MAX];

	unit_names(o, stable, name, sizeof(stable));
	/* Two people's user units of one name are two applications. */
	snprintf(raw, sizeof(raw), "unit:%s%s%s", stable,
		 o->user_instance[0] ? "@" : "", o->user_instance);
	set_key(raw, id);
	text_escape(name, id->name, sizeof(id->name));
}

static void make_container(const struct cgroup_owner *o, struct app_identity *id)
{
	char container[APP_TEXT_MAX], name[APP_TEXT_MAX + 16], raw[RAW_MAX];

	piece_unescape(o->container, container, sizeof(container));
	snprintf(raw, sizeof(raw), "container:%s/%s", o->manager, container);
	set_key(raw, id);
	text_escape(container, id->container, sizeof(id->container));
	if (piece_is_hex(o->container, CONTAINER_HEX + 1))
		snprintf(name, sizeof(name), "%s-%.*s", o->manager, CONTAINER_HEX,
			 container);
	else
		snprintf(name, sizeof(name), "%s", container);
	text_escape(name, id->name, sizeof(id->name));
}

static void make_from_owner(const struct cgroup_owner *o, struct app_identity *id)
{
	char unit[APP_TEXT_MAX];

	id->kind = o->kind;
	id->is_users_own = o->user_instance[0] != '\0';
	snprintf(unit, sizeof(unit), "%.*s", (int)o->unit.length, o->unit.text);
	text_escape(unit, id->unit, sizeof(id->unit));
	if (o->kind == APP_KIND_CONTAINER)
		make_container(o, id);
	else
		make_unit(o, id);
}

/* --- executables ---------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

bool identity_is_interpreter(const char *exe)
{
	static const char *const names[] = {
		"python", "pypy",   "perl", "ruby",   "node",	"nodejs", "deno",
		"bun",	  "java",   "php",  "lua",    "luajit", "tclsh",  "guile",
		"mono",	  "dotnet", "bash", "sh",     "dash",	"zsh",	  "ksh",
		"mksh",	  "ash",    "fish", "busybox"};
	const char *base = base_name(exe);
	size_t length = strlen(base);

	/* python3.11, php8.2, lua5.4 */
	while (length > 0 && strchr("0123456789.", base[length - 1]))
		length--;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length && !memcmp(names[i], base, length))
			return true;
	return false;
}

/* The path of a program that was replaced on disk while it runs. */
static void strip_deleted(char *path)
{
	static const char mark[] = " (deleted)";
	size_t length = strlen(path), tail = sizeof(mark) - 1;

	if (length > tail && strcmp(path + length - tail, mark) == 0)
		path[length - tail] = '\0';
}

static void make_exe(const struct identity_facts *f, const char *exe,
		     struct app_identity *id)
{
	bool has_script = f->script[0] && identity_is_interpreter(exe);
	char raw[RAW_MAX];

	id->kind = APP_KIND_EXE;
	if (!exe[0]) {
		snprintf(raw, sizeof(raw), "comm:%s@%u", f->comm, f->uid);
		text_escape(f->comm[0] ? f->comm : "?", id->name, sizeof(id->name));
	} else {
		/* What can show any path is not taken for what has that path. */
		snprintf(raw, sizeof(raw), "exe:%s%s%s@%u%s", exe,
			 has_script ? ":" : "", has_script ? f->script : "", f->uid,
			 f->is_in_userns ? "+userns" : "");
		text_escape(base_name(has_script ? f->script : exe), id->name,
			    sizeof(id->name));
	}
	set_key(raw, id);
}

bool identity_is_person(uint32_t uid)
{
	enum { PEOPLE = 1000, DYNAMIC = 61184, DYNAMIC_LAST = 65519, NOBODY = 65534 };

	return uid >= PEOPLE && uid != NOBODY && (uid < DYNAMIC || uid > DYNAMIC_LAST);
}

void identity_make(const struct identity_facts *facts,
		   struct app_identity *ret_identity)
{
	struct app_identity *id = ret_identity;
	char exe[sizeof(facts->exe)];
	struct cgroup_owner owner;

	memset(id, 0, sizeof(*id));
	snprintf(exe, sizeof(exe), "%s", facts->exe);
	strip_deleted(exe);
	id->uid = facts->uid;
	id->is_in_userns = facts->is_in_userns;
	id->is_exe_loose = !facts->is_exe_roots;
	text_escape(facts->user, id->user, sizeof(id->user));
	text_escape(exe, id->exe, sizeof(id->exe));
	if (cgroup_find_owner(facts->cgroup, &owner))
		make_from_owner(&owner, id);
	else
		make_exe(facts, exe, id);
}

int identity_from_cgroup(const char *cgroup_path, uint32_t uid, const char *user,
			 struct app_identity *ret_identity)
{
	struct cgroup_owner owner;

	if (!cgroup_find_owner(cgroup_path, &owner))
		return -ENOENT;
	memset(ret_identity, 0, sizeof(*ret_identity));
	ret_identity->uid = uid;
	text_escape(user, ret_identity->user, sizeof(ret_identity->user));
	make_from_owner(&owner, ret_identity);
	return 0;
}

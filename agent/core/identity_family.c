/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes are one program's, by who started whom and where their executables
 * lie. Rather two applications than one of two programs: what is not known to be
 * private counts as shared.
 */
#include "core/identity.h"
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* Whether a list of words, a blank around each, has this one. */
static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; n && (at = strstr(at, word)); at++)
		if (at > words && at[-1] == ' ' && at[n] == ' ')
			return true;
	return false;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* They start whatever they are told to. */
static bool is_launcher(const char *exe)
{
	static const char names[] =
		" init systemd login sudo su doas runuser setpriv env nohup setsid nice"
		" ionice chroot nsenter unshare ip timeout strace gdb make xargs script"
		" cron crond anacron atd inetd xinetd supervise s6-supervise runsv"
		" runsvdir tini dumb-init dbus-daemon dbus-broker xterm konsole tmux"
		" screen bwrap flatpak firejail snap-confine steam dockerd containerd"
		" conmon runc crun gnome-shell gnome-session plasmashell kdeinit5"
		" start_kdeinit xfce4-panel ";
	const char *name = base_name(exe);

	return has_word(names, name) || fnmatch("*-terminal*", name, 0) == 0 ||
	       fnmatch("containerd-shim*", name, 0) == 0;
}

/* Directories that hold the programs of many, wherever they are. */
static bool is_shared_name(const char *name)
{
	static const char names[] = " bin sbin libexec lib lib32 lib64 games tmp shm"
				    " scripts src build Downloads Documents Desktop ";

	return has_word(names, name) || fnmatch("*-linux-gnu*", name, 0) == 0;
}

/* /usr/x, but not /usr/lib/x. */
static bool is_shared_place(const char *directory)
{
	static const char *const places[] = {"/usr/*",	 "/usr/local/*", "/var/*",
					     "/home/*",	 "/run/*",	 "/run/user/*",
					     "/media/*", "/mnt/*"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (fnmatch(places[i], directory, FNM_PATHNAME) == 0)
			return true;
	return false;
}

/* /opt/x/bin is x's: packages have trees of their own there. */
static bool is_in_own_prefix(const char *directory)
{
	return fnmatch("/opt/?*/*", directory, 0) == 0 ||
	       fnmatch("/nix/store/?*/*", directory, 0) == 0 ||
	       fnmatch("/snap/?*/*", directory, 0) == 0;
}

bool identity_is_private_tree(const char *directory)
{
	const char *second = directory[0] == '/' ? strchr(directory + 1, '/') : NULL;

	/* At least two levels: /opt, /root and / belong to all. */
	if (!second || !second[1])
		return false;
	if (is_in_own_prefix(directory))
		return true;
	return !is_shared_name(base_name(directory)) && !is_shared_place(directory);
}

static void copy_exe(const char *exe, char *buf, size_t size)
{
	static const char mark[] = " (deleted)";
	size_t length, tail = sizeof(mark) - 1;

	snprintf(buf, size, "%s", exe);
	length = strlen(buf);
	if (length > tail && strcmp(buf + length - tail, mark) == 0)
		buf[length - tail] = '\0';
}

/* Whether the child's executable is the parent's, or in its tree. */
static bool is_same_tree(const char *parent, const char *child)
{
	char directory[sizeof(((struct identity_facts *)0)->exe)];
	char *slash;
	size_t n;

	if (strcmp(parent, child) == 0)
		return true;
	snprintf(directory, sizeof(directory), "%s", parent);
	slash = strrchr(directory, '/');
	if (!slash)
		return false;
	*slash = '\0';
	n = strlen(directory);
	return identity_is_private_tree(directory) &&
	       strncmp(child, directory, n) == 0 && child[n] == '/';
}

bool identity_is_family(const struct identity_facts *parent,
			const struct identity_facts *child)
{
	char above[sizeof(parent->exe)], below[sizeof(child->exe)];

	if (!parent->exe[0] || !child->exe[0] || parent->pid <= 1 ||
	    (parent->uid != child->uid && parent->uid != 0))
		return false;
	if (identity_cgroup_is_app(parent->cgroup) ||
	    identity_cgroup_is_app(child->cgroup))
		return false;
	copy_exe(parent->exe, above, sizeof(above));
	copy_exe(child->exe, below, sizeof(below));
	if (identity_is_interpreter(above) || is_launcher(above))
		return false;
	return is_same_tree(above, below);
}

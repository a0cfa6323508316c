/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what /proc says of a process to the application it belongs to: a systemd unit or
 * scope of its own, else a container, else executable path plus user. Pure. Source:
 * systemd's "Desktop Environment Integration" (app-*.scope names); Docker, Podman, LXC
 * and machined cgroup names.
 *
 * The last of these would make several applications of a program that is several
 * executables. So, where no unit and no container says better, a process belongs to the
 * application of the process that started it when both are of one family
 * (identity_is_family); its identity is made from the topmost of that family, for as
 * long as that lives.
 */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include "core/observation.h"
#include <stdbool.h>
#include <stddef.h>

struct identity_facts {
	int32_t pid, parent;  /* 0: none, or not known */
	uint64_t start_ticks; /* since boot */
	uint32_t uid;
	char user[64];
	char cgroup[1024]; /* v2 path below the root, "" when unknown */
	char exe[1024];	   /* "" for kernel threads or when unreadable */
	char script[256];  /* the program an interpreter runs, or "" */
	char comm[32];	   /* raw: may hold anything but NUL */
	bool is_in_userns; /* its user namespace is not the agent's, or not known */
	bool is_exe_roots; /* its executable is root's, who alone may write it */
};

/*
 * Whether a user is a person, rather than root, a system account or one that systemd
 * made up for a service. What a person runs does as he likes, whatever its executable:
 * he may load code of his own into it. Source: systemd's "Users, Groups, UIDs and GIDs
 * on systemd Systems".
 */
bool identity_is_person(uint32_t uid);

/* Fills every field; texts are made printable (text_escape of base/text.h) and cut. */
void identity_make(const struct identity_facts *facts,
		   struct app_identity *ret_identity);

/*
 * Whether a cgroup is one application's own (a service, an application scope, a
 * container), as opposed to a session, a user manager or a slice that many share.
 */
bool identity_cgroup_is_app(const char *cgroup_path);

/*
 * Length of the part of a path that is the application's own cgroup (what lies below
 * belongs to it), 0 when it is nobody's own.
 */
size_t identity_cgroup_length(const char *cgroup_path);

/* Whether an executable runs programs of other names: python3.11, java, bash, ... */
bool identity_is_interpreter(const char *exe);

/*
 * Whether a process belongs to the application of its parent: neither is in a cgroup
 * that is an application's own; both are of one user, or the parent is root's and the
 * child has dropped that; and both run one executable, or the child's lies in the
 * parent's directory or below it, and that directory is a program's own (/opt/x,
 * /usr/lib/x) rather than one that many share (/usr/bin, /usr/libexec, ~/bin, a home,
 * /tmp). What interpreters, shells and launchers start is never theirs: which program
 * it is does not depend on who started it.
 */
bool identity_is_family(const struct identity_facts *parent,
			const struct identity_facts *child);

/* Whether an executable's directory is one program's own. */
bool identity_is_private_tree(const char *directory);

/* The identity from the cgroup alone, for a process that is gone. 0, or -ENOENT when
 * the cgroup is not one application's own. */
int identity_from_cgroup(const char *cgroup_path, uint32_t uid, const char *user,
			 struct app_identity *ret_identity);

#endif

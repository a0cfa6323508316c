/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people call a container whose cgroup has only its id, from the files of its
 * engine: Docker's and (root's) Podman's. Files of this machine alone: what is inside a
 * container may be anything, or never answer.
 */
#ifndef KERNEL_CONTAINERS_H
#define KERNEL_CONTAINERS_H

#include <stddef.h>

/*
 * The name of container `id` of `engine` ("docker", "podman"), raw; the files are below
 * the directory `root`, "" for this machine's. 0; -ENOENT when nobody tells; -errno.
 */
int containers_find_name(const char *root, const char *engine, const char *id,
			 char *ret_name, size_t size);

#endif

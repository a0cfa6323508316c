/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The listening end of the control socket: makes it, and takes it away again.
 */
#ifndef CTL_LISTEN_H
#define CTL_LISTEN_H

#include <stdbool.h>
#include <sys/stat.h>

struct ctl_listener {
	int fd;	    /* non-blocking */
	char *path; /* owned */
	dev_t dev;  /* which file it is: another may have taken its place */
	ino_t ino;
	bool has_made_parent;
	int lock_fd; /* of "path.lock", held as long as it listens */
};

/*
 * Binds and listens at `path`, mode 0666 (anyone may ask for what is his own), making
 * its directory (0755) if that is missing. A socket nobody answers on is replaced,
 * by one of those that find it at the same time: the one with the lock.
 * 0; -EADDRINUSE when another has the lock or answers; -EEXIST when something else than
 * a socket is there; -ENAMETOOLONG; -errno.
 */
int ctl_listen(const char *path, struct ctl_listener *ret_listener);

/* Closes, and removes what ctl_listen made if it is still ours and we may. */
void ctl_listener_done(struct ctl_listener *l);

#endif

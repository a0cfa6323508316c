/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structured entries for the journal, without ever waiting for it.
 *
 * sd_journal_sendv(3) sends on a socket of its own that blocks: with a journald that
 * hangs, or is stopped in a debugger, every caller hangs as soon as the queue is full,
 * and there is no public way to its socket. So entries go out here, in the journal's
 * native protocol, which is documented and stable, and what can't be sent is counted.
 *
 * Source: https://systemd.io/JOURNAL_NATIVE_PROTOCOL
 */
#ifndef BASE_JOURNAL_H
#define BASE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define JOURNAL_FIELDS_MAX 32
/* An entry with more bytes is not sent: a datagram of this size passes anywhere. */
#define JOURNAL_ENTRY_MAX ((size_t)32 * 1024)

struct journal_field {
	const char *name;  /* A-Z, 0-9 and _ */
	const char *value; /* without line breaks, as text_escape leaves them */
};

/* Whether stderr goes to the journal: then this is how to reach it, too. Source:
 * systemd.exec(5), JOURNAL_STREAM. */
bool journal_is_stderr(void);

/*
 * A socket, or -errno. Where stderr is the journal's, that is made non-blocking as
 * well: a journal that hangs then costs lines, and not time.
 */
int journal_open(void);

/* 0, or -errno: -EAGAIN when the journal does not keep up, -ENOENT or -ECONNREFUSED
 * when there is none, -EMSGSIZE, -EINVAL for a value that has a line break. */
int journal_send(int fd, const char *path, const struct journal_field *fields,
		 size_t count);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture (pcap or pcapng) of one computer's traffic as observations: what an agent
 * on it would have seen, with all of it as one application, because packets do not say
 * which program sent them.
 */
#ifndef UI_CLI_PCAP_H
#define UI_CLI_PCAP_H

#include "progress.h"
#include "replay.h"

/* Whether a file that begins so is a capture. */
bool pcap_is_capture(const uint8_t *data, size_t size);

/*
 * Reads all of `file` (named `path`), which is at its beginning, and closes it. The
 * addresses of the computer are the context's --host. Times are Unix times. EXIT_OK
 * with a new *ret_replay that has seen everything; EXIT_FAILED with one, too, where the
 * capture is damaged, which has been said: it has seen what was before that. NULL where
 * there is nothing to judge.
 */
enum exit_code pcap_replay(const struct context *c, FILE *file, const char *path,
			   struct progress *progress, struct replay **ret_replay);

#endif

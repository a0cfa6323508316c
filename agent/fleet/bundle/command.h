/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of relaywarden-bundle: those of an admin, who makes and signs bundles,
 * and `install`, which runs as root on every computer of the fleet.
 */
#ifndef FLEET_BUNDLE_COMMAND_H
#define FLEET_BUNDLE_COMMAND_H

#include "core/bundle.h"
#include <stdbool.h>
#include <stdint.h>

#define INSTALL_STATE_DIR "/var/lib/relaywarden-bundle"
#define FETCH_STATE_DIR "/var/lib/relaywarden-fetch" /* of relaywarden-fetch */

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

/* What the options say; NULL or 0 where they do not. */
struct options {
	const char *config, *keys, *state_dir, *fetch_dir,
		*agentctl; /* have defaults */
	const char *output, *key, *channel, *release;
	uint64_t generation;
	uint64_t expires; /* seconds from now */
	unsigned int rollout;
};

typedef enum exit_code command_function(const struct options *o, int count,
					char *const *arguments);

command_function cmd_keygen, cmd_create, cmd_sign, cmd_inspect, cmd_verify, cmd_install,
	cmd_status, cmd_metrics;

/* "relaywarden-bundle: TEXT" on stderr, made printable. Returns `code`. */
enum exit_code complain(enum exit_code code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A whole bundle, of at most BUNDLE_SIZE_MAX; what goes wrong is said. To be freed. */
enum exit_code read_bundle(const char *path, char **ret_bytes, size_t *ret_size);

/* Writes a file as a whole, or leaves it as it was; what goes wrong is said. */
enum exit_code write_file(const char *path, const char *bytes, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a bundle, through `agentctl policy apply --replace`, into force.
 */
#ifndef FLEET_BUNDLE_UNPACK_H
#define FLEET_BUNDLE_UNPACK_H

#include "command.h"
#include "core/bundle_state.h"

/* EXIT_OK; EXIT_REFUSED when the policy is wrong or did harm and the one before is in
 * force; EXIT_FAILED when it could not be tried; then `why` says so. */
enum exit_code unpack_and_apply(const struct bundle *b, const char *agentctl,
				char why[static BUNDLE_RESULT_STRLEN]);

#endif

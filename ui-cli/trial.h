/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following a new policy through its trial, as the agent tells of it.
 */
#ifndef UI_CLI_TRIAL_H
#define UI_CLI_TRIAL_H

#include "client.h"

/*
 * `reply` is that of PolicyReload and its kin. Asks until that trial is over, or waits
 * for something else than time, and says how it went: EXIT_OK, or EXIT_POLICY_INVALID
 * where the policy is not in force. With `is_patient` also while it waits to be
 * confirmed;
 * `*is_interrupted` then ends the waiting by taking the policy back. NULL: never.
 */
enum exit_code trial_follow(const struct context *c, const json_t *reply,
			    bool is_patient, const volatile int *is_interrupted);

#endif

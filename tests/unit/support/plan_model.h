/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tiny kernel that takes the steps of plans and refuses what the real one refuses. */
#ifndef SUPPORT_PLAN_MODEL_H
#define SUPPORT_PLAN_MODEL_H

#include "core/plan.h"

struct model;

struct model *model_new(void);
void model_free(struct model *m);
/* Fails the test at a step that has no meaning in the state it is in. */
void model_apply(struct model *m, const struct plan *wanted,
		 const struct plan_steps *steps);
/* Fails the test unless exactly `wanted` is there. */
void model_assert_installed(const struct model *m, const struct plan *wanted);

#endif

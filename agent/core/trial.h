/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trial of a new policy: probes before it, the policy, probes after it, perhaps a
 * person who confirms, and then it is kept or taken back. Pure: it is told what
 * happened and when, and says what to do next.
 *
 *   begin --> BEFORE --> APPLYING --> AFTER --> [CONFIRM] --> kept
 *                            |          |           |
 *                            +----------+-----------+--> rolled back
 *
 * A probe counts only if it worked before. It may fail for a moment afterwards: what
 * fails for TRIAL_PATIENCE_NS on end takes the policy back. None that worked, and there
 * is nothing to be seen: the policy is kept, unless it has to be confirmed.
 */
#ifndef CORE_TRIAL_H
#define CORE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So long after the policy is in the kernel its effects are looked for. */
#define TRIAL_SETTLE_NS UINT64_C(2000000000)
#define TRIAL_PATIENCE_NS UINT64_C(3000000000)
/* From the answers of one round of probes to the next round. */
#define TRIAL_PACE_NS UINT64_C(500000000)
#define TRIAL_PROBES_MAX 32

enum trial_phase {
	TRIAL_IDLE,
	TRIAL_BEFORE,	/* probes look at what works now */
	TRIAL_APPLYING, /* until it is in the kernel; a pause holds it here */
	TRIAL_AFTER,	/* does it still work? */
	TRIAL_CONFIRM,	/* it does; somebody has to say so */
};

/* What is to be done now. */
enum trial_order {
	TRIAL_WAIT,
	TRIAL_PROBE, /* start a round, then trial_probed */
	TRIAL_APPLY, /* put the policy in force, then trial_applied */
	TRIAL_KEEP,
	TRIAL_ROLL_BACK, /* for `reason` */
};

enum trial_reason {
	TRIAL_REASON_NONE,
	TRIAL_REASON_PROBES,	  /* those of `failed` */
	TRIAL_REASON_UNCONFIRMED, /* in time */
	TRIAL_REASON_KERNEL,	  /* did not take it */
	TRIAL_REASON_PERSON,	  /* asked for it */
};

struct trial {
	enum trial_phase phase;
	enum trial_reason reason; /* of the last order to roll back */
	bool has_probes;
	bool is_probing;     /* a round is under way */
	uint32_t worked;     /* probes that did before: a bit each */
	uint32_t failed;     /* of these, in the last round after */
	uint64_t confirm_ns; /* time to confirm in, 0: nobody has to */
	uint64_t applied_ns;
	uint64_t round_ns, next_ns; /* when a round last began, when the next is due */
	uint64_t failing_ns;	    /* since when it fails, 0: it does not */
};

/* Begins one; `confirm_ns` 0: nobody has to confirm. */
void trial_begin(struct trial *t, bool has_probes, uint64_t confirm_ns);

/* A round has ended: a bit for each probe that worked. */
void trial_probed(struct trial *t, uint32_t works, uint64_t now_ns);

/* There is nobody left who could probe. */
void trial_blinded(struct trial *t);

/* It is in the kernel, or could not be brought there. */
void trial_applied(struct trial *t, bool is_applied, uint64_t now_ns);

/* False where nothing waits for that: confirmed while it still is looked at, it is kept
 * as soon as the probes say so. */
bool trial_confirm(struct trial *t);

/* A person wants the previous policy. False where there is no trial. */
bool trial_give_up(struct trial *t);

/*
 * What to do now; call it after each of the above, and when trial_next_ns() has come.
 * An order to keep or to roll back ends the trial.
 */
enum trial_order trial_step(struct trial *t, uint64_t now_ns);

/* When the clock changes something by itself, 0: it does not. */
uint64_t trial_next_ns(const struct trial *t);

/* When the time to confirm is over, 0: nobody has to confirm. */
uint64_t trial_confirm_until_ns(const struct trial *t);

#endif

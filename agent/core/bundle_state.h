/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a computer remembers of bundles, and whether it takes another one. Text on the
 * disk, of lines "KEY VALUE"; what is not known is passed over. Pure.
 */
#ifndef CORE_BUNDLE_STATE_H
#define CORE_BUNDLE_STATE_H

#include "core/bundle.h"
#include <stdbool.h>

#define BUNDLE_DIGEST_STRLEN 65 /* hexadecimal */
#define BUNDLE_ETAG_STRLEN 129
#define BUNDLE_RESULT_STRLEN 320
#define BUNDLE_STATE_SIZE_MAX 4096

struct bundle_state {
	uint64_t seen; /* highest generation that was signed right; 0: none yet */
	char digest[BUNDLE_DIGEST_STRLEN]; /* of its payload */
	uint64_t applied;		   /* the one in force; 0: none */
	uint64_t refused;   /* the one that did harm when it was tried; 0: none */
	int64_t refused_at; /* when it was; a day later it may be tried again */
	int64_t created;    /* of the one in force */
	int64_t expires;    /* likewise */
	int64_t answered;   /* when a server was last asked with success; 0: never */
	int64_t failed;	    /* since when nothing works; 0: all is well */
	char etag[BUNDLE_ETAG_STRLEN];	   /* the server's, of what was last read */
	char result[BUNDLE_RESULT_STRLEN]; /* a sentence: what came of it last */
};

/* A file that is damaged is as none, but for what could be read before the damage. */
void bundle_state_parse(const char *text, size_t length,
			struct bundle_state *ret_state);
/* Its length. */
size_t bundle_state_format(const struct bundle_state *s,
			   char buf[static BUNDLE_STATE_SIZE_MAX]);

/* The computer that judges. */
struct bundle_place {
	const char *channel;
	uint64_t id[2]; /* of the machine, for this purpose alone */
	int64_t now;	/* seconds since 1970 */
};

enum bundle_verdict {
	BUNDLE_TAKE,   /* it is to be applied */
	BUNDLE_HAVE,   /* it is in force */
	BUNDLE_WAIT,   /* others come first: the roll-out is not that far */
	BUNDLE_REFUSE, /* `reason` says why */
};

/* Of one whose signature is right. `reason` is filled whatever the verdict is. */
enum bundle_verdict bundle_judge(const struct bundle *b, const char *digest,
				 const struct bundle_state *state,
				 const struct bundle_place *place,
				 char reason[static BUNDLE_FAULT_STRLEN]);

/* Where the machine is in the roll-out of a release, 0 to 9999: it takes part when that
 * is below the percentage, in hundredths. Others come first in other releases. */
unsigned int bundle_turn(const uint64_t id[2], const char *release);

/* Takes over that it was seen. */
void bundle_state_see(struct bundle_state *s, const struct bundle *b,
		      const char *digest);

#endif

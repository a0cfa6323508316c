/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INI text to policy and catalogue. No I/O: the caller has read the files
 * (base/conffile.h) and passes them in layer order, later ones winning key by key.
 */
#ifndef CORE_POLICY_INI_H
#define CORE_POLICY_INI_H

#include "core/catalogue.h"
#include "core/policy.h"

struct policy_source {
	const char *file; /* name for messages and origins */
	const char *text; /* NUL-terminated */
	size_t length;	  /* a NUL inside it makes it "not text" */
};

/* The first thing that is wrong: what, where and what was expected. */
struct policy_error {
	char file[256];
	unsigned int line; /* 0: the file as a whole */
	char key[64];	   /* "" where no key is at fault */
	char text[256]; /* "unknown unit 'mbits'; expected e.g. 2mbit, 256kbit, 1MB/s"
			 */
};

/*
 * 0, -EINVAL with *ret_error filled (and *ret_policy untouched), or -ENOMEM.
 */
int policy_parse(const struct policy_source *sources, size_t count,
		 struct policy **ret_policy, struct policy_error *ret_error);

/* The same for the catalogue: one [client ID] section a client. */
int catalogue_parse(const struct policy_source *sources, size_t count,
		    struct catalogue **ret_catalogue, struct policy_error *ret_error);

/* "FILE:LINE: KEY: TEXT", leaving out what is empty. Returns `buf`. */
const char *policy_error_format(const struct policy_error *e, char *buf, size_t size);

#endif

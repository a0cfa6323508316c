/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file over HTTPS, by libcurl: bounded in size and time, unless the server says
 * that it is the one we have.
 */
#ifndef FLEET_FETCH_DOWNLOAD_H
#define FLEET_FETCH_DOWNLOAD_H

#include "core/bundle_state.h"
#include <stdbool.h>
#include <stddef.h>

#define DOWNLOAD_FAULT_STRLEN 512

struct download {
	const char *url;
	const char *ca_file; /* "": those the system trusts */
	const char *etag;    /* of the one we have; "": none */
	size_t limit;	     /* bytes */
};

struct downloaded {
	bool is_unchanged; /* then there are no bytes */
	char *bytes;	   /* to be freed */
	size_t size;
	char etag[BUNDLE_ETAG_STRLEN]; /* "" where the server has none */
};

/* 0; -EFBIG when it is too large; -EIO; -ENOMEM; with a sentence of what is wrong. */
int download_get(const struct download *d, struct downloaded *ret_downloaded,
		 char fault[static DOWNLOAD_FAULT_STRLEN]);

#endif

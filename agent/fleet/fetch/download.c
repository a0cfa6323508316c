/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "download.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_S 20L
#define TIMEOUT_S 120L
#define REDIRECTS_MAX 3L

struct transfer {
	const struct download *wanted;
	struct downloaded got;
	bool is_too_large;
};

static int fail(int r, char *fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(int r, char *fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault, DOWNLOAD_FAULT_STRLEN, format, args);
	va_end(args);
	return r;
}

/* --- what comes in ------------------------------------------------------------- */

/* Less than was given ends the transfer. */
static size_t on_bytes(char *bytes, size_t one, size_t size, void *context)
{
	struct transfer *t = context;
	size_t room = t->wanted->limit - t->got.size;

	(void)one;
	if (size > room) {
		t->is_too_large = true;
		return 0;
	}
	memcpy(t->got.bytes + t->got.size, bytes, size);
	t->got.size += size;
	return size;
}

/* It goes back to the server as it is, so it has to fit into a line of a header. */
static void take_etag(struct transfer *t, const char *value, size_t length)
{
	while (length && (*value == ' ' || *value == '\t')) {
		value++;
		length--;
	}
	while (length && strchr("\r\n \t", value[length - 1]))
		length--;
	if (length >= sizeof(t->got.etag))
		return;
	for (size_t i = 0; i < length; i++)
		if (value[i] <= ' ' || value[i] > '~')
			return;
	memcpy(t->got.etag, value, length);
	t->got.etag[length] = '\0';
}

static size_t on_header(char *line, size_t one, size_t size, void *context)
{
	static const char name[] = "etag:";
	struct transfer *t = context;

	(void)one;
	if (size >= 5 && memcmp(line, "HTTP/", 5) == 0)
		*t->got.etag = '\0'; /* after a redirection: another answer */
	if (size >= sizeof(name) - 1 && strncasecmp(line, name, sizeof(name) - 1) == 0)
		take_etag(t, line + sizeof(name) - 1, size - sizeof(name) + 1);
	return size;
}

/* --- what goes out ------------------------------------------------------------- */

/* Redirections too stay with HTTPS. */
static CURLcode restrict_protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	CURLcode r = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");

	return r != CURLE_OK
		       ? r
		       : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
	CURLcode r = curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTPS);

	return r != CURLE_OK ? r
			     : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS,
						CURLPROTO_HTTPS);
#endif
}

static CURLcode set_options(CURL *curl, struct transfer *t, char *error)
{
	const struct download *d = t->wanted;
	CURLcode r = restrict_protocols(curl);

	if (r == CURLE_OK && *d->ca_file)
		r = curl_easy_setopt(curl, CURLOPT_CAINFO, d->ca_file);
	if (r != CURLE_OK)
		return r;
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_URL, d->url);
	curl_easy_setopt(curl, CURLOPT_USERAGENT,
			 "relaywarden-fetch/" RELAYWARDEN_VERSION);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* Refused before it comes where the server tells, else by on_bytes(). */
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)d->limit);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
	return CURLE_OK;
}

static int set_etag(CURL *curl, const char *etag, struct curl_slist **ret_headers)
{
	char line[BUNDLE_ETAG_STRLEN + sizeof("If-None-Match: ")];

	if (!*etag)
		return 0;
	snprintf(line, sizeof(line), "If-None-Match: %s", etag);
	*ret_headers = curl_slist_append(NULL, line);
	if (!*ret_headers)
		return -ENOMEM;
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *ret_headers);
	return 0;
}

/* --- what it means ------------------------------------------------------------- */

static int judge(CURL *curl, CURLcode done, struct transfer *t, const char *error,
		 char *fault)
{
	long status = 0;

	if (t->is_too_large || done == CURLE_FILESIZE_EXCEEDED)
		return fail(-EFBIG, fault, "oversized: more than %zu bytes",
			    t->wanted->limit);
	if (done == CURLE_PARTIAL_FILE)
		return fail(-EIO, fault,
			    "truncated: the connection ended before the "
			    "bundle did");
	if (done != CURLE_OK)
		return fail(-EIO, fault, "%s",
			    *error ? error : curl_easy_strerror(done));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	t->got.is_unchanged = status == 304 && *t->wanted->etag;
	if (status != 200 && !t->got.is_unchanged)
		return fail(-EIO, fault, "the server says %ld instead of 200", status);
	return 0;
}

static int transfer(CURL *curl, struct transfer *t, char *fault)
{
	char error[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	CURLcode done = set_options(curl, t, error);
	int r;

	if (done != CURLE_OK)
		return fail(-EIO, fault, "libcurl here cannot do HTTPS as needed: %s",
			    curl_easy_strerror(done));
	r = set_etag(curl, t->wanted->etag, &headers);
	if (r == 0)
		r = judge(curl, curl_easy_perform(curl), t, error, fault);
	else
		fail(r, fault, "out of memory");
	curl_slist_free_all(headers);
	return r;
}

int download_get(const struct download *d, struct downloaded *ret_downloaded,
		 char fault[static DOWNLOAD_FAULT_STRLEN])
{
	struct transfer t = {.wanted = d, .got.bytes = malloc(d->limit)};
	CURL *curl = curl_easy_init();
	int r = curl && t.got.bytes ? transfer(curl, &t, fault)
				    : fail(-ENOMEM, fault, "out of memory");

	curl_easy_cleanup(curl);
	if (r < 0) {
		free(t.got.bytes);
		return r;
	}
	*ret_downloaded = t.got;
	return 0;
}

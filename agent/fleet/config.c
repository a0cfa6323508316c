/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "https://"

struct reading {
	struct config config;
	char *fault;
	int status; /* 0, or -EINVAL with `fault` filled by the handler */
};

static int refuse(struct reading *r, const char *text)
{
	if (r->status == 0)
		snprintf(r->fault, CONFIG_FAULT_STRLEN, "%s", text);
	r->status = -EINVAL;
	return 0;
}

static int take(struct reading *r, const char *value, char *field, size_t size)
{
	int length = snprintf(field, size, "%s", value);

	return length >= 0 && (size_t)length < size ? 1
						    : refuse(r, "a value is too long");
}

/* inih's: 1, or 0 for what is wrong. */
static int on_key(void *context, const char *section, const char *key,
		  const char *value)
{
	struct reading *r = context;
	struct config *c = &r->config;

	if (strcmp(section, "fleet") != 0)
		return refuse(r, "expected the section [fleet] alone");
	if (strcmp(key, "url") == 0)
		return strncmp(value, SCHEME, sizeof(SCHEME) - 1) == 0
			       ? take(r, value, c->url, sizeof(c->url))
			       : refuse(r, "url: expected an address that begins with "
					   "https://");
	if (strcmp(key, "channel") == 0)
		return bundle_name_check(value) == 0
			       ? take(r, value, c->channel, sizeof(c->channel))
			       : refuse(r, "channel: expected a to z, 0 to 9 and -, 32 "
					   "at most");
	if (strcmp(key, "ca_file") == 0)
		return take(r, value, c->ca_file, sizeof(c->ca_file));
	return refuse(r, "unknown key; expected url, channel or ca_file");
}

int config_read(const char *path, struct config *ret_config,
		char fault[static CONFIG_FAULT_STRLEN])
{
	char why[CONFIG_FAULT_STRLEN] = "not a line 'key = value'";
	struct reading r = {.fault = why};
	int line = ini_parse(path, on_key, &r);

	if (line < 0) {
		int error = errno ? errno : EIO;

		snprintf(fault, CONFIG_FAULT_STRLEN, "%.200s: %s", path,
			 strerror(error));
		return -error;
	}
	if (line > 0) {
		snprintf(fault, CONFIG_FAULT_STRLEN, "%.200s:%d: %.200s", path, line,
			 why);
		return -EINVAL;
	}
	if (!*r.config.channel) {
		snprintf(fault, CONFIG_FAULT_STRLEN, "%.200s: it names no channel",
			 path);
		return -EINVAL;
	}
	*ret_config = r.config;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/varlink.h"
#include "base/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECODER_SIZE_FIRST 4096

void varlink_decoder_init(struct varlink_decoder *d, size_t max)
{
	*d = (struct varlink_decoder){.max = max};
}

void varlink_decoder_done(struct varlink_decoder *d)
{
	free(d->data);
	*d = (struct varlink_decoder){.max = d->max};
}

static const char *find_end(struct varlink_decoder *d)
{
	const char *end;

	if (d->scanned == d->used)
		return NULL;
	end = memchr(d->data + d->scanned, '\0', d->used - d->scanned);
	d->scanned = end ? (size_t)(end - d->data) : d->used;
	return end;
}

static int grow(struct varlink_decoder *d)
{
	size_t size = d->size ? d->size * 2 : DECODER_SIZE_FIRST;
	char *data;

	if (size > d->max)
		size = d->max;
	data = realloc(d->data, size);
	if (!data)
		return -ENOMEM;
	d->data = data;
	d->size = size;
	return 0;
}

int varlink_decoder_reserve(struct varlink_decoder *d, void **ret_room,
			    size_t *ret_size)
{
	if (d->used == d->size) {
		int r;

		if (d->size == d->max)
			return find_end(d) ? -ENOBUFS : -EMSGSIZE;
		r = grow(d);
		if (r < 0)
			return r;
	}
	*ret_room = d->data + d->used;
	*ret_size = d->size - d->used;
	return 0;
}

void varlink_decoder_add(struct varlink_decoder *d, size_t count)
{
	d->used += count;
}

bool varlink_decoder_has_message(struct varlink_decoder *d)
{
	return find_end(d) != NULL;
}

bool varlink_decoder_is_partial(struct varlink_decoder *d)
{
	return d->used > 0 && !find_end(d);
}

static void drop_first(struct varlink_decoder *d, size_t count)
{
	memmove(d->data, d->data + count, d->used - count);
	d->used -= count;
	d->scanned = 0;
}

int varlink_decoder_next(struct varlink_decoder *d, json_t **ret_message, char *fault,
			 size_t size)
{
	const char *end = find_end(d);
	json_error_t error;
	json_t *message;
	size_t length;

	if (!end)
		return 0;
	length = (size_t)(end - d->data);
	message = json_loadb(d->data, length, JSON_REJECT_DUPLICATES, &error);
	drop_first(d, length + 1);
	if (!message) {
		/* jansson quotes what it stumbled over: anything at all. */
		snprintf(fault, size, "not JSON: ");
		text_escape(error.text, fault + strlen(fault), size - strlen(fault));
		return -EBADMSG;
	}
	if (!json_is_object(message)) {
		json_decref(message);
		snprintf(fault, size, "not a JSON object");
		return -EBADMSG;
	}
	*ret_message = message;
	return 1;
}

int varlink_encode(const json_t *message, size_t max, char **ret_data, size_t *ret_size)
{
	const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(6);
	size_t length = json_dumpb(message, NULL, 0, flags);
	char *data;

	if (length == 0)
		return -ENOMEM;
	if (length >= max)
		return -EMSGSIZE;
	data = malloc(length + 1);
	if (!data)
		return -ENOMEM;
	if (json_dumpb(message, data, length, flags) != length) {
		free(data);
		return -ENOMEM;
	}
	data[length] = '\0';
	*ret_data = data;
	*ret_size = length + 1;
	return 0;
}

/* "interface.Method": what a reply or a log line may safely repeat. */
static bool method_is_wellformed(const char *method)
{
	size_t length = strlen(method);
	const char *dot = strrchr(method, '.');

	return length <= VARLINK_METHOD_MAX && dot && dot != method && dot[1] &&
	       strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			      "0123456789.-") == length;
}

/* 0 with false where the member is missing or null. */
static int get_flag(const json_t *message, const char *key, bool *ret_flag)
{
	const json_t *value = json_object_get(message, key);

	if (value && !json_is_null(value) && !json_is_boolean(value))
		return -EBADMSG;
	*ret_flag = json_is_true(value);
	return 0;
}

static int get_parameters(const json_t *message, json_t **ret_parameters)
{
	json_t *value = json_object_get(message, "parameters");

	if (value && !json_is_null(value) && !json_is_object(value))
		return -EBADMSG;
	*ret_parameters = json_is_object(value) ? value : NULL;
	return 0;
}

int varlink_request_parse(const json_t *message, struct varlink_request *ret_request,
			  const char **ret_fault)
{
	struct varlink_request q = {0};
	json_t *parameters;

	q.method = json_string_value(json_object_get(message, "method"));
	if (!q.method || !method_is_wellformed(q.method)) {
		*ret_fault = "\"method\" is not of the form \"interface.Method\"";
		return -EBADMSG;
	}
	if (get_parameters(message, &parameters) < 0) {
		*ret_fault = "\"parameters\" is not an object";
		return -EBADMSG;
	}
	if (get_flag(message, "more", &q.is_more) < 0 ||
	    get_flag(message, "oneway", &q.is_oneway) < 0 ||
	    get_flag(message, "upgrade", &q.is_upgrade) < 0) {
		*ret_fault = "\"more\", \"oneway\" or \"upgrade\" is not a boolean";
		return -EBADMSG;
	}
	if (q.is_more && q.is_oneway) {
		*ret_fault = "\"more\" and \"oneway\" exclude each other";
		return -EBADMSG;
	}
	q.parameters = parameters;
	*ret_request = q;
	return 0;
}

int varlink_reply_parse(const json_t *message, struct varlink_reply *ret_reply,
			const char **ret_fault)
{
	const json_t *error = json_object_get(message, "error");
	struct varlink_reply p = {0};

	if (error && !json_is_null(error) && !json_is_string(error)) {
		*ret_fault = "\"error\" is not a string";
		return -EBADMSG;
	}
	if (get_parameters(message, &p.parameters) < 0) {
		*ret_fault = "\"parameters\" is not an object";
		return -EBADMSG;
	}
	if (get_flag(message, "continues", &p.is_continued) < 0) {
		*ret_fault = "\"continues\" is not a boolean";
		return -EBADMSG;
	}
	p.error = json_string_value(error);
	*ret_reply = p;
	return 0;
}

/* {name: text, "parameters": {...}}, each part left out where it is NULL. */
static json_t *message_take(const char *name, const char *text, json_t *parameters)
{
	json_t *message = json_object();

	if (!message)
		goto fail;
	if (text && json_object_set_new(message, name, json_string(text)) < 0)
		goto fail;
	if (!parameters)
		return message;
	if (json_object_set(message, "parameters", parameters) < 0)
		goto fail;
	json_decref(parameters);
	return message;
fail:
	json_decref(parameters);
	json_decref(message);
	return NULL;
}

json_t *varlink_request_take(const char *method, json_t *parameters)
{
	return message_take("method", method, parameters);
}

json_t *varlink_reply_take(const char *error, json_t *parameters)
{
	return message_take("error", error, parameters);
}

static json_t *set_flag_take(json_t *message, const char *flag)
{
	if (message && json_object_set_new(message, flag, json_true()) == 0)
		return message;
	json_decref(message);
	return NULL;
}

json_t *varlink_reply_continued_take(json_t *parameters)
{
	return set_flag_take(message_take("error", NULL, parameters), "continues");
}

json_t *varlink_request_more_take(const char *method, json_t *parameters)
{
	return set_flag_take(message_take("method", method, parameters), "more");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/dispatch.h"
#include "ctl/varlink.h"
#include <errno.h>
#include <string.h>

int ctl_fail(const char *error, const char *key, const char *text, json_t **ret_reply,
	     const char **ret_error)
{
	json_t *reply = json_pack("{s:s}", key, text);

	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	*ret_error = error;
	return 0;
}

const char *ctl_parameters_check(const json_t *parameters, const char *allowed)
{
	/* json_object_iter() has no const twin; it changes nothing. */
	json_t *object = (json_t *)(uintptr_t)parameters;
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		if (!allowed || strcmp(key, allowed) != 0)
			return key;
		if (!json_is_string(value) && !json_is_null(value))
			return key;
	}
	return NULL;
}

const char *ctl_parameters_number(const json_t *parameters, const char *allowed,
				  uint64_t max, uint64_t *ret_value)
{
	json_t *object = (json_t *)(uintptr_t)parameters;
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		json_int_t number = json_integer_value(value);

		if (strcmp(key, allowed) != 0)
			return key;
		if (json_is_null(value))
			continue;
		if (!json_is_integer(value) || number < 0 || (uint64_t)number > max)
			return key;
		*ret_value = (uint64_t)number;
	}
	return NULL;
}

static const struct ctl_parameter *find_parameter(const struct ctl_parameter *known,
						  size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(known[i].name, name) == 0)
			return &known[i];
	return NULL;
}

const char *ctl_parameters_read(const json_t *parameters,
				const struct ctl_parameter *known, size_t count)
{
	json_t *object = (json_t *)(uintptr_t)parameters;
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		const struct ctl_parameter *p = find_parameter(known, count, key);

		if (!p)
			return key;
		if (json_is_null(value))
			continue;
		if (p->text && json_is_string(value))
			*p->text = json_string_value(value);
		else if (p->number && json_is_integer(value) &&
			 json_integer_value(value) >= 0)
			*p->number = json_integer_value(value);
		else
			return key;
	}
	return NULL;
}

/* --- org.varlink.service ------------------------------------------------------- */

static int service_get_info(const json_t *parameters, json_t **ret_reply,
			    const char **ret_error)
{
	const char *wrong = ctl_parameters_check(parameters, NULL);
	json_t *reply;

	if (wrong)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter", wrong,
				ret_reply, ret_error);
	reply = json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "Relaywarden",
			  "product", "relaywardend", "version", RELAYWARDEN_VERSION,
			  "url", "", "interfaces", INTERFACE_SERVICE, INTERFACE_AGENT);
	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	return 0;
}

static int service_get_description(const json_t *parameters, json_t **ret_reply,
				   const char **ret_error)
{
	const char *wrong = ctl_parameters_check(parameters, "interface");
	const char *name = json_string_value(json_object_get(parameters, "interface"));
	const char *text = NULL;
	json_t *reply;

	if (wrong || !name)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter",
				wrong ? wrong : "interface", ret_reply, ret_error);
	if (strcmp(name, INTERFACE_AGENT) == 0)
		text = interface_agent_text;
	else if (strcmp(name, INTERFACE_SERVICE) == 0)
		text = interface_service_text;
	else
		return ctl_fail(INTERFACE_SERVICE ".InterfaceNotFound", "interface",
				name, ret_reply, ret_error);
	reply = json_pack("{s:s}", "description", text);
	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	return 0;
}

/* --- the table ----------------------------------------------------------------- */

/* Whether two names agree up to their last dot. */
static bool is_same_interface(const char *a, const char *b)
{
	size_t length = (size_t)(strrchr(a, '.') - a);

	return (size_t)(strrchr(b, '.') - b) == length && memcmp(a, b, length) == 0;
}

static bool knows_interface(const struct ctl_service *service, const char *method)
{
	if (is_same_interface(method, INTERFACE_SERVICE ".GetInfo"))
		return true;
	for (size_t i = 0; i < service->method_count; i++)
		if (is_same_interface(method, service->methods[i].name))
			return true;
	for (size_t i = 0; i < service->stream_count; i++)
		if (is_same_interface(method, service->streams[i].name))
			return true;
	return false;
}

static int fail_unknown(const struct ctl_service *service, const char *method,
			json_t **ret_reply, const char **ret_error)
{
	char interface[VARLINK_METHOD_MAX + 1];
	size_t length = (size_t)(strrchr(method, '.') - method);

	if (knows_interface(service, method))
		return ctl_fail(INTERFACE_SERVICE ".MethodNotFound", "method", method,
				ret_reply, ret_error);
	memcpy(interface, method, length);
	interface[length] = '\0';
	return ctl_fail(INTERFACE_SERVICE ".InterfaceNotFound", "interface", interface,
			ret_reply, ret_error);
}

static const struct ctl_method_entry *find(const struct ctl_service *service,
					   const char *method)
{
	for (size_t i = 0; i < service->method_count; i++)
		if (strcmp(service->methods[i].name, method) == 0)
			return &service->methods[i];
	return NULL;
}

static const struct ctl_stream_entry *find_stream(const struct ctl_service *service,
						  const char *method)
{
	for (size_t i = 0; i < service->stream_count; i++)
		if (strcmp(service->streams[i].name, method) == 0)
			return &service->streams[i];
	return NULL;
}

/* What a method is called with, and answers. */
struct call {
	const struct ctl_service *service;
	const struct ctl_peer *peer;
	const json_t *parameters;
	struct ctl_stream *stream;
	json_t *reply;
	const char *error;
};

static int refuse(struct call *c)
{
	return ctl_fail(CTL_ERROR_NOT_PERMITTED, "need",
			"root or group " CTL_ADMIN_GROUP, &c->reply, &c->error);
}

/* What is sent goes out as replies that continue, so the caller must expect them. */
static int open_stream(struct call *c, const struct varlink_request *q,
		       const struct ctl_stream_entry *entry)
{
	int r;

	if (entry->needs_admin && !c->peer->is_admin)
		return refuse(c);
	if (!q->is_more)
		return ctl_fail(CTL_ERROR_EXPECTED_MORE, "method", q->method, &c->reply,
				&c->error);
	c->stream->is_open = true;
	r = entry->function(c->service->context, c->peer, c->parameters, c->stream,
			    &c->reply, &c->error);
	if (r < 0 || c->error)
		*c->stream = (struct ctl_stream){0};
	return r;
}

static int call(struct call *c, const struct varlink_request *q)
{
	const struct ctl_method_entry *entry = find(c->service, q->method);
	const struct ctl_stream_entry *stream = find_stream(c->service, q->method);

	/* This service has nothing to switch a connection to. */
	if (q->is_upgrade)
		return ctl_fail(INTERFACE_SERVICE ".MethodNotImplemented", "method",
				q->method, &c->reply, &c->error);
	if (strcmp(q->method, INTERFACE_SERVICE ".GetInfo") == 0)
		return service_get_info(c->parameters, &c->reply, &c->error);
	if (strcmp(q->method, INTERFACE_SERVICE ".GetInterfaceDescription") == 0)
		return service_get_description(c->parameters, &c->reply, &c->error);
	if (stream && (q->is_more || !entry))
		return open_stream(c, q, stream);
	if (!entry)
		return fail_unknown(c->service, q->method, &c->reply, &c->error);
	if (entry->needs_admin && !c->peer->is_admin)
		return refuse(c);
	return entry->function(c->service->context, c->peer, c->parameters, &c->reply,
			       &c->error);
}

int ctl_dispatch(const struct ctl_service *service, const struct ctl_peer *peer,
		 const json_t *message, struct ctl_stream *stream, json_t **ret_reply,
		 const char **ret_fault)
{
	struct call c = {.service = service, .peer = peer, .stream = stream};
	struct varlink_request q;
	json_t *none, *reply = NULL;
	int r;

	r = varlink_request_parse(message, &q, ret_fault);
	if (r < 0)
		return r;
	none = json_object();
	if (!none)
		return -ENOMEM;
	c.parameters = q.parameters ? q.parameters : none;
	r = call(&c, &q);
	json_decref(none);
	if (r < 0)
		r = ctl_fail(CTL_ERROR_FAILED, "text", strerror(-r), &c.reply,
			     &c.error);
	if (r < 0)
		return r;
	if (q.is_oneway || stream->is_open) {
		json_decref(c.reply);
	} else {
		reply = varlink_reply_take(c.error, c.reply);
		if (!reply)
			return -ENOMEM;
	}
	*ret_reply = reply;
	return 0;
}

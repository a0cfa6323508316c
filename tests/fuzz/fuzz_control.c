/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control protocol as a hostile client sees it: bytes through the decoder in chunks
 * as odd as a socket's, requests through the dispatch to the reports of a real engine,
 * replies back through the encoder. The first byte chooses who asks and the chunk size.
 */
#include "ctl/dispatch.h"
#include "ctl/report.h"
#include "ctl/varlink.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int method_status(void *context, const struct ctl_peer *peer,
			 const json_t *parameters, json_t **ret_reply,
			 const char **ret_error)
{
	return report_status(context, peer, parameters, ret_reply, ret_error);
}

static int method_explain(void *context, const struct ctl_peer *peer,
			  const json_t *parameters, json_t **ret_reply,
			  const char **ret_error)
{
	return report_explain(context, peer, parameters, ret_reply, ret_error);
}

static int method_peers(void *context, const struct ctl_peer *peer,
			const json_t *parameters, json_t **ret_reply,
			const char **ret_error)
{
	return report_peers(context, peer, parameters, ret_reply, ret_error);
}

static int method_policy(void *context, const struct ctl_peer *peer,
			 const json_t *parameters, json_t **ret_reply,
			 const char **ret_error)
{
	(void)peer;
	return report_policy(context, parameters, ret_reply, ret_error);
}

static const struct ctl_method_entry methods[] = {
	{INTERFACE_AGENT ".Status", false, method_status},
	{INTERFACE_AGENT ".Explain", false, method_explain},
	{INTERFACE_AGENT ".Peers", false, method_peers},
	{INTERFACE_AGENT ".PolicyShow", true, method_policy},
};

static void add_app(struct engine *engine, uint16_t id, uint32_t uid, const char *name)
{
	struct app_identity identity = {.kind = APP_KIND_EXE, .uid = uid};
	struct observation o = {.kind = OBS_APP, .time_ns = 1, .app = {.id = id}};

	snprintf(identity.name, sizeof(identity.name), "%s", name);
	snprintf(identity.key, sizeof(identity.key), "exe:/usr/bin/%s@%u", name, uid);
	o.app.identity = &identity;
	if (engine_observe(engine, &o) < 0)
		abort();
}

static const struct report_input *make_input(void)
{
	static struct catalogue catalogue;
	static struct report_input in;
	struct engine *engine;

	if (in.engine)
		return &in;
	in.policy = policy_new_default();
	if (!in.policy || engine_new(in.policy, &catalogue, &engine) < 0)
		abort();
	add_app(engine, 1, 0, "supernode");
	add_app(engine, 2, 1000, "firefox");
	add_app(engine, 3, 1001, "firefox");
	in.engine = engine;
	in.version = "fuzz";
	return &in;
}

/* False when the server would hang up. */
static bool answer(const struct ctl_service *service, const struct ctl_peer *peer,
		   const json_t *message)
{
	struct ctl_stream stream = {0};
	const char *fault = NULL;
	json_t *reply = NULL;
	size_t size;
	char *wire;

	if (ctl_dispatch(service, peer, message, &stream, &reply, &fault) < 0)
		return false;
	if (!reply)
		return true;
	/* Whatever was asked, the reply can be sent. */
	if (varlink_encode(reply, VARLINK_REPLY_MAX, &wire, &size) < 0)
		abort();
	if (memchr(wire, '\0', size) != wire + size - 1)
		abort();
	free(wire);
	json_decref(reply);
	return true;
}

/* Takes every complete message; false when the server would hang up. */
static bool take_messages(struct varlink_decoder *d, const struct ctl_service *service,
			  const struct ctl_peer *peer)
{
	char fault[VARLINK_FAULT_MAX];
	json_t *message;
	int r;

	while ((r = varlink_decoder_next(d, &message, fault, sizeof(fault))) == 1) {
		bool goes_on = answer(service, peer, message);

		json_decref(message);
		if (!goes_on)
			return false;
	}
	return r == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_input in = *make_input();
	const struct ctl_service service = {
		.methods = methods, .method_count = 4, .context = &in};
	struct ctl_peer peer = {.uid = 1000};
	struct varlink_decoder d;
	size_t chunk, taken = 1;

	if (size < 1)
		return 0;
	peer.is_admin = data[0] & 1;
	chunk = 1 + (size_t)(data[0] >> 1) * 8;
	/* A bound the fuzzer can reach. */
	varlink_decoder_init(&d, 8192);
	while (taken < size) {
		size_t room, n = size - taken < chunk ? size - taken : chunk;
		void *to;

		if (varlink_decoder_reserve(&d, &to, &room) < 0)
			break;
		if (n > room)
			n = room;
		memcpy(to, data + taken, n);
		varlink_decoder_add(&d, n);
		taken += n;
		if (!take_messages(&d, &service, &peer))
			break;
	}
	varlink_decoder_done(&d);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request to one reply: checks its shape, finds its method in a table, checks who
 * asks, and answers org.varlink.service itself. No I/O.
 */
#ifndef CTL_DISPATCH_H
#define CTL_DISPATCH_H

#include "ctl/interface.h"
#include "ctl/peer.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTL_ERROR_INVALID_PARAMETER INTERFACE_SERVICE ".InvalidParameter"
#define CTL_ERROR_EXPECTED_MORE INTERFACE_SERVICE ".ExpectedMore"
#define CTL_ERROR_NOT_PERMITTED INTERFACE_AGENT ".NotPermitted"
#define CTL_ERROR_BAD_REQUEST INTERFACE_AGENT ".BadRequest"
#define CTL_ERROR_BUSY INTERFACE_AGENT ".Busy"
#define CTL_ERROR_FAILED INTERFACE_AGENT ".Failed"
#define CTL_ERROR_NO_SUCH_APP INTERFACE_AGENT ".NoSuchApplication"
#define CTL_ERROR_AMBIGUOUS INTERFACE_AGENT ".AmbiguousApplication"
#define CTL_ERROR_NO_TRIAL INTERFACE_AGENT ".NoTrial"
#define CTL_ERROR_TRIAL_RUNNING INTERFACE_AGENT ".TrialRunning"
#define CTL_ERROR_NO_HISTORY INTERFACE_AGENT ".NoHistory"
#define CTL_ERROR_POLICY_INVALID INTERFACE_AGENT ".PolicyInvalid"

/*
 * A method. `parameters` is an object, empty when none were sent. Returns 0 with the
 * parameters of the reply, a new reference; with *ret_error set (a literal) they are
 * those of that error. A negative errno is reported to the caller as Failed.
 */
typedef int ctl_method(void *context, const struct ctl_peer *peer,
		       const json_t *parameters, json_t **ret_reply,
		       const char **ret_error);

/*
 * A call with "more" that is answered again and again; the transport owns it. The
 * method that opens it keeps the pointer until on_gone, which it sets, is called, or
 * until sending through it fails or ends it (ctl/server.h).
 */
struct ctl_stream {
	bool is_open;
	void (*on_gone)(void *context); /* the caller went away */
	void *context;			/* for on_gone */
};

/* Opens a stream. Returns as a ctl_method does, but a reply is for errors alone: all
 * else is sent through the stream, now or later. A name that is a method as well is a
 * stream only for those who call it with "more". */
typedef int ctl_stream_method(void *context, const struct ctl_peer *peer,
			      const json_t *parameters, struct ctl_stream *stream,
			      json_t **ret_reply, const char **ret_error);

struct ctl_method_entry {
	const char *name; /* "org.relaywarden.Agent.Status" */
	bool needs_admin;
	ctl_method *function;
};

struct ctl_stream_entry {
	const char *name;
	bool needs_admin;
	ctl_stream_method *function;
};

struct ctl_service {
	const struct ctl_method_entry *methods;
	size_t method_count;
	void *context; /* for the methods */
	const struct ctl_stream_entry *streams;
	size_t stream_count;
};

/*
 * Answers a message. 0 with a new reference to the whole reply, NULL for a oneway
 * request and where `stream` is open now; -EBADMSG when it is no request (`ret_fault`,
 * a literal, says why); -ENOMEM.
 */
int ctl_dispatch(const struct ctl_service *service, const struct ctl_peer *peer,
		 const json_t *message, struct ctl_stream *stream, json_t **ret_reply,
		 const char **ret_fault);

/* --- helpers for methods ------------------------------------------------------- */

/* Ends a method with an error of one text parameter. 0 or -ENOMEM. */
int ctl_fail(const char *error, const char *key, const char *text, json_t **ret_reply,
	     const char **ret_error);

/*
 * Checks that `parameters` has no key but `allowed` (NULL: none at all), a string where
 * it is there. NULL or the key at fault.
 */
const char *ctl_parameters_check(const json_t *parameters, const char *allowed);

/* One of several: a text or a whole number that is not negative, which stay as they are
 * where it is not there, or null. The text belongs to the message. */
struct ctl_parameter {
	const char *name;
	const char **text;
	int64_t *number;
};

/* Takes them. NULL or the key at fault: unknown, or of another type. */
const char *ctl_parameters_read(const json_t *parameters,
				const struct ctl_parameter *known, size_t count);

/* The same for one whole number from 0 to `max`: *ret_value is untouched where it is
 * not there. */
const char *ctl_parameters_number(const json_t *parameters, const char *allowed,
				  uint64_t max, uint64_t *ret_value);

#endif

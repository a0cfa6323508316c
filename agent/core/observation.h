/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel told us, as plain records with a time in them. They are the only
 * input of the engine: the same records give the same verdicts, live or from a file.
 *
 * Counters in a record are cumulative since the flow or application began; the engine
 * takes the differences. Times are CLOCK_BOOTTIME in nanoseconds and never go back
 * within one stream.
 */
#ifndef CORE_OBSERVATION_H
#define CORE_OBSERVATION_H

#include "base/addr.h"
#include <stdbool.h>
#include <stdint.h>

/* Identity strings longer than this are cut when the record is made. */
#define APP_TEXT_MAX 256

/* Application ids are small and reused: 0 is "unattributed". */
#define APP_UNATTRIBUTED 0
#define APP_ID_MAX 1023
#define APP_PIDS_MAX 16

enum app_kind {
	APP_KIND_UNATTRIBUTED, /* traffic whose owner could not be found */
	APP_KIND_UNIT,	       /* systemd unit or scope of its own */
	APP_KIND_CONTAINER,
	APP_KIND_EXE, /* executable path plus user */
};

/*
 * Who an application is. `key` is unique; the other texts may be empty, never NULL.
 * What a path or a unit's name proves depends on who could choose it: all three below
 * false means that root alone could.
 */
struct app_identity {
	enum app_kind kind;
	uint32_t uid;
	bool is_users_own; /* its unit or container is one of a user's own manager */
	bool is_in_userns; /* in a user namespace that is not the agent's */
	bool is_exe_loose; /* others than root may write its executable */
	char key[APP_TEXT_MAX]; /* "unit:coturn.service", "exe:/usr/sbin/x@1000" */
	char name[64];		/* short, for people: "coturn", "firefox" */
	char exe[APP_TEXT_MAX];
	char unit[APP_TEXT_MAX]; /* last component of the cgroup path */
	char user[64];
	char container[APP_TEXT_MAX];
};

/* A conntrack entry, seen from the workstation. */
struct flow_key {
	struct addr local, remote;
	uint16_t local_port, remote_port; /* host order; ICMP has none */
	uint8_t proto;			  /* IPPROTO_TCP, IPPROTO_UDP, ... */
	uint8_t pad[3];			  /* zero: the key is hashed as bytes */
};

enum observation_kind {
	OBS_APP,	 /* an application appeared, or its processes changed */
	OBS_APP_GONE,	 /* it has neither processes nor flows any more */
	OBS_APP_IO,	 /* its storage counters and devices */
	OBS_APP_TRAFFIC, /* all its packets, where flows of it have no counters */
	OBS_FLOW,	 /* a flow as last read from the kernel */
	OBS_FLOW_END,	 /* its last counters; the entry is gone */
	OBS_SWEPT, /* all flows were read: those not reported since then are gone */
	OBS_ZOOM_BEGIN, /* headers of packets of one application's flows follow */
	OBS_PACKET,	/* one of them */
	OBS_ZOOM_END,
	OBS_TICK, /* every flow due by now has been reported: close the sample */
};

struct observation {
	enum observation_kind kind;
	uint64_t time_ns;
	union {
		struct {
			uint16_t id;
			bool has_wildcard_listener; /* bound to any address */
			bool is_set_to_relay;	    /* by its own configuration */
			uint16_t pid_count;	    /* entries of pids in use */
			int32_t pids[APP_PIDS_MAX];
			const struct app_identity *identity; /* borrowed for the call */
		} app; /* OBS_APP; OBS_APP_GONE uses id alone */
		struct {
			uint16_t id;
			uint64_t read_bytes, written_bytes; /* /proc/PID/io, summed */
			bool has_sound, has_camera; /* one of its processes has, open */
		} app_io;
		struct {
			uint16_t id;
			uint64_t bytes_in, bytes_out; /* layer 3 bytes */
			uint64_t packets_in, packets_out;
		} app_traffic;
		struct {
			struct flow_key key;
			uint16_t app;	   /* 0 until it is known */
			uint16_t peer_app; /* on loopback: who is at the other end, or 0
					    */
			bool is_inbound;   /* the peer sent the first packet */
			bool is_uncounted; /* it is older than accounting: zeroes follow
					    */
			uint64_t bytes_in, bytes_out; /* layer 3 bytes */
			uint64_t packets_in, packets_out;
		} flow; /* OBS_FLOW, OBS_FLOW_END */
		struct {
			uint64_t since_ns; /* when the reading began */
		} swept;
		struct {
			uint16_t app;
		} zoom; /* OBS_ZOOM_BEGIN */
		struct {
			struct flow_key key;
			bool is_inbound; /* this packet */
			uint32_t length; /* layer 4 payload */
		} packet;
	};
};

#endif

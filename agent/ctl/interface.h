/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface definitions themselves, for org.varlink.service introspection: the
 * reply to GetInterfaceDescription is the very file people read.
 */
#ifndef CTL_INTERFACE_H
#define CTL_INTERFACE_H

#define INTERFACE_AGENT "org.relaywarden.Agent"
#define INTERFACE_SERVICE "org.varlink.service"

/* NUL-terminated text of agent/ctl/org.relaywarden.Agent.varlink. */
extern const char interface_agent_text[];
/* As https://varlink.org/Service has it. */
extern const char interface_service_text[];

/* The longest pause, wait for a confirmation, and time in which files are put in place.
 */
#define CTL_PAUSE_MAX_S (24 * 3600)
#define CTL_CONFIRM_MAX_S 3600
#define CTL_HOLD_MAX_S 60

#endif

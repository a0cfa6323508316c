/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/interface.h"

/* Builds run from the root of the repository, which is what the path is relative to. */
__asm__(".pushsection .rodata\n"
	".global interface_agent_text\n"
	".type interface_agent_text, %object\n"
	"interface_agent_text:\n"
	".incbin \"agent/ctl/org.relaywarden.Agent.varlink\"\n"
	".byte 0\n"
	".size interface_agent_text, . - interface_agent_text\n"
	".popsection\n");

const char interface_service_text[] =
	"# The Varlink service interface: what every Varlink service answers.\n"
	"interface org.varlink.service\n"
	"\n"
	"method GetInfo() -> (vendor: string, product: string, version: string,\n"
	"  url: string, interfaces: []string)\n"
	"\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

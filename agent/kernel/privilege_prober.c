/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the prober may call: sockets, and nothing that reaches a file or a process. */
#include "kernel/privilege.h"
#include <errno.h>
#include <seccomp.h>
#include <sys/socket.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const int allowed[] = {
	SCMP_SYS(connect),	   SCMP_SYS(sendto),	   SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom),	   SCMP_SYS(recvmsg),	   SCMP_SYS(getsockopt),
	SCMP_SYS(close),	   SCMP_SYS(poll),	   SCMP_SYS(ppoll),
	SCMP_SYS(clock_gettime),   SCMP_SYS(brk),	   SCMP_SYS(mmap),
	SCMP_SYS(munmap),	   SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit_group),
};

int privilege_sandbox_prober(void)
{
	static const int families[] = {AF_INET, AF_INET6};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < COUNT(allowed) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < COUNT(families) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	if (r == 0)
		r = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return r;
}

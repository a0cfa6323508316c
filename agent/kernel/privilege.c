/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/privilege.h"
#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const unsigned int kept[] = {CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int parse_ids(const char *text, uid_t *ret_uid, gid_t *ret_gid)
{
	char *end;
	unsigned long uid = strtoul(text, &end, 10), gid = uid;

	if (*end == ':' && end[1] >= '0' && end[1] <= '9')
		gid = strtoul(end + 1, &end, 10);
	if (*end || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return -EINVAL;
	*ret_uid = (uid_t)uid;
	*ret_gid = (gid_t)gid;
	return 0;
}

int privilege_find_user(const char *text, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *pw;

	if (text[0] >= '0' && text[0] <= '9')
		return parse_ids(text, ret_uid, ret_gid);
	pw = getpwnam(text);
	if (!pw)
		return -ENOENT;
	*ret_uid = pw->pw_uid;
	*ret_gid = pw->pw_gid;
	return 0;
}

static int apply_as_root(uid_t uid, gid_t gid, size_t count)
{
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < count; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	return capng_change_id(
		(int)uid, (int)gid,
		(capng_flags_t)(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING));
}

static int apply_as_user(size_t count)
{
	bool had[COUNT(kept)];

	for (size_t i = 0; i < count; i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < count; i++)
		if (had[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     kept[i]);
	return capng_apply(CAPNG_SELECT_CAPS);
}

/* Keeps the first `count` of the capabilities above. */
static int drop(uid_t uid, gid_t gid, size_t count)
{
	bool is_root = geteuid() == 0;

	capng_get_caps_process();
	if ((is_root ? apply_as_root(uid, gid, count) : apply_as_user(count)) < 0)
		return -EPERM;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int privilege_drop(uid_t uid, gid_t gid)
{
	return drop(uid, gid, COUNT(kept));
}

int privilege_drop_all(uid_t uid, gid_t gid)
{
	return drop(uid, gid, 0);
}

/* What the daemon and the C library under it call after start. */
static const int allowed[] = {
	/* files: policy, catalogue, /proc, state */
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(close),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(statx),
	SCMP_SYS(fstatfs),
	SCMP_SYS(statfs),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(lseek),
	SCMP_SYS(getdents64),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fchmod),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(ioctl),
	SCMP_SYS(umask),
	SCMP_SYS(getcwd),
	SCMP_SYS(flock),
	/* sockets; socket() itself is narrowed below */
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(shutdown),
	SCMP_SYS(socketpair),
	/* the event loop */
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime),
	SCMP_SYS(eventfd2),
	SCMP_SYS(signalfd4),
	SCMP_SYS(inotify_init1),
	SCMP_SYS(inotify_add_watch),
	SCMP_SYS(inotify_rm_watch),
	SCMP_SYS(pipe2),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	/* memory, signals, itself */
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getppid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getgroups),
	SCMP_SYS(capget),
	SCMP_SYS(prctl),
	SCMP_SYS(prlimit64),
	SCMP_SYS(getrlimit),
	SCMP_SYS(getrusage),
	SCMP_SYS(getrandom),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(tgkill),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#ifdef RELAYWARDEN_SANITIZED
	/* what the sanitizers' reports and leak checks need */
	SCMP_SYS(getdents),
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(wait4),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(kill),
	SCMP_SYS(arch_prctl),
#endif
};

/* Nothing of ours calls these: whoever does is not our code any more. */
static const int fatal[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(mount),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
#ifndef RELAYWARDEN_SANITIZED
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
#endif
};

static int add_rules(scmp_filter_ctx filter)
{
	static const int families[] = {AF_UNIX, AF_NETLINK};
	int r = 0;

	for (size_t i = 0; i < COUNT(allowed) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < COUNT(fatal) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, fatal[i], 0);
	for (size_t i = 0; i < COUNT(families) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	return r;
}

int privilege_sandbox(void)
{
	/* ENOSYS and not EPERM: a newer C library then takes its older way. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int r;

	if (!filter)
		return -ENOMEM;
	r = add_rules(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

bool privilege_has_net_admin(void)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN);
}

static void read_capabilities(struct privilege_state *s)
{
	char *names;

	capng_get_caps_process();
	names = capng_print_caps_text(CAPNG_PRINT_BUFFER, CAPNG_EFFECTIVE);
	snprintf(s->capabilities, sizeof(s->capabilities), "%s",
		 names ? names : "unknown");
	free(names);
	s->has_empty_bounding_set =
		capng_have_capabilities(CAPNG_SELECT_BOUNDS) == CAPNG_NONE;
}

void privilege_read(struct privilege_state *ret_state)
{
	struct privilege_state s = {.uid = geteuid(), .seccomp = -1};

	read_capabilities(&s);
	s.no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	s.seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
	*ret_state = s;
}

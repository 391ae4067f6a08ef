/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bend FILE SET N ACTION COMMAND...: run a command, and bend its Nth system call of a set.
 *
 * SET is "all", "changing" (what can change something that outlives the process, and reading what
 * is copied), "data" (reading and writing) or the name of a call. ACTION is "kill" or "interrupt",
 * when the call is about to be made; "short", to let it read or write half of what it was to;
 * "lose", to have a write say that it was made when it was not; or the name of the error it fails
 * with. "CALL" is written to FILE; or, when there are fewer calls, how many there are. N = 0: just
 * count. Ends as the command does; 128 + N after signal N.
 *
 * strace --inject can do the same, one kind of call at a time and ten times as slowly: this one
 * stops a call once, on entry, by a seccomp filter. Threads and children count as well. What the
 * dynamic loader does does not count: it ends where the first thread is given its id.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if !defined(__x86_64__)
int main(void)
{
	fputs("bend: knows the registers of x86-64 only\n", stderr);
	return 77;
}
#else

enum { ALL = 1, CHANGING = 2, DATA = 4, NAMED = 8 };

#define CALL(name, sets)                                                                           \
	{                                                                                          \
		SYS_##name, #name, sets                                                            \
	}
static const struct call {
	unsigned long long number;
	const char *name;
	int sets;
} calls[] = {
	CALL(pread64, CHANGING | DATA),
	CALL(pwrite64, CHANGING | DATA),
	CALL(preadv, CHANGING),
	CALL(pwritev, CHANGING),
	CALL(read, DATA),
	CALL(write, DATA),
	CALL(copy_file_range, CHANGING),
	CALL(ioctl, CHANGING),
	CALL(ftruncate, CHANGING),
	CALL(fallocate, CHANGING),
	CALL(sync_file_range, CHANGING),
	CALL(fsync, CHANGING),
	CALL(fdatasync, CHANGING),
	CALL(syncfs, CHANGING),
	CALL(fchown, CHANGING),
	CALL(fchmod, CHANGING),
	CALL(fsetxattr, CHANGING),
	CALL(fremovexattr, CHANGING),
	CALL(utimensat, CHANGING),
	CALL(linkat, CHANGING),
	CALL(renameat, CHANGING),
	CALL(renameat2, CHANGING),
	CALL(symlinkat, CHANGING),
	CALL(unlink, CHANGING),
	CALL(unlinkat, CHANGING),
	CALL(mkdirat, CHANGING),
	CALL(mount, CHANGING),
	CALL(umount2, CHANGING),
};

static const struct {
	const char *name;
	int number;
} errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EINTR", EINTR}};

enum action { KILL, INTERRUPT, SHORTEN, LOSE, FAIL };

struct bend {
	const char *file;
	int set;
	const char *name; /* of the only one */
	unsigned long n, seen;
	enum action action;
	int error;
	pid_t pid;
	bool loaded;
};

static void die(const char *what)
{
	fprintf(stderr, "bend: %s: %s\n", what, strerror(errno));
	exit(126);
}

static void report(const struct bend *b, const char *call)
{
	FILE *file = fopen(b->file, "we");

	if (!file)
		die(b->file);
	if (call)
		fprintf(file, "%s\n", call);
	else
		fprintf(file, "%lu\n", b->seen);
	fclose(file);
}

static const struct call *find_call(unsigned long long number)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].number == number)
			return &calls[i];
	return NULL;
}

static bool is_in_set(const struct bend *b, const struct user_regs_struct *regs,
		      const struct call *call)
{
	if (b->set == ALL)
		return true;
	if (regs->orig_rax == SYS_openat) /* an unnamed file takes space for its inode */
		return b->set == CHANGING && (regs->rdx & O_TMPFILE) == O_TMPFILE;
	return call && (b->set == NAMED ? !strcmp(call->name, b->name) : call->sets & b->set);
}

/* A task is about to make a call. */
static void on_call(struct bend *b, pid_t task)
{
	struct user_regs_struct regs;
	const struct call *call;

	if (ptrace(PTRACE_GETREGS, task, 0, &regs) < 0)
		return; /* it was killed meanwhile */
	b->loaded |= regs.orig_rax == SYS_set_tid_address;
	call = find_call(regs.orig_rax);
	if (!b->loaded || !is_in_set(b, &regs, call) || ++b->seen != b->n)
		return;
	report(b, call ? call->name : regs.orig_rax == SYS_openat ? "openat" : "another call");
	if (b->action == KILL || b->action == INTERRUPT) {
		kill(b->pid, b->action == KILL ? SIGKILL : SIGINT);
		return;
	}
	if (b->action == SHORTEN) {
		regs.rdx = (regs.rdx + 1) / 2;
	} else {
		regs.orig_rax = (unsigned long long)-1; /* not made at all */
		regs.rax = b->action == LOSE ? regs.rdx : (unsigned long long)-b->error;
	}
	if (ptrace(PTRACE_SETREGS, task, 0, &regs) < 0)
		die("set registers");
}

/* @return the status of the command. */
static int follow(struct bend *b)
{
	int status;
	pid_t task;

	while ((task = waitpid(-1, &status, __WALL)) > 0) {
		int signal_number = 0;

		if (!WIFSTOPPED(status)) {
			if (task == b->pid)
				break;
			continue;
		}
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			on_call(b, task);
		else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP)
			signal_number = WSTOPSIG(status);
		ptrace(PTRACE_CONT, task, 0, signal_number);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run(char **command)
{
	struct sock_filter filter[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE)};
	struct sock_fprog program = {.len = 1, .filter = filter};

	if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
		die("be traced");
	raise(SIGSTOP);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		die("filter calls");
	execvp(command[0], command);
	die(command[0]);
}

static void parse(struct bend *b, char **argv)
{
	static const struct {
		const char *name;
		int set;
	} sets[] = {{"all", ALL}, {"changing", CHANGING}, {"data", DATA}};
	static const struct {
		const char *name;
		enum action action;
		int sets; /* where it makes sense */
	} actions[] = {{"kill", KILL, ~0},
		       {"interrupt", INTERRUPT, ~0},
		       {"short", SHORTEN, DATA | NAMED},
		       {"lose", LOSE, NAMED}};
	char *end;

	b->file = argv[1];
	b->name = argv[2];
	b->set = NAMED;
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		if (!strcmp(argv[2], sets[i].name))
			b->set = sets[i].set;
	b->n = strtoul(argv[3], &end, 10);
	errno = EINVAL;
	if (*end)
		die("number");
	b->action = FAIL;
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (!strcmp(argv[4], actions[i].name) && b->set & actions[i].sets)
			b->action = actions[i].action;
	for (size_t i = 0; b->action == FAIL && i < sizeof(errors) / sizeof(*errors); i++)
		if (!strcmp(argv[4], errors[i].name))
			b->error = errors[i].number;
	if (b->action == FAIL && !b->error)
		die(argv[4]);
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
	struct bend b = {0};
	int status;

	if (argc < 6) {
		fputs("usage: bend FILE SET N ACTION COMMAND...\n", stderr);
		return 126;
	}
	parse(&b, argv);
	b.pid = fork();
	if (b.pid == 0)
		run(argv + 5);
	if (b.pid < 0 || waitpid(b.pid, &status, 0) < 0 || !WIFSTOPPED(status))
		die("start");
	if (ptrace(PTRACE_SETOPTIONS, b.pid, 0, options) < 0 ||
	    ptrace(PTRACE_CONT, b.pid, 0, 0) < 0)
		die("trace");
	status = follow(&b);
	if (!b.n || b.seen < b.n)
		report(&b, NULL);
	return status;
}
#endif

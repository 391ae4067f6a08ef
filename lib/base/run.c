/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "base/text.h"

#define OUTPUT_MAX (16u << 20)

/* What a child wrote to one of its pipes, always NUL-terminated. */
struct stream {
	int fd;
	char *text;
	size_t used, size;
};

static void stream_close(struct stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
}

/* Take what there is. Past the limit it is read and thrown away, so that the child never hangs. */
static int stream_read(struct stream *stream)
{
	char buffer[4096];
	ssize_t n = read(stream->fd, buffer, sizeof(buffer));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (n == 0) {
		stream_close(stream);
		return 0;
	}
	if (stream->used + (size_t)n + 1 > stream->size) {
		size_t size = (stream->size + (size_t)n) * 2;
		char *bigger;

		if (size > OUTPUT_MAX)
			return 0;
		bigger = realloc(stream->text, size);
		if (!bigger)
			return -ENOMEM;
		stream->text = bigger;
		stream->size = size;
	}
	memcpy(stream->text + stream->used, buffer, (size_t)n);
	stream->used += (size_t)n;
	stream->text[stream->used] = '\0';
	return 0;
}

long base_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Alone it would hold its images, and go on with what nobody waits for. What ends it is the end of
 * the thread that forked, which is in base_run() until then. Has that been before? Nobody reads
 * what is written here any more: the same in any pid namespace, where getppid() may be 0. */
static void end_with_parent(int out)
{
	struct pollfd reader = {.fd = out};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || poll(&reader, 1, 0) > 0)
		_exit(126);
}

/* Only async-signal-safe calls from here to exec: another thread may have held any lock. */
static void child(const char *const *argv, char *const *environment, const int *input, int out,
		  int error, int keep_fd)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/sbin:/sbin";
	char *root_path[] = {path, NULL};
	int in = input ? *input : open("/dev/null", O_RDONLY);
	sigset_t none;

	if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(error, 2) < 0)
		_exit(126);
	if (keep_fd > 2) {
		if (keep_fd > 3)
			syscall(SYS_close_range, 3u, (unsigned)keep_fd - 1, 0u);
		syscall(SYS_close_range, (unsigned)keep_fd + 1, ~0u, 0u);
		fcntl(keep_fd, F_SETFD, 0);
	} else {
		syscall(SYS_close_range, 3u, ~0u, 0u);
	}
	end_with_parent(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* exec keeps the strings as they are; its prototype is older than const */
	execvpe(argv[0], (char *const *)(uintptr_t)argv, environment);
	/* Who becomes root by su(1) may lack the folders that mkfs lies in. */
	environ = root_path;
	if (errno == ENOENT)
		execvpe(argv[0], (char *const *)(uintptr_t)argv, environment);
	_exit(errno == ENOENT ? 127 : 126);
}

#define WATCH_MS 100

/* Read both pipes until the child has closed them, time is up, or whoever watches has enough. */
static int collect(struct stream streams[2], int timeout_ms, const struct base_watch *watch)
{
	long end = base_now_ms() + timeout_ms;

	while (streams[0].fd >= 0 || streams[1].fd >= 0) {
		struct pollfd fds[2] = {{.fd = streams[0].fd, .events = POLLIN},
					{.fd = streams[1].fd, .events = POLLIN}};
		long left = timeout_ms ? end - base_now_ms() : INT_MAX;
		int n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (watch && watch->step(watch->data))
			return -ECANCELED;
		n = poll(fds, 2, watch && left > WATCH_MS ? WATCH_MS : timeout_ms ? (int)left : -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; n > 0 && i < 2; i++) {
			int r = fds[i].revents ? stream_read(&streams[i]) : 0;

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static const char *last_line(char *text)
{
	char *line;
	size_t n;

	if (!text)
		return "";
	for (n = strlen(text); n && text[n - 1] == '\n'; n--)
		text[n - 1] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

/* Without the program's own name, as most put it in front. */
static const char *words_of(const char *line, const char *program)
{
	size_t length = strlen(program);

	return base_starts(line, program) && base_starts(line + length, ": ") ? line + length + 2
									      : line;
}

static int judge(const char *program, int status, char *complaint, struct cow_error *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return base_remedy(err,
				   base_fail_code(err, ENOENT, COW_CODE_TOOL, "run %s", program),
				   "install it");
	if (WIFSIGNALED(status))
		return base_refuse(err, EIO, COW_CODE_TOOL, "%s was killed by signal %d", program,
				   WTERMSIG(status));
	return base_refuse(err, EIO, COW_CODE_TOOL, "%s failed: %.300s", program,
			   words_of(last_line(complaint), program));
}

static pid_t start(const char *const *argv, const int *input, int keep_fd, struct stream streams[2])
{
	static char locale[] = "LC_ALL=C";
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *environment[] = {locale, path, NULL};
	int out[2], error[2];
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(error, O_CLOEXEC) < 0) {
		int errnum = errno;

		close(out[0]);
		close(out[1]);
		return -errnum;
	}
	pid = fork();
	if (pid == 0)
		child(argv, environment, input, out[1], error[1], keep_fd);
	if (pid < 0)
		pid = -errno;
	close(out[1]);
	close(error[1]);
	streams[0].fd = out[0];
	streams[1].fd = error[0];
	return pid;
}

int base_run(const char *const *argv, int keep_fd, int timeout_ms, char **ret_output,
	     struct cow_error *err)
{
	return base_run_watched(argv, keep_fd, timeout_ms, NULL, ret_output, err);
}

int base_run_watched(const char *const *argv, int keep_fd, int timeout_ms,
		     const struct base_watch *watch, char **ret_output, struct cow_error *err)
{
	struct stream streams[2] = {{.fd = -1}, {.fd = -1}};
	pid_t pid = start(argv, watch ? watch->input : NULL, keep_fd, streams);
	int status = 0, r;

	if (pid < 0) {
		r = base_fail_code(err, -pid, COW_CODE_TOOL, "run %s", argv[0]);
	} else {
		r = collect(streams, timeout_ms, watch);
		if (r < 0)
			kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (r < 0)
			base_fail_code(err, -r,
				       r == -ECANCELED ? COW_CODE_CANCELLED : COW_CODE_TOOL,
				       "run %s", argv[0]);
		else
			r = judge(argv[0], status, streams[1].text, err);
	}
	stream_close(&streams[0]);
	stream_close(&streams[1]);
	if (r == 0 && ret_output) {
		*ret_output = streams[0].text ? streams[0].text : strdup("");
		streams[0].text = NULL;
		if (!*ret_output)
			r = base_fail(err, ENOMEM, "run %s", argv[0]);
	}
	free(streams[0].text);
	free(streams[1].text);
	return r;
}

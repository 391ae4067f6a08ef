/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/answer.h"
#include "base/fd.h"
#include "base/run.h"
#include "base/thread.h"

/* A disk that has to start turning may take longer: then it is unknown this time. */
#define LIMIT_MS 2000

/* It belongs to whoever asks, who may be left behind. */
struct question {
	char *path;
	int done; /* gets a byte for each step of the path that answered; closed when all have */
};

struct base_silent {
	struct base_silent *next;
	int fd; /* comes to an end when it answers after all */
	size_t length;
	char path[];
};

void base_await(const char *path)
{
	struct statvfs fs;
	struct stat st;
	int fd = -1;

	if (stat(path, &st) == 0 && statvfs(path, &fs) == 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
}

/* How long the path is up to the end of its next step, from the end of one. */
static size_t next_step(const char *path, size_t length)
{
	length += strspn(path + length, "/");
	return length + strcspn(path + length, "/");
}

/* Step by step: where it ends is what does not answer. */
static void walk(const struct question *question)
{
	struct stat st;

	for (size_t end = next_step(question->path, 0); question->path[end];
	     end = next_step(question->path, end)) {
		question->path[end] = '\0';
		stat(question->path, &st);
		question->path[end] = '/';
		if (write(question->done, "", 1) < 0)
			return; /* nobody waits any more */
	}
	base_await(question->path);
}

static void *ask(void *data)
{
	struct question *question = data;

	walk(question);
	close(question->done);
	free(question->path);
	free(question);
	return NULL;
}

static struct question *new_question(const char *path, int done)
{
	struct question *question = malloc(sizeof(*question));

	if (question)
		*question = (struct question){strdup(path), done};
	if (question && question->path)
		return question;
	free(question);
	return NULL;
}

/* @return what comes to an end when there is an answer; -1 where that is for the caller to find
 * out. */
static int pose(const char *path)
{
	struct question *question;
	pthread_t thread;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	BASE_CLEANUP(fd) int from = ends[0], done = ends[1];

	question = new_question(path, done);
	if (!question)
		return -1;
	if (base_thread_start(&thread, ask, question) != 0) {
		free(question->path);
		free(question);
		return -1;
	}
	base_take_fd(&done);
	pthread_detach(thread);
	return base_take_fd(&from);
}

static bool is_answered(int fd, int timeout_ms)
{
	struct pollfd answer = {.fd = fd};
	int r;

	do
		r = poll(&answer, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r != 0;
}

bool base_answers(const char *path)
{
	BASE_CLEANUP(fd) int fd = pose(path);

	return fd < 0 || is_answered(fd, LIMIT_MS);
}

/* Nearly all of them answer at once. */
#define MOMENT_MS 10

void base_answers_each(const char *const *paths, size_t count, bool *ret)
{
	BASE_CLEANUP(free) int *fds = calloc(count + 1, sizeof(*fds));
	long end;

	for (size_t i = 0; i < count; i++) {
		BASE_CLEANUP(fd) int fd = fds && paths[i] ? pose(paths[i]) : -1;

		ret[i] = paths[i] && (fd < 0 || is_answered(fd, MOMENT_MS));
		if (fds)
			fds[i] = ret[i] ? -1 : base_take_fd(&fd);
	}
	end = base_now_ms() + LIMIT_MS;
	for (size_t i = 0; i < count; i++) {
		long left = end - base_now_ms();

		if (!fds || fds[i] < 0)
			continue;
		ret[i] = is_answered(fds[i], left > 0 ? (int)left : 0);
		close(fds[i]);
	}
}

static bool lies_in(const char *path, const struct base_silent *silent)
{
	return !strncmp(path, silent->path, silent->length) &&
	       (!path[silent->length] || path[silent->length] == '/');
}

/* The path up to where it got stuck. Without memory it is asked again. */
static void note(struct base_silence *silence, const char *path, int *fd)
{
	struct base_silent *silent;
	size_t length = next_step(path, 0);
	int steps;

	if (ioctl(*fd, FIONREAD, &steps) < 0)
		return;
	while (steps-- > 0)
		length = next_step(path, length);
	silent = calloc(1, sizeof(*silent) + length + 1);
	if (!silent)
		return;
	silent->fd = base_take_fd(fd);
	silent->length = length;
	memcpy(silent->path, path, length);
	silent->next = atomic_load(&silence->first);
	while (!atomic_compare_exchange_weak(&silence->first, &silent->next, silent))
		;
}

bool base_answers_yet(struct base_silence *silence, const char *path)
{
	BASE_CLEANUP(fd) int fd = -1;

	for (const struct base_silent *silent = atomic_load(&silence->first); silent;
	     silent = silent->next)
		if (lies_in(path, silent) && !is_answered(silent->fd, 0))
			return false;
	fd = pose(path);
	if (fd < 0 || is_answered(fd, LIMIT_MS))
		return true;
	note(silence, path, &fd);
	return false;
}

void base_silence_clear(struct base_silence *silence)
{
	struct base_silent *silent = atomic_exchange(&silence->first, NULL);

	while (silent) {
		struct base_silent *next = silent->next;

		close(silent->fd);
		free(silent);
		silent = next;
	}
}

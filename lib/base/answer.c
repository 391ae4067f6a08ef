/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/answer.h"
#include "base/fd.h"
#include "base/thread.h"

/* A disk that has to start turning may take longer: then it is unknown this time. */
#define LIMIT_MS 2000

/* It belongs to whoever asks, who may be left behind. */
struct question {
	char *path;
	int done; /* closed when there is an answer */
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

static void *ask(void *data)
{
	struct question *question = data;

	base_await(question->path);
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

bool base_answers(const char *path)
{
	struct question *question = NULL;
	struct pollfd answer = {.fd = -1};
	pthread_t thread;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return true;
	BASE_CLEANUP(fd) int from = ends[0], done = ends[1];

	question = new_question(path, done);
	/* Then it is for the caller to find out. */
	if (!question)
		return true;
	if (base_thread_start(&thread, ask, question) != 0) {
		free(question->path);
		free(question);
		return true;
	}
	base_take_fd(&done);
	pthread_detach(thread);
	answer.fd = from;
	do
		r = poll(&answer, 1, LIMIT_MS);
	while (r < 0 && errno == EINTR);
	return r != 0;
}

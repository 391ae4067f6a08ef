/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "pool/parents.h"

/* On failure the directory is not remembered, and the caller's to remove. */
static int remember(struct pool_parents *parents, int dirfd, const char *name)
{
	struct pool_made *made =
		reallocarray(parents->made, parents->count + 1, sizeof(*parents->made));
	BASE_CLEANUP(fd) int copy = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	char *name_copy;

	if (!made)
		return -ENOMEM;
	parents->made = made;
	if (copy < 0)
		return -errno;
	name_copy = strdup(name);
	if (!name_copy)
		return -ENOMEM;
	made[parents->count++] = (struct pool_made){base_take_fd(&copy), name_copy};
	return 0;
}

/* The umask has no say: it would keep others out of what they have to pass, or let them swap what
 * lies below. A group that is handed down stays. */
static int set_mode(int dirfd, const char *name, mode_t mode)
{
	BASE_CLEANUP(fd)
	int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return chmod(BASE_FD_PATH(fd), mode | (st.st_mode & S_ISGID)) < 0 ? -errno : 0;
}

static int make_one(struct pool_parents *parents, int dirfd, const char *name, mode_t mode)
{
	int r;

	if (mkdirat(dirfd, name, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	r = set_mode(dirfd, name, mode);
	if (r == 0)
		r = remember(parents, dirfd, name);
	if (r < 0)
		unlinkat(dirfd, name, AT_REMOVEDIR);
	return r;
}

/* Into one more component, which is made when it is not there. */
static int enter(struct pool_parents *parents, int *dirfd, const char *name, mode_t mode)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	int next = openat(*dirfd, name, flags);

	if (next < 0 && errno == ENOENT) {
		int r = make_one(parents, *dirfd, name, mode);

		if (r < 0)
			return r;
		next = openat(*dirfd, name, flags);
	}
	if (next < 0)
		return -errno;
	close(*dirfd);
	*dirfd = next;
	return 0;
}

int pool_parents_make(struct pool_parents *parents, const char *path, mode_t mode, int *ret_dirfd,
		      struct cow_error *err)
{
	BASE_CLEANUP(fd) int dirfd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	BASE_CLEANUP(free) char *copy = strdup(path);
	char *rest = NULL;
	int r = 0;

	if (dirfd < 0 || !copy)
		return base_fail(err, errno, "make directory %s", BASE_QUOTE(path));
	for (char *name = strtok_r(copy, "/", &rest); name && r == 0;
	     name = strtok_r(NULL, "/", &rest))
		r = enter(parents, &dirfd, name, mode);
	if (r < 0)
		return base_fail(err, -r, "make directory %s", BASE_QUOTE(path));
	*ret_dirfd = base_take_fd(&dirfd);
	return 0;
}

static void forget_last(struct pool_parents *parents)
{
	struct pool_made *made = &parents->made[--parents->count];

	close(made->dirfd);
	free(made->name);
}

int pool_parents_commit(struct pool_parents *parents, struct cow_error *err)
{
	for (size_t i = 0; i < parents->count; i++) {
		int r = base_sync_directory(parents->made[i].dirfd);

		if (r < 0)
			return base_fail(err, -r, "write directory %s to disk",
					 BASE_QUOTE(parents->made[i].name));
	}
	while (parents->count)
		forget_last(parents);
	return 0;
}

void pool_parents_undo(struct pool_parents *parents)
{
	int saved = errno;

	while (parents->count) {
		const struct pool_made *made = &parents->made[parents->count - 1];

		/* Not empty: somebody is using it by now. Then it stays. */
		unlinkat(made->dirfd, made->name, AT_REMOVEDIR);
		forget_last(parents);
	}
	free(parents->made);
	parents->made = NULL;
	errno = saved;
}

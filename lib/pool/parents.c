/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
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

/* A way from the root: as far as it is gone, and what it was refused for. */
struct way {
	const char *path;
	struct pool_parents *parents; /* what is missing is made; NULL: it is not */
	mode_t mode;
	bool any;    /* it may end in something else than a directory */
	char **last; /* it ends in the directory above, and this is the name there */
	int dirfd;
	unsigned links;
	struct cow_error refusal;
};

/* As many as the kernel follows. */
#define LINKS_MAX 40

static int go(struct way *way, const char *path, bool to_end);

/* Whoever can make a symlink would say what is changed at its end. One that leads nowhere stays so:
 * what is missing is made where its path says, not elsewhere. */
static int follow(struct way *way, int link, const char *name, bool last)
{
	struct pool_parents *parents = way->parents;
	char target[PATH_MAX];
	struct stat st;
	int r;
	ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);

	if (n < 0 || fstat(link, &st) < 0)
		return -errno;
	if (st.st_uid && st.st_uid != geteuid())
		return base_remedy(&way->refusal,
				   base_refuse(&way->refusal, EPERM, COW_CODE_REFUSED,
					       "%s in the path %s is a symlink that user %u made",
					       BASE_QUOTE(name), BASE_QUOTE(way->path), st.st_uid),
				   "name the path it leads to instead");
	if (way->links++ == LINKS_MAX)
		return -ELOOP;
	target[n] = '\0';
	way->parents = NULL;
	r = go(way, target, last);
	way->parents = parents;
	return r;
}

/* As a directory first: what is to be mounted there when somebody goes in is mounted by that alone.
 * And one whose disk failed may not say any more that it is one.
 * @return fd (O_PATH) or -errno. */
static int open_one(const struct way *way, const char *name, mode_t *ret_type)
{
	BASE_CLEANUP(fd)
	int fd = openat(way->dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st = {.st_mode = S_IFDIR};

	if (fd < 0 && errno == ENOTDIR) {
		fd = openat(way->dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) < 0)
			return -errno;
	}
	*ret_type = st.st_mode & S_IFMT;
	return fd < 0 ? -errno : base_take_fd(&fd);
}

static int enter(struct way *way, const char *name, bool last)
{
	mode_t type = 0;
	BASE_CLEANUP(fd) int next = open_one(way, name, &type);

	if (next == -ENOENT && way->parents) {
		int r = make_one(way->parents, way->dirfd, name, way->mode);

		if (r < 0)
			return r;
		next = open_one(way, name, &type);
	}
	if (last && way->last && type != S_IFLNK) {
		*way->last = strdup(name);
		return *way->last ? 0 : -ENOMEM;
	}
	if (next < 0)
		return next;
	if (type == S_IFLNK)
		return follow(way, next, name, last);
	if (type != S_IFDIR && !way->any)
		return -ENOTDIR;
	close(way->dirfd);
	way->dirfd = base_take_fd(&next);
	return 0;
}

static int go(struct way *way, const char *path, bool to_end)
{
	BASE_CLEANUP(free) char *copy = strdup(path);
	char *rest = NULL, *name, *next;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	if (path[0] == '/') {
		base_cleanup_fd(&way->dirfd);
		way->dirfd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = way->dirfd < 0 ? -errno : 0;
	}
	for (name = strtok_r(copy, "/", &rest); name && r == 0; name = next) {
		next = strtok_r(NULL, "/", &rest);
		r = enter(way, name, to_end && !next);
	}
	return r;
}

static int go_all(struct way *way, const char *doing, int *ret_dirfd, struct cow_error *err)
{
	BASE_CLEANUP(fd) int dirfd = -1;
	int r;

	way->dirfd = -1;
	r = go(way, way->path, true);
	dirfd = way->dirfd;
	if (r == 0)
		*ret_dirfd = base_take_fd(&dirfd);
	else if (!way->refusal.message[0])
		base_fail(err, -r, "%s %s", doing, BASE_QUOTE(way->path));
	else if (err)
		*err = way->refusal;
	return r;
}

int pool_parents_make(struct pool_parents *parents, const char *path, mode_t mode, int *ret_dirfd,
		      struct cow_error *err)
{
	struct way way = {.path = path, .parents = parents, .mode = mode};

	return go_all(&way, "make directory", ret_dirfd, err);
}

int pool_parents_open(const char *path, struct cow_error *err)
{
	struct way way = {.path = path};
	int fd = -1, r = go_all(&way, "open directory", &fd, err);

	return r < 0 ? r : fd;
}

int pool_parents_open_above(const char *path, const char **ret_name, struct cow_error *err)
{
	const char *name = strrchr(path, '/') + 1;
	BASE_CLEANUP(free) char *above = strndup(path, (size_t)(name - path));

	*ret_name = name;
	return above ? pool_parents_open(above, err)
		     : base_fail(err, ENOMEM, "open the directory of %s", BASE_QUOTE(path));
}

int pool_parents_find(const char *path, char **ret, struct cow_error *err)
{
	BASE_CLEANUP(free) char *last = NULL, *above = NULL;
	BASE_CLEANUP(fd) int fd = -1;
	struct way way = {.path = path, .last = &last};
	int r = go_all(&way, "find directory", &fd, err);

	if (r < 0)
		return r;
	above = base_fd_place(fd);
	*ret = above ? base_format("%s/%s", above, last ? last : "") : NULL;
	return *ret ? 0
		    : base_fail(err, above ? ENOMEM : errno, "find directory %s", BASE_QUOTE(path));
}

int pool_parents_open_any(const char *path, struct cow_error *err)
{
	struct way way = {.path = path, .any = true};
	int fd = -1, r = go_all(&way, "open", &fd, err);

	return r < 0 ? r : fd;
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new directory is made under a hidden name and gets its own only when everything about it is
 * right: nobody can create anything in it before. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/temp.h"
#include "pool/build.h"
#include "pool/definition.h"
#include "pool/directory.h"
#include "pool/parents.h"
#include "pool/subvolume.h"
#include "pool/sweep.h"

/* libvirt's, for a directory it makes: others may pass but not list it. */
#define DEFAULT_MODE 0711

/* A directory being made: removed again unless it is in its place. */
struct nascent {
	int dirfd;
	const char *name;
	char hidden[sizeof(BASE_TEMP_PREFIX) + POOL_UUID_SIZE];
};

static inline void base_cleanup_nascent(struct nascent *nascent)
{
	int saved = errno;

	/* A subvolume goes like this as well, it is empty (Linux 4.18). */
	if (nascent->name)
		unlinkat(nascent->dirfd, nascent->name, AT_REMOVEDIR);
	errno = saved;
}

static int make_hidden(struct nascent *nascent, const struct cow_pool *pool, unsigned flags,
		       struct cow_error *err)
{
	int r = 0;

	/* The same each time, and the store is locked: one that is there is what a build left
	 * behind that was killed. */
	snprintf(nascent->hidden, sizeof(nascent->hidden), BASE_TEMP_PREFIX "%s", pool->uuid);
	unlinkat(nascent->dirfd, nascent->hidden, AT_REMOVEDIR);
	if (flags & COW_POOL_BUILD_SUBVOLUME)
		r = pool_make_subvolume(nascent->dirfd, nascent->hidden, pool->path, err);
	else if (mkdirat(nascent->dirfd, nascent->hidden, 0700) < 0)
		r = base_fail(err, errno, "make directory %s", BASE_QUOTE(pool->path));
	if (r == 0)
		nascent->name = nascent->hidden;
	return r;
}

/* Give it its name, which nobody may have taken meanwhile. */
static int put_in_place(struct nascent *nascent, const char *name, const struct cow_pool *pool,
			struct cow_error *err)
{
	int r = renameat2(nascent->dirfd, nascent->name, nascent->dirfd, name, RENAME_NOREPLACE);

	/* Some network filesystems don't know the flag. Without it at most an empty directory is
	 * replaced. */
	if (r < 0 && errno == EINVAL)
		r = renameat(nascent->dirfd, nascent->name, nascent->dirfd, name);
	if (r < 0)
		return base_fail(err, errno, "put directory %s in its place",
				 BASE_QUOTE(pool->path));
	nascent->name = name;
	r = base_sync_directory(nascent->dirfd);
	if (r < 0)
		return base_fail(err, -r, "write directory %s to disk", BASE_QUOTE(pool->path));
	return 0;
}

static int64_t mode_for_new(int fd, const struct cow_pool *pool)
{
	struct stat st;

	if (pool->mode >= 0)
		return pool->mode;
	/* inherited from the parent, for whoever wants files of one group */
	return DEFAULT_MODE | (fstat(fd, &st) == 0 ? st.st_mode & S_ISGID : 0);
}

int pool_build_new(const struct cow_pool *pool, unsigned flags, struct cow_pool_build_result *ret,
		   struct cow_error *err)
{
	BASE_CLEANUP(free) char *above = strdup(pool->path);
	BASE_CLEANUP(fd) int dirfd = -1, held = -1, fd = -1;
	BASE_CLEANUP(parents) struct pool_parents parents = {0};
	BASE_CLEANUP(nascent) struct nascent nascent = {.dirfd = -1};
	char *name = above ? strrchr(above, '/') : NULL;
	int r;

	if (!name)
		return base_fail(err, ENOMEM, "build a pool");
	*name++ = '\0';
	r = pool_parents_make(&parents, *above ? above : "/", 0755, &dirfd, err);
	if (r < 0)
		return r;
	/* Another pool's directory may be above. */
	held = pool_sweep_hold_off(dirfd);
	nascent.dirfd = dirfd;
	r = make_hidden(&nascent, pool, flags, err);
	if (r < 0)
		return r;
	fd = openat(dirfd, nascent.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return base_fail(err, errno, "open directory %s", BASE_QUOTE(pool->path));
	r = pool_directory_set(fd, pool, mode_for_new(fd, pool), ret, err);
	if (r == 0 && fsync(fd) < 0)
		r = base_fail(err, errno, "write directory %s to disk", BASE_QUOTE(pool->path));
	if (r == 0)
		r = put_in_place(&nascent, name, pool, err);
	if (r == 0)
		r = pool_parents_commit(&parents, err);
	if (r < 0)
		return r;
	nascent.name = NULL;
	ret->created = true;
	ret->subvolume = flags & COW_POOL_BUILD_SUBVOLUME;
	return 0;
}

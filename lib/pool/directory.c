/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attr/label.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/directory.h"
#include "pool/judge.h"
#include "pool/parents.h"

/* Symlinks may lead to it, but not such as somebody else made: flags, owner and mode would be
 * changed wherever they lead. */
int pool_directory_open(const struct cow_pool *pool, struct cow_error *err)
{
	BASE_CLEANUP(fd) int there = pool_parents_open(pool->path, err);
	int fd;

	if (there < 0)
		return there;
	fd = base_fd_reopen(there, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? base_fail(err, -fd, "open directory %s", BASE_QUOTE(pool->path)) : fd;
}

/* Owner first: chown takes the set-id bits away. */
static int set_permissions(int fd, const struct cow_pool *pool, int64_t mode, struct cow_error *err)
{
	struct stat st;

	if ((pool->owner >= 0 || pool->group >= 0) &&
	    fchown(fd, (uid_t)pool->owner, (gid_t)pool->group) < 0)
		return base_fail(err, errno, "set owner and group of %s", BASE_QUOTE(pool->path));
	if (mode >= 0 && fchmod(fd, (mode_t)mode) < 0)
		return base_fail(err, errno, "set the mode of %s", BASE_QUOTE(pool->path));
	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(pool->path));
	if ((mode >= 0 && (st.st_mode & 07777) != (mode_t)mode) ||
	    (pool->owner >= 0 && st.st_uid != (uid_t)pool->owner) ||
	    (pool->group >= 0 && st.st_gid != (gid_t)pool->group))
		return base_refuse(err, EOPNOTSUPP, COW_CODE_NOT_HONOURED,
				   "owner, group or mode of %s do not read back as set",
				   BASE_QUOTE(pool->path));
	return attr_set_label(fd, pool->label, pool->path, err);
}

void pool_directory_report(struct cow_pool_build_result *ret, const struct cow_decision *decision)
{
	ret->action = decision->action;
	ret->effective = decision->effective;
	base_copy(ret->reason, sizeof(ret->reason), decision->reason);
	base_copy(ret->warning, sizeof(ret->warning), decision->warning);
}

void pool_directory_leave(const struct cow_pool *pool, struct cow_decision *ret)
{
	*ret = (struct cow_decision){.action = COW_ACTION_LEAVE};
	base_copy(ret->reason, sizeof(ret->reason),
		  base_equal(pool->type, "netfs")
			  ? "the server of what is mounted there decides"
			  : "what is mounted there gets the policy when the pool is started");
}

int pool_directory_set(int fd, const struct cow_pool *pool, int64_t mode,
		       struct cow_pool_build_result *ret, struct cow_error *err)
{
	struct cow_decision decision = {0};
	int r = 0;

	if (pool->mount_source)
		pool_directory_leave(pool, &decision);
	else
		r = pool_enforce(fd, pool, &decision, err);
	if (r == 0)
		r = set_permissions(fd, pool, mode, err);
	if (r == 0)
		pool_directory_report(ret, &decision);
	return r;
}

int pool_directory_remove(const struct cow_pool *pool, struct cow_error *err)
{
	const char *name;
	BASE_CLEANUP(fd) int dirfd = pool_parents_open_above(pool->path, &name, err);
	int r;

	if (dirfd < 0)
		return dirfd;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		return base_fail(err, errno, "remove directory %s", BASE_QUOTE(pool->path));
	r = base_sync_directory(dirfd);
	return r < 0 ? base_fail(err, -r, "write the removal of %s to disk", BASE_QUOTE(pool->path))
		     : 0;
}

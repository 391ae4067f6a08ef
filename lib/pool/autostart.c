/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which pools are started at boot: a link in autostart/ beside the definitions, as libvirt has it.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/store.h"

/* The link is relative, so that the whole directory can be looked at from elsewhere. */
static int make_link(int dirfd, const char *name, const char *link)
{
	BASE_CLEANUP(free) char *target = base_format("../%s.xml", name);

	if (!target)
		return -ENOMEM;
	/* for everybody to see, whatever the umask */
	if (mkdirat(dirfd, "autostart", 0700) == 0)
		fchmodat(dirfd, "autostart", 0755, 0);
	else if (errno != EEXIST)
		return -errno;
	return symlinkat(target, dirfd, link) < 0 && errno != EEXIST ? -errno : 0;
}

static int remove_link(int dirfd, const char *link)
{
	return unlinkat(dirfd, link, 0) < 0 && errno != ENOENT && errno != ENOTDIR ? -errno : 0;
}

static int sync_links(int dirfd)
{
	BASE_CLEANUP(fd) int fd = base_open_quietly(dirfd, "autostart", O_RDONLY | O_DIRECTORY);
	int r = fd == -ENOENT ? 0 : fd < 0 ? fd : base_sync_directory(fd);

	return r < 0 ? r : base_sync_directory(dirfd);
}

int pool_store_set_autostart(int dirfd, const char *name, bool on, struct cow_error *err)
{
	BASE_CLEANUP(free) char *link = base_format("autostart/%s.xml", name);
	int r = -ENOMEM;

	if (link)
		r = on ? make_link(dirfd, name, link) : remove_link(dirfd, link);
	if (r == 0)
		r = sync_links(dirfd);
	return r < 0 ? base_fail(err, -r, "%s pool %s for autostart", on ? "mark" : "unmark",
				 BASE_QUOTE(name))
		     : 0;
}

COW_EXPORT int cow_pool_set_autostart(struct cow_pool_store *store, struct cow_pool *pool, bool on,
				      struct cow_error *err)
{
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	int r = pool_store_lock_own(store, pool, &lock, err);

	if (r == 0)
		r = pool_store_check_defined(store, pool, err);
	if (r == 0)
		r = pool_store_set_autostart(lock.dirfd, pool->name, on, err);
	if (r == 0)
		pool->autostart = on;
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where an index lies: a file per pool, of whoever looked. It is read as a whole, for mapped it
 * could be truncated under us; it is replaced as a whole, without a lock and without waiting for
 * the disk: of two who write the last one wins, and a torn one has the wrong checksum. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/temp.h"
#include "base/text.h"
#include "pool/store.h"
#include "volume/index.h"

/* A million volumes take less than half of it. */
#define READ_MAX (1 << 28)

/* The number of a device may be another one after the next boot: filesystems have a number of
 * their own, but not all of them. */
static int find_directory(int fd, struct volume_directory *ret)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	memcpy(&ret->filesystem, &fs.f_fsid, sizeof(ret->filesystem));
	if (!ret->filesystem)
		ret->filesystem = st.st_dev;
	ret->inode = st.st_ino;
	return 0;
}

/* All of a file of the caller's own: what somebody else left there is nothing to go by. */
static int read_whole(int fd, void **ret, size_t *ret_size)
{
	BASE_CLEANUP(free) void *data = NULL;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_size <= 0 ||
	    st.st_size > READ_MAX)
		return -EINVAL;
	data = malloc((size_t)st.st_size);
	if (!data)
		return -ENOMEM;
	n = base_pread_full(fd, data, (size_t)st.st_size, 0);
	if (n < 0)
		return (int)n;
	*ret_size = (size_t)n;
	*ret = base_take(data);
	return 0;
}

void volume_index_read(const struct volume_place *place, struct volume_index *ret)
{
	const char *cache = place->store->cache;
	BASE_CLEANUP(free)
	char *path = cache ? base_format("%s/" POOL_STORE_INDEX, cache, place->pool->uuid) : NULL;
	BASE_CLEANUP(fd) int fd = -1;
	struct volume_directory directory;
	void *data = NULL;
	size_t size = 0;

	fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY) : -1;
	if (fd >= 0 && find_directory(place->fd, &directory) == 0 &&
	    read_whole(fd, &data, &size) == 0)
		volume_index_take(data, size, &directory, ret);
}

static bool has_news(const struct volume_index *index, struct cow_volume *const *volumes)
{
	size_t recalled = 0;

	for (; *volumes; volumes++) {
		const struct volume_made *made = (const struct volume_made *)*volumes;

		if (made->keep && !made->recalled)
			return true;
		recalled += made->recalled;
	}
	return recalled != index->count;
}

void volume_index_update(const struct volume_place *place, const struct volume_index *index,
			 struct cow_volume *const *volumes)
{
	BASE_CLEANUP(fd) int dirfd = -1;
	BASE_CLEANUP(temp) struct base_temp temp = BASE_TEMP_INIT; /* gone before its directory */
	BASE_CLEANUP(free) char *name = NULL;
	BASE_CLEANUP(free) void *data = NULL;
	struct volume_directory directory;
	size_t size;

	if (!has_news(index, volumes) || find_directory(place->fd, &directory) < 0)
		return;
	dirfd = pool_store_open_cache(place->store);
	name = base_format(POOL_STORE_INDEX, place->pool->uuid);
	if (dirfd >= 0 && name && base_temp_open(&temp, dirfd, 0600, NULL) == 0 &&
	    volume_index_make(volumes, &directory, &data, &size) == 0 &&
	    base_pwrite_full(temp.fd, data, size, 0) == (ssize_t)size)
		base_temp_replace(&temp, name);
}

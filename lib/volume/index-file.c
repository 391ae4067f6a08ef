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

void volume_renewal_begin(struct volume_renewal *renewal, const struct volume_place *place,
			  const struct volume_index *old)
{
	*renewal = (struct volume_renewal){.place = place,
					   .old = old,
					   .same = old->begin,
					   .dirfd = -1,
					   .temp = BASE_TEMP_INIT};
}

/* From here on it differs. @return whether it can be written. */
static bool write_on(struct volume_renewal *renewal)
{
	const struct volume_index *old = renewal->old;
	struct volume_directory directory;

	if (renewal->begun)
		return renewal->writer.file;
	renewal->begun = true;
	if (find_directory(renewal->place->fd, &directory) < 0)
		return false;
	renewal->dirfd = pool_store_open_cache(renewal->place->store);
	if (renewal->dirfd >= 0)
		base_temp_sweep(renewal->dirfd);
	if (renewal->dirfd < 0 || base_temp_open(&renewal->temp, renewal->dirfd, 0600, NULL) < 0 ||
	    volume_writer_open(&renewal->writer, renewal->temp.fd, &directory) < 0)
		return false;
	if (old->begin)
		volume_writer_copy(&renewal->writer, old->begin,
				   (uint64_t)(renewal->same - old->begin));
	return true;
}

void volume_renewal_add(struct volume_renewal *renewal, const struct volume_made *made,
			const struct volume_record *known)
{
	if (made->recalled && !renewal->begun && (const char *)known == renewal->same) {
		renewal->same += volume_record_size(known);
		return;
	}
	if (!made->keep || !write_on(renewal))
		return;
	if (made->recalled)
		volume_writer_copy(&renewal->writer, known, volume_record_size(known));
	else
		volume_writer_add(&renewal->writer, made);
}

void volume_renewal_commit(struct volume_renewal *renewal)
{
	BASE_CLEANUP(free) char *name = base_format(POOL_STORE_INDEX, renewal->place->pool->uuid);

	/* What is behind the last volume is to be forgotten. */
	if (renewal->same != renewal->old->end)
		write_on(renewal);
	if (renewal->writer.file && volume_writer_close(&renewal->writer) == 0 && name)
		base_temp_replace(&renewal->temp, name);
}

void volume_renewal_end(struct volume_renewal *renewal)
{
	if (renewal->writer.file)
		volume_writer_close(&renewal->writer);
	base_temp_close(&renewal->temp); /* before its directory */
	if (renewal->dirfd >= 0)
		close(renewal->dirfd);
	renewal->dirfd = -1;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Make a filesystem on a pool's device, which is done only when it is asked for in so many words.
 */
#include <blkid.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "base/text.h"
#include "pool/format.h"
#include "pool/parents.h"
#include "pool/unused.h"

DEFINE_CLEANUP(blkid, blkid_probe, blkid_free_probe, NULL)

/* What makes mkfs.TYPE write over something that it takes for data, for whoever asked for that.
 * None of them writes over what is mounted here. That of ocfs2 would not look either whether
 * another node of its cluster has it mounted. */
static const struct {
	const char *type, *force;
} makers[] = {
	{"bcachefs", "--force"}, {"btrfs", "-f"}, {"ext2", "-F"},   {"ext3", "-F"}, {"ext4", "-F"},
	{"f2fs", "-f"},          {"gfs2", "-O"},  {"nilfs2", "-f"}, {"xfs", "-f"},
};

/* What is looked at and written to is one and the same, wherever a symlink on the way leads by
 * then: a device has its own name in /dev, where users can put none. */
static int find_device(const struct cow_pool *pool, char **ret, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = pool_parents_open_any(pool->mount_source, err);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(pool->mount_source));
	if (!S_ISBLK(st.st_mode))
		return base_refuse(err, ENOTBLK, COW_CODE_REFUSED, "%s is no block device",
				   BASE_QUOTE(pool->mount_source));
	*ret = base_fd_place(fd);
	return *ret ? 0 : base_fail(err, errno, "find device %s", BASE_QUOTE(pool->mount_source));
}

/* Nobody else has it: it is not mounted, and no part of a device mapper or md device. */
static int open_device(const struct cow_pool *pool, const char *device, struct cow_error *err)
{
	int fd = open(device, O_RDONLY | O_EXCL | O_CLOEXEC);

	return fd < 0 ? base_fail(err, errno, "open device %s", BASE_QUOTE(pool->mount_source))
		      : fd;
}

static const char *value_of(blkid_probe probe, const char *name)
{
	const char *value = NULL;

	return blkid_probe_lookup_value(probe, name, &value, NULL) == 0 ? value : NULL;
}

/* What is on a device, "" when it is nothing that is known. */
static int look(int fd, char *ret, size_t size)
{
	BASE_CLEANUP(blkid) blkid_probe probe = blkid_new_probe();
	const char *type;
	int r;

	if (!probe)
		return -ENOMEM;
	if (blkid_probe_set_device(probe, fd, 0, 0) != 0)
		return -EIO;
	/* What is damaged is something all the same, that somebody may want to repair. */
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(probe, 1);
	r = blkid_do_safeprobe(probe);
	if (r == -1)
		return -EIO;
	type = value_of(probe, "TYPE");
	if (!type)
		type = value_of(probe, "PTTYPE");
	/* -2: several contradict each other. */
	base_copy(ret, size, r == 1 ? "" : r == -2 ? "of several kinds" : type ? type : "unknown");
	return 0;
}

static int look_at_device(const struct cow_pool *pool, const char *device, char *ret, size_t size,
			  struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = open_device(pool, device, err);
	int r = fd < 0 ? fd : look(fd, ret, size);

	return fd < 0 || r == 0
		       ? r
		       : base_fail(err, -r, "find what is on %s", BASE_QUOTE(pool->mount_source));
}

static int check_unused(const struct cow_pool *pool, const char *device, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = open_device(pool, device, err);

	return fd < 0 ? fd : pool_check_unused(pool, fd, err);
}

static int check(const struct cow_pool *pool, unsigned flags, char **ret_device,
		 struct cow_error *err)
{
	char found[64] = "";
	int r;

	if (!base_equal(pool->type, "fs"))
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "pool %s has no device to make a filesystem on",
				   BASE_QUOTE(pool->name));
	if (base_equal(pool->mount_type, "auto"))
		return base_remedy(
			err,
			base_refuse(err, EINVAL, COW_CODE_USAGE,
				    "the definition of pool %s doesn't say which filesystem",
				    BASE_QUOTE(pool->name)),
			"name one there: <format type='ext4'/>");
	r = find_device(pool, ret_device, err);
	if (r == 0)
		r = check_unused(pool, *ret_device, err);
	if (r == 0)
		r = look_at_device(pool, *ret_device, found, sizeof(found), err);
	if (r < 0 || flags & COW_POOL_BUILD_OVERWRITE || !*found)
		return r;
	return base_remedy(err,
			   base_refuse(err, EEXIST, COW_CODE_EXISTS,
				       "device %s is not empty, what is there is %s",
				       BASE_QUOTE(pool->mount_source), found),
			   "leave it as it is, or lose it: pool build --overwrite");
}

int pool_format_check(const struct cow_pool *pool, unsigned flags, struct cow_error *err)
{
	BASE_CLEANUP(free) char *device = NULL;

	return check(pool, flags, &device, err);
}

/* mkfs writes over the beginning, and a signature at the end would say that something else is
 * there. */
static int wipe(const struct cow_pool *pool, const char *device, struct cow_error *err)
{
	BASE_CLEANUP(blkid) blkid_probe probe = blkid_new_probe();
	BASE_CLEANUP(fd) int fd = open(device, O_RDWR | O_EXCL | O_CLOEXEC);
	int r;

	if (fd < 0)
		return base_fail(err, errno, "open device %s", BASE_QUOTE(pool->mount_source));
	if (!probe || blkid_probe_set_device(probe, fd, 0, 0) != 0)
		return base_fail(err, ENOMEM, "look at device %s", BASE_QUOTE(pool->mount_source));
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT);
	while ((r = blkid_do_probe(probe)) == 0)
		if (blkid_do_wipe(probe, 0) != 0)
			return base_fail(err, EIO, "clear device %s",
					 BASE_QUOTE(pool->mount_source));
	if (r < 0 || fsync(fd) < 0)
		return base_fail(err, EIO, "clear device %s", BASE_QUOTE(pool->mount_source));
	return 0;
}

static int make(const struct cow_pool *pool, const char *device, bool overwrite,
		struct cow_error *err)
{
	BASE_CLEANUP(free) char *program = base_format("mkfs.%s", pool->mount_type);
	const char *argv[4] = {program};
	size_t n = 1;

	if (!program)
		return base_fail(err, ENOMEM, "make a filesystem");
	for (size_t i = 0; i < BASE_ARRAY_SIZE(makers); i++)
		if (overwrite && base_equal(makers[i].type, pool->mount_type))
			argv[n++] = makers[i].force;
	argv[n] = device;
	return base_run(argv, -1, 0, NULL, err);
}

int pool_format(const struct cow_pool *pool, unsigned flags, struct cow_error *err)
{
	bool overwrite = flags & COW_POOL_BUILD_OVERWRITE;
	BASE_CLEANUP(free) char *device = NULL;
	char found[64];
	/* Once more, as shortly before as can be. */
	int r = check(pool, flags, &device, err);

	if (r == 0 && overwrite)
		r = wipe(pool, device, err);
	if (r == 0)
		r = make(pool, device, overwrite, err);
	if (r == 0)
		r = look_at_device(pool, device, found, sizeof(found), err);
	if (r < 0 || base_equal(found, pool->mount_type))
		return r;
	return base_refuse(err, EIO, COW_CODE_NOT_HONOURED,
			   "mkfs.%s made something on %s that is %s", pool->mount_type,
			   BASE_QUOTE(pool->mount_source), *found ? found : "nothing known");
}

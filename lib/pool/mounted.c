/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mounted on a pool's directory: by mountinfo, for anybody may have mounted or unmounted
 * it.
 */
#include <fcntl.h>
#include <libmount.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cow/stack.h>

#include "base/answer.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/definition.h"
#include "pool/mounted.h"
#include "pool/parents.h"
#include "stack/mount.h"

DEFINE_CLEANUP(stack, struct cow_stack *, cow_stack_free, NULL)
DEFINE_CLEANUP(table, struct libmnt_table *, mnt_unref_table, NULL)
DEFINE_CLEANUP(iterator, struct libmnt_iter *, mnt_free_iter, NULL)

#define MOUNTINFO "/proc/self/mountinfo"

static enum cow_answer is_file(const char *path, const struct stat *wanted)
{
	struct stat st;

	if (!path || stat(path, &st) < 0)
		return COW_ANSWER_UNKNOWN;
	if (S_ISBLK(wanted->st_mode))
		return S_ISBLK(st.st_mode) && st.st_rdev == wanted->st_rdev ? COW_ANSWER_YES
									    : COW_ANSWER_NO;
	return base_same_file(&st, wanted) ? COW_ANSWER_YES : COW_ANSWER_NO;
}

/* One of them is enough, and to be sure that it is none all have to be known. */
static enum cow_answer either(enum cow_answer one, enum cow_answer two)
{
	if (one == COW_ANSWER_YES || two == COW_ANSWER_YES)
		return COW_ANSWER_YES;
	return one == COW_ANSWER_NO ? two : COW_ANSWER_UNKNOWN;
}

/* A file is mounted by way of a loop device, and its name may have gone since. */
static enum cow_answer is_layer(const struct cow_layer *layer, const struct stat *wanted)
{
	enum cow_answer device = is_file(layer->name, wanted);

	if (!base_equal(layer->type, "loop"))
		return device;
	return either(device, is_file(cow_layer_detail_text(layer, "backing_file"), wanted));
}

/* A filesystem may lie on several devices, of which mountinfo names one. */
static enum cow_answer lies_on(int fd, const struct stat *wanted)
{
	BASE_CLEANUP(stack) struct cow_stack *stack = NULL;
	const struct cow_layer *layer;
	enum cow_answer answer;

	if (cow_stack_new(fd, &stack, NULL) < 0)
		return COW_ANSWER_UNKNOWN;
	layer = cow_stack_top(stack)->below;
	answer = layer ? COW_ANSWER_NO : COW_ANSWER_UNKNOWN;
	for (; layer; layer = layer->next)
		answer = either(answer, is_layer(layer, wanted));
	return answer;
}

/* What is no device is none of them whose name leads nowhere by now, such as one in /dev/disk/by-id
 * of a disk that was pulled out: what is mounted of that stays. So does that of a file whose server
 * does not answer. */
static enum cow_answer is_source(const struct cow_pool *pool, const char *source, int fd)
{
	BASE_CLEANUP(free) char *wanted = pool_path_clean(pool->mount_source);
	BASE_CLEANUP(free) char *there = pool_path_clean(source);
	struct stat st;

	if (base_equal(wanted, there))
		return COW_ANSWER_YES;
	if (!base_equal(pool->type, "fs") || !base_starts(source, "/dev/"))
		return COW_ANSWER_NO;
	if (!base_answers(pool->mount_source) || stat(pool->mount_source, &st) < 0)
		return COW_ANSWER_UNKNOWN;
	return either(is_file(source, &st), lies_on(fd, &st));
}

enum cow_answer pool_is_source(const struct cow_pool *pool, const char *source)
{
	return is_source(pool, source, -1);
}

/* What is mounted on an open directory itself: -ENOENT when nothing is, -ENOSYS when nothing is to
 * be known of mounts. */
static int find(int fd, struct stack_mount *ret)
{
	BASE_CLEANUP(fd) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	BASE_CLEANUP(free) char *real = base_fd_place(fd);
	const struct stack_edge edge = {.root = root};
	int r = root < 0 || !real ? -ENOSYS : stack_mount_find(&edge, fd, ret);

	if (r == 0 && !base_equal(ret->target, real)) {
		stack_mount_clear(ret);
		r = -ENOENT;
	}
	return r == -ENOENT && access(MOUNTINFO, F_OK) < 0 ? -ENOSYS : r;
}

enum cow_answer pool_mounted_at(const struct cow_pool *pool, int fd)
{
	BASE_CLEANUP(mount) struct stack_mount mount = {0};
	int r;

	if (!pool->mount_source)
		return COW_ANSWER_YES;
	r = fd < 0 ? fd : find(fd, &mount);
	if (r == -ENOENT || r == -ENOTDIR)
		return COW_ANSWER_NO;
	if (r < 0)
		return COW_ANSWER_UNKNOWN;
	return is_source(pool, mount.source, fd);
}

static int open_directory(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static enum cow_answer is_mounted_on(const struct cow_pool *pool, const char *path)
{
	BASE_CLEANUP(fd) int fd = -1;

	if (!base_answers(path))
		return COW_ANSWER_UNKNOWN;
	fd = open_directory(path);
	return pool_mounted_at(pool, fd);
}

enum cow_answer pool_mounted(const struct cow_pool *pool)
{
	return pool->mount_source ? is_mounted_on(pool, pool->path) : COW_ANSWER_YES;
}

int pool_check_mounted(const struct cow_pool *pool, int fd, struct cow_error *err)
{
	enum cow_answer mounted = pool_mounted_at(pool, fd);

	if (mounted == COW_ANSWER_YES)
		return 0;
	if (mounted == COW_ANSWER_UNKNOWN)
		return base_refuse(err, EINVAL, COW_CODE_UNKNOWN,
				   "it is not known whether %s is mounted on %s",
				   BASE_QUOTE(pool->mount_source), BASE_QUOTE(pool->path));
	return base_remedy(err,
			   base_refuse(err, EINVAL, COW_CODE_REFUSED, "%s is not mounted on %s",
				       BASE_QUOTE(pool->mount_source), BASE_QUOTE(pool->path)),
			   "start pool %s", BASE_QUOTE(pool->name));
}

COW_EXPORT int cow_pool_check_mounted(const struct cow_pool *pool, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = -1;
	int r = pool_check_directory(pool, err);

	if (r < 0)
		return r;
	if (!base_answers(pool->path))
		return base_refuse(err, ETIMEDOUT, COW_CODE_REFUSED,
				   "the directory of pool %s does not answer",
				   BASE_QUOTE(pool->name));
	fd = pool->mount_source ? open_directory(pool->path) : -1;
	return pool_check_mounted(pool, fd, err);
}

int pool_check_bare(const struct cow_pool *pool, int fd, struct cow_error *err)
{
	BASE_CLEANUP(mount) struct stack_mount mount = {0};
	int r = find(fd, &mount);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return base_fail(err, -r, "find what is mounted on %s", BASE_QUOTE(pool->path));
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_BUSY, "%s is mounted on %s",
				       BASE_QUOTE(mount.source), BASE_QUOTE(pool->path)),
			   "unmount it first");
}

/* What may be the pool's, and is mounted where its directory was or is, but not on top there. */
static bool is_hidden(const struct cow_pool *pool, struct libmnt_fs *fs, const char *real, int top)
{
	const char *source = mnt_fs_get_source(fs), *target = mnt_fs_get_target(fs);
	bool same = base_equal(source, pool->mount_source);

	if (mnt_fs_get_id(fs) == top || !source ||
	    !(same || (base_equal(pool->type, "fs") && base_starts(source, "/dev/"))))
		return false;
	/* Without its directory, that was moved with what is mounted in it. */
	return base_equal(target, pool->path) || base_equal(target, real) ||
	       (!real && (same || is_mounted_on(pool, target) == COW_ANSWER_YES));
}

static char *find_hidden(const struct cow_pool *pool, int top)
{
	BASE_CLEANUP(table) struct libmnt_table *table = mnt_new_table_from_file(MOUNTINFO);
	BASE_CLEANUP(iterator) struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	BASE_CLEANUP(fd) int fd = pool_parents_open(pool->path, NULL);
	BASE_CLEANUP(free) char *real = fd < 0 ? NULL : base_fd_place(fd);
	struct libmnt_fs *fs;

	while (table && iterator && mnt_table_next_fs(table, iterator, &fs) == 0)
		if (is_hidden(pool, fs, real, top))
			return strdup(mnt_fs_get_target(fs));
	return NULL;
}

int pool_check_uncovered(const struct cow_pool *pool, struct cow_error *err)
{
	BASE_CLEANUP(mount) struct stack_mount top = {0};
	BASE_CLEANUP(fd) int fd = open_directory(pool->path);
	bool over = fd >= 0 && find(fd, &top) == 0;
	BASE_CLEANUP(free) char *place = find_hidden(pool, top.id);

	if (!place)
		return 0;
	if (over && base_equal(place, top.target))
		base_refuse(err, EBUSY, COW_CODE_BUSY, "%s is mounted over what is mounted on %s",
			    BASE_QUOTE(top.source), BASE_QUOTE(pool->path));
	else
		base_refuse(
			err, EBUSY, COW_CODE_BUSY,
			"what is mounted on %s may be that of pool %s, and can't be reached by %s",
			BASE_QUOTE(place), BASE_QUOTE(pool->name), BASE_QUOTE(pool->path));
	return base_remedy(err, -EBUSY, "unmount it first");
}

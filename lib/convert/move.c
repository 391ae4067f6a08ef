/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where there is no room for two images: the data moves from the one file to the other, window by
 * window, and what has arrived is punched out of where it came from (docs/convert.md, "Too little
 * room").
 *
 * One number says where every byte is: what lies before it is in the copy, the rest in the
 * original. It is part of the copy's name, so it changes in one step, and it does so when a window
 * is on disk, compared, and still in both. To take it all back is to lower the same number. Neither
 * file is the image meanwhile, so neither is at its path, where a guest could find half an image.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "image/cache.h"

#define MIB ((uint64_t)1 << 20)
/* For metadata: the extents of a window, and the names. */
#define RESERVE (4 * MIB)

static int hold(struct convert *c, struct convert_hold *hold, int fd, struct cow_error *err)
{
	int r = convert_hold_lease(hold, fd, F_WRLCK);

	if (r == 0)
		r = convert_hold_lock(hold);
	if (r == -EAGAIN)
		return base_refuse(err, EBUSY, COW_CODE_BUSY, "%s is in use", BASE_QUOTE(c->name));
	return r < 0 ? base_fail(err, -r, "take a lease on %s", BASE_QUOTE(c->name)) : 0;
}

/* @return fd or -errno */
static int open_to_change(const struct convert *c, const char *name, uint64_t inode,
			  struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = base_open_quietly(c->dirfd, name, O_RDWR | O_NOFOLLOW);
	struct stat st;

	if (fd == -EWOULDBLOCK)
		return base_refuse(err, EBUSY, COW_CODE_BUSY, "%s is in use", BASE_QUOTE(c->name));
	if (fd < 0)
		return base_fail(err, -fd, "open %s", BASE_QUOTE(name));
	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(name));
	if (!S_ISREG(st.st_mode) || st.st_ino != inode || st.st_nlink != 1)
		return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s is not as it was left",
				   BASE_QUOTE(name));
	return base_take_fd(&fd);
}

/* The original as one that can be punched. A lease for reading and a descriptor for writing exclude
 * each other, so there is an instant with neither: whoever wrote in it is seen. */
static int reopen_original(struct convert *c, struct cow_error *err)
{
	int r;

	close(c->original);
	c->original_hold.lease = F_UNLCK;
	c->original = open_to_change(c, c->name, c->before.st_ino, err);
	if (c->original < 0)
		return c->original;
	r = hold(c, &c->original_hold, c->original, err);
	if (r == 0 && !convert_is_unchanged(c))
		r = base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s changed meanwhile",
				BASE_QUOTE(c->name));
	return r;
}

static int put_away(struct convert *c, struct cow_error *err)
{
	struct convert_journal journal = c->journal;
	int r = reopen_original(c, err);

	if (r < 0)
		return r;
	journal.kind = CONVERT_JOURNAL_AWAY;
	convert_journal_format(&journal, c->name, c->away);
	if (renameat2(c->dirfd, c->name, c->dirfd, c->away, RENAME_NOREPLACE) == 0)
		return 0;
	c->away[0] = '\0';
	return base_fail(err, errno, "move %s away", BASE_QUOTE(c->name));
}

int convert_move_begin(struct convert *c, struct cow_error *err)
{
	int r = hold(c, &c->copy_hold, c->copy, err);

	if (r < 0)
		return r;
	if (ftruncate(c->copy, c->before.st_size) < 0 || fsync(c->copy) < 0)
		return base_fail(err, errno, "set the size of the copy of %s", BASE_QUOTE(c->name));
	r = convert_name_copy(c, CONVERT_JOURNAL_MOVING, 0, err);
	if (r < 0)
		return r;
	r = convert_sync_directory(c, err);
	if (r == 0)
		r = put_away(c, err);
	if (r < 0) {
		unlinkat(c->dirfd, c->temp, 0);
		return r;
	}
	return convert_sync_directory(c, err);
}

/* A mere rewrite has none. */
static int check_direction(const struct convert *c, struct cow_error *err)
{
	enum cow_policy to = c->nocow ? COW_POLICY_OFF : COW_POLICY_ON;
	bool rewrite = c->nocow == !!(c->flags & COW_ATTR_NOCOW);

	if (rewrite || to == c->options->to || c->options->flags & COW_CONVERT_UNDO)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_REFUSED,
				       "%s is half converted to CoW %s", BASE_QUOTE(c->name),
				       cow_policy_name(to)),
			   "finish that first, or take it back with --undo");
}

int convert_move_open(struct convert *c, struct cow_error *err)
{
	uint32_t flags = 0;
	struct stat copy;
	int r;

	c->original = open_to_change(c, c->away, c->journal.old_inode, err);
	if (c->original < 0)
		return c->original;
	c->copy = open_to_change(c, c->temp, c->journal.new_inode, err);
	if (c->copy < 0)
		return c->copy;
	if ((r = hold(c, &c->original_hold, c->original, err)) < 0 ||
	    (r = hold(c, &c->copy_hold, c->copy, err)) < 0 ||
	    (r = cow_attr_get(c->original, &c->flags, err)) < 0 ||
	    (r = cow_attr_get(c->copy, &flags, err)) < 0)
		return r;
	if (fstat(c->original, &c->before) < 0 || fstat(c->copy, &copy) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(c->away));
	if (copy.st_size != c->before.st_size || c->journal.position > (uint64_t)copy.st_size ||
	    (c->journal.position % MIB && c->journal.position != (uint64_t)copy.st_size))
		return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s is not as it was left",
				   BASE_QUOTE(c->temp));
	c->before.st_mtim.tv_sec = c->journal.mtime_seconds;
	c->before.st_mtim.tv_nsec = c->journal.mtime_nanoseconds;
	c->result->from_nocow = c->flags & COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
	c->nocow = flags & COW_ATTR_NOCOW;
	c->resumed = true;
	return check_direction(c, err);
}

/* What is free now; what was punched out may take a commit of the filesystem to become so. */
static uint64_t room(const struct convert *c)
{
	struct statvfs fs;
	uint64_t available;

	if (fstatvfs(c->copy, &fs) < 0)
		return 0;
	available = (uint64_t)fs.f_bavail * fs.f_frsize;
	return available > RESERVE ? (available - RESERVE) / 2 / MIB * MIB : 0;
}

static uint64_t window_size(const struct convert *c)
{
	uint64_t size = room(c);

	if (size < 64 * MIB) {
		syncfs(c->copy);
		size = room(c);
	}
	if (size < MIB)
		return MIB;
	return size < IMAGE_CACHE_SPAN ? size : IMAGE_CACHE_SPAN;
}

/* Up to the next block after the end of the file, too. */
static int punch(const struct convert *c, int fd, uint64_t start, uint64_t end,
		 struct cow_error *err)
{
	uint64_t whole = (end + MIB - 1) / MIB * MIB;

	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
		      (off_t)(whole - start)) < 0)
		return base_fail(err, errno, "free the space of what was moved of %s",
				 BASE_QUOTE(c->name));
	return 0;
}

/* A window is in the copy and on disk: now it belongs there. */
static int move_window(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	int r = convert_transfer_window(c, start, end, err);

	if (r == 0)
		r = convert_name_copy(c, CONVERT_JOURNAL_MOVING, end, err);
	if (r == 0)
		r = convert_sync_directory(c, err);
	return r < 0 ? r : punch(c, c->original, start, end, err);
}

static void turn(struct convert *c)
{
	int original = c->original;

	c->original = c->engine.from = c->copy;
	c->copy = c->engine.to = original;
}

/* The same the other way: what lies in the copy goes into the original. */
static int move_window_back(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	int r;

	turn(c);
	r = convert_transfer_window(c, start, end, err);
	turn(c);
	if (r == 0)
		r = convert_name_copy(c, CONVERT_JOURNAL_MOVING, start, err);
	if (r == 0)
		r = convert_sync_directory(c, err);
	return r < 0 ? r : punch(c, c->copy, start, end, err);
}

/* Whatever of a window reached its target is no use there without the rest. */
static int retry_smaller(const struct convert *c, int target, uint64_t start, uint64_t end,
			 uint64_t *window)
{
	if (*window <= MIB)
		return -ENOSPC;
	punch(c, target, start, end, NULL);
	syncfs(target);
	*window = *window / 4 < MIB ? MIB : *window / 4 / MIB * MIB;
	return 0;
}

/* An interruption leaves a window in both files, or half of one where nothing refers to it: room
 * that the next window may need. The position has to be on disk before anything goes by it. */
static int drop_doubles(struct convert *c, struct cow_error *err)
{
	uint64_t size = (uint64_t)c->before.st_size, at = c->journal.position;
	int r = convert_sync_directory(c, err);

	if (r == 0 && at)
		r = punch(c, c->original, 0, at, err);
	if (r == 0 && at < size)
		r = punch(c, c->copy, at, size, err);
	if (r == 0)
		syncfs(c->copy);
	return r;
}

static int move_all(struct convert *c, struct cow_error *err)
{
	uint64_t size = (uint64_t)c->before.st_size, window = window_size(c);

	while (c->journal.position < size) {
		uint64_t at = c->journal.position, end = size - at < window ? size : at + window;
		int r = move_window(c, at, end, err);

		if (r == -ENOSPC && c->journal.position == at)
			r = retry_smaller(c, c->copy, at, end, &window);
		else
			window = window_size(c);
		if (r < 0)
			return r;
	}
	return 0;
}

static int move_all_back(struct convert *c, struct cow_error *err)
{
	uint64_t window = window_size(c);

	while (c->journal.position) {
		uint64_t end = c->journal.position;
		uint64_t at = end <= window ? 0 : (end - window + MIB - 1) / MIB * MIB;
		int r = move_window_back(c, at, end, err);

		if (r == -ENOSPC && c->journal.position == end)
			r = retry_smaller(c, c->original, at, end, &window);
		else
			window = window_size(c);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One of the two is whole: it goes to the path, and the other away. */
static int settle(struct convert *c, const char *whole, const char *empty, struct cow_error *err)
{
	int r;

	if (renameat2(c->dirfd, whole, c->dirfd, c->name, RENAME_NOREPLACE) < 0) {
		r = base_fail(err, errno, "give %s its name back", BASE_QUOTE(c->name));
		return r == -EEXIST
			       ? base_remedy(err, r,
					     "move away what has that name now, and run the same "
					     "command again")
			       : r;
	}
	r = convert_sync_directory(c, err);
	if (r < 0)
		return r;
	if (unlinkat(c->dirfd, empty, 0) < 0)
		return base_fail(err, errno, "remove %s", BASE_QUOTE(empty));
	return convert_sync_directory(c, err);
}

static int say_how_to_go_on(int r, struct cow_error *err)
{
	if (err && err->remedy[0])
		return r;
	return base_remedy(err, r,
			   "it is moved in part: the same command goes on, --undo goes back");
}

int convert_move_on(struct convert *c, struct cow_error *err)
{
	int r;

	r = c->resumed ? drop_doubles(c, err) : 0;
	c->resumed = false; /* what is moved now is copied, not compared */
	convert_transfer_begin(c);
	if (r == 0)
		r = move_all(c, err);
	if (r == 0)
		r = convert_copy_metadata(c, err);
	if (r == 0)
		r = settle(c, c->temp, c->away, err);
	if (r < 0)
		return say_how_to_go_on(r, err);
	c->result->verified = true;
	c->result->outcome = COW_CONVERT_CONVERTED;
	return 0;
}

int convert_move_back(struct convert *c, struct cow_error *err)
{
	const struct timespec times[2] = {c->before.st_atim, c->before.st_mtim};
	int r;

	r = drop_doubles(c, err);
	c->resumed = false;
	convert_transfer_begin(c);
	c->engine.allocate = !c->engine.allocate;
	if (r == 0)
		r = move_all_back(c, err);
	if (r == 0 && (futimens(c->original, times) < 0 || fsync(c->original) < 0))
		r = base_fail(err, errno, "keep the times of %s", BASE_QUOTE(c->name));
	if (r == 0)
		r = settle(c, c->away, c->temp, err);
	if (r < 0)
		return say_how_to_go_on(r, err);
	c->result->outcome = COW_CONVERT_ALREADY;
	base_copy(c->result->reason, sizeof(c->result->reason), "taken back: it is as it was");
	return 0;
}

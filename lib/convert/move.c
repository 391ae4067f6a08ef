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

#include <cow/attr.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "image/cache.h"

/* For metadata: the extents of a window, and the names; and for the first step of the way back. */
#define RESERVE ((uint64_t)4 << 20)
/* With less, a window is worth waiting for a commit. */
#define ROOMY ((uint64_t)64 << 20)

/* Half of what is free: what was punched out may take a commit of the filesystem to become so. */
static uint64_t window_size(const struct convert *c)
{
	uint64_t available = 0, size;

	convert_find_room(c->copy, RESERVE + 2 * ROOMY, &available);
	size = available > RESERVE
		       ? (available - RESERVE) / 2 / CONVERT_MOVE_UNIT * CONVERT_MOVE_UNIT
		       : 0;
	if (size < CONVERT_MOVE_UNIT)
		return CONVERT_MOVE_UNIT;
	return size < IMAGE_CACHE_SPAN ? size : IMAGE_CACHE_SPAN;
}

static uint64_t round_up(uint64_t value)
{
	return (value + CONVERT_MOVE_UNIT - 1) / CONVERT_MOVE_UNIT * CONVERT_MOVE_UNIT;
}

/* What comes after it may not have been moved. After the end of the file nothing does, and its last
 * block is free only as a whole; but there is none beyond the largest file there can be. */
static uint64_t end_of_hole(const struct convert *c, uint64_t end)
{
	uint64_t block = (uint64_t)c->before.st_blksize;

	if (end < (uint64_t)c->before.st_size)
		return end;
	end = (end + block - 1) / block * block;
	return end < INT64_MAX ? end : INT64_MAX;
}

static int punch(const struct convert *c, int fd, uint64_t start, uint64_t end,
		 struct cow_error *err)
{
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
		      (off_t)(end_of_hole(c, end) - start)) < 0)
		return base_fail(err, errno, "free the space of what was moved of %s",
				 BASE_QUOTE(c->name));
	return 0;
}

/* What is punched out may never become free: somebody has made a snapshot or a clone of it. Where
 * the rest has no room then, the first step of the way back must have some. */
static int check_way_back(const struct convert *c, uint64_t rest, struct cow_error *err)
{
	uint64_t need = rest < RESERVE ? rest : RESERVE, available = need;

	convert_find_room(c->copy, need, &available);
	return available < need ? base_fail(err, ENOSPC, "move more of %s", BASE_QUOTE(c->name))
				: 0;
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
static int retry_smaller(int r, const struct convert *c, int target, uint64_t start, uint64_t end,
			 uint64_t *window)
{
	if (*window <= CONVERT_MOVE_UNIT)
		return r;
	punch(c, target, start, end, NULL);
	syncfs(target);
	*window = *window / 4 < CONVERT_MOVE_UNIT
			  ? CONVERT_MOVE_UNIT
			  : *window / 4 / CONVERT_MOVE_UNIT * CONVERT_MOVE_UNIT;
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

/* Where the next window begins: what is a hole in both files needs no position of its own, as it is
 * on both sides of any. @return 1, 0 when there is nothing left, -errno */
static int find_next(struct convert *c, uint64_t *at, struct cow_error *err)
{
	struct image_range next;
	int r = convert_layout_next(c, *at, &next, err);

	if (r > 0 && next.start > *at)
		*at = next.start;
	return r;
}

static int move_all(struct convert *c, struct cow_error *err)
{
	uint64_t size = (uint64_t)c->before.st_size, window = window_size(c);
	uint64_t at = c->journal.position;
	int r;

	while ((r = find_next(c, &at, err)) > 0) {
		uint64_t before = c->journal.position,
			 end = size - at < window ? size : at + window;

		r = check_way_back(c, size - at, err);
		if (r < 0)
			return r;
		r = move_window(c, at, end, err);
		if (convert_is_no_room(r) && c->journal.position == before)
			r = retry_smaller(r, c, c->copy, at, end, &window);
		else
			window = window_size(c);
		if (r < 0)
			return r;
		at = c->journal.position > at ? c->journal.position : at;
	}
	return r;
}

/* @return 1 when there is anything in it to be moved back, 0, -errno */
static int find_any(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err)
{
	struct image_range next;
	int r;

	turn(c);
	r = convert_layout_next(c, start, &next, err);
	turn(c);
	return r > 0 ? next.start < end : r;
}

static uint64_t start_of(uint64_t end, uint64_t window)
{
	return end <= window ? 0 : round_up(end - window);
}

/* The same from the other end, which nothing can be asked for but by halving. */
static int find_end(struct convert *c, uint64_t window, uint64_t *end, struct cow_error *err)
{
	uint64_t none = start_of(*end, window), some = 0;
	int r = find_any(c, none, *end, err);

	if (r)
		return r < 0 ? r : 0;
	while (r >= 0 && none - some > window) {
		uint64_t middle = some + (none - some) / 2;

		r = find_any(c, middle, *end, err);
		*(r > 0 ? &some : &none) = middle;
	}
	*end = round_up(none);
	return r < 0 ? r : 0;
}

static int move_all_back(struct convert *c, struct cow_error *err)
{
	uint64_t window = window_size(c), end = c->journal.position;
	int r;

	while ((r = find_end(c, window, &end, err)) == 0 && end) {
		uint64_t before = c->journal.position, at = start_of(end, window);

		r = move_window_back(c, at, end, err);
		if (convert_is_no_room(r) && c->journal.position == before) {
			r = retry_smaller(r, c, c->original, at, end, &window);
		} else {
			window = window_size(c);
			end = at;
		}
		if (r < 0)
			return r;
	}
	if (r == 0 && c->journal.position)
		r = convert_name_copy(c, CONVERT_JOURNAL_MOVING, 0, err);
	return r < 0 ? r : convert_sync_directory(c, err);
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
			   "it is moved in part: %sthe same command goes on, --undo goes back",
			   convert_is_no_room(r) ? "with more room " : "");
}

int convert_move_on(struct convert *c, struct cow_error *err)
{
	uint64_t size = (uint64_t)c->before.st_size, data = 0;
	int r;

	r = c->resumed ? drop_doubles(c, err) : convert_sync_directory(c, err);
	c->resumed = false; /* what is moved now is copied, not compared */
	convert_transfer_begin(c);
	if (r == 0)
		r = move_all(c, err);
	if (r == 0)
		r = convert_copy_metadata(c, err);
	/* Or after a power cut it would seem to have a part of the image still. */
	if (r == 0 && fsync(c->original) < 0)
		r = base_fail(err, errno, "write %s to disk", BASE_QUOTE(c->away));
	if (r == 0)
		r = settle(c, c->temp, c->away, err);
	if (r < 0)
		return say_how_to_go_on(r, err);
	if (image_sum_ranges(c->copy, 0, size, &data) == 0)
		c->result->bytes_holes = size - data;
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
	c->engine.allocate = c->flags & COW_ATTR_NOCOW || c->result->in_place;
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

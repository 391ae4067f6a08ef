/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room for the copy, found out before anything is written. */
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/open.h"
#include "image/ranges.h"

int convert_sum_data(struct convert *c, struct cow_error *err)
{
	int r = image_sum_ranges(c->original, 0, (uint64_t)c->before.st_size, &c->total);

	return r < 0 ? base_fail(err, -r, "find the data of %s", BASE_QUOTE(c->name)) : 0;
}

int convert_find_room(int fd, uint64_t need, uint64_t *ret)
{
	for (int i = 0; i < 2; i++) {
		struct statvfs fs;

		/* What was deleted a moment ago, the image before this one, is free when that is on
		 * disk. */
		if (i)
			syncfs(fd);
		if (fstatvfs(fd, &fs) < 0)
			return -errno;
		/* ramfs and some of FUSE tell nothing: then writing will show. */
		*ret = fs.f_blocks ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX;
		if (need <= *ret)
			break;
	}
	return 0;
}

int convert_fail_room(const char *name, uint64_t need, const char *why, uint64_t available,
		      const char *how, struct cow_error *err)
{
	char need_text[COW_SIZE_TEXT_MAX], free_text[COW_SIZE_TEXT_MAX];

	return base_fail(err, ENOSPC, "the copy of %s needs %s%s, %s are %s", BASE_QUOTE(name),
			 cow_size_format(need, need_text, sizeof(need_text)), why,
			 cow_size_format(available, free_text, sizeof(free_text)), how);
}

int convert_check_room(const struct convert *c, uint64_t need, const char *why,
		       struct cow_error *err)
{
	uint64_t available = 0, reserve = c->options->reserve;
	int r = convert_find_room(c->original, need + reserve, &available);

	if (r < 0)
		return base_fail(err, -r, "look at free space for %s", BASE_QUOTE(c->name));
	available -= available < reserve ? available : reserve;
	if (need <= available)
		return 0;
	return convert_fail_room(c->name, need, why, available, reserve ? "left" : "free", err);
}

/* What others share is not freed, and what is compressed frees less than it needs, nobody says how
 * much. */
static uint64_t stays(const struct convert *c)
{
	return c->extents.shared_bytes + c->extents.encoded_bytes;
}

/* What is free again afterwards is the original, but for that. */
static uint64_t grown(const struct convert *c, uint64_t copy)
{
	uint64_t allocated = (uint64_t)c->before.st_blocks * 512, freed;

	if (c->options->flags & COW_CONVERT_KEEP_ORIGINAL || allocated <= stays(c))
		return copy;
	freed = allocated - stays(c);
	return copy > freed ? copy - freed : 0;
}

static int add_left(const struct cow_convert_interrupted *item, void *data)
{
	struct convert *c = data;
	struct convert_journal journal;

	if (item->state == COW_CONVERT_STATE_COPYING &&
	    convert_journal_parse(item->temp, c->name, &journal) &&
	    journal.old_inode == c->before.st_ino)
		c->left += item->bytes_done;
	return 0;
}

static uint64_t blocks_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

/* Copies that were interrupted are cleared up before it comes to this, but by a dry run. */
static int find_left(struct convert *c, struct cow_error *err)
{
	c->left = 0;
	if (c->temp[0] || !c->recovered || !(c->options->flags & COW_CONVERT_DRY_RUN))
		return 0;
	return cow_convert_list_interrupted(c->dirfd, add_left, c, err);
}

/* Is there so much room, with what the copy has already and what is cleared up before? */
static int check_more(const struct convert *c, uint64_t need, const char *why,
		      struct cow_error *err)
{
	uint64_t there = blocks_of(c->copy) + c->left;

	return convert_check_room(c, need > there ? need - there : 0, why, err);
}

/* Metadata takes some as well, checksums of a CoW copy most: 32 bytes in 4096. */
static uint64_t copy_needs(const struct convert *c)
{
	return c->allocated + c->allocated / 64 + (1u << 20);
}

int convert_check_space(struct convert *c, struct cow_error *err)
{
	int r = convert_sum_data(c, err);

	if (r == 0)
		r = convert_layout_sum(c, &c->allocated, err);
	if (r == 0)
		r = find_left(c, err);
	if (r < 0)
		return r;
	c->result->bytes_grown = grown(c, c->allocated);
	c->result->bytes_needed = copy_needs(c);
	r = check_more(c, c->result->bytes_needed, "", err);
	return convert_advise_room(c, r, err);
}

bool convert_is_no_room(int r)
{
	return r == -ENOSPC || r == -EDQUOT;
}

/* Btrfs frees an extent when nothing refers to any part of it. It makes preallocated ones of 256
 * MiB where its chunks, a tenth of it, are as long, and else none of more than 128 MiB. */
static uint64_t extent_size(const struct convert *c, uint64_t data)
{
	uint64_t longest = (uint64_t)256 << 20;
	struct statfs fs;

	if (fstatfs(c->original, &fs) < 0 || fs.f_type != BTRFS_SUPER_MAGIC)
		return 0;
	if (fs.f_blocks * (uint64_t)fs.f_bsize / 10 < longest)
		longest /= 2;
	return data < longest ? data : longest;
}

static int move_needs(const struct convert *c, uint64_t *ret)
{
	uint64_t data = c->allocated, tail = 0;
	int r = convert_layout_sum_tail(c, &tail);

	*ret = stays(c) + extent_size(c, data) + data / 64 + CONVERT_LOW_SPACE_MIN + tail;
	return r;
}

static bool needs_less_to_move(const struct convert *c)
{
	uint64_t need;

	return !c->live && move_needs(c, &need) == 0 && need < copy_needs(c);
}

bool convert_is_to_move(const struct convert *c)
{
	return c->options->flags & COW_CONVERT_LOW_SPACE && needs_less_to_move(c);
}

int convert_advise_room(const struct convert *c, int r, struct cow_error *err)
{
	if (!convert_is_no_room(r))
		return r;
	return base_remedy(err, r, "%s%s%s", r == -EDQUOT ? "raise the quota" : "make room",
			   c->extents.shared_bytes || c->options->reserve
				   ? ", leave what shares blocks as it is with --skip-shared"
				   : "",
			   needs_less_to_move(c)
				   ? ", or let it be moved bit by bit with --low-space"
			   : c->options->flags & COW_CONVERT_LOW_SPACE
				   ? "; to be moved bit by bit it would need no less"
				   : "");
}

int convert_check_low_space(const struct convert *c, struct cow_error *err)
{
	uint64_t need = 0;
	int r = convert_check_private(c, "moved bit by bit", err);

	if (r == 0)
		r = convert_check_privileges(c->original, c->name, err);
	if (r < 0)
		return r;
	r = move_needs(c, &need);
	if (r < 0)
		return base_fail(err, -r, "map %s", BASE_QUOTE(c->name));
	c->result->bytes_needed = need;
	/* What the copy has is free again before anything is moved. */
	return check_more(
		c, need, stays(c) ? " even so, for what is shared or compressed" : " even so", err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is refused, and why: one function for each reason, tried in the order of the table. */
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/open.h"
#include "convert/recover.h"
#include "convert/survey.h"
#include "image/ranges.h"

static int check_links(struct convert *c, struct cow_error *err)
{
	if (c->before.st_nlink == 1)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EMLINK, COW_CODE_REFUSED,
				       "%s has %lu hard links, which would go on naming the "
				       "old image",
				       BASE_QUOTE(c->name), (unsigned long)c->before.st_nlink),
			   "remove the other names first");
}

static int check_flags(struct convert *c, struct cow_error *err)
{
	if (!(c->flags & (COW_ATTR_IMMUTABLE | COW_ATTR_APPEND)))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EPERM, COW_CODE_REFUSED, "%s is %s",
				       BASE_QUOTE(c->name),
				       c->flags & COW_ATTR_IMMUTABLE ? "immutable" : "append-only"),
			   "chattr -i -a");
}

int convert_check_mounts(struct convert *c, struct cow_error *err)
{
	struct cow_convert_survey *survey = c->options->survey;
	char point[128];

	/* A plan may be a little behind. */
	if (survey && c->options->flags & COW_CONVERT_DRY_RUN &&
	    !survey_is_mounted(survey, c->name))
		return 0;
	if (!convert_find_mount(&c->before, c->name, point, sizeof(point)))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_REFUSED,
				       "%s is bind-mounted on %s, which would go on showing the "
				       "old image",
				       BASE_QUOTE(c->name), BASE_QUOTE(point)),
			   "unmount it first");
}

/* In an append-only directory the copy could be named, but neither exchanged nor removed. */
static int check_directory(struct convert *c, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = base_fd_reopen(c->dirfd, O_RDONLY | O_DIRECTORY);
	uint32_t flags;

	if (fd < 0 || cow_attr_get(fd, &flags, NULL) < 0 ||
	    !(flags & (COW_ATTR_IMMUTABLE | COW_ATTR_APPEND)))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EPERM, COW_CODE_REFUSED,
				       "the directory of %s is immutable or append-only",
				       BASE_QUOTE(c->name)),
			   "chattr -i -a on the directory");
}

/* A directory that hands its project down takes in no file of another one. */
static int check_project(struct convert *c, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = base_fd_reopen(c->dirfd, O_RDONLY | O_DIRECTORY);
	struct fsxattr directory, image;

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &directory) < 0 ||
	    ioctl(c->original, FS_IOC_FSGETXATTR, &image) < 0 ||
	    !(directory.fsx_xflags & FS_XFLAG_PROJINHERIT) ||
	    directory.fsx_projid == image.fsx_projid)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EXDEV, COW_CODE_REFUSED,
				       "%s is of project %u, and its directory takes only files "
				       "of project %u",
				       BASE_QUOTE(c->name), image.fsx_projid, directory.fsx_projid),
			   "chattr -p %u on the image", directory.fsx_projid);
}

static int check_writable(struct convert *c, struct cow_error *err)
{
	struct statvfs fs;

	if (fstatvfs(c->original, &fs) == 0 && !(fs.f_flag & ST_RDONLY))
		return 0;
	return base_fail(err, EROFS, "convert %s", BASE_QUOTE(c->name));
}

static int check_libvirt(struct convert *c, struct cow_error *err)
{
	int r = c->live ? 0 : convert_check_libvirt(c->original, c->name, err);
	char other[sizeof(err->remedy)];

	if (r == 0)
		return 0;
	base_copy(other, sizeof(other), err->remedy);
	return base_remedy(err, r, "convert while it runs (--live), or %s", other);
}

static int check_kept_name(struct convert *c, struct cow_error *err)
{
	struct stat st;

	if (!(c->options->flags & COW_CONVERT_KEEP_ORIGINAL))
		return 0;
	if (!c->kept[0])
		return base_fail_code(err, ENAMETOOLONG, COW_CODE_REFUSED,
				      "keep the original of %s", BASE_QUOTE(c->name));
	if (fstatat(c->dirfd, c->kept, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return base_remedy(err,
			   base_fail(err, EEXIST, "keep the original of %s as %s",
				     BASE_QUOTE(c->name), BASE_QUOTE(c->kept)),
			   "move that away first");
}

/* What was interrupted is believed by its names: it must not be begun where anybody else could make
 * up such names, for it could not be gone on with there. */
static int check_private(const struct convert *c, const char *what, struct cow_error *err)
{
	if (recover_is_private(c))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EPERM, COW_CODE_REFUSED,
				       "%s can't be %s: others may create files in its directory",
				       BASE_QUOTE(c->name), what),
			   "%s", recover_make_private(c));
}

static int check_resume(struct convert *c, struct cow_error *err)
{
	bool resume = c->options->flags & COW_CONVERT_RESUME;

	return resume ? check_private(c, "resumed", err) : 0;
}

int convert_check(struct convert *c, struct cow_error *err)
{
	static int (*const checks[])(struct convert *, struct cow_error *) = {
		check_links,     convert_check_mounts, check_flags,
		check_directory, check_project,        check_writable,
		check_libvirt,   check_kept_name,      check_resume,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < BASE_ARRAY_SIZE(checks); i++)
		r = checks[i](c, err);
	return r;
}

/* Room for the copy, found out before anything is written ------------------------------------- */

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

/* What is free again afterwards is the original, but for what others share of it; and of what is
 * compressed nobody says how little that is. */
static uint64_t grown(const struct convert *c, uint64_t copy)
{
	uint64_t allocated = (uint64_t)c->before.st_blocks * 512;
	uint64_t stays = c->extents.shared_bytes + c->extents.encoded_bytes;

	if (c->options->flags & COW_CONVERT_KEEP_ORIGINAL || allocated <= stays)
		return copy;
	return copy > allocated - stays ? copy - (allocated - stays) : 0;
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

int convert_check_space(struct convert *c, struct cow_error *err)
{
	uint64_t need;
	int r = convert_sum_data(c, err);

	if (r == 0)
		r = convert_layout_sum(c, &c->allocated, err);
	if (r == 0)
		r = find_left(c, err);
	if (r < 0)
		return r;
	need = c->allocated;
	c->result->bytes_grown = grown(c, need);
	/* Metadata takes some as well, checksums of a CoW copy most: 32 bytes in 4096. */
	need += need / 64 + (1u << 20);
	c->result->bytes_needed = need;
	r = check_more(c, need, "", err);
	return convert_advise_room(c, r, err);
}

bool convert_is_no_room(int r)
{
	return r == -ENOSPC || r == -EDQUOT;
}

int convert_advise_room(const struct convert *c, int r, struct cow_error *err)
{
	if (!convert_is_no_room(r))
		return r;
	return base_remedy(err, r, "%s%s, or let it be moved bit by bit with --low-space",
			   r == -EDQUOT ? "raise the quota" : "make room",
			   c->extents.shared_bytes || c->options->reserve
				   ? ", leave what shares blocks as it is with --skip-shared"
				   : "");
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

int convert_check_low_space(const struct convert *c, struct cow_error *err)
{
	uint64_t data = c->allocated;
	/* What others share is not freed when it is punched out, and what is compressed frees less
	 * than it needs, nobody says how much. */
	uint64_t stays = c->extents.shared_bytes + c->extents.encoded_bytes, tail = 0;
	uint64_t need = stays + extent_size(c, data) + data / 64 + CONVERT_LOW_SPACE_MIN;
	int r = check_private(c, "moved bit by bit", err);

	if (r == 0)
		r = convert_check_privileges(c->original, c->name, err);
	if (r < 0)
		return r;
	r = convert_layout_sum_tail(c, &tail);
	if (r < 0)
		return base_fail(err, -r, "map %s", BASE_QUOTE(c->name));
	need += tail;
	c->result->bytes_needed = need;
	/* What the copy has is free again before anything is moved. */
	return check_more(c, need,
			  stays ? " even so, for what is shared or compressed" : " even so", err);
}

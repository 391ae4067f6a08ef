/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is refused, and why: one function for each reason, tried in the order of the table. */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/open.h"
#include "convert/recover.h"
#include "convert/survey.h"

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
	return convert_check_flags(c->flags, c->name, err);
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
int convert_check_private(const struct convert *c, const char *what, struct cow_error *err)
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

	return resume ? convert_check_private(c, "resumed", err) : 0;
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

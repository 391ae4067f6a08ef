/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a new image becomes NOCOW or CoW while it is empty, whatever then fills it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/text.h"
#include "image/wish.h"

int image_check_name(int dirfd, const char *name, struct cow_error *err)
{
	struct stat st;

	if (!name[0] || strchr(name, '/') || base_equal(name, ".") || base_equal(name, ".."))
		return base_fail(err, EINVAL, "%s is not a file name", BASE_QUOTE(name));
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return base_fail(err, EEXIST, "create %s", BASE_QUOTE(name));
	return errno == ENOENT ? 0 : base_fail(err, errno, "create %s", BASE_QUOTE(name));
}

/* In a directory with a compression flag a file is born with it, and Btrfs refuses NOCOW beside it.
 * The file is ours and empty: the flag goes first, in a change of its own. */
static int set_flag(int fd, bool nocow, struct cow_error *err)
{
	struct cow_error first = {0};
	int r = cow_attr_set_nocow(fd, nocow, &first);

	if (r < 0 && first.code == COW_CODE_CONFLICT) {
		r = cow_attr_change(fd, 0, COW_ATTR_COMPRESS | COW_ATTR_NOCOMPRESS, err);
		return r < 0 ? r : cow_attr_set_nocow(fd, nocow, err);
	}
	if (r < 0 && err)
		*err = first;
	return r;
}

static int fail(const struct image_wish *wish, const struct cow_error *cause, struct cow_error *err)
{
	int r = base_fail_code(err, cause->errnum, cause->code,
			       "switch copy-on-write %s for %s: %s", wish->nocow ? "off" : "on",
			       BASE_QUOTE(wish->name), cause->message);

	return cause->remedy[0] ? base_remedy(err, r, "%s", cause->remedy) : r;
}

int image_wish_apply(const struct image_wish *wish, int fd, char unmet[IMAGE_UNMET_MAX],
		     struct cow_error *err)
{
	struct cow_error cause = {0};

	if (wish->strength == COW_WISH_LEAVE || set_flag(fd, wish->nocow, &cause) == 0)
		return 0;
	if (wish->strength == COW_WISH_REQUIRE)
		return fail(wish, &cause, err);
	base_copy_format(unmet, IMAGE_UNMET_MAX, "%s: %s", cause.message,
			 strerrordesc_np(cause.errnum));
	return 0;
}

int image_wish_read_back(const struct image_wish *wish, int fd, enum cow_answer *ret_nocow,
			 struct cow_error *err)
{
	uint32_t flags = 0;

	*ret_nocow = COW_ANSWER_UNKNOWN;
	if (cow_attr_get(fd, &flags, NULL) == 0)
		*ret_nocow = flags & COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
	if (wish->strength == COW_WISH_REQUIRE &&
	    *ret_nocow != (wish->nocow ? COW_ANSWER_YES : COW_ANSWER_NO))
		return base_fail_code(err, EOPNOTSUPP, COW_CODE_NOT_HONOURED,
				      "%s lost its NOCOW setting while it was written",
				      BASE_QUOTE(wish->name));
	return 0;
}

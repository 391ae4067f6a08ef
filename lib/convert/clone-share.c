/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reflinks, and why there are none. */
#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/clone.h"

/* What FICLONE answers where the two can't share, as opposed to failing. */
static const struct refusal {
	int errnum;
	enum cow_code code;
	const char *reason;
} refusals[] = {
	{EXDEV, COW_CODE_UNSUPPORTED, "they are on different filesystems"},
	{EOPNOTSUPP, COW_CODE_UNSUPPORTED, "the filesystem can't share blocks"},
	{ENOTTY, COW_CODE_UNSUPPORTED, "the filesystem can't share blocks"},
	{ENOSYS, COW_CODE_UNSUPPORTED, "the filesystem can't share blocks"},
	{EINVAL, COW_CODE_CONFLICT,
	 "one has checksums and the other hasn't (made under the mount option nodatasum?)"},
};

static const struct refusal *find_refusal(int errnum)
{
	for (size_t i = 0; i < BASE_ARRAY_SIZE(refusals); i++)
		if (refusals[i].errnum == errnum)
			return &refusals[i];
	return NULL;
}

/* The kernel looks at the two files before it looks at the range, and from the end on there is
 * nothing to share. */
int convert_clone_may_share(const struct clone *c)
{
	struct file_clone_range nothing = {.src_fd = c->source,
					   .src_offset = (uint64_t)c->before.st_size};

	return ioctl(c->copy.fd, FICLONERANGE, &nothing) < 0 ? -errno : 0;
}

bool convert_clone_is_nocow(const struct clone *c)
{
	enum cow_answer nocow = COW_ANSWER_UNKNOWN;
	const struct image_wish no_wish = {0};

	image_wish_read_back(&no_wish, c->copy.fd, &nocow, NULL);
	return nocow == COW_ANSWER_YES;
}

static void explain(struct clone *c, const struct refusal *refusal)
{
	struct cow_clone_result *result = c->result;
	bool source = result->source_nocow == COW_ANSWER_YES;
	char path[PATH_MAX];

	base_copy(result->reason, sizeof(result->reason), refusal->reason);
	if (refusal->errnum != EINVAL || convert_clone_is_nocow(c) == source)
		return;
	base_copy_format(result->reason, sizeof(result->reason),
			 "%s is %s and the clone %s: one has checksums and the other hasn't",
			 BASE_QUOTE(c->from), source ? "NOCOW" : "copy-on-write",
			 source ? "copy-on-write" : "NOCOW");
	convert_clone_find_path(c, path);
	base_copy_format(
		result->remedy, sizeof(result->remedy),
		"to share, let the clone match it (--match), or first: cowctl convert%s %s",
		source ? " --cow on" : "", BASE_QUOTE(path));
}

static int fail(const struct clone *c, const struct refusal *refusal, struct cow_error *err)
{
	int r = base_refuse(err, refusal->errnum, refusal->code,
			    "%s can't share its blocks with %s: %s", BASE_QUOTE(c->from),
			    BASE_QUOTE(c->to), c->result->reason);

	return base_remedy(err, r, "%s", c->result->remedy);
}

int convert_clone_share(struct clone *c, struct cow_error *err)
{
	struct cow_clone_result *result = c->result;
	const struct refusal *refusal;
	int r;

	if (c->options->reflink == COW_REFLINK_NEVER) {
		base_copy(result->reason, sizeof(result->reason), "sharing was not wanted");
		return 0;
	}
	r = convert_clone_may_share(c);
	if (r == 0 && !(c->options->flags & COW_CLONE_DRY_RUN))
		r = ioctl(c->copy.fd, FICLONE, c->source) < 0 ? -errno : 0;
	if (r == 0) {
		base_copy(result->reason, sizeof(result->reason),
			  result->source_nocow == COW_ANSWER_YES && convert_clone_is_nocow(c)
				  ? "both are NOCOW, on one filesystem"
				  : "both are on one filesystem, which shares blocks");
		return 1;
	}
	refusal = find_refusal(-r);
	if (!refusal)
		return base_fail(err, -r, "share the blocks of %s with %s", BASE_QUOTE(c->from),
				 BASE_QUOTE(c->to));
	explain(c, refusal);
	return c->options->reflink == COW_REFLINK_ALWAYS ? fail(c, refusal, err) : 0;
}

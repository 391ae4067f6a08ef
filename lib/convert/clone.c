/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of things. Nothing has a name before the last step: until then a crash leaves nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <cow/attr.h>

#include "attr/label.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "convert/clone.h"
#include "convert/convert.h"
#include "convert/open.h"
#include "probe/own.h"

COW_EXPORT const char *cow_clone_method_name(enum cow_clone_method method)
{
	static const char *const names[] = {"unknown", "shared", "copied"};

	return BASE_NAME(names, method);
}

bool convert_clone_is_dry(const struct clone *c)
{
	return c->options->flags & COW_CLONE_DRY_RUN;
}

static int open_source(struct clone *c, struct cow_error *err)
{
	int links = c->options->flags & COW_CLONE_NO_FOLLOW ? O_NOFOLLOW : 0;
	int r = convert_open(c->from_dirfd, c->from, O_RDONLY | links, &c->before, err);
	uint32_t flags = 0;

	if (r < 0)
		return r;
	c->source = r;
	if (cow_attr_get(c->source, &flags, NULL) == 0)
		c->result->source_nocow = flags & COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
	return 0;
}

/* Readers may come and go. Where no lease can be had, QEMU at least says what it does. */
static int hold_source(struct clone *c, struct cow_error *err)
{
	int r = convert_hold_lease(&c->hold, c->source, F_RDLCK);

	if (r == 0)
		c->result->held = COW_ANSWER_YES;
	if (r == -EAGAIN || (r < 0 && convert_hold_sees_writer(c->source)))
		return convert_fail_in_use(c->from, &c->before, err);
	return 0;
}

/* @return -EBUSY or -ESTALE once somebody has begun to write, or may have. */
int convert_clone_check_still(struct clone *c, struct cow_error *err)
{
	struct stat st;

	if (c->result->held == COW_ANSWER_YES) {
		if (convert_hold_intact(&c->hold))
			return 0;
		convert_hold_release_lease(&c->hold);
		return convert_fail_in_use(c->from, &c->before, err);
	}
	if (fstat(c->source, &st) == 0 && st.st_size == c->before.st_size &&
	    !memcmp(&st.st_mtim, &c->before.st_mtim, sizeof(st.st_mtim)) &&
	    !convert_hold_sees_writer(c->source))
		return 0;
	return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s changed meanwhile",
			   BASE_QUOTE(c->from));
}

/* The class of another filesystem's file means nothing here, and would share nothing. */
static void match(struct clone *c)
{
	int r = convert_clone_may_share(c);

	c->wish.strength = COW_WISH_LEAVE;
	if (c->result->source_nocow == COW_ANSWER_UNKNOWN || (r < 0 && r != -EINVAL))
		return;
	c->wish.strength = COW_WISH_REQUIRE;
	c->wish.nocow = c->result->source_nocow == COW_ANSWER_YES;
}

static int open_copy(struct clone *c, struct cow_error *err)
{
	int r = base_temp_open(&c->copy, c->to_dirfd, 0600, NULL);

	if (r < 0)
		return base_fail(err, -r, "create %s", BASE_QUOTE(c->to));
	if (c->options->flags & COW_CLONE_MATCH)
		match(c);
	return image_wish_apply(&c->wish, c->copy.fd, c->result->unmet, err);
}

/* XFS shares no preallocated space that was never written: the clone has a hole there. */
static uint64_t count_shared(const struct clone *c)
{
	struct stat st = c->before;

	if (!convert_clone_is_dry(c))
		fstat(c->copy.fd, &st);
	return (uint64_t)st.st_blocks * 512;
}

static int fill(struct clone *c, struct cow_error *err)
{
	struct cow_clone_result *result = c->result;
	int r = convert_clone_share(c, err);

	if (r < 0)
		return r;
	if (r > 0) {
		result->method = COW_CLONE_SHARED;
		result->bytes_shared = count_shared(c);
		return convert_clone_check_still(c, err);
	}
	return convert_clone_copy(c, err);
}

/* The mode comes last: it may not let its owner write. */
static int set_owner_and_mode(struct clone *c, struct cow_error *err)
{
	if (fchown(c->copy.fd, c->before.st_uid, c->before.st_gid) < 0 && errno != EPERM)
		return base_fail(err, errno, "set the owner of %s", BASE_QUOTE(c->to));
	if (fchmod(c->copy.fd, c->before.st_mode & 0777) < 0)
		return base_fail(err, errno, "set the mode of %s", BASE_QUOTE(c->to));
	return 0;
}

static int finish(struct clone *c, struct cow_error *err)
{
	int r = convert_clone_keep_backing(c, err);

	if (r == 0 && c->options->own)
		r = probe_set_own_policy(c->copy.fd, c->options->own, c->to, err);
	if (r == 0)
		r = attr_set_label(c->copy.fd, c->options->label, c->to, err);
	if (r == 0)
		r = set_owner_and_mode(c, err);
	return r;
}

static int check_options(const struct cow_clone_options *options, struct cow_error *err)
{
	if (options->flags & ~(COW_CLONE_DRY_RUN | COW_CLONE_MATCH | COW_CLONE_NO_FOLLOW))
		return base_fail(err, EINVAL, "clone: unknown flags 0x%x", options->flags);
	if (options->reflink > COW_REFLINK_NEVER)
		return base_fail(err, EINVAL, "clone: unknown way to share");
	return 0;
}

static int run(struct clone *c, struct cow_error *err)
{
	int r;

	if ((r = check_options(c->options, err)) < 0 ||
	    (r = image_check_name(c->to_dirfd, c->to, err)) < 0 || (r = open_source(c, err)) < 0 ||
	    (r = hold_source(c, err)) < 0 || (r = convert_clone_look_inside(c, err)) < 0 ||
	    (r = open_copy(c, err)) < 0 || (r = fill(c, err)) < 0)
		return r;
	if (!convert_clone_is_dry(c) && (r = finish(c, err)) < 0)
		return r;
	r = image_wish_read_back(&c->wish, c->copy.fd, &c->result->nocow, err);
	if (r == 0 && !convert_clone_is_dry(c))
		r = base_temp_commit(&c->copy, c->to, false, err);
	return r;
}

COW_EXPORT int cow_clone_at(int from_dirfd, const char *from, int to_dirfd, const char *to,
			    const struct cow_clone_options *options, struct cow_clone_result *ret,
			    struct cow_error *err)
{
	BASE_CLEANUP(fd) int from_directory = -1;
	BASE_CLEANUP(fd) int to_directory = -1;
	struct cow_clone_result result = {0};
	struct clone c = {
		.from = from,
		.to = to,
		.options = options,
		.result = &result,
		.source = -1,
		.hold = {.fd = -1, .lease = F_UNLCK},
		.wish = {to, options->wish, options->nocow},
		.copy = BASE_TEMP_INIT,
	};
	double start = convert_now();
	int r;

	from_directory = openat(from_dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	to_directory = openat(to_dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	c.from_dirfd = from_directory;
	c.to_dirfd = to_directory;
	if (from_directory < 0 || to_directory < 0)
		r = base_fail(err, errno, "open the directories of %s and %s", BASE_QUOTE(from),
			      BASE_QUOTE(to));
	else
		r = run(&c, err);
	base_temp_close(&c.copy);
	cow_header_clear(&c.header);
	free(c.backing);
	if (c.source >= 0)
		close(c.source);
	result.seconds = convert_now() - start;
	if (r == 0 && ret)
		*ret = result;
	return r;
}

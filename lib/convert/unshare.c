/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of things. docs/unshare.md says why a crash does no harm. */
#include <fcntl.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/open.h"
#include "convert/unshare.h"

COW_EXPORT const char *cow_unshare_outcome_name(enum cow_unshare_outcome outcome)
{
	static const char *const names[] = {"unknown", "unshared", "already",
					    "planned", "refused",  "failed"};

	return BASE_NAME(names, outcome);
}

/* An open descriptor for reading would stand against a write lease, as anybody else's does. */
static int reopen(struct unshare *u, int flags, struct cow_error *err)
{
	ino_t inode = u->before.st_ino;
	dev_t device = u->before.st_dev;

	if (u->fd >= 0)
		close(u->fd);
	u->fd = convert_open(u->dirfd, u->name, flags | O_NOFOLLOW, &u->before, err);
	if (u->fd < 0)
		return u->fd;
	if (inode && (inode != u->before.st_ino || device != u->before.st_dev))
		return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s was replaced meanwhile",
				   BASE_QUOTE(u->name));
	return 0;
}

/* Nobody has it open, and with the lock bytes QEMU will not until this is over. A dry run makes way
 * for it. */
static int hold(struct unshare *u, struct cow_error *err)
{
	int r = convert_unshare_hold(u, err);

	if (r < 0)
		return r;
	if (!(u->options->flags & COW_UNSHARE_DRY_RUN))
		r = convert_hold_lock(&u->hold);
	convert_hold_release_lease(&u->hold);
	return r < 0 ? base_fail(err, -r, "lock %s", BASE_QUOTE(u->name)) : 0;
}

/* What this run wrote was there already, so that is no time to be told; but whoever has the image
 * open may have written something else. */
static int keep_time(struct unshare *u, struct cow_error *err)
{
	bool alone = convert_unshare_hold(u, NULL) == 0;
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, u->before.st_mtim};
	int r = alone && futimens(u->fd, times) < 0 ? -errno : 0;

	convert_hold_release_lease(&u->hold);
	if (r == 0 && fsync(u->fd) < 0)
		r = -errno;
	return r < 0 ? base_fail(err, -r, "keep the time of %s", BASE_QUOTE(u->name)) : 0;
}

static int read_back(struct unshare *u, struct cow_error *err)
{
	uint64_t shared = u->result->bytes_shared;
	int r = convert_unshare_find_spans(u, err);

	u->result->bytes_shared = shared;
	convert_unshare_count(u, &u->result->runs_after, &u->result->rows_after);
	if (r < 0 || !u->spans.n)
		return r;
	return base_remedy(err,
			   base_refuse(err, EAGAIN, COW_CODE_CHANGED,
				       "parts of %s are shared or old again: a snapshot or clone "
				       "was made meanwhile",
				       BASE_QUOTE(u->name)),
			   "unshare it once more");
}

static int carry_out(struct unshare *u, struct cow_error *err)
{
	int r = convert_unshare_renew(u, err), kept;

	/* Also after half of it. */
	if (u->result->bytes_rewritten) {
		kept = keep_time(u, r < 0 ? NULL : err);
		r = r < 0 ? r : kept;
	}
	return r < 0 ? r : read_back(u, err);
}

/* What would come of opening it to write, for a dry run does not. */
static int check_writable(const struct unshare *u, struct cow_error *err)
{
	return faccessat(u->dirfd, u->name, W_OK, AT_EACCESS) < 0
		       ? base_fail(err, errno, "open %s", BASE_QUOTE(u->name))
		       : 0;
}

static int check_flags(const struct unshare *u, struct cow_error *err)
{
	uint32_t flags = 0;

	cow_attr_get(u->fd, &flags, NULL); /* or none: then to open it will show */
	return convert_check_flags(flags, u->name, err);
}

static int prepare(struct unshare *u, struct cow_error *err)
{
	bool dry = u->options->flags & COW_UNSHARE_DRY_RUN;
	int r;

	if (u->options->flags & ~COW_UNSHARE_DRY_RUN)
		return base_fail(err, EINVAL, "unshare: unknown flags 0x%x", u->options->flags);
	if ((r = reopen(u, O_RDONLY, err)) < 0 || (r = convert_unshare_look(u, err)) < 0 ||
	    u->result->outcome)
		return r;
	r = convert_check_libvirt(u->fd, u->name, err);
	if (r == 0)
		r = convert_check_privileges(u->fd, u->name, err);
	if (r == 0)
		r = check_flags(u, err);
	if (r == 0)
		r = dry ? check_writable(u, err) : reopen(u, O_RDWR, err);
	if (r == 0)
		r = hold(u, err);
	return r < 0 ? r : convert_unshare_plan(u, err);
}

static int run(struct unshare *u, struct cow_error *err)
{
	struct cow_unshare_result *result = u->result;
	int r = prepare(u, err);

	if (r < 0)
		result->outcome = COW_UNSHARE_REFUSED;
	if (r < 0 || result->outcome)
		return r;
	if (u->options->flags & COW_UNSHARE_DRY_RUN) {
		result->outcome = COW_UNSHARE_PLANNED;
		return 0;
	}
	r = carry_out(u, err);
	result->outcome = r < 0 ? COW_UNSHARE_FAILED : COW_UNSHARE_UNSHARED;
	return r;
}

COW_EXPORT int cow_unshare_at(int dirfd, const char *name,
			      const struct cow_unshare_options *options,
			      struct cow_unshare_result *ret, struct cow_error *err)
{
	BASE_CLEANUP(fd) int directory = -1;
	struct cow_error own = {0};
	struct unshare u = {
		.name = name,
		.options = options,
		.result = ret,
		.fd = -1,
		.watch = -1,
		.hold = {.fd = -1, .lease = F_UNLCK},
	};
	double start = convert_now();
	int r;

	*ret = (struct cow_unshare_result){.outcome = COW_UNSHARE_REFUSED};
	directory = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		r = base_fail(&own, errno, "open the directory of %s", BASE_QUOTE(name));
	else {
		ret->outcome = COW_UNSHARE_UNKNOWN;
		u.dirfd = directory;
		r = run(&u, &own);
	}
	if (r < 0)
		convert_tell(&own, ret->reason, ret->remedy, err);
	free(u.spans.list);
	if (u.watch >= 0)
		close(u.watch);
	if (u.fd >= 0)
		close(u.fd); /* gives up leases and locks */
	ret->seconds = convert_now() - start;
	return r;
}

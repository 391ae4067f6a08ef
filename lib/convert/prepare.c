/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps 1 to 3 of a conversion, and everything that can be known beforehand: whether there is
 * anything to do, whether it may be done, what it takes. Nothing has a name yet, so a crash leaves
 * nothing. */
#include <fcntl.h>
#include <sys/file.h>

#include <cow/attr.h>
#include <cow/probe.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/live.h"
#include "convert/open.h"
#include "convert/recover.h"
#include "image/cache.h"

static bool wants_nocow(const struct convert *c)
{
	return c->options->to == COW_POLICY_OFF;
}

/* Step 1: open it for reading. */
static int open_original(struct convert *c, struct cow_error *err)
{
	int r = convert_open(c->dirfd, c->name, O_RDONLY | O_NOFOLLOW, &c->before, err);

	if (r < 0)
		return S_ISDIR(c->before.st_mode)
			       ? base_remedy(err, r, "convert the images in it (--recursive)")
			       : r;
	c->original = r;
	return 0;
}

/* Step 2: nobody may have it open. A write lease proves that nobody has, and is turned into a read
 * lease at once, which keeps writers out but lets readers look: while a write lease is held, a
 * libvirt pool that refreshes finds its volume blocked and goes inactive. */
static int hold_original(struct convert *c, struct cow_error *err)
{
	int r = convert_hold_lease(&c->original_hold, c->original, F_WRLCK);

	if (r == 0)
		r = convert_hold_lease(&c->original_hold, c->original, F_RDLCK);
	/* A dry run makes way for whoever comes, and its lease tells it; QEMU would not start. */
	if (r == 0 && !(c->options->flags & COW_CONVERT_DRY_RUN))
		r = convert_hold_lock(&c->original_hold);
	if (r == -EAGAIN)
		return convert_fail_when_used(c, err);
	return r < 0 ? convert_fail_to_hold(c->name, r, err) : 0;
}

/* Nobody may have it open, or else the guest has to be one that can mirror it. */
static int claim(struct convert *c, struct cow_error *err)
{
	return c->live ? convert_live_check(c, err) : hold_original(c, err);
}

static void note_not_preallocated(struct convert *c)
{
	if (c->options->flags & COW_CONVERT_PREALLOCATE &&
	    (uint64_t)c->before.st_blocks * 512 < (uint64_t)c->before.st_size)
		convert_note(c, "not preallocated: that takes --rewrite");
}

/* Why the flag can't be had: either it isn't needed, or there is no switch. A rewrite has still to
 * be done without it where it isn't needed. */
static int explain_no_flag(struct convert *c, const struct cow_error *cause, struct cow_error *err)
{
	struct cow_probe *probe = NULL;
	struct cow_decision decision;
	int r = cow_probe_new(BASE_FD_PATH(c->original), 0, &probe, err);

	if (r < 0)
		return r;
	cow_policy_decide(c->options->to, probe, &decision);
	c->result->in_place = probe->cow_switch == COW_SWITCH_NOT_NEEDED;
	if (c->result->in_place && c->options->flags & COW_CONVERT_REWRITE) {
		c->nocow = false;
		r = 0;
	} else if (c->result->in_place) {
		c->result->outcome = COW_CONVERT_ALREADY;
		base_copy(c->result->reason, sizeof(c->result->reason), decision.reason);
		note_not_preallocated(c);
		r = 0;
	} else if (decision.action == COW_ACTION_REFUSE) {
		r = cow_decision_apply(&decision, -1, err);
	} else {
		if (err)
			*err = *cause;
		r = -cause->errnum;
	}
	cow_probe_free(probe);
	return r;
}

bool convert_is_in_place(int fd)
{
	struct cow_probe *probe = NULL;
	bool in_place;

	if (cow_probe_new(BASE_FD_PATH(fd), 0, &probe, NULL) < 0)
		return false;
	in_place = probe->cow_switch == COW_SWITCH_NOT_NEEDED;
	cow_probe_free(probe);
	return in_place;
}

/* Without the flag it is copied on each overwrite only where the flag could be had. The probe is
 * for where it could not: it takes longer. */
void convert_find_in_place(struct convert *c)
{
	BASE_CLEANUP(fd) int fd = openat(c->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 && cow_attr_set_nocow(fd, true, NULL) < 0)
		c->result->in_place = convert_is_in_place(fd);
}

static int refuse_copy(const struct convert *c, const char *why, struct cow_error *err)
{
	return base_remedy(
		err,
		base_refuse(err, EEXIST, COW_CODE_REFUSED, "%s is %s", BASE_QUOTE(c->temp), why),
		"convert without --resume to start again");
}

/* Where the flag can't be had, and isn't needed, the copy is as good without it as a new one. */
static int adopt_unflagged(struct convert *c, struct cow_error *err)
{
	struct cow_error cause = {0};
	int r = refuse_copy(c, "a copy for the opposite of what is asked for now", &cause);

	if (wants_nocow(c))
		return explain_no_flag(c, &cause, err);
	if (err)
		*err = cause;
	return r;
}

/* A copy that an interrupted run left, to go on with. */
static int adopt_copy(struct convert *c, struct cow_error *err)
{
	uint32_t flags = 0;
	struct stat st;
	int r;

	/* To open it would look like somebody who writes to it. */
	if (convert_is_at_work(c->dirfd, &c->journal, (ino_t)c->journal.new_inode))
		return recover_fail_at_work(c, err);
	c->copy = openat(c->dirfd, c->temp, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (c->copy < 0 || fstat(c->copy, &st) < 0)
		return base_fail(err, errno, "open %s", BASE_QUOTE(c->temp));
	c->watch = convert_hold_watch(c->copy);
	r = convert_hold_lease(&c->copy_hold, c->copy, F_WRLCK);
	convert_hold_release_lease(&c->copy_hold);
	if (r < 0 || st.st_ino != c->journal.new_inode || st.st_nlink != 1 ||
	    flock(c->copy, LOCK_EX | LOCK_NB) < 0)
		return refuse_copy(c, "in use, or not as it was left", err);
	r = cow_attr_get(c->copy, &flags, err);
	if (r < 0)
		return r;
	c->resumed = true;
	c->nocow = flags & COW_ATTR_NOCOW;
	return c->nocow == wants_nocow(c) ? 0 : adopt_unflagged(c, err);
}

/* Step 3: an unnamed file in the same directory, empty and with the flag read back. A crash from
 * here to step 7 leaves nothing at all: the file has no name. */
static int open_copy(struct convert *c, struct cow_error *err)
{
	const uint32_t compression = COW_ATTR_COMPRESS | COW_ATTR_NOCOMPRESS;
	struct cow_error cause = {0};
	int r;

	if (c->temp[0])
		return adopt_copy(c, err);
	c->copy = openat(c->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (c->copy < 0)
		return base_fail(err, errno, "create an unnamed file beside %s",
				 BASE_QUOTE(c->name));
	c->nocow = wants_nocow(c);
	if (!c->nocow)
		return cow_attr_set_nocow(c->copy, false, err);
	/* A compressing directory hands its flag down. It goes first and alone: clearing it and
	 * setting NOCOW in one call is EINVAL. */
	r = cow_attr_change(c->copy, 0, compression, &cause);
	if (r == 0)
		r = cow_attr_set_nocow(c->copy, true, &cause);
	return r < 0 ? explain_no_flag(c, &cause, err) : 0;
}

static bool is_already(struct convert *c)
{
	bool nocow = c->flags & COW_ATTR_NOCOW;

	c->result->from_nocow = nocow ? COW_ANSWER_YES : COW_ANSWER_NO;
	if (!nocow && !wants_nocow(c))
		convert_find_in_place(c);
	if (nocow != wants_nocow(c) || c->options->flags & COW_CONVERT_REWRITE)
		return false;
	c->result->outcome = COW_CONVERT_ALREADY;
	note_not_preallocated(c);
	base_copy(c->result->reason, sizeof(c->result->reason),
		  nocow                 ? "NOCOW is already set"
		  : c->result->in_place ? "there is no copy-on-write to keep: the filesystem "
					  "overwrites in place"
					: "NOCOW is not set");
	return true;
}

static int check_space(struct convert *c, struct cow_error *err)
{
	int r = convert_check_space(c, err);

	if (r != -ENOSPC || !convert_is_to_move(c))
		return r;
	c->low_space = true;
	return convert_check_low_space(c, err);
}

static void note_extents(struct convert *c)
{
	c->result->runs_before = c->extents.runs;
	c->result->rows_before = c->extents.rows;
	c->result->bytes_shared = c->extents.shared_bytes;
	c->result->bytes_compressed = c->nocow ? c->extents.encoded_bytes : 0;
}

static bool is_left_shared(struct convert *c)
{
	if (!(c->options->flags & COW_CONVERT_SKIP_SHARED) || !c->extents.shared_bytes)
		return false;
	c->result->outcome = COW_CONVERT_ALREADY;
	base_copy(c->result->reason, sizeof(c->result->reason),
		  "it shares blocks with a snapshot or a clone, and is left together with them");
	return true;
}

int convert_prepare(struct convert *c, struct cow_error *err)
{
	struct cow_error cause, no_copy = {0};
	int r = open_original(c, err), copied;

	if (r < 0)
		return r;
	r = cow_attr_get(c->original, &c->flags, &cause);
	if ((r == -ENOTTY || r == -EOPNOTSUPP) && !(c->options->flags & COW_CONVERT_REWRITE))
		return explain_no_flag(c, &cause, err);
	if (r < 0)
		return base_fail(err, -r, "read the flags of %s", BASE_QUOTE(c->name));
	if (is_already(c))
		return 0;
	r = convert_check_mount_point(c, err);
	if (r < 0)
		return r;
	/* Where nothing is needed, it is no matter whether it might be done: that is asked first,
	 * and answered in its turn. */
	copied = open_copy(c, &no_copy);
	if (c->result->outcome)
		return copied;
	if ((r = convert_check(c, err)) < 0 || (r = claim(c, err)) < 0)
		return r;
	if (copied < 0) {
		*err = no_copy;
		return copied;
	}
	r = cow_extents_read(c->original, COW_EXTENTS_SYNC, &c->extents, err);
	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	if (!c->live)
		image_cache_drop_unwritten(c->original);
	note_extents(c);
	if (is_left_shared(c))
		return 0;
	if (c->nocow && c->flags & (COW_ATTR_COMPRESS | COW_ATTR_NOCOMPRESS))
		convert_note(c, "%s is dropped: it excludes NOCOW",
			     c->flags & COW_ATTR_COMPRESS ? "compression"
							  : "the flag against compression");
	if (convert_is_blind(c->copy))
		convert_note(c, "attributes in trusted.*, libvirt's in-use mark among them, only "
				"root can see and keep");
	r = check_space(c, err);
	return r < 0 ? r : convert_try_metadata(c, err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The copy takes the original's place (docs/convert.md, steps 8 to 12).
 *
 * An open() that had found the old inode just before the exchange waits on its lease and would go
 * on with a file that is about to be removed. The lease reads as broken from that moment on, so it
 * is checked after the exchange, and the names are exchanged back if anybody came. Nothing is
 * removed while somebody may hold it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/journal.h"

/* Readers who only look in passing (a desktop's indexer, qemu-img info) are worth a short wait. */
#define UPGRADE_TRIES 20
#define UPGRADE_WAIT  25
/* Time for an open() that has looked up the name to reach the lease, before and after the
 * directory is on disk. Nearly all of them are there at once. */
#define GRACE_BEFORE 5
#define GRACE_AFTER  30

static void wait_us(long us)
{
	struct timespec t = {us / 1000000, us % 1000000 * 1000};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* Watch a lease for a while. @return false as soon as it is broken: whoever opens the other inode
 * in the meantime would have to be sent away from there. */
static bool stays_intact(const struct convert_hold *hold, int ms)
{
	const int step_us = 200;

	for (int us = 0; us < ms * 1000; us += step_us) {
		if (!convert_hold_intact(hold))
			return false;
		wait_us(step_us);
	}
	return convert_hold_intact(hold);
}

static int fail_busy(const struct convert *c, struct cow_error *err)
{
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_BUSY, "somebody opened %s just now",
				       BASE_QUOTE(c->name)),
			   "close it and try again");
}

/* From keeping writers out to keeping everybody out. */
static int upgrade(struct convert *c, struct cow_error *err)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < UPGRADE_TRIES; i++) {
		if (i)
			wait_us(UPGRADE_WAIT * 1000L);
		if (!convert_hold_intact(&c->original_hold))
			return fail_busy(c, err);
		r = convert_hold_lease(&c->original_hold, c->original, F_WRLCK);
	}
	if (r == -EAGAIN)
		return fail_busy(c, err);
	return r < 0 ? base_fail(err, -r, "take a write lease on %s", BASE_QUOTE(c->name)) : 0;
}

/* Nothing of the original may have changed since it was opened, not even its attributes. */
static int check_unchanged(const struct convert *c, struct cow_error *err)
{
	struct stat now, named;

	if (fstat(c->original, &now) < 0 ||
	    fstatat(c->dirfd, c->name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(c->name));
	if (named.st_ino == c->before.st_ino && named.st_dev == c->before.st_dev &&
	    now.st_size == c->before.st_size && now.st_nlink == 1 &&
	    !memcmp(&now.st_mtim, &c->before.st_mtim, sizeof(now.st_mtim)) &&
	    !memcmp(&now.st_ctim, &c->before.st_ctim, sizeof(now.st_ctim)))
		return 0;
	return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s changed meanwhile",
			   BASE_QUOTE(c->name));
}

static int exchange(const struct convert *c, const char *temp)
{
	return renameat2(c->dirfd, c->name, c->dirfd, temp, RENAME_EXCHANGE) < 0 ? -errno : 0;
}

/* A file that somebody got hold of may not lose its only name. */
static int check_alone(const struct convert *c, const char *temp, const struct convert_hold *hold,
		       struct cow_error *err)
{
	if (!convert_hold_intact(hold))
		return base_remedy(err,
				   base_refuse(err, EBUSY, COW_CODE_BUSY,
					       "somebody opened %s while it was being replaced, "
					       "and may write to %s, which is therefore kept",
					       BASE_QUOTE(c->name), BASE_QUOTE(temp)),
				   "close both, then convert again");
	return 0;
}

/* Back to the original. An opener of the copy, should there be one too, keeps it in being. */
static int undo(struct convert *c, const char *temp, struct cow_error *err)
{
	int r = exchange(c, temp);

	if (r < 0)
		return base_fail(err, -r, "put %s back from %s", BASE_QUOTE(c->name),
				 BASE_QUOTE(temp));
	convert_hold_release_lease(&c->original_hold);
	base_sync_directory(c->dirfd);
	stays_intact(&c->copy_hold, GRACE_AFTER);
	r = check_alone(c, temp, &c->copy_hold, err);
	if (r < 0)
		return r;
	if (unlinkat(c->dirfd, temp, 0) < 0)
		return base_fail(err, errno, "remove %s", BASE_QUOTE(temp));
	return 0;
}

int convert_retire(struct convert *c, const char *temp)
{
	int r;

	if (c->kept[0])
		r = renameat2(c->dirfd, temp, c->dirfd, c->kept, RENAME_NOREPLACE);
	else
		r = unlinkat(c->dirfd, temp, 0);
	if (r < 0)
		return -errno;
	base_copy(c->result->original, sizeof(c->result->original), c->kept);
	return base_sync_directory(c->dirfd);
}

static int link_copy(const struct convert *c, char temp[CONVERT_JOURNAL_NAME_MAX],
		     struct cow_error *err)
{
	struct convert_journal journal = {
		.old_inode = c->before.st_ino,
		.mtime_seconds = c->before.st_mtim.tv_sec,
		.mtime_nanoseconds = (uint32_t)c->before.st_mtim.tv_nsec,
		.image = c->name,
	};
	struct stat st;

	if (fstat(c->copy, &st) < 0)
		return base_fail(err, errno, "look at the copy of %s", BASE_QUOTE(c->name));
	journal.new_inode = st.st_ino;
	convert_journal_format(&journal, temp);
	if (linkat(AT_FDCWD, BASE_FD_PATH(c->copy), c->dirfd, temp, AT_SYMLINK_FOLLOW) < 0)
		return base_fail(err, errno, "name the copy of %s", BASE_QUOTE(c->name));
	return 0;
}

/* The copy is named and nobody else has it. From here on a failure takes the name away again. */
static int replace(struct convert *c, const char *temp, struct cow_error *err)
{
	int r = upgrade(c, err);
	bool intact;

	if (r == 0)
		r = check_unchanged(c, err);
	if (r == 0 && (r = exchange(c, temp)) < 0)
		base_fail(err, -r, "exchange %s and its copy", BASE_QUOTE(c->name));
	if (r < 0) {
		unlinkat(c->dirfd, temp, 0);
		return r;
	}
	intact = stays_intact(&c->original_hold, GRACE_BEFORE);
	if (intact) {
		r = base_sync_directory(c->dirfd);
		intact = stays_intact(&c->original_hold, GRACE_AFTER);
	}
	if (r < 0 || !intact) {
		int undone = undo(c, temp, err);

		if (undone < 0)
			return undone;
		return r < 0 ? base_fail(err, -r, "write the directory of %s to disk",
					 BASE_QUOTE(c->name))
			     : fail_busy(c, err);
	}
	r = check_alone(c, temp, &c->original_hold, err);
	if (r == 0 && (r = convert_retire(c, temp)) < 0)
		base_fail(err, -r, "retire the old image of %s, now %s", BASE_QUOTE(c->name),
			  BASE_QUOTE(temp));
	return r;
}

int convert_swap(struct convert *c, struct cow_error *err)
{
	char temp[CONVERT_JOURNAL_NAME_MAX];
	int r = convert_hold_lease(&c->copy_hold, c->copy, F_WRLCK);

	if (r == 0)
		r = convert_hold_lock(&c->copy_hold);
	if (r < 0)
		return base_fail(err, -r, "take a lease on the copy of %s", BASE_QUOTE(c->name));
	r = link_copy(c, temp, err);
	return r < 0 ? r : replace(c, temp, err);
}

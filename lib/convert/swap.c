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

/* Time for an open() that has looked up the name to reach the lease, before and after the
 * directory is on disk. Nearly all of them are there at once. */
#define GRACE_BEFORE 5
#define GRACE_AFTER  30

void convert_wait_us(long us)
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
		convert_wait_us(step_us);
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

	for (int i = 0; r == -EAGAIN && i < CONVERT_HOLD_TRIES; i++) {
		if (i)
			convert_wait_us(CONVERT_HOLD_WAIT_US);
		if (!convert_hold_intact(&c->original_hold))
			return fail_busy(c, err);
		r = convert_hold_lease(&c->original_hold, c->original, F_WRLCK);
	}
	if (r == -EAGAIN)
		return fail_busy(c, err);
	return r < 0 ? base_fail(err, -r, "take a write lease on %s", BASE_QUOTE(c->name)) : 0;
}

int convert_fail_changed(const struct convert *c, struct cow_error *err)
{
	return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s changed meanwhile",
			   BASE_QUOTE(c->name));
}

bool convert_names(const struct convert *c, const char *name, ino_t inode)
{
	struct stat st;

	return fstatat(c->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == inode &&
	       st.st_dev == c->before.st_dev;
}

bool convert_is_unchanged(const struct convert *c)
{
	struct stat now;

	return fstat(c->original, &now) == 0 && convert_names(c, c->name, c->before.st_ino) &&
	       now.st_size == c->before.st_size && now.st_nlink == 1 &&
	       !memcmp(&now.st_mtim, &c->before.st_mtim, sizeof(now.st_mtim)) &&
	       !memcmp(&now.st_ctim, &c->before.st_ctim, sizeof(now.st_ctim));
}

/* Exchange the two names, and see that it was the file meant that left the path: somebody may have
 * moved another one there in the last instant, and that is theirs. */
int convert_exchange(const struct convert *c, const char *temp, ino_t leaves)
{
	if (renameat2(c->dirfd, c->name, c->dirfd, temp, RENAME_EXCHANGE) < 0)
		return -errno;
	if (convert_names(c, temp, leaves))
		return 0;
	renameat2(c->dirfd, c->name, c->dirfd, temp, RENAME_EXCHANGE);
	return -ESTALE;
}

static int fail_kept(const struct convert *c, const char *temp, struct cow_error *err)
{
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_BUSY,
				       "somebody opened, replaced or removed %s while it was "
				       "being exchanged with %s, which is therefore kept",
				       BASE_QUOTE(c->name), BASE_QUOTE(temp)),
			   "close both, compare them, keep the right one");
}

/* Take the name of the copy away, which nobody uses; unless it was to be gone on with. Somebody's
 * file that could not be put back to the path has it then. */
static int discard(struct convert *c, const char *temp, struct cow_error *err)
{
	struct stat st;

	if (fstatat(c->dirfd, temp, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino != c->copy_inode)
		return fail_kept(c, temp, err);
	if (c->options->flags & COW_CONVERT_RESUME)
		return convert_name_copy(c, CONVERT_JOURNAL_COPYING, 0, err);
	if (unlinkat(c->dirfd, temp, 0) == 0)
		return 0;
	return base_fail(err, errno, "remove the unused copy %s", BASE_QUOTE(temp));
}

/* Back to the original. An opener of the copy, should there be one too, keeps it in being: giving
 * the lease up lets them in, and then it can't be had again. */
static int undo(struct convert *c, const char *temp, struct cow_error *err)
{
	int r = convert_exchange(c, temp, c->copy_inode);

	if (r == -ESTALE || r == -ENOENT)
		return fail_kept(c, temp, err);
	if (r < 0)
		return base_fail(err, -r, "put %s back from %s", BASE_QUOTE(c->name),
				 BASE_QUOTE(temp));
	convert_hold_release(&c->original_hold);
	base_sync_directory(c->dirfd);
	stays_intact(&c->copy_hold, GRACE_AFTER);
	convert_hold_release_lease(&c->copy_hold);
	if (convert_hold_lease(&c->copy_hold, c->copy, F_WRLCK) < 0)
		return fail_kept(c, temp, err);
	return discard(c, temp, err);
}

int convert_retire(struct convert *c, const char *temp, bool keep)
{
	int r;

	if (keep)
		r = renameat2(c->dirfd, temp, c->dirfd, c->kept, RENAME_NOREPLACE);
	else
		r = unlinkat(c->dirfd, temp, 0);
	if (r < 0)
		return -errno;
	if (keep)
		base_copy(c->result->original, sizeof(c->result->original), c->kept);
	/* Too late to go back, and no need to: should the power fail as well, the temporary name is
	 * there again, and says what is left to do. */
	if (base_sync_directory(c->dirfd) < 0)
		convert_note(c, "the directory could not be written to disk; after a power cut, "
				"convert again");
	return 0;
}

int convert_name_copy(struct convert *c, enum convert_journal_kind kind, uint64_t position,
		      struct cow_error *err)
{
	struct convert_journal journal = {
		.old_inode = c->before.st_ino,
		.mtime_seconds = c->before.st_mtim.tv_sec,
		.mtime_nanoseconds = (uint32_t)c->before.st_mtim.tv_nsec,
		.kind = kind,
		.position = position,
	};
	char name[CONVERT_JOURNAL_NAME_MAX];
	struct stat st;
	int r;

	if (fstat(c->copy, &st) < 0)
		return base_fail(err, errno, "look at the copy of %s", BASE_QUOTE(c->name));
	c->copy_inode = st.st_ino;
	journal.new_inode = st.st_ino;
	convert_journal_format(&journal, c->name, name);
	if (c->temp[0])
		r = renameat2(c->dirfd, c->temp, c->dirfd, name, RENAME_NOREPLACE);
	else
		r = linkat(AT_FDCWD, BASE_FD_PATH(c->copy), c->dirfd, name, AT_SYMLINK_FOLLOW);
	if (r < 0)
		return base_fail(err, errno, "name the copy of %s", BASE_QUOTE(c->name));
	base_copy(c->temp, sizeof(c->temp), name);
	c->journal = journal;
	return 0;
}

int convert_sync_directory(const struct convert *c, struct cow_error *err)
{
	int r = base_sync_directory(c->dirfd);

	return r < 0 ? base_fail(err, -r, "write the directory of %s to disk", BASE_QUOTE(c->name))
		     : 0;
}

/* Steps 11 and 12, with the copy at the path: whatever is wrong, the exchange can be undone. */
static int settle(struct convert *c, const char *temp, struct cow_error *err)
{
	int r;

	if (!stays_intact(&c->original_hold, GRACE_BEFORE))
		return fail_busy(c, err);
	r = convert_sync_directory(c, err);
	if (r < 0)
		return r;
	if (!stays_intact(&c->original_hold, GRACE_AFTER))
		return fail_busy(c, err);
	/* Owner, links and the like may have been changed until the very exchange. */
	if (!convert_names(c, c->name, c->copy_inode) ||
	    !convert_names(c, temp, c->before.st_ino) || !convert_metadata_is_same(c))
		return convert_fail_changed(c, err);
	r = convert_retire(c, temp, c->options->flags & COW_CONVERT_KEEP_ORIGINAL);
	return r < 0 ? base_fail(err, -r, "retire the old image of %s", BASE_QUOTE(c->name)) : 0;
}

/* Steps 9 and 10, with the original at the path. */
static int put_in_place(struct convert *c, const char *temp, struct cow_error *err)
{
	int r = upgrade(c, err);

	if (r < 0)
		return r;
	if (!convert_is_unchanged(c))
		return convert_fail_changed(c, err);
	r = convert_exchange(c, temp, c->before.st_ino);
	if (r == -ESTALE)
		return convert_fail_changed(c, err);
	return r < 0 ? base_fail(err, -r, "exchange %s and its copy", BASE_QUOTE(c->name)) : 0;
}

/* What goes wrong while clearing up is worse than why it was to be cleared up. */
static int replace(struct convert *c, const char *temp, struct cow_error *err)
{
	struct cow_error clearing;
	int (*clear)(struct convert *, const char *, struct cow_error *) = discard;
	int r = put_in_place(c, temp, err);

	if (r == 0) {
		clear = undo;
		r = settle(c, temp, err);
	}
	if (r < 0 && clear(c, temp, &clearing) < 0)
		*err = clearing;
	return r;
}

int convert_swap(struct convert *c, struct cow_error *err)
{
	bool keep = c->options->flags & COW_CONVERT_KEEP_ORIGINAL;
	/* One that has a name already may be looked at. */
	int r = convert_hold_lease_alone(&c->copy_hold, c->copy);

	if (r == 0)
		r = convert_hold_lock(&c->copy_hold);
	if (r < 0)
		return base_fail(err, -r, "take a lease on the copy of %s", BASE_QUOTE(c->name));
	/* It was compared, but perhaps before that. */
	if (convert_hold_saw_writer(c->watch))
		return base_refuse(err, ESTALE, COW_CODE_CHANGED,
				   "somebody wrote to the copy of %s meanwhile",
				   BASE_QUOTE(c->name));
	r = convert_name_copy(c, keep ? CONVERT_JOURNAL_KEEP : CONVERT_JOURNAL_REMOVE, 0, err);
	return r < 0 ? r : replace(c, c->temp, err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a killed conversion left: which of it is whose, and who deals with that (recover-offline.c,
 * recover-live.c). What can be gone on with is left. What is neither the old nor the new inode is
 * not this image's business: it is left alone, and said; but refused where it is the image of that
 * name, in two parts, and a copy to be mirrored to is removed, which serves nobody. */
#include <fcntl.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/live.h"
#include "convert/recover.h"
#include "convert/survey.h"

int recover_refuse(const struct convert *c, const char *temp, const char *why,
		   struct cow_error *err)
{
	int r = base_refuse(err, EEXIST, COW_CODE_REFUSED,
			    "an interrupted conversion of %s left %s, %s", BASE_QUOTE(c->name),
			    BASE_QUOTE(temp), why);

	return base_remedy(err, r, "%s",
			   convert_journal_is_move(temp)
				   ? "remove nothing: of the two files of a move each holds a part"
				   : "compare the two, keep the right one, and remove the other");
}

int recover_fail_at_work(const struct convert *c, struct cow_error *err)
{
	return base_refuse(err, EBUSY, COW_CODE_BUSY, "%s is being converted", BASE_QUOTE(c->name));
}

int recover_open_alone(const struct convert *c, const char *name, struct convert_hold *hold,
		       struct cow_error *err)
{
	int fd = openat(c->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? -errno : convert_hold_lease(hold, fd, F_WRLCK);

	if (r == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	if (r == -EAGAIN)
		return base_refuse(err, EBUSY, COW_CODE_BUSY, "%s is open", BASE_QUOTE(name));
	return base_fail(err, -r, "hold %s", BASE_QUOTE(name));
}

/* The old image of a conversion that was as good as done, kept or not as it was asked for then. */
int recover_finish(struct convert *c, const char *temp, const struct convert_journal *journal,
		   struct cow_error *err)
{
	int r = base_sync_directory(c->dirfd);

	if (r == 0)
		r = convert_retire(c, temp, convert_journal_keeps(journal));
	return r < 0 ? base_fail(err, -r, "clear up %s", BASE_QUOTE(temp)) : 0;
}

int recover_remove_copy(struct convert *c, const char *temp, struct cow_error *err)
{
	int r = unlinkat(c->dirfd, temp, 0) < 0 ? -errno : base_sync_directory(c->dirfd);

	return r < 0 ? base_fail(err, -r, "remove %s", BASE_QUOTE(temp)) : 0;
}

/* Nobody but us and root can create names here. Group bits cover ACLs: they show the mask. */
bool recover_is_private(const struct convert *c)
{
	struct stat st;

	return fstat(c->dirfd, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

const char *recover_make_private(const struct convert *c)
{
	struct stat st;

	if (fstat(c->dirfd, &st) == 0 && st.st_uid != 0 && st.st_uid != geteuid())
		return "do it as the owner of the directory";
	return "keep them from it meanwhile (chmod go-w on the directory)";
}

static bool belongs(const struct convert_journal *journal, const struct stat *st,
		    const struct stat *image)
{
	return (st->st_ino == journal->new_inode && image->st_ino == journal->old_inode) ||
	       (st->st_ino == journal->old_inode && image->st_ino == journal->new_inode);
}

/* Not this image's; but is it that of another one which is in two parts, and had this name? */
static int leave_alone(const struct convert *c, const char *temp,
		       const struct convert_journal *journal, const struct stat *st,
		       struct cow_error *err)
{
	if (st->st_ino != journal->new_inode || !recover_is_private(c) ||
	    !convert_journal_find_away(c->dirfd, journal, c->name))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EEXIST, COW_CODE_REFUSED,
				       "%s is not the image that was moved in part to %s",
				       BASE_QUOTE(c->name), BASE_QUOTE(temp)),
			   "move it away; then converting again goes on, --undo goes back");
}

/* Was it asked whether a guest uses the image? One that does may stand still. */
static bool knows_guests(const struct convert *c)
{
	return c->options->flags & COW_CONVERT_LIVE && !c->unasked[0];
}

/* Of two live conversions that began at once, one that was killed can leave a copy of what the
 * other one has removed. */
static int remove_orphan(struct convert *c, const char *temp, const struct convert_journal *journal,
			 const struct stat *st, struct cow_error *err)
{
	struct convert_hold hold = {.fd = -1, .lease = F_UNLCK};
	BASE_CLEANUP(fd) int fd = -1;
	int r;

	if (convert_journal_is_mirrored(journal) || st->st_ino != journal->new_inode ||
	    st->st_nlink != 1 || c->options->flags & COW_CONVERT_DRY_RUN ||
	    (convert_journal_is_opening(journal) && !knows_guests(c)) || !recover_is_private(c) ||
	    convert_is_locked(c->dirfd, st->st_ino))
		return 0;
	fd = recover_open_alone(c, temp, &hold, NULL);
	if (fd < 0)
		return 0;
	if (c->live) /* resumed when all is settled */
		c->live->paused |= convert_journal_is_opening(journal);
	r = recover_remove_copy(c, temp, err);
	return r < 0 ? r : 1;
}

/* @return 1 when it was dealt with, 0 when it is not this image's. */
static int recover_one(struct convert *c, const char *temp, const struct convert_journal *journal,
		       const struct stat *image, struct cow_error *err)
{
	struct stat st;

	if (fstatat(c->dirfd, temp, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (!belongs(journal, &st, image))
		return convert_journal_is_live(journal) ? remove_orphan(c, temp, journal, &st, err)
							: leave_alone(c, temp, journal, &st, err);
	if (c->options->flags & COW_CONVERT_DRY_RUN)
		return 1;
	if (convert_journal_is_live(journal))
		return convert_recover_live(c, temp, journal, err);
	return convert_recover_offline(c, temp, journal, st.st_ino, image, err);
}

static void note(struct convert *c, const char *temp, bool dealt_with)
{
	struct stat st;

	if (!dealt_with && fstatat(c->dirfd, temp, &st, AT_SYMLINK_NOFOLLOW) == 0)
		convert_note(c, "%s is left of another file's conversion", BASE_QUOTE(temp));
	else if (dealt_with && c->options->flags & COW_CONVERT_DRY_RUN)
		convert_note(c, "what an interrupted conversion left would be cleared up");
	c->recovered |= dealt_with;
}

/* The image is as it was when the copy was begun, as far as its inode tells, and is not found to be
 * as wanted without one. */
static bool can_resume(const struct convert *c, const struct convert_journal *journal,
		       const struct stat *image)
{
	const unsigned flags = c->options->flags & (COW_CONVERT_RESUME | COW_CONVERT_UNDO);

	return flags == COW_CONVERT_RESUME && !c->result->outcome &&
	       journal->kind == CONVERT_JOURNAL_COPYING && image &&
	       image->st_ino == journal->old_inode && convert_journal_unwritten(journal, image);
}

/* Leave what can be gone on with, under its name. @return false when it is to be settled now. */
static bool leave(struct convert *c, const char *temp, const struct convert_journal *journal,
		  const struct stat *image)
{
	bool moving = !image && (journal->kind == CONVERT_JOURNAL_MOVING ||
				 journal->kind == CONVERT_JOURNAL_AWAY);

	if (!moving && !can_resume(c, journal, image))
		return false;
	if (journal->kind == CONVERT_JOURNAL_AWAY) {
		base_copy(c->away, sizeof(c->away), temp);
	} else {
		base_copy(c->temp, sizeof(c->temp), temp);
		c->journal = *journal;
	}
	return true;
}

static int fail_no_image(struct convert *c, struct cow_error *err)
{
	struct convert_journal away;

	if (!c->temp[0] && !c->away[0])
		return base_fail(err, ENOENT, "open %s", BASE_QUOTE(c->name));
	if (convert_journal_may_be_cut(c->name)) /* it would be given that name */
		return base_remedy(err,
				   base_refuse(err, EINVAL, COW_CODE_REFUSED,
					       "%s is a name that was cut", BASE_QUOTE(c->name)),
				   "name the image as it was called");
	if (!recover_is_private(c))
		return base_remedy(err,
				   recover_refuse(c, c->away[0] ? c->away : c->temp,
						  "and others may create files in its directory",
						  err),
				   "%s", recover_make_private(c));
	if (c->temp[0] && c->away[0] && convert_journal_parse(c->away, c->name, &away) &&
	    away.old_inode == c->journal.old_inode && away.new_inode == c->journal.new_inode)
		return convert_is_at_work(c->dirfd, &away, (ino_t)away.old_inode)
			       ? recover_fail_at_work(c, err)
			       : 0;
	return recover_refuse(c, c->away[0] ? c->away : c->temp, "which can't be gone on with",
			      err);
}

static int settle_all(struct convert *c, const struct base_names *leftovers,
		      const struct stat *image, struct cow_error *err)
{
	const char *temp = NULL;
	int r = 0;

	while (r >= 0 && (temp = base_names_next(leftovers, temp))) {
		struct convert_journal journal;

		if (!convert_journal_parse(temp, c->name, &journal) ||
		    leave(c, temp, &journal, image))
			continue;
		r = image ? recover_one(c, temp, &journal, image, err) : 0;
		if (r >= 0)
			note(c, temp, r > 0);
	}
	return r < 0 ? r : 0;
}

static int recover(struct convert *c, struct cow_convert_survey *survey, struct cow_error *err)
{
	int error = fstatat(c->dirfd, c->name, &c->before, AT_SYMLINK_NOFOLLOW) < 0 ? errno : 0;
	int r;

	if (error && error != ENOENT)
		return base_fail(err, error, "open %s", BASE_QUOTE(c->name));
	r = survey_read_leftovers(survey, c->dirfd);
	if (r < 0)
		return base_fail(err, -r, "read the directory of %s", BASE_QUOTE(c->name));
	r = settle_all(c, &survey->leftovers, error ? NULL : &c->before, err);
	if (r < 0)
		return r;
	if (error)
		return fail_no_image(c, err);
	return c->live ? convert_live_resume(c, err) : 0;
}

int convert_recover(struct convert *c, struct cow_error *err)
{
	struct cow_convert_survey own = {0};
	int r = recover(c, c->options->survey ? c->options->survey : &own, err);

	survey_clear(&own);
	return r;
}

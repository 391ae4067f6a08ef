/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an interrupted live conversion left. The guest may still run, so it matters who has which of
 * the two files open; with O and N for the old and the new inode there are these cases:
 *
 *   image  temp   open     what is done
 *   O      N      N not    the copy is removed
 *   N      O      N not    exchanged back, the copy is removed: the guest was not there yet
 *   N      O      O not    once mirrored: the exchange is completed, the guest is (or was) on N
 *   N      O      O        once mirrored, but QEMU does not write to it: nothing is touched
 *   either        both     the mirror still runs: exchanged back, the mirror is ended, again; or,
 *                          mirrored, it has ended, and what QEMU does not use of O is closed
 *   O      N      N        once mirrored, or with no mirror any more and (libvirt's) running, and
 *                          written to by QEMU: exchanged, the guest is on N
 *   either        N        while the guest stands still for it to be opened: the same, and QEMU is
 *                          made to open O again
 *   either        other    nothing is touched
 *
 * Where nobody writes to one and N, mirrored, is at the path, the guest may have ended on either.
 * Until it was on N alone, every write went to both; so the one written to last has all of them.
 */
#include <fcntl.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/live.h"
#include "convert/recover-pair.h"
#include "convert/recover.h"

/* By the journal somebody else's file may come to the path, or the image be given its owner, and a
 * guest let go on: so it has to be ours. */
static int refuse_theirs(const struct convert *c, const char *temp,
			 const struct convert_journal *journal, struct cow_error *err)
{
	if (journal->new_inode == c->copy_inode || recover_is_private(c))
		return 0;
	return base_remedy(err,
			   recover_refuse(c, temp, "in a directory that others can write to", err),
			   "%s", recover_make_private(c));
}

static int exchange(struct convert *c, const char *temp, const struct convert_journal *journal,
		    uint64_t leaves, struct cow_error *err)
{
	int r = refuse_theirs(c, temp, journal, err);

	if (r == 0)
		r = convert_live_exchange(c, temp, (ino_t)leaves, err);
	return r < 0 ? r : convert_sync_directory(c, err);
}

static int exchange_back(struct convert *c, const char *temp, const struct convert_journal *journal,
			 struct cow_error *err)
{
	return exchange(c, temp, journal, journal->new_inode, err);
}

/* This is the file that the guest has. Before the journal goes, which tells the next run that the
 * guest may stand still. */
static int let_go_on(struct convert *c, const struct side *side, bool give, struct cow_error *err)
{
	int r, resumed;

	if (!c->live)
		return 0;
	r = side->open && give ? convert_give_shelved(c, side->fd, err) : 0;
	c->live->astray = false;
	resumed = convert_live_resume(c, r < 0 ? NULL : err);
	return r < 0 ? r : resumed;
}

/* With the copy, of which an earlier run has made what the original was. Since then there has been
 * time for something else. */
static bool has_gone_on(const struct convert *c, const struct convert_journal *journal,
			const struct pair *pair)
{
	return c->live && journal->new_inode != c->copy_inode &&
	       (pair_was_left(pair, journal) || c->live->backend->runs(c->live, NULL) > 0);
}

/* The one that is to be removed. */
static int refuse_open(const struct convert *c, const char *temp, const struct pair *pair,
		       struct cow_error *err)
{
	char holder[128];

	convert_find_holder(&pair->temp.st, holder, sizeof(holder));
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_BUSY, "the %s of %s is still open%s%s",
				       pair->copy == &pair->temp ? "copy" : "old image",
				       BASE_QUOTE(c->name), holder[0] ? " in " : "", holder),
			   "close %s, which the next run then removes", BASE_QUOTE(temp));
}

/* The table above, but for its fourth row. */
static int settle(struct convert *c, const char *temp, const struct convert_journal *journal,
		  const struct pair *pair, bool was_mirrored, struct cow_error *err)
{
	int r = 0;

	if (pair_guest_is_on_copy(pair, journal)) {
		r = let_go_on(c, pair->copy, !has_gone_on(c, journal, pair), err);
		if (r < 0)
			return r;
		convert_forget_users(pair->old->fd);
		return recover_finish(c, temp, journal, err);
	}
	if (pair->copy == &pair->temp && pair->copy->open &&
	    convert_hold_sees_writer(pair->old->fd))
		return refuse_open(c, temp, pair, err);
	if (pair->copy->open)
		return recover_refuse(c, temp, "and the new file is in use", err);
	if (!was_mirrored && pair_was_gone_on_with(c, journal, pair))
		return recover_refuse(
			c, temp, "and the new file of the two was written to after the old one",
			err);
	if (pair->copy == &pair->image)
		r = exchange_back(c, temp, journal, err);
	if (r < 0)
		return r;
	/* Who has looked up the image's name before it was back there waits for the lease. */
	if (!convert_hold_intact(&pair->copy->hold))
		return recover_refuse(c, temp, "and the new file is in use", err);
	r = let_go_on(c, pair->old, true, err);
	return r < 0 ? r : recover_remove_copy(c, temp, err);
}

/* libvirt takes its label off the wrong one of the two when a mirror ends, and SELinux would refuse
 * what a guest that ran asked for meanwhile; and QEMU 7.2 dies of a request that comes in then,
 * unless the disk is a virtio one. The name says so first: should this run be killed, the next one
 * lets the guest go on. */
static void stop_guest(struct convert *c, struct convert_journal *journal,
		       char temp[CONVERT_JOURNAL_NAME_MAX])
{
	const struct convert_live_backend *backend = c->live->backend;
	bool mirrored = convert_journal_is_mirrored(journal);
	struct convert_live_job job;
	int r = 0;

	/* Over the monitor there is nothing to be said of one that has ended. */
	if (!backend->open_mirrors && backend->look(c->live, &job, NULL) <= 0)
		return;
	if (backend->runs(c->live, NULL) <= 0)
		return;
	if (!convert_journal_stops_guest(journal))
		r = convert_live_mark(c, journal,
				      mirrored ? CONVERT_JOURNAL_MIRRORED : CONVERT_JOURNAL_OPENING,
				      temp, NULL);
	if (r == 0)
		convert_live_pause(c->live, journal, NULL);
}

/* The image has to be back at the path first, for QEMU opens it by its name. But where there is no
 * mirror any more, it may have ended with the guest on the copy. */
static int end_mirror(struct convert *c, char temp[CONVERT_JOURNAL_NAME_MAX],
		      struct convert_journal *journal, bool in_place, struct cow_error *err)
{
	struct convert_live_job job;
	int r = 1;

	if (!c->live)
		return base_remedy(err,
				   base_refuse(err, EBUSY, COW_CODE_BUSY,
					       "an interrupted live conversion of %s goes on in "
					       "the guest",
					       BASE_QUOTE(c->name)),
				   "do it again with --live or --qmp, which ends it first");
	if (in_place && convert_journal_is_mirrored(journal))
		r = c->live->backend->look(c->live, &job, err);
	if (in_place && r > 0)
		r = exchange_back(c, temp, journal, err);
	if (r < 0)
		return r;
	stop_guest(c, journal, temp);
	return c->live->backend->cancel(c->live, err);
}

/* To what is at the path. QEMU ends itself when it can't open it again. */
static int give_back(struct convert *c, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = base_open_quietly(c->dirfd, c->name, O_RDONLY | O_NOFOLLOW);

	return fd < 0 ? base_fail(err, -fd, "open %s", BASE_QUOTE(c->name))
		      : convert_give_shelved(c, fd, err);
}

/* With the original at the path. */
static int lead_back(struct convert *c, const struct convert_journal *journal,
		     struct cow_error *err)
{
	int r = give_back(c, err);

	return r < 0 ? r : convert_live_reopen(c, (ino_t)journal->old_inode, err);
}

static int refuse_astray(const struct convert *c, const char *temp, struct cow_error *err)
{
	return base_remedy(
		err, recover_refuse(c, temp, "and the guest did not open its image again", err),
		"try again, or shut the guest %s down (it would lose writes if it went "
		"on) and convert then",
		c->live->guest);
}

/* libvirt takes what is at the path for the file to be handed back to its owner. Should a run have
 * been killed before it undid that, the other file still has the owner that the guest needs: QEMU
 * ends itself when it can't open its image again. */
static int shelve(struct convert *c, const struct pair *pair, struct cow_error *err)
{
	const struct stat *copy = &pair->copy->st;
	int r = convert_shelve(c, pair->old->fd, err);

	/* One that is ours is no guest's, but a scratch file, or that of a guest which needs none.
	 */
	if (r < 0 || pair->copy == &pair->image || copy->st_uid == geteuid() ||
	    !c->live->backend->open_mirrors)
		return r;
	return fchown(c->shelf, copy->st_uid, copy->st_gid) < 0
		       ? base_fail(err, errno, "keep the owner of %s", BASE_QUOTE(c->name))
		       : 0;
}

static int mark_ahead(struct convert *c, char temp[CONVERT_JOURNAL_NAME_MAX],
		      struct convert_journal *journal, const struct pair *pair,
		      struct cow_error *err)
{
	int r;

	if (!pair_is_ahead_unmarked(c, journal, pair))
		return 0;
	r = convert_live_sync(c, pair->copy->fd, err);
	return r < 0 ? r : convert_live_mark(c, journal, CONVERT_JOURNAL_MIRRORED, temp, err);
}

static int recover(struct convert *c, char temp[CONVERT_JOURNAL_NAME_MAX],
		   struct convert_journal *journal, struct cow_error *err)
{
	struct pair pair;
	int r = pair_open(c, temp, journal, &pair, err);
	bool in_place = r == 0 && pair.copy == &pair.image;
	bool was_mirrored = r == 0 && pair_is_mirrored(&pair);

	if (r == 0)
		r = mark_ahead(c, temp, journal, &pair, err);
	if (r == 0 && c->live && c->shelf < 0)
		r = shelve(c, &pair, err);
	if (r == 0 && pair_goes_on(c, journal, &pair)) {
		pair_close(&pair);
		r = end_mirror(c, temp, journal, in_place, err);
		if (r == 0)
			r = pair_open(c, temp, journal, &pair, err);
		/* QEMU may have had the original open for nobody. */
		if (r == 0)
			r = mark_ahead(c, temp, journal, &pair, err);
	}
	if (r == 0 && pair_is_read(journal, &pair)) {
		r = let_go_on(c, pair.copy, !has_gone_on(c, journal, &pair), err);
		if (r == 0)
			r = refuse_open(c, temp, &pair, err);
	}
	if (r == 0 && pair_is_ahead(c, journal, &pair)) {
		pair_close(&pair);
		r = exchange(c, temp, journal, journal->old_inode, err);
		if (r == 0)
			r = pair_open(c, temp, journal, &pair, err);
	}
	if (r == 0 && pair_is_astray(c, journal, &pair)) {
		pair_close(&pair);
		r = lead_back(c, journal, err);
		if (r == 0)
			r = pair_open(c, temp, journal, &pair, err);
	}
	if (r == 0)
		r = pair_is_astray(c, journal, &pair)
			    ? refuse_astray(c, temp, err)
			    : settle(c, temp, journal, &pair, was_mirrored, err);
	pair_close(&pair);
	return r;
}

/* A run that was killed may have left the guest standing still; of this one it is known. */
static void note_standing_still(struct convert *c, const struct convert_journal *journal)
{
	if (!c->live || journal->new_inode == c->copy_inode)
		return;
	c->live->astray = convert_journal_is_opening(journal);
	c->live->paused |= convert_journal_stops_guest(journal);
}

/* Whatever is in the way of clearing up: a guest that writes to the image loses nothing by going
 * on, with the image at its path. Somebody may have the copy open, as QEMU has when libvirt was
 * ended before it could begin to mirror. */
static void let_go_on_all_the_same(struct convert *c, const struct convert_journal *journal)
{
	if (convert_names(c, c->name, (ino_t)journal->old_inode) &&
	    convert_is_written(c->dirfd, (ino_t)journal->old_inode)) {
		c->live->astray = false;
		if (c->shelf >= 0)
			give_back(c, NULL);
	}
	convert_live_resume(c, NULL);
}

int convert_recover_live(struct convert *c, const char *temp, const struct convert_journal *journal,
			 struct cow_error *err)
{
	char name[CONVERT_JOURNAL_NAME_MAX];
	struct convert_journal now = *journal;
	int r;

	base_copy(name, sizeof(name), temp);
	if (fstatat(c->dirfd, c->name, &c->before, AT_SYMLINK_NOFOLLOW) < 0)
		return base_fail(err, errno, "open %s", BASE_QUOTE(c->name));
	if (journal->new_inode != c->copy_inode &&
	    convert_is_locked(c->dirfd, (ino_t)journal->new_inode))
		return recover_fail_at_work(c, err);
	r = c->live ? refuse_theirs(c, temp, journal, err) : 0;
	if (r == 0 && c->live)
		r = convert_live_hold(c->live, err);
	if (r < 0)
		return r;
	if (c->live)
		c->live->job = convert_live_job_of(&c->before, (ino_t)journal->new_inode);
	note_standing_still(c, journal);
	r = recover(c, name, &now, err);
	if (r < 0 && c->live)
		let_go_on_all_the_same(c, journal);
	if (c->live) /* which is no more, though its name may go on as that of the guest's disk */
		c->live->job = 0;
	if (c->shelf >= 0)
		close(base_take_fd(&c->shelf));
	return r < 0 ? r : 1;
}

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
 * Where none is open and N, mirrored, is at the path, the guest may have ended on either. Until it
 * was on N alone, every write went to both; so the one written to last has all of them.
 */
#include <fcntl.h>
#include <sys/file.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/live.h"
#include "convert/recover.h"
#include "image/ranges.h"

/* A mirror that is as slow as can be has copied less before its guest goes on. */
#define COPIED_SLOWLY ((uint64_t)64 << 20)
/* Seconds. A guest in use writes more often, and meanwhile a mirror may write to the copy alone. */
#define LONGEST_PAUSE 60

/* One of the two files. While it is not open it is held, and nobody can open it. */
struct side {
	int fd;
	bool open;
	struct convert_hold hold;
	struct stat st;
};

struct pair {
	struct side image, temp;
	struct side *old, *copy; /* which is which */
};

static int look_at(const struct convert *c, const char *name, uint64_t copy, struct side *side,
		   struct cow_error *err)
{
	bool own = copy == c->copy_inode;
	int r;

	side->hold = (struct convert_hold){.fd = -1, .lease = F_UNLCK};
	side->fd = openat(c->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (side->fd < 0 || fstat(side->fd, &side->st) < 0)
		return base_fail(err, errno, "open %s", BASE_QUOTE(name));
	/* It is the copy that a run has locked; anybody may lock what they can read. */
	if (side->st.st_ino == copy && flock(side->fd, LOCK_EX | LOCK_NB) < 0 && !own)
		return recover_fail_at_work(c, err);
	r = convert_hold_lease(&side->hold, side->fd, F_WRLCK);
	side->open = r == -EAGAIN;
	return r < 0 && r != -EAGAIN ? base_fail(err, -r, "hold %s", BASE_QUOTE(name)) : 0;
}

static void close_pair(struct pair *pair)
{
	if (pair->image.fd >= 0)
		close(pair->image.fd);
	if (pair->temp.fd >= 0)
		close(pair->temp.fd);
	pair->image.fd = pair->temp.fd = -1;
}

static int open_pair(const struct convert *c, const char *temp,
		     const struct convert_journal *journal, struct pair *pair,
		     struct cow_error *err)
{
	int r;

	pair->image.fd = pair->temp.fd = -1;
	r = look_at(c, c->name, journal->new_inode, &pair->image, err);
	if (r == 0)
		r = look_at(c, temp, journal->new_inode, &pair->temp, err);
	if (r < 0)
		return r;
	pair->copy = pair->image.st.st_ino == journal->new_inode ? &pair->image : &pair->temp;
	pair->old = pair->copy == &pair->image ? &pair->temp : &pair->image;
	if (pair->copy->st.st_ino != journal->new_inode ||
	    pair->old->st.st_ino != journal->old_inode || pair->temp.st.st_nlink != 1)
		return recover_refuse(c, temp, "which is not as it was left", err);
	return 0;
}

/* Somebody else's file may come to the path by this, so the journal has to be ours. */
static int exchange(struct convert *c, const char *temp, const struct convert_journal *journal,
		    uint64_t leaves, struct cow_error *err)
{
	int r;

	if (journal->new_inode != c->copy_inode && !recover_is_private(c))
		return recover_refuse(c, temp, "in a directory that others can write to", err);
	r = convert_live_exchange(c, temp, (ino_t)leaves, err);
	return r < 0 ? r : convert_sync_directory(c, err);
}

static int exchange_back(struct convert *c, const char *temp, const struct convert_journal *journal,
			 struct cow_error *err)
{
	return exchange(c, temp, journal, journal->new_inode, err);
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static bool guest_is_on_copy(const struct pair *pair, const struct convert_journal *journal)
{
	if (!convert_journal_is_mirrored(journal) || pair->copy != &pair->image || pair->old->open)
		return false;
	return pair->copy->open || !is_later(&pair->old->st.st_mtim, &pair->copy->st.st_mtim);
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
	resumed = convert_live_resume(c->live, r < 0 ? NULL : err);
	return r < 0 ? r : resumed;
}

/* With the copy, of which an earlier run has made what the original was. Since then there has been
 * time for something else. */
static bool has_gone_on(const struct convert *c, const struct convert_journal *journal)
{
	return c->live && journal->new_inode != c->copy_inode &&
	       c->live->backend->runs(c->live, NULL) > 0;
}

/* Neither file is open, but somebody may have gone on with the copy: a guest that was pivoted by
 * hand, or whoever found the copy at the path after a crash in L5 to L7. Then it was written to
 * long after the original; and it has as much data, or, at the path, more than could be copied by
 * then. */
static bool was_gone_on_with(const struct convert *c, const struct convert_journal *journal,
			     const struct pair *pair)
{
	const struct side *old = pair->old, *copy = pair->copy;
	uint64_t enough = 0, has = 0;

	if (journal->new_inode == c->copy_inode ||
	    copy->st.st_mtim.tv_sec <= old->st.st_mtim.tv_sec + LONGEST_PAUSE)
		return false;
	if (convert_journal_is_mirrored(journal) ||
	    image_sum_ranges(old->fd, 0, (uint64_t)old->st.st_size, &enough) < 0 ||
	    image_sum_ranges(copy->fd, 0, (uint64_t)copy->st.st_size, &has) < 0)
		return true;
	if (copy == &pair->image && enough > COPIED_SLOWLY)
		enough = COPIED_SLOWLY;
	return has && has >= enough;
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
		  const struct pair *pair, struct cow_error *err)
{
	int r = 0;

	if (guest_is_on_copy(pair, journal)) {
		r = let_go_on(c, pair->copy, !has_gone_on(c, journal), err);
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
	if (was_gone_on_with(c, journal, pair))
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
 * what a guest that ran asked for meanwhile. The name says so first: should this run be killed, the
 * next one lets the guest go on. */
static void stop_guest(struct convert *c, struct convert_journal *journal,
		       char temp[CONVERT_JOURNAL_NAME_MAX])
{
	bool mirrored = convert_journal_is_mirrored(journal);
	int r = 0;

	if (!c->live->backend->open_mirrors || c->live->backend->runs(c->live, NULL) <= 0)
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

/* The guest is or was on the copy, and somebody reads the original. There is no mirror to be ended:
 * QEMU's locks say that it does not write to the original. */
static bool is_read(const struct convert_journal *journal, const struct pair *pair)
{
	return convert_journal_is_mirrored(journal) && pair->copy == &pair->image &&
	       pair->old->open && !convert_hold_sees_writer(pair->old->fd);
}

/* Has the guest changed to the copy after all, when the names had been exchanged back? By QEMU's
 * locks: the original may be open still, for reading. */
static bool is_ahead(const struct convert *c, const struct convert_journal *journal,
		     const struct pair *pair)
{
	return c->live && convert_journal_is_mirrored(journal) && pair->copy == &pair->temp &&
	       convert_hold_sees_writer(pair->copy->fd) && !convert_hold_sees_writer(pair->old->fd);
}

/* Has a guest that stands still for it something else open than the original? */
static bool is_astray(const struct convert *c, const struct convert_journal *journal,
		      const struct pair *pair)
{
	const struct convert_live_backend *backend = c->live ? c->live->backend : NULL;
	bool own = journal->new_inode == c->copy_inode;

	return backend && backend->open_mirrors && !convert_journal_is_mirrored(journal) &&
	       (own || convert_journal_is_opening(journal)) &&
	       !convert_hold_sees_writer(pair->old->fd) && backend->runs(c->live, NULL) == 0;
}

/* Does it go on in the guest? Only whoever runs one that QEMU's locks show can tell whether it
 * stands still for this. */
static bool goes_on(const struct convert *c, const struct convert_journal *journal,
		    const struct pair *pair)
{
	if (!c->live && convert_journal_stops_guest(journal) &&
	    (convert_hold_sees_writer(pair->old->fd) || convert_hold_sees_writer(pair->copy->fd)))
		return true;
	return (pair->old->open && pair->copy->open) || is_ahead(c, journal, pair) ||
	       is_astray(c, journal, pair);
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

/* Somebody else has had the guest change over, which QEMU does when both files are the same. One
 * that stands still may rather have an incomplete copy open, by an end of the mirror in L6. */
static bool is_ahead_unmarked(const struct convert *c, const struct convert_journal *journal,
			      const struct pair *pair)
{
	const struct convert_live_backend *backend = c->live ? c->live->backend : NULL;
	struct convert_live_job job;

	return backend && !convert_journal_is_opening(journal) &&
	       !convert_journal_is_mirrored(journal) && pair->copy == &pair->temp &&
	       convert_hold_sees_writer(pair->copy->fd) &&
	       !convert_hold_sees_writer(pair->old->fd) && !c->live->astray &&
	       (!backend->open_mirrors || backend->runs(c->live, NULL) > 0) &&
	       backend->look(c->live, &job, NULL) == 0;
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

static int recover(struct convert *c, char temp[CONVERT_JOURNAL_NAME_MAX],
		   struct convert_journal *journal, struct cow_error *err)
{
	struct pair pair;
	int r = open_pair(c, temp, journal, &pair, err);
	bool in_place = r == 0 && pair.copy == &pair.image;

	if (r == 0 && is_ahead_unmarked(c, journal, &pair)) {
		r = convert_live_sync(c, pair.copy->fd, err);
		if (r == 0)
			r = convert_live_mark(c, journal, CONVERT_JOURNAL_MIRRORED, temp, err);
	}
	if (r == 0)
		r = is_read(journal, &pair) ? refuse_open(c, temp, &pair, err) : 0;
	if (r == 0 && c->live && c->shelf < 0)
		r = shelve(c, &pair, err);
	if (r == 0 && goes_on(c, journal, &pair)) {
		close_pair(&pair);
		r = end_mirror(c, temp, journal, in_place, err);
		if (r == 0)
			r = open_pair(c, temp, journal, &pair, err);
	}
	if (r == 0 && is_ahead(c, journal, &pair)) {
		close_pair(&pair);
		r = exchange(c, temp, journal, journal->old_inode, err);
		if (r == 0)
			r = open_pair(c, temp, journal, &pair, err);
	}
	if (r == 0 && is_astray(c, journal, &pair)) {
		close_pair(&pair);
		r = lead_back(c, journal, err);
		if (r == 0)
			r = open_pair(c, temp, journal, &pair, err);
	}
	if (r == 0)
		r = is_astray(c, journal, &pair) ? refuse_astray(c, temp, err)
						 : settle(c, temp, journal, &pair, err);
	close_pair(&pair);
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
	convert_live_resume(c->live, NULL);
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
	r = c->live ? convert_live_hold(c->live, err) : 0;
	if (r < 0)
		return r;
	if (c->live)
		c->live->job = convert_live_job_of(&c->before, (ino_t)journal->new_inode);
	note_standing_still(c, journal);
	r = recover(c, name, &now, err);
	if (r < 0 && c->live)
		let_go_on_all_the_same(c, journal);
	if (c->shelf >= 0)
		close(base_take_fd(&c->shelf));
	return r < 0 ? r : 1;
}

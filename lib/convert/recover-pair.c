/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/file.h>

#include "base/error.h"
#include "convert/live.h"
#include "convert/recover-pair.h"
#include "convert/recover.h"
#include "image/ranges.h"

/* A mirror that is as slow as can be has copied less before its guest goes on. */
#define COPIED_SLOWLY ((uint64_t)64 << 20)
/* Seconds. A guest in use writes more often, and meanwhile a mirror may write to the copy alone. */
#define LONGEST_PAUSE 60

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

void pair_close(struct pair *pair)
{
	if (pair->image.fd >= 0)
		close(pair->image.fd);
	if (pair->temp.fd >= 0)
		close(pair->temp.fd);
	pair->image.fd = pair->temp.fd = -1;
}

int pair_open(const struct convert *c, const char *temp, const struct convert_journal *journal,
	      struct pair *pair, struct cow_error *err)
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

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

bool pair_was_left(const struct pair *pair, const struct convert_journal *journal)
{
	/* A time of 0 says nothing: an image may have that, too. */
	return journal->mtime_seconds && convert_journal_unwritten(journal, &pair->old->st);
}

bool pair_guest_is_on_copy(const struct pair *pair, const struct convert_journal *journal)
{
	if (!convert_journal_is_mirrored(journal) || pair->copy != &pair->image || pair->old->open)
		return false;
	return convert_hold_sees_writer(pair->copy->fd) || pair_was_left(pair, journal) ||
	       !is_later(&pair->old->st.st_mtim, &pair->copy->st.st_mtim);
}

bool pair_was_gone_on_with(const struct convert *c, const struct convert_journal *journal,
			   const struct pair *pair)
{
	const struct side *old = pair->old, *copy = pair->copy;
	uint64_t enough = 0, has = 0;

	if (journal->mtime_seconds) /* by its guest */
		return true;
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

bool pair_is_mirrored(const struct pair *pair)
{
	return convert_hold_sees_writer(pair->old->fd) && convert_hold_sees_writer(pair->copy->fd);
}

bool pair_is_read(const struct convert_journal *journal, const struct pair *pair)
{
	return convert_journal_is_mirrored(journal) && pair->copy == &pair->image &&
	       pair->old->open && !convert_hold_sees_writer(pair->old->fd);
}

bool pair_is_ahead(const struct convert *c, const struct convert_journal *journal,
		   const struct pair *pair)
{
	return c->live && convert_journal_is_mirrored(journal) && pair->copy == &pair->temp &&
	       convert_hold_sees_writer(pair->copy->fd) && !convert_hold_sees_writer(pair->old->fd);
}

bool pair_is_astray(const struct convert *c, const struct convert_journal *journal,
		    const struct pair *pair)
{
	const struct convert_live_backend *backend = c->live ? c->live->backend : NULL;
	bool own = journal->new_inode == c->copy_inode;

	return backend && backend->open_mirrors && !convert_journal_is_mirrored(journal) &&
	       (own || convert_journal_is_opening(journal)) &&
	       !convert_hold_sees_writer(pair->old->fd) && backend->runs(c->live, NULL) == 0;
}

bool pair_goes_on(const struct convert *c, const struct convert_journal *journal,
		  const struct pair *pair)
{
	struct convert_live_job job;

	/* Over the monitor what goes on is named by the copy, and is no other mirror. */
	if (pair_is_read(journal, pair) && !(c->live && !c->live->backend->open_mirrors))
		return false;
	if (!c->live && convert_journal_stops_guest(journal) &&
	    (convert_hold_sees_writer(pair->old->fd) || convert_hold_sees_writer(pair->copy->fd)))
		return true;
	/* libvirt hands the image to another owner after QEMU has closed the copy, and says only
	 * then that a mirror which has ended by itself is no more. */
	return (pair->old->open && pair->copy->open) || pair_is_ahead(c, journal, pair) ||
	       pair_is_astray(c, journal, pair) ||
	       (c->live && c->live->backend->look(c->live, &job, NULL) > 0);
}

bool pair_is_ahead_unmarked(const struct convert *c, const struct convert_journal *journal,
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

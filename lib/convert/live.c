/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image is converted while its guest runs: whoever runs the guest mirrors the disk to the copy,
 * and lets the guest go on with that. docs/convert.md numbers the steps (L1 to L10) and says what a
 * crash leaves at each.
 *
 * Neither QEMU nor libvirt may get to know another name than the image's own, or definitions and
 * backing chains would go on naming it. So the copy is at the path while the mirror opens it.
 */
#include <fcntl.h>
#include <stdio.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/live.h"
#include "convert/recover.h"

#define POLL_US 100000
/* For QEMU to close the original, which it does when the last request is through. */
#define CLOSE_TRIES   100
#define CLOSE_WAIT_US 50000

#if !HAVE_LIBVIRT
static int attach_nothing(struct convert_live *live, const struct stat *image,
			  struct cow_error *err)
{
	(void)live, (void)image;
	return base_remedy(
		err,
		base_refuse(err, ENOSYS, COW_CODE_REFUSED, "this cowctl was built without libvirt"),
		"name QEMU's monitor (--qmp), or shut the guest down");
}

static void detach_nothing(struct convert_live *live)
{
	(void)live;
}

const struct convert_live_backend convert_live_libvirt = {.attach = attach_nothing,
							  .detach = detach_nothing};
#endif

int convert_live_attach(struct convert *c, struct cow_error *err)
{
	struct convert_live *live;
	struct stat st;
	int r;

	if (fstatat(c->dirfd, c->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0; /* the reason is said where it is opened */
	live = calloc(1, sizeof(*live));
	if (!live)
		return base_fail(err, ENOMEM, "convert %s", BASE_QUOTE(c->name));
	live->lock = -1;
	live->options = c->options;
	live->backend = c->options->qmp ? &convert_live_qmp : &convert_live_libvirt;
	r = live->backend->attach(live, &st, err);
	if (r > 0) {
		c->live = live;
	} else {
		base_copy(c->unasked, sizeof(c->unasked), live->unasked);
		convert_live_free(live);
	}
	return r < 0 ? r : 0;
}

int convert_live_fail_running(const struct convert_live *live, struct cow_error *err)
{
	return base_refuse(err, EBUSY, COW_CODE_CHANGED,
			   "somebody let the guest %s go on meanwhile", BASE_QUOTE(live->guest));
}

int convert_live_pause(struct convert_live *live, const struct convert_journal *journal,
		       struct cow_error *err)
{
	int r = convert_live_hold(live, err);

	if (r == 0)
		r = live->backend->runs(live, err);
	if (r <= 0)
		return r;
	if (!convert_journal_stops_guest(journal))
		return convert_live_fail_running(live, err);
	live->paused = true;
	return live->backend->pause(live, err);
}

/* A QEMU that is gone takes its monitor with it; but who stands between may be gone alone. */
static bool is_gone(const struct convert *c, int r)
{
	struct stat st;

	return (r == -ECONNRESET || r == -EPIPE) &&
	       fstatat(c->dirfd, c->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       !convert_is_written(c->dirfd, st.st_ino);
}

int convert_live_resume(struct convert *c, struct cow_error *err)
{
	struct convert_live *live = c->live;
	int r;

	if (live->astray)
		return 0;
	r = live->paused ? live->backend->resume(live, err) : 0;
	if (r < 0 && !is_gone(c, r))
		return r;
	live->paused = false;
	/* Another run would take what a pivot has written for the definition. */
	if (live->backend->keep_definition)
		live->backend->keep_definition(live);
	convert_live_hold_no_more(live);
	return 0;
}

void convert_live_free(struct convert_live *live)
{
	if (!live)
		return;
	convert_live_hold_no_more(live);
	live->backend->detach(live);
	free(live->guest);
	free(live->path);
	free(live);
}

/* QEMU's locks say that it is this copy which is written to: who has ended the mirror may have
 * begun one of his own. */
static int look_at_mirror(struct convert *c, struct convert_live_job *job, struct cow_error *err)
{
	int r = c->live->backend->look(c->live, job, err);

	if (r < 0)
		return r;
	return r > 0 && convert_hold_sees_writer(c->copy) ? 0 : convert_live_fail_ended(c, err);
}

/* L8: until both files are the same and stay so. */
static int wait_until_ready(struct convert *c, struct cow_error *err)
{
	struct convert_live_job job = {0};
	int r;

	while ((r = look_at_mirror(c, &job, err)) == 0 && !job.ready) {
		c->total = job.total;
		r = convert_step(c, COW_CONVERT_PHASE_COPY, job.done, err);
		if (r < 0)
			return r;
		convert_wait_us(POLL_US);
	}
	c->result->bytes_copied = job.done;
	return r;
}

int convert_live_sync(const struct convert *c, int fd, struct cow_error *err)
{
	return fsync(fd) == 0
		       ? 0
		       : base_fail(err, errno, "write the copy of %s to disk", BASE_QUOTE(c->name));
}

/* Whoever finds both files unused goes by which was written to last. The guest's own flushes need
 * not write an mtime to disk. */
static int equal_and_sync(const struct convert *c, struct cow_error *err)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	struct stat st;

	if (fstat(c->original, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(c->name));
	times[1] = st.st_mtim;
	if (futimens(c->copy, times) < 0)
		return base_fail(err, errno, "set the time of the copy of %s", BASE_QUOTE(c->name));
	return convert_live_sync(c, c->copy, err);
}

/* The copy is complete: on disk, with the flags it should have, and said so by its name; and
 * whether the guest is going to be stopped. */
static int complete(struct convert *c, struct convert_journal *journal,
		    char temp[CONVERT_JOURNAL_NAME_MAX], struct cow_error *err)
{
	int r = convert_copy_flags(c, err), runs;

	if (r < 0)
		return r;
	/* Of a guest that hardly ever writes the copy would seem to have been gone on with. */
	if ((r = equal_and_sync(c, err)) < 0 || (r = convert_live_hold(c->live, err)) < 0 ||
	    (r = runs = c->live->backend->runs(c->live, err)) < 0)
		return r;
	return convert_live_mark(
		c, journal, runs ? CONVERT_JOURNAL_MIRRORED : CONVERT_JOURNAL_STOPPED, temp, err);
}

static int refuse_running(struct convert_live *live, struct cow_error *err)
{
	int r = live->backend->runs(live, err);

	return r <= 0 ? r : convert_live_fail_running(live, err);
}

/* Another name or a mount that somebody has given the image meanwhile would go on showing the old
 * one. */
static int check_names(struct convert *c, struct cow_error *err)
{
	struct stat now;

	if (fstat(c->original, &now) < 0 || now.st_nlink != 1)
		return convert_fail_changed(c, err);
	return convert_check_mounts(c, err);
}

/* L9: with the guest standing still both files are the same and on disk, so that it does not matter
 * which of them the path names. It stands still from before the exchange until it is on the copy,
 * some hundredths of a second. QEMU 7.2 needs that as well: but for virtio disks, a request that
 * comes in during a pivot ends it. */
static int change_over(struct convert *c, const char *temp, const struct convert_journal *journal,
		       struct cow_error *err)
{
	const struct convert_live_backend *backend = c->live->backend;
	struct convert_live_job job;
	struct cow_error shelved;
	int r;

	if ((r = convert_step(c, COW_CONVERT_PHASE_COMMIT, c->total, err)) < 0 ||
	    (r = check_names(c, err)) < 0 || (r = convert_live_pause(c->live, journal, err)) < 0 ||
	    /* A mirror that has ended meanwhile has left the copy behind. */
	    (r = look_at_mirror(c, &job, err)) < 0 || (r = convert_live_check_image(c, err)) < 0)
		return r;
	if ((r = equal_and_sync(c, err)) < 0 ||
	    (r = convert_live_exchange(c, temp, c->before.st_ino, err)) < 0 ||
	    (r = convert_sync_directory(c, err)) < 0 || (r = refuse_running(c->live, err)) < 0 ||
	    (r = backend->pivot(c->live, err)) < 0)
		return r;
	if (convert_give_shelved(c, c->copy, &shelved) < 0)
		convert_note(c, "owner or attributes are not as they were: %s", shelved.message);
	return convert_live_resume(c, err);
}

static void measure_copy(struct convert *c)
{
	struct stat st;

	convert_note_pieces(c);
	if (fstat(c->copy, &st) == 0 && st.st_size > 512 * st.st_blocks)
		c->result->bytes_holes = (uint64_t)(st.st_size - 512 * st.st_blocks);
}

/* Nothing is removed while anybody may hold it. From here on somebody may stop the guest, or set
 * the image's time back, before the next run: the name says that the guest goes on, and without the
 * old image. */
static void leave_to_next_run(struct convert *c, char temp[CONVERT_JOURNAL_NAME_MAX],
			      struct convert_journal *journal)
{
	char holder[128];
	struct stat st;

	if (fstat(c->original, &st) == 0) {
		journal->mtime_seconds = st.st_mtim.tv_sec;
		journal->mtime_nanoseconds = (uint32_t)st.st_mtim.tv_nsec;
		convert_live_mark(c, journal, CONVERT_JOURNAL_STOPPED, temp, NULL);
	}
	convert_find_holder(&c->before, holder, sizeof(holder));
	convert_note(c, "%s has the old image open, which stays as %s until the next run",
		     holder[0] ? holder : "somebody", BASE_QUOTE(temp));
}

/* L10: the guest is on the copy. */
static int settle(struct convert *c, char temp[CONVERT_JOURNAL_NAME_MAX],
		  struct convert_journal *journal, struct cow_error *err)
{
	int r;

	measure_copy(c);
	for (int i = 0; i < CLOSE_TRIES && convert_is_open(c->original); i++)
		convert_wait_us(CLOSE_WAIT_US);
	if (convert_is_open(c->original)) {
		leave_to_next_run(c, temp, journal);
		return 0;
	}
	convert_forget_users(c->original);
	r = convert_retire(c, temp, convert_journal_keeps(journal));
	return r < 0 ? base_fail(err, -r, "retire the old image of %s", BASE_QUOTE(c->name)) : 0;
}

static int mirror(struct convert *c, char temp[CONVERT_JOURNAL_NAME_MAX],
		  struct convert_journal *journal, struct cow_error *err)
{
	int r;

	if ((r = convert_live_begin(c, journal, temp, err)) < 0 ||
	    (r = wait_until_ready(c, err)) < 0 || (r = convert_live_allocate(c, err)) < 0 ||
	    (r = complete(c, journal, temp, err)) < 0 ||
	    (r = change_over(c, temp, journal, err)) < 0)
		return r;
	return settle(c, temp, journal, err);
}

static void let_go(struct convert *c)
{
	close(c->original);
	close(c->copy);
	c->original = c->copy = -1;
}

/* The next run would know from the names what to do, so this one does: it looks who has which file
 * open, when it has closed them itself. */
static int clear_up(struct convert *c, const char *temp, struct cow_error *err)
{
	int r;

	if (c->live->exchanged)
		r = convert_recover(c, err);
	else if ((r = convert_live_resume(c, err)) == 0)
		r = recover_remove_copy(c, temp, err);
	/* Somebody else has removed the journal: nobody has looked which file the guest has open.
	 */
	if (r == 0 && c->live->astray)
		r = base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s is gone", BASE_QUOTE(temp));
	return r;
}

static int give_up(struct convert *c, const char *temp, int r, struct cow_error *err)
{
	struct cow_error clearing = {0};

	let_go(c);
	if (clear_up(c, temp, &clearing) == 0)
		return convert_names(c, c->name, c->copy_inode) ? 0 : r;
	/* Wherever the guest is, it is better off going on, unless it loses what it writes there.
	 */
	convert_live_resume(c, NULL);
	return base_remedy(err, r, "nor could that be cleared up%s: %s%s%s",
			   c->live->astray || c->live->paused
				   ? ", and the guest may stand still until it is done again"
				   : "",
			   clearing.message, clearing.remedy[0] ? "; " : "", clearing.remedy);
}

int convert_live_carry_out(struct convert *c, struct cow_error *err)
{
	char temp[CONVERT_JOURNAL_NAME_MAX];
	struct convert_journal journal;
	int r;

	if ((r = convert_live_prepare_copy(c, err)) < 0 ||
	    (r = convert_shelve(c, c->original, err)) < 0 ||
	    (r = convert_live_name(c, &journal, temp, err)) < 0)
		return r;
	r = mirror(c, temp, &journal, err);
	if (r < 0)
		return give_up(c, temp, r, err);
	let_go(c);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The beginning of a live conversion (L4 to L7), in which the copy is at the path while it is
 * opened.
 *
 * QEMU opens files again, by their names, when they are to be written to no more or again (it does
 * so with auto-read-only, which libvirt always sets). The end of a mirror is such a moment. Should
 * one end by itself while the copy is at the path, the guest would go on with that: so either no
 * mirror runs yet, or the guest stands still, until it is known which of the two it has open.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/live.h"

/* From an unnamed file to one that says whose it is, and that another run does not take for a
 * left-over. */
static int name(const struct convert *c, int fd, const struct convert_journal *journal,
		char temp[CONVERT_JOURNAL_NAME_MAX])
{
	convert_journal_format(journal, c->name, temp);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 ||
	    linkat(AT_FDCWD, BASE_FD_PATH(fd), c->dirfd, temp, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return 0;
}

int convert_live_name(struct convert *c, struct convert_journal *journal,
		      char temp[CONVERT_JOURNAL_NAME_MAX], struct cow_error *err)
{
	const struct convert_live_backend *backend = c->live->backend;
	bool keep = c->options->flags & COW_CONVERT_KEEP_ORIGINAL;
	int r = convert_live_hold(c->live, err), runs = 0;
	struct stat st;

	if (r == 0 && backend->open_mirrors)
		r = runs = backend->runs(c->live, err);
	if (r < 0)
		return r;
	if (fstat(c->copy, &st) < 0)
		return base_fail(err, errno, "look at the copy of %s", BASE_QUOTE(c->name));
	c->copy_inode = st.st_ino;
	c->live->job = convert_live_job_of(&c->before, st.st_ino);
	*journal = (struct convert_journal){
		.old_inode = c->before.st_ino,
		.new_inode = st.st_ino,
	};
	if (runs)
		journal->kind = keep ? CONVERT_JOURNAL_OPENING_KEEP : CONVERT_JOURNAL_OPENING;
	else
		journal->kind = keep ? CONVERT_JOURNAL_MIRRORING_KEEP : CONVERT_JOURNAL_MIRRORING;
	r = name(c, c->copy, journal, temp);
	return r < 0 ? base_fail(err, -r, "name the copy of %s", BASE_QUOTE(c->name)) : 0;
}

int convert_live_mark(struct convert *c, struct convert_journal *journal,
		      enum convert_journal_kind kind, char temp[CONVERT_JOURNAL_NAME_MAX],
		      struct cow_error *err)
{
	char before[CONVERT_JOURNAL_NAME_MAX];

	base_copy(before, sizeof(before), temp);
	journal->kind = convert_journal_keeps(journal) ? convert_journal_keeping(kind) : kind;
	convert_journal_format(journal, c->name, temp);
	if (renameat2(c->dirfd, before, c->dirfd, temp, RENAME_NOREPLACE) < 0) {
		base_copy(temp, CONVERT_JOURNAL_NAME_MAX, before);
		return base_fail(err, errno, "rename the copy of %s", BASE_QUOTE(c->name));
	}
	return convert_sync_directory(c, err);
}

int convert_live_fail_ended(const struct convert *c, struct cow_error *err)
{
	return base_remedy(err,
			   base_refuse(err, EIO, COW_CODE_CANCELLED, "the mirror of %s ended early",
				       BASE_QUOTE(c->name)),
			   "is there room, and does the guest %s still run?", c->live->guest);
}

int convert_live_exchange(struct convert *c, const char *temp, ino_t leaves, struct cow_error *err)
{
	int r = convert_exchange(c, temp, leaves);

	if (r == -ESTALE)
		return convert_fail_changed(c, err);
	return r < 0 ? base_fail(err, -r, "exchange %s and its copy", BASE_QUOTE(c->name)) : 0;
}

/* The copy is at the path no longer than it takes to open it. */
static int open_copy(struct convert *c, const char *temp, const struct convert_journal *journal,
		     struct cow_error *err)
{
	const struct convert_live_backend *backend = c->live->backend;
	struct cow_error back;
	int r = 0;

	if (!convert_names(c, c->name, c->before.st_ino))
		return convert_fail_changed(c, err);
	if (backend->open_mirrors)
		r = convert_live_pause(c->live, journal, err);
	/* One that is being started opens its disks by their names, which it must not find so. */
	if (r == 0 && backend->open_mirrors && !convert_hold_sees_writer(c->original))
		r = base_remedy(err,
				base_refuse(err, EBUSY, COW_CODE_BUSY,
					    "the guest %s does not write to %s now",
					    BASE_QUOTE(c->live->guest), BASE_QUOTE(c->name)),
				"is it being started? Try again");
	if (r == 0)
		r = convert_live_exchange(c, temp, c->before.st_ino, err);
	if (r < 0)
		return r;
	c->live->exchanged = true;
	c->live->astray = backend->open_mirrors;
	r = backend->open(c->live, err);
	if (convert_live_exchange(c, temp, c->copy_inode, &back) < 0) {
		r = -EIO;
		*err = back;
	}
	return r < 0 ? r : convert_sync_directory(c, err);
}

/* QEMU's locks say which file it writes to; that a mirror is there does not, for one that has ended
 * is there until libvirt has taken notice. */
static int check_opened(struct convert *c, struct cow_error *err)
{
	struct convert_live_job job;
	int r = 1;

	if (c->live->backend->open_mirrors)
		r = c->live->backend->look(c->live, &job, err);
	if (r < 0)
		return r;
	if (r == 0 || (c->live->astray && !convert_hold_sees_writer(c->original)))
		return convert_live_fail_ended(c, err);
	if (!convert_is_open(c->copy))
		return base_refuse(err, ESTALE, COW_CODE_CHANGED,
				   "the guest %s did not open the copy of %s",
				   BASE_QUOTE(c->live->guest), BASE_QUOTE(c->name));
	c->live->astray = false;
	return 0;
}

/* Another run may have begun at the same time. Each looks when its own copy has its name, so that
 * one of two sees the other, or both do. */
static int refuse_second(struct convert *c, struct cow_error *err)
{
	BASE_CLEANUP(directory)
	DIR *directory =
		base_directory_stream(openat(c->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *entry;
	struct convert_journal other;

	if (!directory)
		return base_fail(err, errno, "read the directory of %s", BASE_QUOTE(c->name));
	while ((entry = readdir(directory)))
		if (convert_journal_parse(entry->d_name, c->name, &other) &&
		    convert_journal_is_live(&other) && other.new_inode != c->copy_inode &&
		    convert_is_locked(c->dirfd, other.new_inode))
			return base_refuse(err, EBUSY, COW_CODE_BUSY, "%s is being converted",
					   BASE_QUOTE(c->name));
	return 0;
}

int convert_live_begin(struct convert *c, struct convert_journal *journal,
		       char temp[CONVERT_JOURNAL_NAME_MAX], struct cow_error *err)
{
	int r;

	if ((r = refuse_second(c, err)) < 0 || (r = convert_sync_directory(c, err)) < 0 ||
	    (r = open_copy(c, temp, journal, err)) < 0 || (r = check_opened(c, err)) < 0 ||
	    (r = c->live->backend->start(c->live, err)) < 0 ||
	    (r = convert_live_resume(c, err)) < 0 || !convert_journal_is_opening(journal))
		return r;
	return convert_live_mark(c, journal, CONVERT_JOURNAL_MIRRORING, temp, err);
}

static int mirror_to_scratch(struct convert *c, const char *temp, struct cow_error *err)
{
	BASE_CLEANUP(free) char *directory = base_fd_place(c->dirfd);
	BASE_CLEANUP(free) char *path = directory ? base_format("%s/%s", directory, temp) : NULL;

	return path ? c->live->backend->reopen(c->live, path, err)
		    : base_fail(err, ENOMEM, "name a file beside %s", BASE_QUOTE(c->name));
}

int convert_live_reopen(struct convert *c, ino_t original, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = openat(c->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct convert_journal journal = {.kind = CONVERT_JOURNAL_OPENING, .old_inode = original};
	char temp[CONVERT_JOURNAL_NAME_MAX];
	struct stat st;
	int r;

	if (fd < 0 || ftruncate(fd, (off_t)c->live->size) < 0 || fstat(fd, &st) < 0)
		return base_fail(err, errno, "create a file beside %s", BASE_QUOTE(c->name));
	journal.new_inode = st.st_ino;
	r = name(c, fd, &journal, temp);
	if (r < 0)
		return base_fail(err, -r, "name a file beside %s", BASE_QUOTE(c->name));
	r = mirror_to_scratch(c, temp, err);
	if (r == 0 && unlinkat(c->dirfd, temp, 0) < 0)
		r = base_fail(err, errno, "remove %s", BASE_QUOTE(temp));
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a killed conversion left, but for a live one: a temporary name, which says which inodes were
 * being exchanged (journal.h). With O and N for the old and the new inode there are these cases:
 *
 *   image  temp   temp written to since?   what is done
 *   O      N      no                       the copy is removed
 *   N      O      no                       the exchange is completed: the old image is retired
 *   N      O      yes, and image not       exchanged back: somebody went on with the old one
 *   either of them, anything else          nothing is touched, and the conversion refused
 *   neither                                not this image's business: recover.c
 *
 * A copy that was to be resumed is removed like that, too, unless it is resumed. A move is settled
 * where one of the two files is whole and at the path; else it is left to be gone on with.
 *
 * Anybody who may create files here can make up such a name. Believing it can cost them a file of
 * their own, but exchanging back puts their file in the image's place: that is done only in a
 * directory where nobody else can create any.
 */
#include <fcntl.h>

#include "base/error.h"
#include "convert/recover.h"

static int exchange_back(struct convert *c, const char *temp, ino_t copy, struct cow_error *err)
{
	struct convert_hold hold = {.fd = -1, .lease = F_UNLCK};
	BASE_CLEANUP(fd) int image = recover_open_alone(c, c->name, &hold, err);
	int r;

	if (image < 0)
		return image;
	r = convert_exchange(c, temp, copy);
	if (r < 0)
		return base_fail(err, -r, "put %s back", BASE_QUOTE(c->name));
	r = base_sync_directory(c->dirfd);
	if (r < 0 || !convert_hold_intact(&hold))
		return recover_refuse(c, temp, "and somebody has it open", err);
	return recover_remove_copy(c, temp, err);
}

static bool same_owner(const struct stat *a, const struct stat *b)
{
	return a->st_uid == b->st_uid && a->st_gid == b->st_gid && a->st_mode == b->st_mode;
}

/* The table at the top of this file. */
static int settle(struct convert *c, const char *temp, const struct convert_journal *journal,
		  const struct stat *st, const struct stat *image, struct cow_error *err)
{
	bool exchanged = st->st_ino == journal->old_inode;
	bool unwritten = convert_journal_unwritten(journal, st);
	bool image_unwritten = convert_journal_unwritten(journal, image);

	if (st->st_nlink != 1 || (unwritten && image_unwritten && st->st_size != image->st_size))
		return recover_refuse(c, temp, "which is not as it was left", err);
	if (unwritten)
		return exchanged ? recover_finish(c, temp, journal, err)
				 : recover_remove_copy(c, temp, err);
	if (exchanged && image_unwritten && same_owner(st, image) && recover_is_private(c))
		return exchange_back(c, temp, journal->new_inode, err);
	return recover_refuse(c, temp, "which was written to since", err);
}

static bool is_whole(const struct convert_journal *journal)
{
	return journal->kind == CONVERT_JOURNAL_REMOVE || journal->kind == CONVERT_JOURNAL_KEEP;
}

/* The old image of a move has nothing left when the new one comes to the path with the old one's
 * time; before that, only somebody who looked for his image can have put it there. */
static bool has_rest(const struct convert_journal *journal, int fd, const struct stat *image)
{
	return journal->kind == CONVERT_JOURNAL_AWAY &&
	       !convert_journal_unwritten(journal, image) && lseek(fd, 0, SEEK_DATA) >= 0;
}

/* A copy that is not complete has not the image's mtime either: it is of no use but to the
 * conversion that made it. Nor is an old image that was moved. */
static int settle_any(struct convert *c, const char *temp, const struct convert_journal *journal,
		      int fd, const struct stat *image, struct cow_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(temp));
	if (is_whole(journal))
		return settle(c, temp, journal, &st, image, err);
	if (st.st_nlink != 1 || journal->position || has_rest(journal, fd, image))
		return recover_refuse(c, temp, "which is not as it was left", err);
	return recover_remove_copy(c, temp, err);
}

int convert_recover_offline(struct convert *c, const char *temp,
			    const struct convert_journal *journal, ino_t inode,
			    const struct stat *image, struct cow_error *err)
{
	struct convert_hold hold = {.fd = -1, .lease = F_UNLCK};
	BASE_CLEANUP(fd) int fd = -1;
	int r;

	/* To open what another conversion works on would break its lease, and it would stop. */
	if (convert_is_at_work(c->dirfd, journal, inode))
		return recover_fail_at_work(c, err);
	fd = recover_open_alone(c, temp, &hold, err);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	r = settle_any(c, temp, journal, fd, image, err);
	return r < 0 ? r : 1;
}

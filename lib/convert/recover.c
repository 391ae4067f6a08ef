/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a killed conversion left: a temporary name, which says which inodes were being exchanged
 * (journal.h). With O and N for the old and the new inode there are these cases:
 *
 *   image  temp   temp written to since?   what is done
 *   O      N      no                       the copy is removed
 *   N      O      no                       the exchange is completed: the old image is removed
 *   N      O      yes, and image not       exchanged back: somebody writes to the old one
 *   any other                              nothing is touched, and the conversion refused
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/journal.h"

DEFINE_CLEANUP(directory, DIR *, closedir, NULL)

static int refuse(const struct convert *c, const char *temp, const char *why, struct cow_error *err)
{
	return base_remedy(err,
			   base_refuse(err, EEXIST, COW_CODE_REFUSED,
				       "an interrupted conversion of %s left %s, %s",
				       BASE_QUOTE(c->name), BASE_QUOTE(temp), why),
			   "compare the two, keep the right one, and remove the other");
}

/* Nobody may have the file open that is going to be removed or moved. */
static int open_alone(const struct convert *c, const char *name, struct convert_hold *hold,
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

/* The old image of a conversion that was as good as done. */
static int finish(struct convert *c, const char *temp, struct cow_error *err)
{
	int r = base_sync_directory(c->dirfd);

	if (r == 0)
		r = convert_retire(c, temp);
	return r < 0 ? base_fail(err, -r, "clear up %s", BASE_QUOTE(temp)) : 0;
}

static int remove_copy(struct convert *c, const char *temp, struct cow_error *err)
{
	int r = unlinkat(c->dirfd, temp, 0) < 0 ? -errno : base_sync_directory(c->dirfd);

	return r < 0 ? base_fail(err, -r, "remove %s", BASE_QUOTE(temp)) : 0;
}

static int exchange_back(struct convert *c, const char *temp, struct cow_error *err)
{
	struct convert_hold hold = {.fd = -1, .lease = F_UNLCK};
	BASE_CLEANUP(fd) int image = open_alone(c, c->name, &hold, err);
	int r;

	if (image < 0)
		return image;
	r = renameat2(c->dirfd, c->name, c->dirfd, temp, RENAME_EXCHANGE) < 0 ? -errno : 0;
	if (r == 0)
		r = base_sync_directory(c->dirfd);
	if (r < 0)
		return base_fail(err, -r, "put %s back", BASE_QUOTE(c->name));
	return convert_hold_intact(&hold) ? remove_copy(c, temp, err)
					  : refuse(c, temp, "and somebody has it open", err);
}

static int recover_one(struct convert *c, const char *temp, const struct convert_journal *journal,
		       struct cow_error *err)
{
	struct convert_hold hold = {.fd = -1, .lease = F_UNLCK};
	BASE_CLEANUP(fd) int fd = -1;
	struct stat st, image;
	bool exchanged, untouched;

	if (fstatat(c->dirfd, c->name, &image, AT_SYMLINK_NOFOLLOW) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(c->name));
	fd = open_alone(c, temp, &hold, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(temp));
	exchanged = st.st_ino == journal->old_inode && image.st_ino == journal->new_inode;
	if (!exchanged && (st.st_ino != journal->new_inode || image.st_ino != journal->old_inode))
		return refuse(c, temp, "which belongs to another file of that name", err);
	untouched =
		st.st_nlink == 1 && S_ISREG(st.st_mode) && convert_journal_unwritten(journal, &st);
	if (untouched)
		return exchanged ? finish(c, temp, err) : remove_copy(c, temp, err);
	if (exchanged && convert_journal_unwritten(journal, &image))
		return exchange_back(c, temp, err);
	return refuse(c, temp, "which was written to since", err);
}

int convert_recover(struct convert *c, struct cow_error *err)
{
	int fd = openat(c->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	BASE_CLEANUP(directory) DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!directory) {
		r = base_fail(err, errno, "read the directory of %s", BASE_QUOTE(c->name));
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(directory))) {
		struct convert_journal journal;

		if (!convert_journal_parse(entry->d_name, &journal) ||
		    !convert_journal_is_of(&journal, c->name))
			continue;
		if (c->options->flags & COW_CONVERT_DRY_RUN)
			base_copy(c->result->note, sizeof(c->result->note),
				  "what an interrupted conversion left would be cleared up");
		else
			r = recover_one(c, entry->d_name, &journal, err);
	}
	return r;
}

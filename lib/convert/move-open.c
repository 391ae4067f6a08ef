/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two files of a move (move.c): how one begins, and how one that was interrupted is found
 * again.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>

#include <cow/attr.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "image/cache.h"

static int hold(struct convert *c, struct convert_hold *hold, int fd, struct cow_error *err)
{
	int r = convert_hold_lease(hold, fd, F_WRLCK);

	if (r == 0)
		r = convert_hold_lock(hold);
	if (r == -EAGAIN)
		return base_refuse(err, EBUSY, COW_CODE_BUSY, "%s is in use", BASE_QUOTE(c->name));
	return r < 0 ? base_fail(err, -r, "take a lease on %s", BASE_QUOTE(c->name)) : 0;
}

/* @return fd or -errno */
static int open_to_change(const struct convert *c, const char *name, uint64_t inode,
			  struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = base_open_quietly(c->dirfd, name, O_RDWR | O_NOFOLLOW);
	struct stat st;

	if (fd == -EWOULDBLOCK)
		return base_refuse(err, EBUSY, COW_CODE_BUSY, "%s is in use", BASE_QUOTE(c->name));
	if (fd < 0)
		return base_fail(err, -fd, "open %s", BASE_QUOTE(name));
	if (fstat(fd, &st) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(name));
	if (!S_ISREG(st.st_mode) || st.st_ino != inode || st.st_nlink != 1)
		return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s is not as it was left",
				   BASE_QUOTE(name));
	return base_take_fd(&fd);
}

/* The original as one that can be punched. A lease for reading and a descriptor for writing exclude
 * each other, so there is an instant with neither: whoever wrote in it is seen. */
static int reopen_original(struct convert *c, struct cow_error *err)
{
	int r;

	close(c->original);
	c->original_hold.lease = F_UNLCK;
	c->original = open_to_change(c, c->name, c->before.st_ino, err);
	if (c->original < 0)
		return c->original;
	r = hold(c, &c->original_hold, c->original, err);
	if (r == 0 && !convert_is_unchanged(c))
		r = base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s changed meanwhile",
				BASE_QUOTE(c->name));
	return r;
}

/* In the last instant somebody may have moved another file there, which is theirs, or given the
 * image another name, by which it would be emptied as well. */
static int check_moved(struct convert *c, struct cow_error *err)
{
	if (convert_names(c, c->away, c->before.st_ino) && convert_metadata_is_same(c))
		return 0;
	if (renameat2(c->dirfd, c->away, c->dirfd, c->name, RENAME_NOREPLACE) < 0)
		return base_fail(err, errno, "put %s back from %s", BASE_QUOTE(c->name),
				 BASE_QUOTE(c->away));
	c->away[0] = '\0';
	return convert_fail_changed(c, err);
}

static int put_away(struct convert *c, struct cow_error *err)
{
	struct convert_journal journal = c->journal;
	int r = reopen_original(c, err);

	if (r < 0)
		return r;
	journal.kind = CONVERT_JOURNAL_AWAY;
	convert_journal_format(&journal, c->name, c->away);
	if (renameat2(c->dirfd, c->name, c->dirfd, c->away, RENAME_NOREPLACE) == 0)
		return check_moved(c, err);
	c->away[0] = '\0';
	return base_fail(err, errno, "move %s away", BASE_QUOTE(c->name));
}

int convert_move_begin(struct convert *c, struct cow_error *err)
{
	int r = convert_check_mounts(c, err);

	if (r == 0)
		r = hold(c, &c->copy_hold, c->copy, err);
	if (r < 0)
		return r;
	if (ftruncate(c->copy, c->before.st_size) < 0 || fsync(c->copy) < 0)
		return base_fail(err, errno, "set the size of the copy of %s", BASE_QUOTE(c->name));
	r = convert_name_copy(c, CONVERT_JOURNAL_MOVING, 0, err);
	if (r < 0)
		return r;
	r = convert_sync_directory(c, err);
	if (r == 0)
		r = put_away(c, err);
	if (r < 0 && !c->away[0])
		unlinkat(c->dirfd, c->temp, 0);
	return r;
}

static int empty_copy(const struct convert *c, struct cow_error *err)
{
	if (ftruncate(c->copy, 0) < 0)
		return base_fail(err, errno, "clear the copy of %s", BASE_QUOTE(c->name));
	syncfs(c->copy); /* what that frees is counted as free when it is on disk */
	return 0;
}

int convert_try_low_space(struct convert *c, struct cow_error *err)
{
	char text[COW_SIZE_TEXT_MAX];
	off_t need;
	int r = convert_check_low_space(c, err);

	if (r == 0)
		r = empty_copy(c, err);
	if (r < 0)
		return r;
	need = (off_t)c->result->bytes_needed;
	if (fallocate(c->copy, FALLOC_FL_KEEP_SIZE, 0, need) == 0)
		return empty_copy(c, err);
	r = base_fail(err, errno, "the copy of %s needs %s even so", BASE_QUOTE(c->name),
		      cow_size_format((uint64_t)need, text, sizeof(text)));
	return base_remedy(err, r, r == -EDQUOT ? "raise the quota" : "make room");
}

int convert_move_instead(struct convert *c, struct cow_error *err)
{
	int r = convert_try_low_space(c, err);

	return r < 0 ? r : convert_move_begin(c, err);
}

/* A mere rewrite has none. */
static int check_direction(const struct convert *c, struct cow_error *err)
{
	enum cow_policy to = c->nocow ? COW_POLICY_OFF : COW_POLICY_ON;
	bool rewrite = c->nocow == !!(c->flags & COW_ATTR_NOCOW);

	if (rewrite || to == c->options->to || c->options->flags & COW_CONVERT_UNDO)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_REFUSED,
				       "%s is half converted to CoW %s", BASE_QUOTE(c->name),
				       cow_policy_name(to)),
			   "finish that first, or take it back with --undo");
}

int convert_move_open(struct convert *c, struct cow_error *err)
{
	uint32_t flags = 0;
	struct stat copy;
	int r;

	c->original = open_to_change(c, c->away, c->journal.old_inode, err);
	if (c->original < 0)
		return c->original;
	c->copy = open_to_change(c, c->temp, c->journal.new_inode, err);
	if (c->copy < 0)
		return c->copy;
	if ((r = hold(c, &c->original_hold, c->original, err)) < 0 ||
	    (r = hold(c, &c->copy_hold, c->copy, err)) < 0 ||
	    (r = cow_attr_get(c->original, &c->flags, err)) < 0 ||
	    (r = cow_attr_get(c->copy, &flags, err)) < 0)
		return r;
	if (fstat(c->original, &c->before) < 0 || fstat(c->copy, &copy) < 0)
		return base_fail(err, errno, "look at %s", BASE_QUOTE(c->away));
	if (copy.st_size != c->before.st_size || c->journal.position > (uint64_t)copy.st_size ||
	    (c->journal.position % CONVERT_MOVE_UNIT &&
	     c->journal.position != (uint64_t)copy.st_size))
		return base_refuse(err, ESTALE, COW_CODE_CHANGED, "%s is not as it was left",
				   BASE_QUOTE(c->temp));
	c->before.st_mtim.tv_sec = c->journal.mtime_seconds;
	c->before.st_mtim.tv_nsec = c->journal.mtime_nanoseconds;
	c->result->from_nocow = c->flags & COW_ATTR_NOCOW ? COW_ANSWER_YES : COW_ANSWER_NO;
	c->nocow = flags & COW_ATTR_NOCOW;
	if (!c->nocow && !(c->flags & COW_ATTR_NOCOW))
		convert_find_in_place(c);
	image_cache_drop_unwritten(c->original);
	image_cache_drop_unwritten(c->copy);
	c->resumed = true;
	return check_direction(c, err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"

#define FIND_TRIES 8

/* What is said of each, whatever else may be added between them. */
static const struct {
	const char *name, *remedy;
} states[] = {
	[COW_CONVERT_STATE_UNKNOWN] = {"unknown", ""},
	[COW_CONVERT_STATE_COPYING] = {"copying", "--resume goes on with it, any other conversion "
						  "of the image begins anew"},
	[COW_CONVERT_STATE_EXCHANGING] = {"exchanging", "converting the image again clears up"},
	[COW_CONVERT_STATE_MOVING] = {"moving", "converting the image again goes on, --undo goes "
						"back"},
	[COW_CONVERT_STATE_MIRRORING] = {"mirroring", "converting the image again with the same "
						      "options clears up: do so before its guest "
						      "is started, and don't end the mirror by "
						      "hand"},
};
static const char standing_still[] =
	"converting the image again with the same options clears up and lets its guest go on, "
	"which may stand still for it: neither let it go on nor end the mirror by hand";

COW_EXPORT const char *cow_convert_state_name(enum cow_convert_state state)
{
	return states[(size_t)state < BASE_ARRAY_SIZE(states) ? state : 0].name;
}

static enum cow_convert_state state_of(const struct convert_journal *journal)
{
	switch (journal->kind) {
	case CONVERT_JOURNAL_COPYING:
		return COW_CONVERT_STATE_COPYING;
	case CONVERT_JOURNAL_MOVING:
	case CONVERT_JOURNAL_AWAY:
		return COW_CONVERT_STATE_MOVING;
	case CONVERT_JOURNAL_REMOVE:
	case CONVERT_JOURNAL_KEEP:
	case CONVERT_JOURNAL_MIRRORED:
	case CONVERT_JOURNAL_MIRRORED_KEEP:
	case CONVERT_JOURNAL_STOPPED:
	case CONVERT_JOURNAL_STOPPED_KEEP:
		return COW_CONVERT_STATE_EXCHANGING;
	case CONVERT_JOURNAL_OPENING:
	case CONVERT_JOURNAL_OPENING_KEEP:
	case CONVERT_JOURNAL_MIRRORING:
	case CONVERT_JOURNAL_MIRRORING_KEEP:
		return COW_CONVERT_STATE_MIRRORING;
	}
	return COW_CONVERT_STATE_UNKNOWN;
}

static uint64_t bytes_done(const struct convert_journal *journal, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size, left = (uint64_t)st->st_blocks * 512;

	if (journal->kind == CONVERT_JOURNAL_MOVING)
		return journal->position;
	if (journal->kind == CONVERT_JOURNAL_AWAY)
		return left < size ? size - left : 0;
	if (state_of(journal) == COW_CONVERT_STATE_COPYING ||
	    state_of(journal) == COW_CONVERT_STATE_MIRRORING)
		return left;
	return size;
}

static bool is_copy_of(const struct convert_journal *away, const char *name,
		       struct convert_journal *ret)
{
	return convert_journal_parse_any(name, ret) && ret->kind == CONVERT_JOURNAL_MOVING &&
	       ret->old_inode == away->old_inode && ret->new_inode == away->new_inode;
}

/* The copy of a move that goes on has another name each time one looks; while it is given one, a
 * look at the directory may find neither. */
static void find_copy(int dirfd, const struct convert_journal *away,
		      struct cow_convert_interrupted *item)
{
	BASE_CLEANUP(directory)
	DIR *directory =
		base_directory_stream(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct convert_journal journal;
	const struct dirent *entry;

	for (int i = 0; directory && i < FIND_TRIES; i++, rewinddir(directory))
		while ((entry = readdir(directory)))
			if (is_copy_of(away, entry->d_name, &journal)) {
				base_copy(item->temp, sizeof(item->temp), entry->d_name);
				item->bytes_done = journal.position;
				return;
			}
}

/* The image's name, which the journal's may have cut: then that of the file which is this
 * journal's, by its inode first, for anybody could make up a name that is cut like it. */
static void resolve(int dirfd, const struct convert_journal *journal,
		    struct cow_convert_interrupted *item)
{
	BASE_CLEANUP(directory)
	DIR *directory =
		base_directory_stream(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *entry;
	bool sure = false;

	item->cut = true;
	while (directory && !sure && (entry = readdir(directory))) {
		if (!cow_convert_interrupted_is_of(item, entry->d_name))
			continue;
		base_copy(item->image, sizeof(item->image), entry->d_name);
		item->cut = false;
		sure = entry->d_ino == journal->old_inode || entry->d_ino == journal->new_inode;
	}
}

COW_EXPORT bool cow_convert_interrupted_is_of(const struct cow_convert_interrupted *item,
					      const char *image)
{
	struct convert_journal journal;

	return convert_journal_parse(item->temp, image, &journal);
}

/* Of two files that were the same, has a guest gone on with the other one? */
static bool is_left(int dirfd, const struct stat *path, const struct stat *temp)
{
	return convert_is_written(dirfd, temp->st_ino) && !convert_is_written(dirfd, path->st_ino);
}

/* Is the one of the two files that is at the path all of the image? */
static bool is_complete(int dirfd, const struct convert_journal *journal, const struct stat *path,
			const struct stat *temp)
{
	switch (journal->kind) {
	case CONVERT_JOURNAL_MOVING:
		return !journal->position;
	case CONVERT_JOURNAL_AWAY: /* unless somebody moved it there by hand, half moved */
		return convert_journal_unwritten(journal, path) || !temp->st_blocks;
	case CONVERT_JOURNAL_OPENING:
	case CONVERT_JOURNAL_OPENING_KEEP:
		return path->st_ino == journal->old_inode;
	case CONVERT_JOURNAL_MIRRORING:
	case CONVERT_JOURNAL_MIRRORING_KEEP:
		return path->st_ino == journal->old_inode && !is_left(dirfd, path, temp);
	case CONVERT_JOURNAL_MIRRORED:
	case CONVERT_JOURNAL_MIRRORED_KEEP:
	case CONVERT_JOURNAL_STOPPED:
	case CONVERT_JOURNAL_STOPPED_KEEP:
		return !is_left(dirfd, path, temp);
	default:
		return true;
	}
}

/* What the image's path has of these two files, while `temp` is the other one. */
static void look_at_path(int dirfd, const struct convert_journal *journal, const struct stat *temp,
			 struct cow_convert_interrupted *item)
{
	ino_t other = temp->st_ino == journal->old_inode ? journal->new_inode : journal->old_inode;
	bool moving = item->state == COW_CONVERT_STATE_MOVING;
	struct stat st;
	int error = fstatat(dirfd, item->image, &st, AT_SYMLINK_NOFOLLOW) < 0 ? errno : 0;

	if (!error && st.st_ino == other) {
		item->whole =
			is_complete(dirfd, journal, &st, temp) ? COW_ANSWER_YES : COW_ANSWER_NO;
		if (moving && item->whole == COW_ANSWER_YES)
			item->state = COW_CONVERT_STATE_EXCHANGING;
		return;
	}
	if (error == ENOENT || moving)
		item->whole = COW_ANSWER_NO;
	if (!moving)
		item->remedy = "look for the image, before anything is done with this file";
	else if (!error)
		item->remedy = "another file has the image's name: move that away; then "
			       "converting the image again goes on, --undo goes back";
}

bool convert_is_at_work(int dirfd, const struct convert_journal *journal, ino_t inode)
{
	return convert_is_leased(dirfd, inode) ||
	       ((convert_journal_is_live(journal) || journal->kind == CONVERT_JOURNAL_COPYING) &&
		convert_is_locked(dirfd, journal->new_inode));
}

COW_EXPORT bool cow_convert_interrupted_read(int dirfd, const char *name,
					     struct cow_convert_interrupted *ret)
{
	struct convert_journal journal;
	const char *image = convert_journal_parse_any(name, &journal);
	struct stat st;

	if (!image || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return false;
	*ret = (struct cow_convert_interrupted){
		.state = state_of(&journal),
		.size = (uint64_t)st.st_size,
		.bytes_done = bytes_done(&journal, &st),
	};
	base_copy(ret->image, sizeof(ret->image), image);
	base_copy(ret->temp, sizeof(ret->temp), name);
	if (convert_journal_may_be_cut(image) &&
	    faccessat(dirfd, image, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		resolve(dirfd, &journal, ret);
	look_at_path(dirfd, &journal, &st, ret);
	if (journal.kind == CONVERT_JOURNAL_AWAY && ret->state == COW_CONVERT_STATE_MOVING)
		find_copy(dirfd, &journal, ret);
	ret->second = convert_journal_find_away(dirfd, &journal, image);
	if (convert_journal_stops_guest(&journal) && !ret->remedy)
		ret->remedy = standing_still;
	if (convert_is_at_work(dirfd, &journal, st.st_ino)) {
		ret->running = COW_ANSWER_YES;
		ret->remedy = "";
	} else {
		ret->running = COW_ANSWER_NO;
		ret->remedy = ret->remedy ? ret->remedy : states[ret->state].remedy;
	}
	return true;
}

int convert_refuse_leftover(int dirfd, const char *name, struct cow_error *err)
{
	struct cow_convert_interrupted item;

	if (!cow_convert_interrupted_read(dirfd, name, &item))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_REFUSED,
				       "%s is no image: it belongs to a conversion of %s",
				       BASE_QUOTE(name), BASE_QUOTE(item.image)),
			   "%s", item.remedy);
}

COW_EXPORT int cow_convert_list_interrupted(int dirfd,
					    int (*each)(const struct cow_convert_interrupted *item,
							void *data),
					    void *data, struct cow_error *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	BASE_CLEANUP(directory) DIR *directory = base_directory_stream(fd);
	const struct dirent *entry;
	int r = 0;

	if (!directory)
		return base_fail(err, errno, "read a directory");
	while (r == 0 && (entry = readdir(directory))) {
		struct cow_convert_interrupted item;

		if (cow_convert_interrupted_read(fd, entry->d_name, &item) && !item.second)
			r = each(&item, data);
	}
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"

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
						      "is started"},
};

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
		return COW_CONVERT_STATE_MOVING;
	case CONVERT_JOURNAL_REMOVE:
	case CONVERT_JOURNAL_KEEP:
	case CONVERT_JOURNAL_MIRRORED:
	case CONVERT_JOURNAL_MIRRORED_KEEP:
		return COW_CONVERT_STATE_EXCHANGING;
	case CONVERT_JOURNAL_MIRRORING:
	case CONVERT_JOURNAL_MIRRORING_KEEP:
		return COW_CONVERT_STATE_MIRRORING;
	case CONVERT_JOURNAL_AWAY:
		break; /* its copy tells more */
	}
	return COW_CONVERT_STATE_UNKNOWN;
}

static uint64_t bytes_done(const struct convert_journal *journal, const struct stat *st)
{
	if (journal->kind == CONVERT_JOURNAL_MOVING)
		return journal->position;
	if (state_of(journal) == COW_CONVERT_STATE_COPYING ||
	    state_of(journal) == COW_CONVERT_STATE_MIRRORING)
		return (uint64_t)st->st_blocks * 512;
	return (uint64_t)st->st_size;
}

static bool is_at_work(int dirfd, const struct convert_journal *journal, const struct stat *st)
{
	return convert_journal_is_live(journal)
		       ? convert_is_mirrored_to(dirfd, (ino_t)journal->new_inode)
		       : convert_is_leased(dirfd, st->st_ino);
}

/* @return false when this name is no conversion's, or not the one that counts. */
static bool look(int dirfd, const char *name, struct cow_convert_interrupted *ret)
{
	struct convert_journal journal;
	const char *image = convert_journal_parse_any(name, &journal);
	struct stat st;

	if (!image || state_of(&journal) == COW_CONVERT_STATE_UNKNOWN ||
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return false;
	*ret = (struct cow_convert_interrupted){
		.state = state_of(&journal),
		.running = is_at_work(dirfd, &journal, &st) ? COW_ANSWER_YES : COW_ANSWER_NO,
		.size = (uint64_t)st.st_size,
		.bytes_done = bytes_done(&journal, &st),
	};
	ret->remedy = ret->running == COW_ANSWER_YES ? "" : states[ret->state].remedy;
	base_copy(ret->image, sizeof(ret->image), image);
	base_copy(ret->temp, sizeof(ret->temp), name);
	return true;
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

		if (look(fd, entry->d_name, &item))
			r = each(&item, data);
	}
	return r;
}

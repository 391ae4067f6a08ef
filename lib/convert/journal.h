/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_JOURNAL_H
#define CONVERT_JOURNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * The name of a temporary file is the journal. It says which two inodes it is about and which image
 * they belong to, so that whoever finds it after a crash knows from the directory alone how far
 *things had come:
 *
 *	.cowctl-<old inode>-<new inode>-<mtime>-<kind>[<position>]-<image name>
 *
 * The mtime is the image's, and when the names are exchanged the copy's too: the one of the two
 *that nobody wrote to since still has it. A name of more than 128 bytes is cut and ends in a hash
 *of the whole.
 */
enum convert_journal_kind {
	CONVERT_JOURNAL_REMOVE = 'r',  /* exchanging names; the old image is then removed */
	CONVERT_JOURNAL_KEEP = 'k',    /* exchanging names; the old image is then kept */
	CONVERT_JOURNAL_COPYING = 'c', /* a copy that can be resumed; the image is at its path */
	/* The copy holds all data before the position, the old image the rest. */
	CONVERT_JOURNAL_MOVING = 'm',
	CONVERT_JOURNAL_AWAY = 'o', /* the old image meanwhile, which is not at its path */
	/* A guest's disk is mirrored; the mtime, which changes with every write, is 0, until the
	 * guest goes on without the old image. */
	CONVERT_JOURNAL_OPENING = 'p', /* the guest stands still for it to begin, or to end */
	CONVERT_JOURNAL_OPENING_KEEP = 'P',
	CONVERT_JOURNAL_MIRRORING = 'l', /* the copy is not complete */
	CONVERT_JOURNAL_MIRRORING_KEEP = 'L',
	CONVERT_JOURNAL_MIRRORED = 'd', /* both are complete */
	CONVERT_JOURNAL_MIRRORED_KEEP = 'D',
	CONVERT_JOURNAL_STOPPED = 's', /* the same, of a guest that stood still before */
	CONVERT_JOURNAL_STOPPED_KEEP = 'S',
};

struct convert_journal {
	uint64_t old_inode, new_inode;
	int64_t mtime_seconds;
	uint32_t mtime_nanoseconds;
	enum convert_journal_kind kind;
	uint64_t position; /* CONVERT_JOURNAL_MOVING only */
};

#define CONVERT_JOURNAL_NAME_MAX (NAME_MAX + 1)
void convert_journal_format(const struct convert_journal *journal, const char *image,
			    char name[CONVERT_JOURNAL_NAME_MAX]);
/* Read a name; false when it is not the journal of this image. */
bool convert_journal_parse(const char *name, const char *image, struct convert_journal *ret);

/* Read any such name. @return where in it the image's name begins, or NULL. */
const char *convert_journal_parse_any(const char *name, struct convert_journal *ret);
/* The old image of a move, of which this is the copy; `of` is the image's name as it stands in that
 * one's. @return true when it is there. */
bool convert_journal_find_away(int dirfd, const struct convert_journal *journal, const char *of);
/* Is this a name of one of the two files of a move? */
bool convert_journal_is_move(const char *name);
/* Is this all of an image's name, or may there have been more of it? */
bool convert_journal_may_be_cut(const char *image);

/* Is the old image to be kept in the end? */
bool convert_journal_keeps(const struct convert_journal *journal);
/* Of a mirror's kind, the one of which that is true. */
enum convert_journal_kind convert_journal_keeping(enum convert_journal_kind kind);
/* Is it a guest's disk, was the guest stopped for the copy to be opened, is the copy complete? */
bool convert_journal_is_live(const struct convert_journal *journal);
bool convert_journal_is_opening(const struct convert_journal *journal);
bool convert_journal_is_mirrored(const struct convert_journal *journal);
/* Of these, may its guest have been left standing still, which ran before? */
bool convert_journal_stops_guest(const struct convert_journal *journal);

/* True when this file was not written to since the journal was. */
bool convert_journal_unwritten(const struct convert_journal *journal, const struct stat *st);

#endif

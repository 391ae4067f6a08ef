/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_JOURNAL_H
#define CONVERT_JOURNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * The name of the temporary file is the journal. It says which two inodes are being exchanged and
 * which image they belong to, so that whoever finds it after a crash knows from the directory alone
 * how far things had come:
 *
 *	.cowctl-<old inode>-<new inode>-<mtime>-<k or r>-<image name>
 *
 * The mtime is the image's, and the copy's too: the one of the two that nobody wrote to since still
 * has it. "k" means that the old image is to be kept, "r" that it is to be removed. A name of more
 * than 128 bytes is cut and ends in a hash of the whole.
 */
struct convert_journal {
	uint64_t old_inode, new_inode;
	int64_t mtime_seconds;
	uint32_t mtime_nanoseconds;
	bool keep;
};

#define CONVERT_JOURNAL_NAME_MAX (NAME_MAX + 1)
void convert_journal_format(const struct convert_journal *journal, const char *image,
			    char name[CONVERT_JOURNAL_NAME_MAX]);
/* Read a name; false when it is not the journal of this image. */
bool convert_journal_parse(const char *name, const char *image, struct convert_journal *ret);

/* True when this file was not written to since the journal was. */
bool convert_journal_unwritten(const struct convert_journal *journal, const struct stat *st);

#endif

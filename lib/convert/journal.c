/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>

#include <cow/convert.h>

#include "base/text.h"
#include "convert/journal.h"

#define IMAGE_MAX 128

void convert_journal_format(const struct convert_journal *journal,
			    char name[CONVERT_JOURNAL_NAME_MAX])
{
	snprintf(name, CONVERT_JOURNAL_NAME_MAX,
		 COW_CONVERT_TEMP_PREFIX "%" PRIx64 "-%" PRIx64 "-%" PRIx64 ".%" PRIx32
					 "-%." BASE_STRING(IMAGE_MAX) "s",
		 journal->old_inode, journal->new_inode, (uint64_t)journal->mtime_seconds,
		 journal->mtime_nanoseconds, journal->image);
}

bool convert_journal_parse(const char *name, struct convert_journal *ret)
{
	uint64_t seconds;
	int end = 0;

	if (sscanf(name,
		   COW_CONVERT_TEMP_PREFIX "%16" SCNx64 "-%16" SCNx64 "-%16" SCNx64 ".%8" SCNx32
					   "-%n",
		   &ret->old_inode, &ret->new_inode, &seconds, &ret->mtime_nanoseconds,
		   &end) != 4 ||
	    !end)
		return false;
	ret->mtime_seconds = (int64_t)seconds;
	ret->image = name + end;
	return *ret->image != '\0';
}

bool convert_journal_is_of(const struct convert_journal *journal, const char *image)
{
	size_t n = strlen(journal->image);

	return n < IMAGE_MAX ? base_equal(journal->image, image)
			     : n == IMAGE_MAX && base_starts(image, journal->image);
}

bool convert_journal_unwritten(const struct convert_journal *journal, const struct stat *st)
{
	return st->st_mtim.tv_sec == journal->mtime_seconds &&
	       (uint32_t)st->st_mtim.tv_nsec == journal->mtime_nanoseconds;
}

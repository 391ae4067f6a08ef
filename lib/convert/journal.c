/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include <cow/convert.h>

#include "base/text.h"
#include "convert/journal.h"

#define IMAGE_MAX  128
#define HASH_CHARS 16

/* FNV-1a: to tell names apart that begin alike, not to keep anybody from forging one. */
static uint64_t hash(const char *text)
{
	uint64_t value = 0xcbf29ce484222325u;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3u;
	return value;
}

/* The image's name as it stands in the journal. */
static void shorten(const char *image, char buffer[IMAGE_MAX + 1])
{
	if (strlen(image) <= IMAGE_MAX)
		strcpy(buffer, image);
	else
		snprintf(buffer, IMAGE_MAX + 1, "%.*s~%016" PRIx64, IMAGE_MAX - HASH_CHARS - 1,
			 image, hash(image));
}

bool convert_journal_may_be_cut(const char *image)
{
	const char *end = image + IMAGE_MAX - HASH_CHARS;

	return strlen(image) == IMAGE_MAX && end[-1] == '~' &&
	       strspn(end, "0123456789abcdef") == HASH_CHARS;
}

void convert_journal_format(const struct convert_journal *journal, const char *image,
			    char name[CONVERT_JOURNAL_NAME_MAX])
{
	char shortened[IMAGE_MAX + 1], position[17] = "";

	shorten(image, shortened);
	if (journal->kind == CONVERT_JOURNAL_MOVING)
		snprintf(position, sizeof(position), "%" PRIx64, journal->position);
	snprintf(name, CONVERT_JOURNAL_NAME_MAX,
		 COW_CONVERT_TEMP_PREFIX "%" PRIx64 "-%" PRIx64 "-%" PRIx64 ".%" PRIx32 "-%c%s-%s",
		 journal->old_inode, journal->new_inode, (uint64_t)journal->mtime_seconds,
		 journal->mtime_nanoseconds, journal->kind, position, shortened);
}

const char *convert_journal_parse_any(const char *name, struct convert_journal *ret)
{
	uint64_t seconds;
	char kind[2];
	int end = 0;

	if (sscanf(name,
		   COW_CONVERT_TEMP_PREFIX "%16" SCNx64 "-%16" SCNx64 "-%16" SCNx64 ".%8" SCNx32
					   "-%1[rkcmolLdDpPsS]%n",
		   &ret->old_inode, &ret->new_inode, &seconds, &ret->mtime_nanoseconds, kind,
		   &end) != 5)
		return NULL;
	ret->mtime_seconds = (int64_t)seconds;
	ret->kind = (enum convert_journal_kind)kind[0];
	ret->position = 0;
	name += end;
	end = 0;
	if (ret->kind == CONVERT_JOURNAL_MOVING)
		sscanf(name, "%16" SCNx64 "-%n", &ret->position, &end);
	else if (*name == '-')
		end = 1;
	return end ? name + end : NULL;
}

bool convert_journal_parse(const char *name, const char *image, struct convert_journal *ret)
{
	char shortened[IMAGE_MAX + 1];
	const char *of = convert_journal_parse_any(name, ret);

	shorten(image, shortened);
	return of && base_equal(of, shortened);
}

bool convert_journal_find_away(int dirfd, const struct convert_journal *journal, const char *of)
{
	struct convert_journal away = *journal;
	char name[CONVERT_JOURNAL_NAME_MAX];
	struct stat st;

	away.kind = CONVERT_JOURNAL_AWAY;
	convert_journal_format(&away, of, name);
	return journal->kind == CONVERT_JOURNAL_MOVING &&
	       fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_ino == journal->old_inode;
}

bool convert_journal_is_move(const char *name)
{
	struct convert_journal journal;

	return convert_journal_parse_any(name, &journal) &&
	       (journal.kind == CONVERT_JOURNAL_MOVING || journal.kind == CONVERT_JOURNAL_AWAY);
}

bool convert_journal_unwritten(const struct convert_journal *journal, const struct stat *st)
{
	return st->st_mtim.tv_sec == journal->mtime_seconds &&
	       (uint32_t)st->st_mtim.tv_nsec == journal->mtime_nanoseconds;
}

bool convert_journal_keeps(const struct convert_journal *journal)
{
	return strchr("kLDPS", (int)journal->kind);
}

enum convert_journal_kind convert_journal_keeping(enum convert_journal_kind kind)
{
	return (enum convert_journal_kind)((int)kind - 'a' + 'A');
}

bool convert_journal_is_live(const struct convert_journal *journal)
{
	return strchr("lLdDpPsS", (int)journal->kind);
}

bool convert_journal_is_opening(const struct convert_journal *journal)
{
	return strchr("pP", (int)journal->kind);
}

bool convert_journal_is_mirrored(const struct convert_journal *journal)
{
	return strchr("dDsS", (int)journal->kind);
}

bool convert_journal_stops_guest(const struct convert_journal *journal)
{
	return strchr("pPdD", (int)journal->kind);
}

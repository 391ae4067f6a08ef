/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part that needs no Btrfs: the journal in a name. */

#include "convert/convert.h"
#include "convert/journal.h"
#include "unit.h"

static void a_name_tells_the_whole_state(void)
{
	static const char image[] = "-a \n\xff-1-2.raw";
	const struct convert_journal journal = {.old_inode = 257,
						.new_inode = UINT64_MAX,
						.mtime_seconds = -5,
						.mtime_nanoseconds = 999999999,
						.kind = CONVERT_JOURNAL_MOVING,
						.position = 0x123456789abcdef};
	char name[CONVERT_JOURNAL_NAME_MAX];
	struct convert_journal read;

	convert_journal_format(&journal, image, name);
	CHECK(convert_journal_parse(name, image, &read));
	CHECK_NUMBER(read.old_inode, 257);
	CHECK(read.new_inode == UINT64_MAX);
	CHECK_NUMBER(read.mtime_seconds, -5);
	CHECK_NUMBER(read.mtime_nanoseconds, 999999999);
	CHECK_NUMBER(read.kind, CONVERT_JOURNAL_MOVING);
	CHECK(read.position == 0x123456789abcdef);
	CHECK(!convert_journal_parse(name, "-a", &read));
}

static void long_names_that_begin_alike_are_told_apart(void)
{
	const struct convert_journal journal = {.old_inode = UINT64_MAX,
						.new_inode = UINT64_MAX,
						.mtime_seconds = -1,
						.mtime_nanoseconds = 999999999,
						.kind = CONVERT_JOURNAL_MOVING,
						.position = UINT64_MAX};
	char one[NAME_MAX + 1], other[NAME_MAX + 1], name[CONVERT_JOURNAL_NAME_MAX];
	struct convert_journal read;

	memset(one, 'x', NAME_MAX);
	one[NAME_MAX] = '\0';
	memcpy(other, one, sizeof(other));
	other[NAME_MAX - 1] = 'y';
	convert_journal_format(&journal, one, name);
	CHECK(strlen(name) < NAME_MAX);
	CHECK(convert_journal_parse(name, one, &read));
	CHECK(!convert_journal_parse(name, other, &read));
	CHECK(!convert_journal_parse(name, "xxx", &read));
}

static void a_name_that_was_cut_can_be_told(void)
{
	const struct convert_journal journal = {.kind = CONVERT_JOURNAL_AWAY};
	char image[NAME_MAX + 1] = {0}, name[CONVERT_JOURNAL_NAME_MAX];
	struct convert_journal read;

	memset(image, 'x', 129);
	convert_journal_format(&journal, image, name);
	CHECK(convert_journal_is_move(name));
	CHECK(convert_journal_may_be_cut(convert_journal_parse_any(name, &read)));
	image[128] = '\0';
	convert_journal_format(&journal, image, name);
	CHECK_TEXT(convert_journal_parse_any(name, &read), image);
	CHECK(!convert_journal_may_be_cut(image));
	CHECK(!convert_journal_may_be_cut("x"));
	image[111] = '~';
	CHECK(!convert_journal_may_be_cut(image));
	CHECK(!convert_journal_is_move(".cowctl-1-2-3.4-r-n"));
}

static void other_names_are_not_ours(void)
{
	static const char *const names[] = {".cowctl-",
					    ".cowctl-0123456789abcdef",
					    "n",
					    ".cowctl-1-2-3.4-n",
					    ".cowctl-1-2-3.4-r-",
					    ".cowctl-x-2-3.4-r-n",
					    ".cowctl-1-2-3.4-x-n",
					    ".cowctl-1-2-3.4-rk-n",
					    ".cowctl-1-2-3.4-c5-n",
					    ".cowctl-1-2-3.4-m-n",
					    ".cowctl-1-2-3.4-m5n"};
	struct convert_journal journal;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(!convert_journal_parse(names[i], "n", &journal));
	CHECK(convert_journal_parse(".cowctl-1-2-3.4-r-n", "n", &journal));
}

int main(void)
{
	a_name_tells_the_whole_state();
	long_names_that_begin_alike_are_told_apart();
	a_name_that_was_cut_can_be_told();
	other_names_are_not_ours();
	return unit_status();
}

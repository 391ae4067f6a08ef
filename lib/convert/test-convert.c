/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts that need no Btrfs: the journal in a name, and ranges. */
#include <fcntl.h>
#include <unistd.h>

#include "convert/convert.h"
#include "convert/journal.h"
#include "unit.h"

static void a_name_tells_the_whole_state(void)
{
	const struct convert_journal journal = {.old_inode = 257,
						.new_inode = UINT64_MAX,
						.mtime_seconds = -5,
						.mtime_nanoseconds = 999999999,
						.image = "-a \n\xff-1-2.raw"};
	char name[CONVERT_JOURNAL_NAME_MAX];
	struct convert_journal read;

	convert_journal_format(&journal, name);
	CHECK(convert_journal_parse(name, &read));
	CHECK_NUMBER(read.old_inode, 257);
	CHECK(read.new_inode == UINT64_MAX);
	CHECK_NUMBER(read.mtime_seconds, -5);
	CHECK_NUMBER(read.mtime_nanoseconds, 999999999);
	CHECK_TEXT(read.image, journal.image);
	CHECK(convert_journal_is_of(&read, journal.image));
	CHECK(!convert_journal_is_of(&read, "-a"));
}

static void a_long_name_is_cut_and_still_known(void)
{
	char longest[NAME_MAX + 1], name[CONVERT_JOURNAL_NAME_MAX];
	struct convert_journal journal = {.old_inode = UINT64_MAX,
					  .new_inode = UINT64_MAX,
					  .mtime_seconds = -1,
					  .mtime_nanoseconds = 999999999,
					  .image = longest};

	memset(longest, 'x', NAME_MAX);
	longest[NAME_MAX] = '\0';
	convert_journal_format(&journal, name);
	CHECK(strlen(name) < NAME_MAX);
	CHECK(convert_journal_parse(name, &journal));
	CHECK(convert_journal_is_of(&journal, longest));
	CHECK(!convert_journal_is_of(&journal, "xxx"));
}

static void other_names_are_not_ours(void)
{
	static const char *const names[] = {
		".cowctl-",        ".cowctl-0123456789abcdef", "v.raw",
		".cowctl-1-2-3.4", ".cowctl-1-2-3.4-",         ".cowctl-x-2-3.4-n"};
	struct convert_journal journal;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(!convert_journal_parse(names[i], &journal));
}

/* Data at 0, at 132 KiB after a small hole, and at 1 MiB after a large one. */
static void holes_are_kept_from_64_kib_on(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);
	const uint64_t size = 4u << 20;
	struct convert_range range;

	if (fd < 0)
		UNIT_SKIP("no unnamed files in the build directory");
	CHECK_NUMBER(ftruncate(fd, (off_t)size), 0);
	CHECK_NUMBER(pwrite(fd, "x", 1, 0), 1);
	CHECK_NUMBER(pwrite(fd, "x", 1, 64 << 10), 1);
	CHECK_NUMBER(pwrite(fd, "x", 1, 1 << 20), 1);
	CHECK_NUMBER(fsync(fd), 0);

	CHECK_NUMBER(convert_next_range(fd, 0, size, &range), 1);
	CHECK_NUMBER(range.start, 0);
	CHECK_NUMBER(range.end, (64 << 10) + 4096);
	CHECK_NUMBER(convert_next_range(fd, range.end, size, &range), 1);
	CHECK_NUMBER(range.start, 1 << 20);
	CHECK_NUMBER(convert_next_range(fd, range.end, size, &range), 0);
	CHECK_NUMBER(convert_next_range(fd, size, size, &range), 0);
	close(fd);
}

int main(void)
{
	a_name_tells_the_whole_state();
	a_long_name_is_cut_and_still_known();
	other_names_are_not_ours();
	holes_are_kept_from_64_kib_on();
	return unit_status();
}

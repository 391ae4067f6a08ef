/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts that need no Btrfs: the journal in a name, and ranges. */
#include <fcntl.h>
#include <unistd.h>

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
						.keep = true};
	char name[CONVERT_JOURNAL_NAME_MAX];
	struct convert_journal read;

	convert_journal_format(&journal, image, name);
	CHECK(convert_journal_parse(name, image, &read));
	CHECK_NUMBER(read.old_inode, 257);
	CHECK(read.new_inode == UINT64_MAX);
	CHECK_NUMBER(read.mtime_seconds, -5);
	CHECK_NUMBER(read.mtime_nanoseconds, 999999999);
	CHECK(read.keep);
	CHECK(!convert_journal_parse(name, "-a", &read));
}

static void long_names_that_begin_alike_are_told_apart(void)
{
	const struct convert_journal journal = {.old_inode = UINT64_MAX,
						.new_inode = UINT64_MAX,
						.mtime_seconds = -1,
						.mtime_nanoseconds = 999999999};
	char one[NAME_MAX + 1], other[NAME_MAX + 1], name[CONVERT_JOURNAL_NAME_MAX];
	struct convert_journal read;

	memset(one, 'x', NAME_MAX);
	one[NAME_MAX] = '\0';
	memcpy(other, one, sizeof(other));
	other[NAME_MAX - 1] = 'y';
	convert_journal_format(&journal, one, name);
	CHECK(strlen(name) < NAME_MAX);
	CHECK(convert_journal_parse(name, one, &read));
	CHECK(!read.keep);
	CHECK(!convert_journal_parse(name, other, &read));
	CHECK(!convert_journal_parse(name, "xxx", &read));
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
					    ".cowctl-1-2-3.4-rk-n"};
	struct convert_journal journal;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(!convert_journal_parse(names[i], "n", &journal));
	CHECK(convert_journal_parse(".cowctl-1-2-3.4-r-n", "n", &journal));
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
	long_names_that_begin_alike_are_told_apart();
	other_names_are_not_ours();
	holes_are_kept_from_64_kib_on();
	return unit_status();
}

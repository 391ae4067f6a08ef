/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk over a tree made for it, where no particular filesystem is needed. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/walk.h"
#include "base/fd.h"
#include "base/text.h"
#include "unit.h"

static char root[] = "/tmp/test-walk.XXXXXX";

static void make_file(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	CHECK(fd >= 0);
	close(fd);
}

/* All entries of a walk, each behind a bar; errors by their errno in brackets. */
static char *walk_text(const char *start)
{
	struct audit_walk *walk = NULL;
	struct audit_entry entry;
	char *text = strdup("");

	CHECK_NUMBER(audit_walk_new(start, false, NULL, &walk, NULL), 0);
	while (audit_walk_next(walk, &entry, NULL) == 1) {
		char *longer = entry.error ? base_format("%s|%s[%d]", text, entry.path,
							 entry.error->errnum)
					   : base_format("%s|%s", text, entry.path);

		free(text);
		text = longer;
	}
	audit_walk_free(walk);
	return text;
}

static void check_walk(const char *start, const char *expected)
{
	char *text = walk_text(start);

	CHECK_TEXT(text, expected);
	free(text);
}

static void names_come_sorted_bytewise_and_depth_first(void)
{
	CHECK_NUMBER(mkdir("a", 0700), 0);
	CHECK_NUMBER(mkdir("a/c", 0700), 0);
	CHECK_NUMBER(mkdir("a/empty", 0700), 0);
	make_file(AT_FDCWD, "a/c/x");
	make_file(AT_FDCWD, "a/-b");
	make_file(AT_FDCWD, "a/d\n");
	make_file(AT_FDCWD, "a/\xff");
	make_file(AT_FDCWD, "a/B");
	check_walk("a", "|a/-b|a/B|a/c/x|a/d\n|a/\xff");
	check_walk("a//", "|a/-b|a/B|a/c/x|a/d\n|a/\xff");
}

static void what_is_no_regular_file_is_not_seen(void)
{
	CHECK_NUMBER(mkdir("s", 0700), 0);
	CHECK_NUMBER(mkfifo("s/fifo", 0600), 0);
	CHECK_NUMBER(symlink("../a", "s/directory"), 0);
	CHECK_NUMBER(symlink("../a/B", "s/file"), 0);
	CHECK_NUMBER(symlink("loop", "s/loop"), 0);
	check_walk("s", "");
}

static void the_start_may_be_a_symlink(void)
{
	check_walk("s/directory", "|s/directory/-b|s/directory/B|s/directory/c/x|s/directory/d\n"
				  "|s/directory/\xff");
	check_walk("s/file", "|s/file");
}

static void a_file_named_directly_is_found_in_its_real_directory(void)
{
	struct audit_walk *walk = NULL;
	struct audit_entry entry;
	struct stat is, expected;

	CHECK_NUMBER(audit_walk_new("s/file", false, NULL, &walk, NULL), 0);
	CHECK_NUMBER(audit_walk_next(walk, &entry, NULL), 1);
	CHECK(entry.named);
	CHECK_TEXT(entry.name, "B");
	CHECK_NUMBER(fstat(entry.directory->fd, &is), 0);
	CHECK_NUMBER(stat("a", &expected), 0);
	CHECK_NUMBER(is.st_ino, expected.st_ino);
	CHECK_NUMBER(audit_walk_next(walk, &entry, NULL), 0);
	audit_walk_free(walk);
}

static void what_can_not_be_looked_at_is_an_entry(void)
{
	check_walk("nothing", "|nothing[2]");
	check_walk("/dev/null", "|/dev/null[0]");
	check_walk("s/loop", "|s/loop[40]");
}

static void a_directory_deleted_meanwhile_is_no_error(void)
{
	struct audit_walk *walk = NULL;
	struct audit_entry entry;

	CHECK_NUMBER(mkdir("v", 0700), 0);
	CHECK_NUMBER(mkdir("v/b", 0700), 0);
	make_file(AT_FDCWD, "v/a");
	make_file(AT_FDCWD, "v/c");
	CHECK_NUMBER(audit_walk_new("v", false, NULL, &walk, NULL), 0);
	CHECK_NUMBER(audit_walk_next(walk, &entry, NULL), 1);
	CHECK_TEXT(entry.path, "v/a");
	CHECK_NUMBER(rmdir("v/b"), 0);
	CHECK_NUMBER(audit_walk_next(walk, &entry, NULL), 1);
	CHECK_TEXT(entry.path, "v/c");
	audit_walk_free(walk);
}

/* Make `depth` directories one in another, a file in the last and one beside the first. */
static void make_deep(int depth)
{
	int fd = open("deep", O_RDONLY | O_DIRECTORY);

	make_file(fd, "z");
	for (int i = 0; i < depth; i++) {
		int below = -1;

		if (mkdirat(fd, "d", 0700) == 0)
			below = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = below;
	}
	make_file(fd, "bottom");
	close(fd);
}

static void a_tree_deeper_than_paths_and_descriptors_is_walked(void)
{
	enum { DEPTH = 5000 };
	struct rlimit few = {.rlim_cur = 64, .rlim_max = 64}, before;
	char *text;

	getrlimit(RLIMIT_NOFILE, &before);
	few.rlim_max = before.rlim_max;
	CHECK_NUMBER(mkdir("deep", 0700), 0);
	make_deep(DEPTH);
	setrlimit(RLIMIT_NOFILE, &few);
	text = walk_text("deep");
	setrlimit(RLIMIT_NOFILE, &before);
	CHECK_NUMBER(strlen(text), strlen("|deep/bottom|deep/z") + (size_t)2 * DEPTH);
	CHECK(strstr(text, "/d/d/bottom|deep/z") != NULL);
	free(text);
}

static void a_way_back_that_is_lost_is_an_entry(void)
{
	enum { DEPTH = 40 };
	struct audit_walk *walk = NULL;
	struct audit_entry entry;

	CHECK_NUMBER(mkdir("moved", 0700), 0);
	CHECK_NUMBER(mkdir("t", 0700), 0);
	CHECK_NUMBER(mkdir("t/e", 0700), 0);
	for (int i = 0; i < DEPTH; i++) {
		char name[2 * DEPTH + 8] = "t/e";

		for (int k = 0; k <= i; k++)
			strcat(name, "/d");
		CHECK_NUMBER(mkdir(name, 0700), 0);
		if (i == DEPTH - 1)
			make_file(AT_FDCWD, strcat(name, "/f"));
	}
	CHECK_NUMBER(audit_walk_new("t", false, NULL, &walk, NULL), 0);
	CHECK_NUMBER(audit_walk_next(walk, &entry, NULL), 1);
	CHECK(!entry.error);
	/* t/e/d is closed by now; what is in it is put elsewhere, so that ".." leads astray. */
	CHECK_NUMBER(rename("t/e/d/d", "moved/elsewhere"), 0);
	CHECK_NUMBER(audit_walk_next(walk, &entry, NULL), 1);
	CHECK(entry.error && entry.error->code == COW_CODE_CHANGED);
	CHECK_TEXT(entry.path, "t/e/d");
	CHECK_NUMBER(audit_walk_next(walk, &entry, NULL), 0);
	audit_walk_free(walk);
}

int main(void)
{
	BASE_CLEANUP(free) char *remove = NULL;

	if (!mkdtemp(root) || chdir(root) < 0)
		return EXIT_FAILURE;
	names_come_sorted_bytewise_and_depth_first();
	what_is_no_regular_file_is_not_seen();
	the_start_may_be_a_symlink();
	a_file_named_directly_is_found_in_its_real_directory();
	what_can_not_be_looked_at_is_an_entry();
	a_directory_deleted_meanwhile_is_no_error();
	a_tree_deeper_than_paths_and_descriptors_is_walked();
	a_way_back_that_is_lost_is_an_entry();
	remove = base_format("rm -rf %s", root);
	if (chdir("/") < 0 || system(remove) != 0)
		return EXIT_FAILURE;
	return unit_status();
}

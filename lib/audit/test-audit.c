/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An audit from outside, as a program uses it, on whatever filesystem /tmp is. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cow/audit.h>

#include "base/macro.h"
#include "base/text.h"
#include "unit.h"

static char root[] = "/tmp/test-audit.XXXXXX";

static void make_image(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	CHECK(fd >= 0 && ftruncate(fd, 1 << 20) == 0);
	close(fd);
}

static struct cow_audit *begin(const char *path, unsigned flags)
{
	struct cow_audit *audit = NULL;

	CHECK_NUMBER(cow_audit_new(flags, &audit, NULL), 0);
	CHECK_NUMBER(cow_audit_add(audit, path, COW_POLICY_OFF, "vms", NULL), 0);
	return audit;
}

static void expect_next(struct cow_audit *audit, const char *path)
{
	struct cow_audit_item *item = NULL;

	CHECK_NUMBER(cow_audit_next(audit, &item, NULL), path ? 1 : 0);
	if (path && item)
		CHECK_TEXT(item->path, path);
	cow_audit_item_free(item);
}

static void what_makes_no_sense_is_refused(void)
{
	struct cow_audit *audit = NULL;
	struct cow_error err = {0};

	CHECK_NUMBER(cow_audit_new(0x80, &audit, &err), -EINVAL);
	CHECK(!audit && err.code == COW_CODE_USAGE);
	CHECK_NUMBER(cow_audit_new(0, &audit, NULL), 0);
	CHECK_NUMBER(cow_audit_add(audit, ".", COW_POLICY_UNKNOWN, NULL, &err), -EINVAL);
	expect_next(audit, NULL);
	cow_audit_free(audit);
	cow_audit_free(NULL);
	cow_audit_item_free(NULL);
}

static void an_item_outlives_its_audit(void)
{
	struct cow_audit *audit = begin("i", 0);
	struct cow_audit_item *item = NULL;
	struct cow_audit_summary summary;

	CHECK_NUMBER(cow_audit_next(audit, &item, NULL), 1);
	cow_audit_get_summary(audit, &summary);
	cow_audit_free(audit);
	CHECK_TEXT(item->path, "i/a/a");
	CHECK_TEXT(item->pool, "vms");
	CHECK_NUMBER(item->format, COW_FORMAT_RAW);
	CHECK_NUMBER(item->size, 1 << 20);
	CHECK_NUMBER(item->policy, COW_POLICY_OFF);
	CHECK_NUMBER(item->effective, COW_POLICY_OFF);
	CHECK_NUMBER(summary.images, 1);
	CHECK_NUMBER(summary.ok + summary.drifted + summary.unknown, 1);
	cow_audit_item_free(item);
}

static void raw_images_are_told_by_their_size_unless_named(void)
{
	struct cow_audit *audit;

	CHECK_NUMBER(mkdir("size", 0700), 0);
	make_image("size/image");
	make_image("size/odd");
	CHECK_NUMBER(truncate("size/odd", (1 << 20) + 1), 0);
	make_image("size/small");
	CHECK_NUMBER(truncate("size/small", (1 << 20) - 512), 0);
	make_image("size/void");
	CHECK_NUMBER(truncate("size/void", 0), 0);
	audit = begin("size", 0);
	CHECK_NUMBER(cow_audit_add(audit, "size/void", COW_POLICY_OFF, NULL, NULL), 0);
	expect_next(audit, "size/image");
	expect_next(audit, "size/void");
	expect_next(audit, NULL);
	cow_audit_free(audit);
	audit = begin("size", COW_AUDIT_ALL_FILES);
	expect_next(audit, "size/image");
	expect_next(audit, "size/odd");
	expect_next(audit, "size/small");
	expect_next(audit, "size/void");
	expect_next(audit, NULL);
	cow_audit_free(audit);
}

/* The names in "i" are known when what is in "i/a" is given, but not what they stand for. */
static void a_file_deleted_meanwhile_is_left_out(void)
{
	struct cow_audit *audit = begin("i", 0);

	expect_next(audit, "i/a/a");
	CHECK_NUMBER(unlink("i/b"), 0);
	CHECK_NUMBER(unlink("i/c"), 0);
	CHECK_NUMBER(symlink("a/a", "i/c"), 0);
	CHECK_NUMBER(unlink("i/d"), 0);
	CHECK_NUMBER(mkfifo("i/d", 0600), 0);
	expect_next(audit, "i/e");
	expect_next(audit, NULL);
	cow_audit_free(audit);
}

static void many_files_come_in_order_and_may_be_left_alone(void)
{
	struct cow_audit *audit = begin("many", 0);
	char name[32];

	CHECK_NUMBER(mkdir("many", 0700), 0);
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "many/%03d", i);
		make_image(name);
	}
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "many/%03d", i);
		expect_next(audit, name);
	}
	expect_next(audit, NULL);
	cow_audit_free(audit);
	audit = begin("many", 0);
	expect_next(audit, "many/000");
	cow_audit_free(audit);
}

static void what_is_not_there_is_an_item_with_an_error(void)
{
	struct cow_audit *audit = begin("nothing", 0);
	struct cow_audit_item *item = NULL;
	struct cow_audit_summary summary;

	CHECK_NUMBER(cow_audit_next(audit, &item, NULL), 1);
	CHECK_TEXT(item->path, "nothing");
	CHECK_NUMBER(item->error.code, COW_CODE_NOT_FOUND);
	cow_audit_item_free(item);
	expect_next(audit, NULL);
	cow_audit_get_summary(audit, &summary);
	CHECK_NUMBER(summary.images, 0);
	CHECK_NUMBER(summary.errors, 1);
	cow_audit_free(audit);
}

/* Opening it would break the lease: whoever holds it is busy with the file. */
static void a_leased_file_is_busy_and_not_waited_for(void)
{
	struct cow_audit *audit = begin("i/e", 0);
	struct cow_audit_item *item = NULL;
	int fd = open("i/e", O_RDWR);

	if (fcntl(fd, F_SETSIG, SIGURG) < 0 || fcntl(fd, F_SETLEASE, F_WRLCK) < 0) {
		close(fd);
		cow_audit_free(audit);
		return;
	}
	CHECK_NUMBER(cow_audit_next(audit, &item, NULL), 1);
	CHECK_NUMBER(item->error.code, COW_CODE_BUSY);
	cow_audit_item_free(item);
	cow_audit_free(audit);
	close(fd);
}

static void a_leftover_is_named_and_not_judged(void)
{
	struct cow_audit_item *item = NULL;
	struct cow_audit *audit;

	CHECK_NUMBER(mkdir("left", 0700), 0);
	make_image("left/.cowctl-1234");
	audit = begin("left", 0);
	CHECK_NUMBER(cow_audit_next(audit, &item, NULL), 1);
	CHECK_TEXT(item->findings->rule, "leftover");
	CHECK(!item->findings->next);
	CHECK_NUMBER(item->compliance, COW_COMPLIANCE_NOT_APPLICABLE);
	cow_audit_item_free(item);
	cow_audit_free(audit);
}

int main(void)
{
	BASE_CLEANUP(free) char *remove = NULL;

	if (!mkdtemp(root) || chdir(root) < 0 || mkdir("i", 0700) < 0 || mkdir("i/a", 0700) < 0)
		return EXIT_FAILURE;
	make_image("i/a/a");
	what_makes_no_sense_is_refused();
	an_item_outlives_its_audit();
	raw_images_are_told_by_their_size_unless_named();
	make_image("i/b");
	make_image("i/c");
	make_image("i/d");
	make_image("i/e");
	a_file_deleted_meanwhile_is_left_out();
	many_files_come_in_order_and_may_be_left_alone();
	what_is_not_there_is_an_item_with_an_error();
	a_leased_file_is_busy_and_not_waited_for();
	a_leftover_is_named_and_not_judged();
	remove = base_format("rm -rf %s", root);
	if (chdir("/") < 0 || system(remove) != 0)
		return EXIT_FAILURE;
	return unit_status();
}

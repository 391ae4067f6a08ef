/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New images on whatever filesystem the temporary folder is on. What the flag does on each kind of
 * filesystem is tested in tests/fs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cow/image.h>

#include "base/macro.h"
#include "base/run.h"

#include "unit.h"

static char folder[] = "/tmp/cow-create-XXXXXX";
static int dir;
static struct cow_error err;

static int create(const char *name, struct cow_image_create_options options)
{
	err = (struct cow_error){0};
	return cow_image_create_at(dir, name, &options, NULL, &err);
}

#define CREATE(name, ...) create(name, (struct cow_image_create_options){__VA_ARGS__})
#define RAW               .format = COW_FORMAT_RAW
#define QCOW2             .format = COW_FORMAT_QCOW2

static struct stat stat_of(const char *name)
{
	struct stat st = {0};

	CHECK_NUMBER(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static struct cow_header header_of(const char *name)
{
	struct cow_header header = {0};
	int fd = openat(dir, name, O_RDONLY);

	CHECK_NUMBER(cow_header_read(fd, &header, NULL), 0);
	close(fd);
	return header;
}

static int count_names(void)
{
	DIR *stream = fdopendir(dup(dir));
	int n = 0;

	rewinddir(stream);
	while (readdir(stream))
		n++;
	closedir(stream);
	return n - 2;
}

static void raw_images_have_size_mode_and_allocation_as_asked(void)
{
	CHECK_NUMBER(CREATE("sparse", RAW, .size = 1000001), 0);
	CHECK_NUMBER(stat_of("sparse").st_size, 1000001);
	CHECK_NUMBER(stat_of("sparse").st_blocks, 0);
	CHECK_NUMBER(stat_of("sparse").st_mode, S_IFREG | 0600);
	CHECK_NUMBER(CREATE("falloc", RAW, .size = 1 << 20, .mode = 0664,
			    .preallocation = COW_PREALLOCATION_FALLOC),
		     0);
	CHECK_NUMBER(stat_of("falloc").st_mode, S_IFREG | 0664);
	CHECK(stat_of("falloc").st_blocks * 512 >= 1 << 20);
	CHECK_NUMBER(CREATE("full", RAW, .size = (1 << 20) + 5, .mode = 0400,
			    .preallocation = COW_PREALLOCATION_FULL),
		     0);
	CHECK_NUMBER(stat_of("full").st_size, (1 << 20) + 5);
	CHECK(stat_of("full").st_blocks * 512 >= 1 << 20);
}

static void qcow2_images_are_what_was_asked(void)
{
	static const enum cow_preallocation all[] = {
		COW_PREALLOCATION_OFF, COW_PREALLOCATION_METADATA, COW_PREALLOCATION_FALLOC,
		COW_PREALLOCATION_FULL};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(all); i++) {
		char name[] = "-odd \n,name=\xff .qcow2";
		struct cow_header header;

		CHECK_NUMBER(
			CREATE(name, QCOW2, .size = 4 << 20, .mode = 0440, .preallocation = all[i]),
			0);
		header = header_of(name);
		CHECK_NUMBER(header.format, COW_FORMAT_QCOW2);
		CHECK_NUMBER(header.virtual_size, 4 << 20);
		CHECK_NUMBER(stat_of(name).st_mode, S_IFREG | 0440);
		CHECK((stat_of(name).st_blocks * 512 >= 4 << 20) == (i >= 2));
		unlinkat(dir, name, 0);
	}
}

static void a_backing_file_is_relative_to_the_image_and_gives_its_size(void)
{
	struct cow_header header;

	CHECK_NUMBER(mkdirat(dir, "base,dir=", 0700), 0);
	CHECK_NUMBER(CREATE("inner", QCOW2, .size = 3 << 20), 0);
	CHECK_NUMBER(renameat(dir, "inner", dir, "base,dir=/-base"), 0);
	CHECK_NUMBER(CREATE("overlay", QCOW2, .backing = "base,dir=/-base",
			    .backing_format = COW_FORMAT_QCOW2),
		     0);
	header = header_of("overlay");
	CHECK_NUMBER(header.virtual_size, 3 << 20);
	CHECK_TEXT(header.backing, "base,dir=/-base");
	CHECK_NUMBER(header.backing_format, COW_FORMAT_QCOW2);
	cow_header_clear(&header);
	CHECK_NUMBER(CREATE("wider", QCOW2, .size = 8 << 20, .backing = "overlay",
			    .backing_format = COW_FORMAT_QCOW2),
		     0);
	header = header_of("wider");
	CHECK_NUMBER(header.virtual_size, 8 << 20);
	cow_header_clear(&header);
	CHECK_NUMBER(CREATE("on-nothing", QCOW2, .size = 1 << 20, .backing = "/dev/null",
			    .backing_format = COW_FORMAT_RAW),
		     0);
	/* raw stays raw though it looks like something else; its size is rounded to sectors */
	CHECK_NUMBER(CREATE("odd", RAW, .size = 1000), 0);
	CHECK_NUMBER(CREATE("over-odd", QCOW2, .backing = "odd", .backing_format = COW_FORMAT_RAW),
		     0);
	header = header_of("over-odd");
	CHECK_NUMBER(header.virtual_size, 1024);
	cow_header_clear(&header);
}

static void other_formats_have_their_size_and_name(void)
{
	static const enum cow_format all[] = {COW_FORMAT_QCOW, COW_FORMAT_QED, COW_FORMAT_VMDK,
					      COW_FORMAT_VDI, COW_FORMAT_VPC};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(all); i++) {
		struct cow_header header;

		CHECK_NUMBER(CREATE("other", .format = all[i], .size = 1000000000), 0);
		header = header_of("other");
		CHECK_NUMBER(header.format, all[i]);
		CHECK_NUMBER(header.virtual_size, 1000000000);
		CHECK_NUMBER(stat_of("other").st_mode, S_IFREG | 0600);
		unlinkat(dir, "other", 0);
	}
	CHECK_NUMBER(CREATE("other", .format = COW_FORMAT_QED, .size = 1 << 20, .backing = "sparse",
			    .backing_format = COW_FORMAT_RAW),
		     0);
	unlinkat(dir, "other", 0);
	CHECK_NUMBER(CREATE("x", .format = COW_FORMAT_VDI, .size = 1 << 20, .backing = "sparse",
			    .backing_format = COW_FORMAT_RAW),
		     -EINVAL);
}

static void qcow2_comes_in_the_version_asked_for(void)
{
	CHECK_NUMBER(CREATE("old", QCOW2, .size = 1 << 20, .version = 2), 0);
	CHECK_NUMBER(header_of("old").version, 2);
	CHECK_NUMBER(CREATE("lazy", QCOW2, .size = 1 << 20, .lazy_refcounts = true,
			    .cluster_size = 1 << 20),
		     0);
	CHECK_NUMBER(header_of("lazy").version, 3);
	CHECK_NUMBER(CREATE("x", QCOW2, .size = 1, .version = 2, .lazy_refcounts = true), -EINVAL);
	CHECK_NUMBER(CREATE("parts", QCOW2, .size = 1 << 20, .extended_l2 = true), 0);
	CHECK(header_of("parts").extended_l2 && !header_of("lazy").extended_l2);
	CHECK_NUMBER(CREATE("x", QCOW2, .size = 1, .version = 2, .extended_l2 = true), -EINVAL);
	CHECK_NUMBER(CREATE("x", QCOW2, .size = 1, .cluster_size = 8192, .extended_l2 = true),
		     -EINVAL);
	CHECK_NUMBER(CREATE("x", RAW, .size = 1, .extended_l2 = true), -EINVAL);
	CHECK_NUMBER(CREATE("x", QCOW2, .size = 1, .cluster_size = 3000), -EINVAL);
	CHECK_NUMBER(CREATE("x", QCOW2, .size = 1, .version = 4), -EINVAL);
	CHECK_NUMBER(CREATE("x", RAW, .size = 1, .version = 3), -EINVAL);
}

static void what_cant_be_leaves_nothing_behind(void)
{
	int names = count_names();

	CHECK_NUMBER(CREATE("sparse", RAW, .size = 1), -EEXIST);
	CHECK_NUMBER(err.code, COW_CODE_EXISTS);
	CHECK_NUMBER(CREATE("a/b", RAW, .size = 1), -EINVAL);
	CHECK_NUMBER(CREATE("", RAW, .size = 1), -EINVAL);
	CHECK_NUMBER(CREATE("..", RAW, .size = 1), -EINVAL);
	CHECK_NUMBER(CREATE("x", RAW), -EINVAL);
	CHECK_NUMBER(CREATE("x", RAW, .size = UINT64_MAX), -EINVAL);
	CHECK_NUMBER(CREATE("x", .format = COW_FORMAT_VHDX, .size = 1), -EINVAL);
	CHECK_NUMBER(CREATE("x", RAW, .size = 1 << 20, .backing = "sparse"), -EINVAL);
	CHECK_NUMBER(CREATE("x", QCOW2, .size = 1 << 20, .backing = "sparse"), -EINVAL);
	CHECK_NUMBER(CREATE("x", QCOW2, .backing = "none", .backing_format = COW_FORMAT_QCOW2),
		     -ENOENT);
	CHECK_NUMBER(err.code, COW_CODE_NOT_FOUND);
	CHECK_NUMBER(CREATE("x", QCOW2, .backing = "sparse", .backing_format = COW_FORMAT_QCOW2),
		     -EINVAL);
	CHECK_NUMBER(CREATE("x", QCOW2, .backing = "/dev/null", .backing_format = COW_FORMAT_RAW),
		     -EINVAL);
	CHECK_NUMBER(CREATE("x", QCOW2, .size = 1 << 20, .backing = "/dev/zero",
			    .backing_format = COW_FORMAT_RAW),
		     -EINVAL);
	CHECK_NUMBER(CREATE("x", QCOW2, .size = 1 << 20, .backing = "/dev/null",
			    .backing_format = COW_FORMAT_QCOW2),
		     -EINVAL);
	CHECK_NUMBER(CREATE("x", QCOW2, .backing = "nbd://localhost/x",
			    .backing_format = COW_FORMAT_RAW),
		     -EINVAL);
	/* beyond what qcow2 can be with its clusters: qemu-img itself says no */
	CHECK_NUMBER(CREATE("x", QCOW2, .size = UINT64_C(1) << 62), -EIO);
	CHECK_NUMBER(err.code, COW_CODE_TOOL);
	CHECK_NUMBER(CREATE("x", RAW, .size = UINT64_C(1) << 60,
			    .preallocation = COW_PREALLOCATION_FALLOC) < 0,
		     1);
	CHECK_NUMBER(err.code, COW_CODE_NO_SPACE);
	CHECK_NUMBER(count_names(), names);
}

/* tmpfs has flags, but not this one. */
static void a_wish_that_cant_be_had_is_an_error_or_is_told(void)
{
	char shm[] = "/dev/shm/cow-create-XXXXXX";
	struct cow_image_create_options options = {RAW, .size = 1 << 20, .wish = COW_WISH_REQUIRE,
						   .nocow = true};
	struct cow_image_created created = {0};
	int there = mkdtemp(shm) ? open(shm, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (there < 0)
		return;
	CHECK_NUMBER(cow_image_create_at(there, "x", &options, &created, &err), -EOPNOTSUPP);
	CHECK_NUMBER(err.code, COW_CODE_UNSUPPORTED);
	CHECK_NUMBER(faccessat(there, "x", F_OK, 0), -1);
	options.wish = COW_WISH_PREFER;
	CHECK_NUMBER(cow_image_create_at(there, "x", &options, &created, &err), 0);
	CHECK(created.unmet[0]);
	CHECK_NUMBER(created.nocow, COW_ANSWER_NO);
	unlinkat(there, "x", 0);
	close(there);
	rmdir(shm);
}

static void a_dry_run_checks_and_creates_nothing(void)
{
	int names = count_names();

	CHECK_NUMBER(CREATE("dry", QCOW2, .size = 1 << 20, .flags = COW_IMAGE_CREATE_DRY_RUN), 0);
	CHECK_NUMBER(CREATE("sparse", RAW, .size = 1, .flags = COW_IMAGE_CREATE_DRY_RUN), -EEXIST);
	CHECK_NUMBER(CREATE("dry", RAW, .size = 1, .flags = ~0u), -EINVAL);
	CHECK_NUMBER(count_names(), names);
}

static void without_qemu_img_it_says_so(void)
{
	char *path = strdup(getenv("PATH"));

	setenv("PATH", "/nonexistent", 1);
	CHECK(CREATE("x", QCOW2, .size = 1 << 20) < 0);
	setenv("PATH", path, 1);
	CHECK_NUMBER(err.code, COW_CODE_TOOL);
	CHECK_TEXT(err.remedy, "install it");
	free(path);
}

int main(void)
{
	const char *const version[] = {"qemu-img", "--version", NULL};
	const char *const remove[] = {"rm", "-r", folder, NULL};

	if (base_run(version, -1, 60000, NULL, NULL) < 0)
		UNIT_SKIP("no qemu-img");
	if (!mkdtemp(folder) || (dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return EXIT_FAILURE;
	raw_images_have_size_mode_and_allocation_as_asked();
	qcow2_images_are_what_was_asked();
	a_backing_file_is_relative_to_the_image_and_gives_its_size();
	other_formats_have_their_size_and_name();
	qcow2_comes_in_the_version_asked_for();
	what_cant_be_leaves_nothing_behind();
	a_wish_that_cant_be_had_is_an_error_or_is_told();
	a_dry_run_checks_and_creates_nothing();
	without_qemu_img_it_says_so();
	close(dir);
	base_run(remove, -1, 60000, NULL, NULL);
	return unit_status();
}

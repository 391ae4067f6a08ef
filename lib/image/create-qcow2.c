/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/run.h"
#include "base/text.h"
#include "image/chain.h"
#include "image/create.h"

#define SECTOR 512
/* Without preallocation qemu-img writes a few clusters; with it, as much as there is. */
#define TIMEOUT_MS 120000

static const char *const preallocations[] = {
	[COW_PREALLOCATION_OFF] = "preallocation=off",
	[COW_PREALLOCATION_METADATA] = "preallocation=metadata",
	[COW_PREALLOCATION_FALLOC] = "preallocation=falloc",
	[COW_PREALLOCATION_FULL] = "preallocation=full",
};

/* Open what will be the backing file; looked at through O_PATH first, so that no device is. */
static int open_backing(const struct image_new *image, struct cow_error *err)
{
	const char *backing = image->options->backing;
	BASE_CLEANUP(fd) int fd = openat(image->dirfd, backing, O_PATH | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return base_fail(err, errno, "open the backing file %s", BASE_QUOTE(backing));
	if (!S_ISREG(st.st_mode))
		return base_fail(err, EINVAL, "the backing file %s is not a regular file",
				 BASE_QUOTE(backing));
	r = base_fd_reopen(fd, O_RDONLY);
	return r < 0 ? base_fail(err, -r, "open the backing file %s", BASE_QUOTE(backing)) : r;
}

static int check_file(struct image_new *image, int fd, struct cow_error *err)
{
	const struct cow_image_create_options *options = image->options;
	struct cow_header header = {0};
	struct stat st;
	int r = cow_header_read(fd, &header, err);

	if (r < 0)
		return r;
	/* What is said to be raw is raw, whatever a guest wrote into it. */
	if (options->backing_format == COW_FORMAT_RAW && fstat(fd, &st) == 0)
		header.virtual_size = (uint64_t)st.st_size;
	else if (header.format != options->backing_format || header.damaged == COW_ANSWER_YES)
		r = base_fail_code(
			err, EINVAL, COW_CODE_CORRUPT, "the backing file %s is no sound %s image",
			BASE_QUOTE(options->backing), cow_format_name(options->backing_format));
	if (!image->size)
		image->size = header.virtual_size;
	cow_header_clear(&header);
	return r;
}

int image_backing_check(struct image_new *image, struct cow_error *err)
{
	const char *backing = image->options->backing;
	int fd, r = 0;

	if (!backing)
		return 0;
	if (!image_protocol_problem(backing)) {
		fd = open_backing(image, err);
		if (fd < 0)
			return fd;
		r = check_file(image, fd, err);
		close(fd);
	}
	if (r == 0 && !image->size)
		r = base_fail(err, EINVAL, "the size of %s is not known: it must be given",
			      BASE_QUOTE(backing));
	return r;
}

/* qemu-img's failures are text for people. Whether there was no room is asked of the system. */
static int fail_to_run(const struct image_new *image, int result, struct cow_error *err)
{
	bool whole = image->options->preallocation > COW_PREALLOCATION_METADATA;

	if (fallocate(image->fd, FALLOC_FL_KEEP_SIZE, 0, whole ? (off_t)image->size : 1 << 20) <
		    0 &&
	    (errno == ENOSPC || errno == EDQUOT))
		return base_fail(err, errno, "write %s", BASE_QUOTE(image->name));
	return result;
}

/* It exited with 0; what it wrote is what counts. */
static int check_written(const struct image_new *image, struct cow_error *err)
{
	const char *backing = image->options->backing;
	uint64_t size = (image->size + SECTOR - 1) / SECTOR * SECTOR;
	struct cow_header header = {0};
	int r = cow_header_read(image->fd, &header, err);

	if (r < 0)
		return r;
	if (header.format != COW_FORMAT_QCOW2 || header.damaged == COW_ANSWER_YES ||
	    header.virtual_size != size || !backing != !header.backing ||
	    (backing && (strcmp(backing, header.backing) != 0 ||
			 header.backing_format != image->options->backing_format)))
		r = base_fail_code(err, EIO, COW_CODE_TOOL,
				   "qemu-img did not write %s as it was asked to",
				   BASE_QUOTE(image->name));
	cow_header_clear(&header);
	return r;
}

/* The file has no name yet, so qemu-img gets it as a descriptor. It keeps the inode, and with it
 * the flag: it only truncates. The backing file is not opened (-u): its name is relative to where
 * the image will be, not to /proc. */
int image_qcow2_write(const struct image_new *image, struct cow_error *err)
{
	const struct cow_image_create_options *options = image->options;
	char size[24];
	const char *argv[16] = {"qemu-img", "create", "-q", "-f", "qcow2", "-o"};
	int n = 6, r;

	snprintf(size, sizeof(size), "%" PRIu64, image->size);
	argv[n++] = BASE_NAME(preallocations, options->preallocation);
	if (options->backing) {
		argv[n++] = "-u";
		argv[n++] = "-b";
		argv[n++] = options->backing;
		argv[n++] = "-F";
		argv[n++] = cow_format_name(options->backing_format);
	}
	argv[n++] = BASE_FD_PATH(image->fd);
	argv[n++] = size;
	r = base_run(argv, image->fd, options->preallocation ? 0 : TIMEOUT_MS, NULL, err);
	return r < 0 ? fail_to_run(image, r, err) : check_written(image, err);
}

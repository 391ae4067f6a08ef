/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "image/chain.h"
#include "image/create.h"
#include "image/encryption.h"
#include "image/qemu.h"

/* Without preallocation qemu-img writes a few clusters; with it, as much as there is. */
#define TIMEOUT_MS 120000

static const char *const preallocations[] = {
	[COW_PREALLOCATION_OFF] = "preallocation=off",
	[COW_PREALLOCATION_METADATA] = "preallocation=metadata",
	[COW_PREALLOCATION_FALLOC] = "preallocation=falloc",
	[COW_PREALLOCATION_FULL] = "preallocation=full",
};

/* The formats that are created here, and what each can be given. VMDK's parents are named by a
 * number out of their content, which -u leaves out. */
static const struct {
	bool made, backing;
	const char *options; /* always given, or NULL */
} formats[] = {
	[COW_FORMAT_QCOW2] = {true, true, NULL},
	[COW_FORMAT_QCOW] = {true, true, NULL},
	[COW_FORMAT_QED] = {true, true, NULL},
	[COW_FORMAT_VMDK] = {true, false, NULL},
	[COW_FORMAT_VDI] = {true, false, NULL},
	[COW_FORMAT_LUKS] = {true, false, NULL},
	/* without it the size is rounded up to a geometry */
	[COW_FORMAT_VPC] = {true, false, "force_size=on"},
};

enum cow_format image_format_made(size_t i)
{
	if (i == 0)
		return COW_FORMAT_RAW;
	for (size_t format = 0; format < BASE_ARRAY_SIZE(formats); format++)
		if (formats[format].made && --i == 0)
			return (enum cow_format)format;
	return COW_FORMAT_UNKNOWN;
}

static int check_qcow2(const struct cow_image_create_options *options, struct cow_error *err)
{
	uint32_t cluster = options->cluster_size;

	if (options->version && options->version != 2 && options->version != 3)
		return base_fail(err, EINVAL, "there is no version %u of qcow2", options->version);
	if ((options->lazy_refcounts || options->extended_l2) && options->version == 2)
		return base_fail(err, EINVAL,
				 "version 2 of qcow2 has no lazy refcounts and no extended L2");
	if (cluster && (cluster < 512 || cluster > 2u << 20 || cluster & (cluster - 1)))
		return base_fail(err, EINVAL,
				 "the cluster size is no power of two between 512 and 2 MiB");
	if (options->extended_l2 && cluster && cluster < 16384)
		return base_fail(err, EINVAL, "extended L2 needs clusters of 16 KiB and more");
	return 0;
}

int image_qemu_check(const struct cow_image_create_options *options, struct cow_error *err)
{
	const char *name = cow_format_name(options->format);
	size_t i = options->format;

	int r;

	if (i >= BASE_ARRAY_SIZE(formats) || !formats[i].made)
		return base_fail(err, EINVAL, "images of format %s can't be created", name);
	r = image_encryption_check(options, err);
	if (r < 0)
		return r;
	if (options->format == COW_FORMAT_QCOW2)
		return check_qcow2(options, err);
	if (options->backing && !formats[i].backing)
		return base_fail(err, EINVAL, "images of format %s get no backing file here", name);
	if (options->preallocation || options->version || options->cluster_size ||
	    options->lazy_refcounts || options->extended_l2)
		return base_fail(err, EINVAL,
				 "only qcow2 has preallocation, version, cluster size, lazy "
				 "refcounts and extended L2, not %s",
				 name);
	return 0;
}

/* The argument of -o, "" for none; NULL: out of memory. */
static char *format_options(const struct cow_image_create_options *options)
{
	const char *own = formats[options->format].options;
	BASE_CLEANUP(free) char *encryption = NULL;

	if (options->encryption) {
		encryption = image_encryption_options(options);
		if (!encryption)
			return NULL;
	}
	if (options->format != COW_FORMAT_QCOW2)
		return base_format("%s", encryption ? encryption : own ? own : "");
	return base_format("%s,compat=%s,cluster_size=%" PRIu32 ",lazy_refcounts=%s%s%s%s",
			   BASE_NAME(preallocations, options->preallocation),
			   options->version == 2 ? "0.10" : "1.1",
			   options->cluster_size ? options->cluster_size : 65536,
			   options->lazy_refcounts ? "on" : "off",
			   options->extended_l2 ? ",extended_l2=on" : "", encryption ? "," : "",
			   encryption ? encryption : "");
}

/* An image that has nothing in it, which opening does nothing to. */
static bool is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Open what will be the backing file; looked at through O_PATH first, so that no device is, but for
 * a disk that is said to be raw. */
static int open_backing(const struct image_new *image, struct cow_error *err)
{
	const char *backing = image->options->backing;
	BASE_CLEANUP(fd) int fd = openat(image->dirfd, backing, O_PATH | O_CLOEXEC);
	struct stat st;
	bool disk;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return base_fail(err, errno, "open the backing file %s", BASE_QUOTE(backing));
	disk = S_ISBLK(st.st_mode) || is_null(&st);
	if (disk && image->options->backing_format != COW_FORMAT_RAW)
		return base_fail(err, EINVAL, "the backing disk %s can only be raw",
				 BASE_QUOTE(backing));
	if (!S_ISREG(st.st_mode) && !disk)
		return base_fail(err, EINVAL, "the backing file %s is neither a file nor a disk",
				 BASE_QUOTE(backing));
	r = base_fd_reopen(fd, O_RDONLY);
	return r < 0 ? base_fail(err, -r, "open the backing file %s", BASE_QUOTE(backing)) : r;
}

/* What is said to be raw is raw, whatever a guest wrote into it. */
static int find_raw_size(struct image_new *image, int fd, struct cow_error *err)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < 0)
		return base_fail(err, errno, "find the size of %s",
				 BASE_QUOTE(image->options->backing));
	image->backing_size = (uint64_t)size;
	return 0;
}

static int check_file(struct image_new *image, int fd, struct cow_error *err)
{
	const struct cow_image_create_options *options = image->options;
	struct cow_header header = {0};
	int r;

	if (options->backing_format == COW_FORMAT_RAW)
		return find_raw_size(image, fd, err);
	r = cow_header_read(fd, &header, err);
	if (r < 0)
		return r;
	if (header.format != options->backing_format || header.damaged == COW_ANSWER_YES)
		r = base_fail_code(
			err, EINVAL, COW_CODE_CORRUPT, "the backing file %s is no sound %s image",
			BASE_QUOTE(options->backing), cow_format_name(options->backing_format));
	image->backing_size = header.virtual_size;
	cow_header_clear(&header);
	return r;
}

int image_backing_check(struct image_new *image, struct cow_error *err)
{
	const char *backing = image->options->backing;
	int fd, r = 0;

	if (!backing)
		return 0;
	if (!image->options->backing_format)
		return base_fail(err, EINVAL, "the format of the backing file must be given");
	if (image->options->backing_format == COW_FORMAT_ISO)
		return base_fail(err, EINVAL, "to QEMU a disc image is raw: give that as format");
	if (!image_protocol_problem(backing)) {
		fd = open_backing(image, err);
		if (fd < 0)
			return fd;
		r = check_file(image, fd, err);
		close(fd);
	}
	if (!image->size)
		image->size = image->backing_size;
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
	enum cow_format format = image->options->format;
	const char *backing = image->options->backing;
	struct cow_header header = {0};
	int r = cow_header_read(image->fd, &header, err);

	if (r < 0)
		return r;
	if (header.format != format || header.damaged == COW_ANSWER_YES ||
	    header.external == COW_ANSWER_YES || /* a vmdk of no size */
	    (header.how == COW_ENCRYPTED_LUKS) != (image->options->encryption != NULL) ||
	    header.virtual_size != image->size || !backing != !header.backing ||
	    (backing && (strcmp(backing, header.backing) != 0 ||
			 (format == COW_FORMAT_QCOW2 &&
			  header.backing_format != image->options->backing_format))))
		r = base_fail_code(err, EIO, COW_CODE_TOOL,
				   "qemu-img did not write %s as it was asked to",
				   BASE_QUOTE(image->name));
	cow_header_clear(&header);
	return r;
}

/* How far qemu-img is, by what the file has. */
static int watch_size(void *data)
{
	const struct image_new *image = data;
	struct stat st;
	uint64_t done = fstat(image->fd, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;

	return image_progress(image, done < image->size ? done : image->size);
}

static int run(struct image_new *image, const char *const *argv, struct cow_error *err)
{
	const struct base_watch watch = {watch_size, image};
	int timeout_ms = image->options->preallocation ? 0 : TIMEOUT_MS;
	int r = image_qemu_run(argv, image->fd, timeout_ms, &watch, err);

	if (r == 0)
		r = image_progress(image, image->size);
	return r == -ECANCELED ? image_stopped(image, err) : r;
}

/* The file has no name yet, so qemu-img gets it as a descriptor. It keeps the inode, and with it
 * the flag: it only truncates. The backing file is not opened (-u): its name is relative to where
 * the image will be, not to /proc. */
int image_qemu_write(struct image_new *image, struct cow_error *err)
{
	const struct cow_image_create_options *options = image->options;
	char size[24];
	BASE_CLEANUP(free) char *o = format_options(options), *secret = NULL;
	const char *argv[18] = {"qemu-img", "create", "-q", "-f", cow_format_name(options->format)};
	int n = 5, r;

	/* QEMU does so itself, but for LUKS. */
	image->size = image_whole_sectors(image->size);
	snprintf(size, sizeof(size), "%" PRIu64, image->size);
	if (!o)
		return base_fail(err, ENOMEM, "create %s", BASE_QUOTE(image->name));
	if (options->encryption) {
		secret = image_secret_object(IMAGE_SECRET, options->encryption->secret_file);
		if (!secret)
			return base_fail(err, ENOMEM, "create %s", BASE_QUOTE(image->name));
		argv[n++] = "--object";
		argv[n++] = secret;
	}
	if (o[0]) {
		argv[n++] = "-o";
		argv[n++] = o;
	}
	if (options->backing) {
		argv[n++] = "-u";
		argv[n++] = "-b";
		argv[n++] = options->backing;
		argv[n++] = "-F";
		argv[n++] = cow_format_name(options->backing_format);
	}
	argv[n++] = BASE_FD_PATH(image->fd);
	argv[n++] = size;
	r = run(image, argv, err);
	if (r == -ECANCELED)
		return r;
	return r < 0 ? fail_to_run(image, r, err) : check_written(image, err);
}

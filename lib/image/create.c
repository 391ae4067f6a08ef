/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/temp.h"
#include "base/text.h"
#include "image/create.h"
#include "image/wish.h"

#define CHUNK (1u << 20)

static int check_options(const struct cow_image_create_options *options, struct cow_error *err)
{
	bool raw = options->format == COW_FORMAT_RAW;
	int r = raw ? 0 : image_qemu_check(options, err);

	if (r < 0)
		return r;
	if (raw && options->encryption)
		return base_fail(err, EINVAL, "a raw image is not encrypted: the format is luks");
	if (raw && (options->version || options->cluster_size || options->lazy_refcounts ||
		    options->extended_l2))
		return base_fail(err, EINVAL, "a raw image has no version, clusters and refcounts");
	if (options->backing && raw)
		return base_fail(err, EINVAL, "a raw image can't have a backing file");
	if (options->preallocation == COW_PREALLOCATION_METADATA && raw)
		return base_fail(err, EINVAL, "a raw image has no metadata to preallocate");
	if (options->preallocation > COW_PREALLOCATION_METADATA && options->backing)
		return base_fail(err, EINVAL, "an image with a backing file can't be preallocated");
	if (options->flags &
	    ~(COW_IMAGE_CREATE_DRY_RUN | COW_IMAGE_CREATE_EMPTY | COW_IMAGE_CREATE_MODE))
		return base_fail(err, EINVAL, "unknown flags 0x%x", options->flags);
	if (options->size > INT64_MAX ||
	    (!options->size && !options->backing && !(options->flags & COW_IMAGE_CREATE_EMPTY)))
		return base_fail(err, EINVAL, "the size of the image must be given");
	return 0;
}

int image_progress(const struct image_new *image, uint64_t done)
{
	const struct cow_progress *progress = image->options->progress;

	return progress && progress->report(done, image->size, progress->data) ? -ECANCELED : 0;
}

/* Zeros written out, after asking for the room at once: that fails early and is in one piece. */
static int write_zeros(const struct image_new *image)
{
	BASE_CLEANUP(free) char *zeros = calloc(1, CHUNK);
	uint64_t size = image->size;
	int fd = image->fd;

	if (!zeros)
		return -ENOMEM;
	if (fallocate(fd, 0, 0, (off_t)size) < 0 && errno != EOPNOTSUPP)
		return -errno;
	for (uint64_t done = 0; done < size;) {
		size_t n = size - done < CHUNK ? (size_t)(size - done) : CHUNK;
		ssize_t r = base_pwrite_full(fd, zeros, n, (off_t)done);

		if (r < 0)
			return (int)r;
		/* so that they do not all wait for the end */
		sync_file_range(fd, (off_t)done, (off_t)n, SYNC_FILE_RANGE_WRITE);
		done += n;
		r = image_progress(image, done);
		if (r < 0)
			return (int)r;
	}
	return 0;
}

static int write_raw(const struct image_new *image, struct cow_error *err)
{
	off_t size = (off_t)image->size;
	int r = 0;

	switch (size ? image->options->preallocation : COW_PREALLOCATION_OFF) {
	case COW_PREALLOCATION_FALLOC:
		r = fallocate(image->fd, 0, 0, size) < 0 ? -errno : 0;
		break;
	case COW_PREALLOCATION_FULL:
		r = write_zeros(image);
		break;
	default:
		r = ftruncate(image->fd, size) < 0 ? -errno : 0;
	}
	if (r == -ECANCELED)
		return image_stopped(image, err);
	return r < 0 ? base_fail(err, -r, "allocate %s", BASE_QUOTE(image->name)) : 0;
}

int image_stopped(const struct image_new *image, struct cow_error *err)
{
	return base_refuse(err, ECANCELED, COW_CODE_CANCELLED, "stopped: %s is not created",
			   BASE_QUOTE(image->name));
}

static int make(struct image_new *image, struct cow_image_created *created, struct cow_error *err)
{
	bool moded = image->options->mode || image->options->flags & COW_IMAGE_CREATE_MODE;
	mode_t mode = moded ? image->options->mode : 0600;
	const struct image_wish wish = {image->name, image->options->wish, image->options->nocow};
	int r = image_wish_apply(&wish, image->fd, created->unmet, err);

	if (r < 0)
		return r;
	if (image->options->flags & COW_IMAGE_CREATE_DRY_RUN)
		return image_wish_read_back(&wish, image->fd, &created->nocow, err);
	if (image->options->format == COW_FORMAT_RAW)
		r = write_raw(image, err);
	else
		r = image_qemu_write(image, err);
	if (r == 0 && image->finish)
		r = image->finish(image->fd, image->data, err);
	if (r < 0)
		return r;
	/* Last: qemu-img opens the file by itself, and the mode may not let its owner write. */
	if (fchmod(image->fd, mode) < 0)
		return base_fail(err, errno, "set the mode of %s", BASE_QUOTE(image->name));
	return image_wish_read_back(&wish, image->fd, &created->nocow, err);
}

int image_create(struct image_new *image, struct cow_image_created *ret, struct cow_error *err)
{
	const struct cow_image_create_options *options = image->options;
	BASE_CLEANUP(temp) struct base_temp temp = BASE_TEMP_INIT;
	struct cow_image_created created = {0};
	int r = check_options(options, err);

	if (r < 0)
		return r;
	image->size = options->size;
	r = image_check_name(image->dirfd, image->name, err);
	if (r < 0)
		return r;
	r = image_backing_check(image, err);
	if (r < 0)
		return r;
	r = base_temp_open(&temp, image->dirfd, 0600, NULL);
	if (r < 0)
		return base_fail(err, -r, "create %s", BASE_QUOTE(image->name));
	image->fd = temp.fd;
	r = make(image, &created, err);
	if (r < 0)
		return r;
	if (!(options->flags & COW_IMAGE_CREATE_DRY_RUN))
		r = base_temp_commit(&temp, image->name, false, err);
	if (r < 0)
		return r;
	if (ret)
		*ret = created;
	return 0;
}

COW_EXPORT int cow_image_create_at(int dirfd, const char *name,
				   const struct cow_image_create_options *options,
				   struct cow_image_created *ret, struct cow_error *err)
{
	struct image_new image = {.dirfd = dirfd, .name = name, .options = options};

	return image_create(&image, ret, err);
}

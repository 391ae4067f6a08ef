/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "image/chain.h"
#include "image/encryption.h"
#include "image/qemu.h"
#include "volume/header.h"
#include "volume/secret.h"

#define ALLOCATE COW_VOLUME_RESIZE_ALLOCATE
#define DELTA    COW_VOLUME_RESIZE_DELTA
#define SHRINK   COW_VOLUME_RESIZE_SHRINK

struct resize {
	const char *name;
	const struct cow_volume_resize_options *options;
	struct volume_claim claim;
	char *path;
	struct cow_header is;
	bool flat; /* all behind its header, if it has one, is the disk */
	uint64_t header, now, wanted;
};

static int read_header(struct resize *resize, struct cow_error *err)
{
	struct cow_header *is = &resize->is;
	int r;

	cow_header_clear(is);
	r = volume_header_read(&resize->claim, resize->name, resize->options->format, is, err);
	resize->now = is->virtual_size;
	resize->header = is->format == COW_FORMAT_LUKS
				 ? (uint64_t)resize->claim.st.st_size - is->virtual_size
				 : 0;
	/* LUKS says nowhere how much it holds; of version 2 it is not known where that begins. The
	 * secret is not needed for it, but one that is given is held to be the right one. */
	resize->flat = !resize->options->secret_file &&
		       (is->format == COW_FORMAT_RAW ||
			(is->format == COW_FORMAT_LUKS && is->version == 1));
	return r;
}

/* Of a backing file no more than the length is asked, but to open a device, or what is in a
 * network, may do something by itself. */
static const char *backing_problem(const struct cow_chain *step)
{
	struct stat st;

	if (!step->problem && stat(step->path, &st) == 0 && !S_ISREG(st.st_mode))
		return "no regular file";
	return step->problem;
}

static int check_backing(const struct resize *resize, struct cow_error *err)
{
	struct cow_chain *chain = NULL;
	int r = resize->is.backing && !resize->options->format
			? cow_chain_new(resize->path, &chain, err)
			: 0;

	for (const struct cow_chain *step = chain; r == 0 && step; step = step->next) {
		const char *problem = backing_problem(step);

		if (problem)
			r = base_remedy(err,
					base_refuse(err, EINVAL, COW_CODE_REFUSED,
						    "volume %s has a backing file, %s: %s",
						    BASE_QUOTE(resize->name),
						    BASE_QUOTE(step->path), problem),
					"if that is meant, say what the volume is: --format");
	}
	cow_chain_free(chain);
	return r;
}

static int check_header(const struct resize *resize, struct cow_error *err)
{
	const struct cow_header *is = &resize->is;
	int r = volume_check_external(is, resize->name,
				      "if it is raw all the same, say so: --format raw", err);

	if (r == 0 && is->damaged == COW_ANSWER_YES)
		r = base_refuse(err, EINVAL, COW_CODE_CORRUPT, "volume %s is no sound %s image",
				BASE_QUOTE(resize->name), cow_format_name(is->format));
	if (r == 0 && !resize->flat)
		r = volume_secret_check(is, resize->name, resize->options->secret_file, "", err);
	return r < 0 ? r : check_backing(resize, err);
}

static int find_size(struct resize *resize, struct cow_error *err)
{
	uint64_t capacity = resize->options->capacity;
	unsigned flags = resize->options->flags;
	bool overflow = false;

	resize->wanted = capacity;
	if (flags & DELTA && flags & SHRINK)
		resize->wanted = resize->now - (capacity < resize->now ? capacity : resize->now);
	else if (flags & DELTA)
		overflow = __builtin_add_overflow(resize->now, capacity, &resize->wanted);
	if (overflow || resize->wanted > INT64_MAX)
		return base_fail(err, EFBIG, "resize volume %s", BASE_QUOTE(resize->name));
	/* As a new one: of another size QEMU makes none. */
	if (resize->is.format != COW_FORMAT_RAW)
		resize->wanted = image_whole_sectors(resize->wanted);
	return 0;
}

static int check_size(const struct resize *resize, struct cow_error *err)
{
	if (resize->wanted >= resize->now)
		return 0;
	if (!(resize->options->flags & SHRINK))
		return base_remedy(err,
				   base_refuse(err, EINVAL, COW_CODE_REFUSED,
					       "volume %s is larger than that",
					       BASE_QUOTE(resize->name)),
				   "its end would be lost; --shrink if that is meant");
	if (resize->header + resize->wanted < (uint64_t)resize->claim.st.st_blocks * 512)
		return base_refuse(err, EINVAL, COW_CODE_REFUSED,
				   "volume %s has more than that allocated",
				   BASE_QUOTE(resize->name));
	return 0;
}

static int resize_flat(const struct resize *resize, struct cow_error *err)
{
	off_t now = resize->claim.st.st_size;
	off_t wanted = (off_t)(resize->header + resize->wanted);
	int r = 0;

	/* Allocated first: when there is no room the length is still what it was. */
	if (resize->options->flags & ALLOCATE && wanted > now)
		r = fallocate(resize->claim.fd, FALLOC_FL_KEEP_SIZE, now, wanted - now);
	if (r == 0)
		r = ftruncate(resize->claim.fd, wanted);
	if (r == 0)
		r = fsync(resize->claim.fd);
	if (r == 0)
		return 0;
	r = base_fail(err, errno, "resize volume %s", BASE_QUOTE(resize->name));
	/* Behind the end is all that ext4 could allocate before it knew that it is too little. */
	if (wanted > now && ftruncate(resize->claim.fd, now) < 0)
		base_remedy(err, r, "resize it once more, to give back what was allocated");
	return r;
}

static int resize_by_qemu(const struct resize *resize, struct cow_error *err)
{
	const char *secret = resize->options->secret_file, *id = secret ? IMAGE_SECRET : NULL;
	BASE_CLEANUP(free) char *object = secret ? image_secret_object(id, secret) : NULL;
	BASE_CLEANUP(free)
	char *backing =
		resize->is.backing ? image_backing_path(resize->path, resize->is.backing) : NULL;
	BASE_CLEANUP(free)
	char *image = volume_open_options(resize->is.format, BASE_FD_PATH(resize->claim.fd), id,
					  backing, COW_FORMAT_UNKNOWN);
	const char *argv[12] = {"qemu-img", "resize", "-q", "--image-opts"};
	struct cow_error cause = {0};
	char size[24];
	int n = 4, r;

	if (!image || !backing != !resize->is.backing || (secret && !object))
		return base_fail(err, ENOMEM, "resize volume %s", BASE_QUOTE(resize->name));
	snprintf(size, sizeof(size), "%" PRIu64, resize->wanted);
	if (secret) {
		argv[n++] = "--object";
		argv[n++] = object;
	}
	if (resize->options->flags & ALLOCATE)
		argv[n++] = "--preallocation=falloc";
	if (resize->wanted < resize->now)
		argv[n++] = "--shrink";
	argv[n++] = image;
	argv[n++] = size;
	volume_claim_unlock(&resize->claim);
	r = image_qemu_run(argv, resize->claim.fd, 0, NULL, &cause);
	if (r == 0)
		return 0;
	base_fail_in(err, r, &cause, "resize volume %s", BASE_QUOTE(resize->name));
	/* Most formats can't be resized by QEMU, this version of it or all so far. */
	if (resize->is.format != COW_FORMAT_QCOW2 && !secret && !cause.remedy[0])
		base_remedy(err, r, "cowctl vol create-from makes a bigger one with its content");
	return r;
}

static int work(struct resize *resize, struct cow_error *err)
{
	int r = read_header(resize, err);

	if (r == 0)
		r = check_header(resize, err);
	if (r == 0)
		r = find_size(resize, err);
	if (r == 0)
		r = check_size(resize, err);
	if (r < 0 || resize->wanted == resize->now)
		return r;
	if (resize->flat)
		return resize_flat(resize, err);
	r = resize_by_qemu(resize, err);
	/* It exited with 0; what the header says is what counts. */
	return r < 0 ? r : read_header(resize, err);
}

COW_EXPORT int cow_volume_resize(struct cow_pool_store *store, const struct cow_pool *pool,
				 const char *name, const struct cow_volume_resize_options *options,
				 uint64_t *ret_capacity, struct cow_error *err)
{
	BASE_CLEANUP(place) struct volume_place place = {.fd = -1};
	BASE_CLEANUP(claim) struct volume_claim claim = {.fd = -1};
	BASE_CLEANUP(free) char *path = base_format("%s/%s", pool->path, name);
	struct resize resize = {.name = name, .options = options, .path = path};
	int r;

	if (options->flags & ~(ALLOCATE | DELTA | SHRINK))
		return base_fail(err, EINVAL, "resize a volume: unknown flags 0x%x",
				 options->flags);
	if (!path)
		return base_fail(err, ENOMEM, "resize volume %s", BASE_QUOTE(name));
	r = volume_claim_in(&place, store, pool, name, O_RDWR, &claim, err);
	if (r < 0)
		return r;
	volume_mend(&place, &claim);
	resize.claim = claim;
	r = work(&resize, err);
	cow_header_clear(&resize.is);
	if (r == 0 && ret_capacity)
		*ret_capacity = resize.flat ? resize.wanted : resize.now;
	return r;
}

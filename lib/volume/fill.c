/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The content of one image written into another one by qemu-img, each of whatever format, encrypted
 * or not. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "image/chain.h"
#include "image/encryption.h"
#include "image/qemu.h"
#include "volume/create.h"
#include "volume/header.h"

struct filling {
	const struct volume_new *new;
	const struct volume_source *source;
	int fd;
};

/* By what the target has: how much of it will be data is not known before. */
static int watch(void *data)
{
	const struct filling *filling = data;
	const struct cow_progress *progress = filling->new->options->progress;
	uint64_t total = filling->source->capacity, done;
	struct stat st;

	if (!progress)
		return 0;
	done = fstat(filling->fd, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
	return progress->report(done < total ? done : total, total, progress->data);
}

char *volume_backing_path(const struct cow_pool *pool, const char *backing)
{
	BASE_CLEANUP(free) char *image = base_format("%s/", pool->path);

	return image ? image_backing_path(image, backing) : NULL;
}

/* Behind the end of the source the new one would show what its backing file has there. */
int volume_fill_check(const struct volume_new *new, struct image_new *image, struct cow_error *err)
{
	uint64_t end = new->source->capacity;
	int r;

	image->size = new->image.size;
	r = image_backing_check(image, err);
	if (r < 0 || image->size <= end || image->backing_size <= end)
		return r;
	return base_remedy(err,
			   base_refuse(err, EINVAL, COW_CODE_REFUSED,
				       "the end of %s would be that of its backing file, which is "
				       "longer than what it is made from",
				       BASE_QUOTE(new->options->name)),
			   "leave out its capacity, and resize it afterwards");
}

/* A new image reads as zeros, but where what it reads is deciphered, or comes from another file. */
static bool is_zero(const struct volume_new *new)
{
	const struct cow_volume_create_options *options = new->options;

	return !options->backing &&
	       !(options->encryption &&
		 (new->image.format == COW_FORMAT_LUKS || options->preallocation));
}

/* The target has no name yet, so qemu-img gets it as a descriptor, and its backing file beside it,
 * which may be named as seen from where it will be. */
static char *target_options(const struct volume_new *new, int fd)
{
	const struct cow_volume_create_options *options = new->options;
	BASE_CLEANUP(free) char *path = NULL, *backing = NULL, *image = NULL;

	image = image_open_options("", new->image.format, BASE_FD_PATH(fd),
				   options->encryption ? IMAGE_SECRET : NULL);
	if (!options->backing || image_protocol_problem(options->backing) || !image)
		return base_take(image);
	path = volume_backing_path(new->place->pool, options->backing);
	backing = path ? image_open_options("backing.", options->backing_format, path, NULL) : NULL;
	return backing ? base_format("%s,%s", image, backing) : NULL;
}

#define FROM_SECRET "secret1"

static int run(struct filling *filling, const char *const *argv, struct cow_error *err)
{
	const struct base_watch watching = {watch, filling, &filling->source->claim->fd};
	const char *name = filling->new->options->name;
	struct cow_error cause = {0};
	int r = image_qemu_run(argv, filling->fd, 0, &watching, &cause);

	if (r == -ECANCELED)
		return base_refuse(err, ECANCELED, COW_CODE_CANCELLED, "stopped: %s is not created",
				   BASE_QUOTE(name));
	return r < 0 ? base_fail_in(err, r, &cause, "fill volume %s", BASE_QUOTE(name)) : 0;
}

/* The source is the standard input, whatever has its name by now. What keeps its data in other
 * files finds them by its name alone. */
static char *source_options(const struct volume_source *source, const char *secret)
{
	return source->external
		       ? image_open_options("", source->format, source->path, secret)
		       : volume_open_options(source->format, BASE_FD_PATH(STDIN_FILENO), secret,
					     source->backing, source->backing_format);
}

int volume_fill(struct volume_new *new, int fd, struct cow_error *err)
{
	const struct cow_volume_create_options *options = new->options;
	const struct cow_encryption *encryption = options->encryption;
	const char *secret = options->from_secret_file;
	struct filling filling = {new, new->source, fd};
	BASE_CLEANUP(free) char *to_secret = NULL, *from_secret = NULL, *to = NULL, *from = NULL;
	const char *argv[18] = {"qemu-img", "convert", "-n", "--image-opts", "--target-image-opts"};
	size_t n = 5;
	int r;

	if (is_zero(new)) {
		argv[n++] = "--target-is-zero";
	} else if (encryption && options->preallocation) {
		/* qemu-img gives back what is to be zeros. */
		argv[n++] = "-S";
		argv[n++] = "0";
	}
	if (options->backing) {
		argv[n++] = "-B";
		argv[n++] = options->backing;
		argv[n++] = "-F";
		argv[n++] = cow_format_name(options->backing_format);
	}
	if (encryption) {
		argv[n++] = "--object";
		argv[n++] = to_secret = image_secret_object(IMAGE_SECRET, encryption->secret_file);
	}
	if (secret) {
		argv[n++] = "--object";
		argv[n++] = from_secret = image_secret_object(FROM_SECRET, secret);
	}
	argv[n++] = from = source_options(new->source, secret ? FROM_SECRET : NULL);
	argv[n++] = to = target_options(new, fd);
	if (!from || !to || (encryption && !to_secret) || (secret && !from_secret))
		return base_fail(err, ENOMEM, "fill volume %s", BASE_QUOTE(options->name));
	r = run(&filling, argv, err);
	return r < 0 ? r : volume_claim_check(new->source->claim, new->source->name, err);
}

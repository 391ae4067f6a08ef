/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new volume with the content of another one, of any format and pool: made as any other, and
 * filled by qemu-img before it gets its name. */
#include <sys/stat.h>

#include "base/error.h"
#include "base/run.h"
#include "base/text.h"
#include "volume/claim.h"
#include "volume/create.h"

struct filling {
	const struct volume_new *new;
	const struct volume_source *source;
	int fd;
};

static int look_at_source(struct volume_source *source, const char *name, struct cow_error *err)
{
	struct cow_header header = {0};
	int r = cow_header_read(source->fd, &header, err);

	if (r < 0)
		return r;
	if (source->format == COW_FORMAT_RAW || header.format == COW_FORMAT_ISO)
		header.format = COW_FORMAT_RAW;
	if (header.format == COW_FORMAT_RAW)
		header.virtual_size = source->length;
	if (source->format && source->format != header.format)
		r = base_refuse(err, EINVAL, COW_CODE_CORRUPT, "volume %s is no %s image",
				BASE_QUOTE(name), cow_format_name(source->format));
	else if (header.format != COW_FORMAT_RAW && header.encrypted == COW_ANSWER_YES)
		r = base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
				"volume %s is encrypted: what is in it can't be read",
				BASE_QUOTE(name));
	else if (header.damaged == COW_ANSWER_YES ||
		 (!header.virtual_size && header.format != COW_FORMAT_RAW))
		r = base_refuse(err, EINVAL, COW_CODE_CORRUPT, "volume %s is no sound %s image",
				BASE_QUOTE(name), cow_format_name(header.format));
	source->format = header.format;
	source->capacity = header.virtual_size;
	cow_header_clear(&header);
	return r;
}

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

/* The target has no name yet, so qemu-img gets it as a descriptor. The source goes by its path:
 * what its backing file is called is relative to that. What is filled is new and all zeros. */
int volume_fill(struct volume_new *new, int fd, struct cow_error *err)
{
	const struct volume_source *source = new->source;
	struct filling filling = {new, source, fd};
	const struct base_watch watching = {watch, &filling};
	const char *argv[] = {"qemu-img",   "convert",
			      "-n",         "--target-is-zero",
			      "-f",         cow_format_name(source->format),
			      "-O",         cow_format_name(new->image.format),
			      source->path, BASE_FD_PATH(fd),
			      NULL};
	int r = base_run_watched(argv, fd, 0, &watching, NULL, err);

	return r == -ECANCELED
		       ? base_refuse(err, ECANCELED, COW_CODE_CANCELLED,
				     "stopped: %s is not created", BASE_QUOTE(new->options->name))
		       : r;
}

static int check_options(const struct cow_volume_create_options *options, struct cow_error *err)
{
	if (options->type == COW_VOLUME_TYPE_DIRECTORY)
		return base_fail(err, EINVAL, "a directory is not made from an image");
	if (options->backing || options->encryption)
		return base_fail(err, EINVAL,
				 "a volume made from another has no backing file, and is not "
				 "encrypted here");
	return 0;
}

COW_EXPORT int cow_volume_create_from(struct cow_pool_store *store, const struct cow_pool *pool,
				      const struct cow_volume_create_options *options,
				      const struct cow_pool *from_pool, const char *from,
				      enum cow_format format, struct cow_volume_created *ret,
				      struct cow_error *err)
{
	BASE_CLEANUP(place) struct volume_place place = {.fd = -1};
	BASE_CLEANUP(claim) struct volume_claim claim = {.fd = -1};
	struct cow_volume_create_options wanted = *options;
	BASE_CLEANUP(free) char *path = base_format("%s/%s", from_pool->path, from);
	struct volume_source source = {.path = path, .format = format};
	int r = path ? check_options(options, err) : base_fail(err, ENOMEM, "fill a volume");

	if (r == 0)
		r = volume_place_open(&place, store, from_pool, err);
	if (r == 0)
		r = volume_claim_read(&place, from, &claim, err);
	if (r < 0)
		return r;
	source.fd = claim.fd;
	source.length = (uint64_t)claim.st.st_size;
	r = look_at_source(&source, from, err);
	if (r < 0)
		return r;
	/* As libvirt does it: never less than there is. */
	if (wanted.capacity < source.capacity)
		wanted.capacity = source.capacity;
	return volume_create(store, pool, &wanted, &source, ret, err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new volume with the content of another one, of any format and pool: made as any other, and
 * filled before it gets its name. Here is what the other one must be for that. */
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "image/chain.h"
#include "volume/claim.h"
#include "volume/create.h"
#include "volume/secret.h"

static void take_header(struct volume_source *source, const struct cow_header *header)
{
	bool raw = source->format == COW_FORMAT_RAW || header->format == COW_FORMAT_ISO;

	source->format = raw ? COW_FORMAT_RAW : header->format;
	source->capacity = source->format == COW_FORMAT_RAW ? source->length : header->virtual_size;
}

static int check_header(const struct volume_source *source, const char *name,
			const struct cow_header *header, const char *secret, struct cow_error *err)
{
	static const struct cow_header plain = {.encrypted = COW_ANSWER_NO};
	bool raw = source->format == COW_FORMAT_RAW;
	int r = volume_secret_check(raw ? &plain : header, name, secret, "--input-secret-file",
				    err);

	if (r < 0)
		return r;
	if (!raw && (header->damaged == COW_ANSWER_YES || !source->capacity))
		return base_refuse(err, EINVAL, COW_CODE_CORRUPT, "volume %s is no sound %s image",
				   BASE_QUOTE(name), cow_format_name(source->format));
	return 0;
}

static int look_at_source(struct volume_source *source, const char *name, const char *secret,
			  struct cow_error *err)
{
	struct cow_header header = {0};
	enum cow_format said = source->format;
	int r = cow_header_read(source->fd, &header, err);

	if (r < 0)
		return r;
	take_header(source, &header);
	if (said && said != source->format)
		r = base_refuse(err, EINVAL, COW_CODE_CORRUPT, "volume %s is no %s image",
				BASE_QUOTE(name), cow_format_name(said));
	else
		r = check_header(source, name, &header, secret, err);
	if (r == 0 && header.backing && source->format != COW_FORMAT_RAW) {
		source->backing = image_backing_path(source->path, header.backing);
		if (!source->backing)
			r = base_fail(err, ENOMEM, "look at volume %s", BASE_QUOTE(name));
	}
	cow_header_clear(&header);
	return r;
}

/* Only what the other one has itself is copied onto a backing file. */
static int check_backing(const struct cow_pool *pool, const char *backing,
			 const struct volume_source *source, const char *from,
			 struct cow_error *err)
{
	BASE_CLEANUP(free) char *path = backing ? volume_backing_path(pool, backing) : NULL;
	struct stat ours, theirs;

	if (!backing || !source->backing || base_equal(path, source->backing) ||
	    (path && stat(path, &ours) == 0 && stat(source->backing, &theirs) == 0 &&
	     ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EINVAL, COW_CODE_REFUSED,
				       "volume %s has another backing file, %s", BASE_QUOTE(from),
				       BASE_QUOTE(source->backing)),
			   "name that, or none");
}

/* As libvirt does it: never less than there is, and sparse if that is and nothing else is said. */
static void follow_source(struct cow_volume_create_options *options,
			  const struct volume_source *source, const struct stat *st)
{
	if (options->capacity < source->capacity)
		options->capacity = source->capacity;
	if (options->allocation == COW_VOLUME_ALLOCATE_ALL &&
	    (uint64_t)st->st_blocks * 512 < source->capacity)
		options->allocation = 0;
}

/* What was never written is deciphered when it is read, and then is no zeros: all of it has to be
 * written, which leaves nothing that is prepared and no more. */
static int check_options(const struct cow_volume_create_options *options, struct cow_error *err)
{
	if (options->type == COW_VOLUME_TYPE_DIRECTORY)
		return base_fail(err, EINVAL, "a directory is not made from an image");
	if (options->encryption && options->preallocation == COW_PREALLOCATION_METADATA)
		return base_remedy(err,
				   base_fail(err, EINVAL,
					     "of an encrypted volume that is made from another one "
					     "metadata alone can't be preallocated"),
				   "preallocate it in full, or not at all");
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
	r = look_at_source(&source, from, options->from_secret_file, err);
	if (r == 0)
		r = check_backing(pool, options->backing, &source, from, err);
	if (r == 0) {
		follow_source(&wanted, &source, &claim.st);
		r = volume_create(store, pool, &wanted, &source, ret, err);
	}
	free(source.backing);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new volume with the content of another one, of any format and pool: made as any other, and
 * filled before it gets its name. Here is what the other one must be for that. */
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "image/chain.h"
#include "volume/create.h"
#include "volume/header.h"
#include "volume/secret.h"

/* What this volume is made from. */
struct origin {
	const char *name;
	enum cow_format said;
	const char *secret;
	const char *backing; /* the path of the backing file that the new one will have, or NULL */
	enum cow_format backing_format;
	struct volume_claim claim;
};

static bool is_same_file(const char *one, const char *other)
{
	struct stat a, b;

	return base_equal(one, other) ||
	       (stat(one, &a) == 0 && stat(other, &b) == 0 && base_same_file(&a, &b));
}

static int check_header(const struct origin *origin, const struct cow_header *header,
			struct cow_error *err)
{
	int r = volume_secret_check(header, origin->name, origin->secret, "input-", err);

	if (r < 0)
		return r;
	if (header->format == COW_FORMAT_VHDX)
		return base_remedy(err,
				   base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
					       "how big volume %s is, a vhdx image, is not known "
					       "here",
					       BASE_QUOTE(origin->name)),
				   "convert it first: qemu-img convert -f vhdx -O qcow2");
	if (header->damaged == COW_ANSWER_YES || !volume_header_has_size(header))
		return base_refuse(err, EINVAL, COW_CODE_CORRUPT, "volume %s is no sound %s image",
				   BASE_QUOTE(origin->name), cow_format_name(header->format));
	return origin->said ? 0
			    : volume_check_external(header, origin->name,
						    "say what it is: --input-format", err);
}

/* Only what the other one has itself is copied onto a backing file, which then is the one of both.
 * Without one, all that is in that of the other one would be copied as well. */
static int check_backing(const struct origin *origin, const struct volume_source *source,
			 struct cow_error *err)
{
	const char *theirs = source->backing;

	if (origin->backing && !is_same_file(origin->backing, theirs))
		return base_remedy(err,
				   base_refuse(err, EINVAL, COW_CODE_REFUSED,
					       "volume %s has another backing file, %s",
					       BASE_QUOTE(origin->name), BASE_QUOTE(theirs)),
				   "name that, or none");
	/* Of one that may be raw QEMU would find out by its content, and follow that. */
	if (origin->said && !source->backing_format)
		return base_remedy(err,
				   base_refuse(err, EINVAL, COW_CODE_REFUSED,
					       "volume %s has a backing file, %s, whose format is "
					       "not on record",
					       BASE_QUOTE(origin->name), BASE_QUOTE(theirs)),
				   "put that on record: qemu-img rebase -u -b NAME -F FORMAT");
	if (origin->backing || origin->said)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EINVAL, COW_CODE_REFUSED,
				       "volume %s has a backing file, %s, by a header that a guest "
				       "may have written",
				       BASE_QUOTE(origin->name), BASE_QUOTE(theirs)),
			   "say what it is: --input-format");
}

/* QEMU would come to no end in a loop. Of what is no file, a disk for instance, it knows more than
 * is known here, and what is raw has nothing behind it. */
static int check_chain(const struct origin *origin, const struct volume_source *source,
		       struct cow_error *err)
{
	bool ends = source->backing_format == COW_FORMAT_RAW;
	struct cow_chain *chain = NULL;
	int r = ends ? 0 : cow_chain_new(source->path, &chain, err);

	for (const struct cow_chain *step = chain; r == 0 && step; step = step->next)
		if (step->problem && !image_chain_is_elsewhere(step))
			r = base_refuse(err, EINVAL, COW_CODE_REFUSED,
					"volume %s has a backing file, %s: %s",
					BASE_QUOTE(origin->name), BASE_QUOTE(step->path),
					step->problem);
	cow_chain_free(chain);
	return r;
}

static int look_at_source(const struct origin *origin, struct volume_source *source,
			  struct cow_error *err)
{
	BASE_CLEANUP(header) struct cow_header header = {0};
	int r = volume_header_read(&origin->claim, origin->name, origin->said, &header, err);

	if (r == 0)
		r = check_header(origin, &header, err);
	if (r < 0)
		return r;
	source->format = header.format;
	source->capacity = header.virtual_size;
	source->external = header.external == COW_ANSWER_YES;
	if (!header.backing)
		return 0;
	source->backing = image_backing_path(source->path, header.backing);
	source->backing_format = origin->backing ? origin->backing_format : header.backing_format;
	if (!source->backing)
		return base_fail(err, ENOMEM, "look at volume %s", BASE_QUOTE(origin->name));
	r = check_backing(origin, source, err);
	return r < 0 ? r : check_chain(origin, source, err);
}

/* As libvirt does it: never less than there is, and sparse if that is and nothing else is said. */
static void follow_source(struct cow_volume_create_options *options,
			  const struct volume_source *source, const struct stat *st)
{
	if (options->capacity < source->capacity)
		options->capacity = source->capacity;
	if (!options->capacity)
		options->flags |= COW_VOLUME_CREATE_EMPTY;
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
	BASE_CLEANUP(free)
	char *backing = options->backing ? volume_backing_path(pool, options->backing) : NULL;
	struct origin origin = {.name = from,
				.said = format,
				.secret = options->from_secret_file,
				.backing = backing,
				.backing_format = options->backing_format};
	struct volume_source source = {.name = from, .path = path, .claim = &claim};
	int r = path && !options->backing == !backing ? check_options(options, err)
						      : base_fail(err, ENOMEM, "fill a volume");

	if (r == 0)
		r = volume_place_open(&place, store, from_pool, err);
	if (r == 0)
		r = volume_claim_read(&place, from, &claim, err);
	if (r < 0)
		return r;
	origin.claim = claim;
	r = look_at_source(&origin, &source, err);
	if (r == 0) {
		follow_source(&wanted, &source, &claim.st);
		r = volume_create(store, pool, &wanted, &source, ret, err);
	}
	free(source.backing);
	return r;
}

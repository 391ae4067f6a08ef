/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "attr/label.h"
#include "base/error.h"
#include "base/text.h"
#include "image/create.h"
#include "probe/own.h"
#include "volume/create.h"

static int check_options(const struct cow_volume_create_options *options, struct cow_error *err)
{
	const unsigned known = COW_VOLUME_CREATE_DRY_RUN | COW_VOLUME_CREATE_OWNED |
			       COW_VOLUME_CREATE_EMPTY | COW_VOLUME_CREATE_MODE;
	int r = volume_name_check(options->name, err);

	if (r < 0)
		return r;
	if (options->flags & ~known)
		return base_fail(err, EINVAL, "create a volume: unknown flags 0x%x",
				 options->flags);
	if (options->mode & ~07777u)
		return base_fail(err, EINVAL, "a volume can't have the mode 0%o", options->mode);
	if (options->type == COW_VOLUME_TYPE_DIRECTORY && options->preallocation)
		return base_fail(err, EINVAL, "a directory has nothing to preallocate");
	if (options->type == COW_VOLUME_TYPE_DIRECTORY && (options->encryption || options->backing))
		return base_fail(err, EINVAL,
				 "a directory is neither encrypted nor on a backing file");
	return 0;
}

int volume_set_owner(const struct volume_new *new, int fd, struct cow_error *err)
{
	const struct cow_volume_create_options *options = new->options;
	const struct cow_pool *pool = new->place->pool;
	bool own = options->flags & COW_VOLUME_CREATE_OWNED;
	uid_t owner = own ? options->owner : (uid_t)pool->owner; /* -1: leave it */
	gid_t group = own ? options->group : (gid_t)pool->group;

	if (fchown(fd, owner, group) < 0)
		return base_fail(err, errno, "set owner and group of %s",
				 BASE_QUOTE(options->name));
	return attr_set_label(fd, options->label ? options->label : pool->label, options->name,
			      err);
}

/* Where it can't be allocated, it is allocated when it is written, as with libvirt. */
static int allocate(const struct volume_new *new, int fd, struct cow_error *err)
{
	const struct cow_volume_create_options *options = new->options;
	uint64_t size = options->allocation;

	if (size > options->capacity)
		size = options->capacity;
	if (!size || new->image.format != COW_FORMAT_RAW || fallocate(fd, 0, 0, (off_t)size) == 0 ||
	    errno == EOPNOTSUPP)
		return 0;
	return base_fail(err, errno, "allocate %s", BASE_QUOTE(options->name));
}

/* So that it is known from drift, and where there is no flag. It is not worth failing for, nor to
 * be said where it can't be kept and nothing depends on it. */
static void note_wish(struct volume_new *new, int fd)
{
	bool needed = new->image.wish != COW_WISH_LEAVE || new->created.effective != COW_POLICY_OFF;
	struct cow_error cause = {0};
	int r = new->options->nocow
			? probe_set_own_policy(fd, COW_POLICY_OFF, new->options->name, &cause)
			: 0;

	if (r < 0 && (needed || r != -EOPNOTSUPP))
		base_copy_format(new->created.unmet, sizeof(new->created.unmet), "%s%s%s",
				 cause.message, cause.errnum ? ": " : "",
				 cause.errnum ? strerrordesc_np(cause.errnum) : "");
}

static int finish(int fd, void *data, struct cow_error *err)
{
	struct volume_new *new = data;
	int r = allocate(new, fd, err);

	if (r == 0 && new->source)
		r = volume_fill(new, fd, err);
	if (r == 0)
		note_wish(new, fd);
	return r < 0 ? r : volume_set_owner(new, fd, err);
}

/* What the policy asks of the file, out of what is measured in its directory. */
static int decide(struct volume_new *new, struct cow_error *err)
{
	struct cow_decision decision = {0};
	int r = volume_decide(new->place, new->created.policy, &new->image.wish, &new->image.nocow,
			      &decision, err);

	volume_report(new, &decision);
	return r;
}

void volume_report(struct volume_new *new, const struct cow_decision *decision)
{
	new->created.effective = decision->effective;
	base_copy(new->created.reason, sizeof(new->created.reason), decision->reason);
	base_copy(new->created.warning, sizeof(new->created.warning), decision->warning);
}

/* To libvirt a LUKS image is a raw one that is encrypted. */
static enum cow_format format_of(const struct cow_volume_create_options *options)
{
	enum cow_format format = options->format ? options->format : COW_FORMAT_RAW;

	return format == COW_FORMAT_RAW && options->encryption ? COW_FORMAT_LUKS : format;
}

static unsigned image_flags(unsigned flags)
{
	return (flags & COW_VOLUME_CREATE_DRY_RUN ? COW_IMAGE_CREATE_DRY_RUN : 0) |
	       (flags & COW_VOLUME_CREATE_EMPTY ? COW_IMAGE_CREATE_EMPTY : 0) |
	       (flags & COW_VOLUME_CREATE_MODE ? COW_IMAGE_CREATE_MODE : 0);
}

static int create_file(struct volume_new *new, struct cow_error *err)
{
	const struct cow_volume_create_options *options = new->options;
	struct cow_image_created created = {0};
	struct image_new image = {.dirfd = new->place->fd,
				  .name = options->name,
				  .options = &new->image,
				  .finish = finish,
				  .data = new};
	int r;

	new->image = (struct cow_image_create_options){
		.format = format_of(options),
		.size = options->capacity,
		.mode = options->mode,
		.preallocation = options->preallocation,
		.backing = options->backing,
		.backing_format = options->backing_format,
		.flags = image_flags(options->flags),
		.version = options->version,
		.cluster_size = options->cluster_size,
		.lazy_refcounts = options->lazy_refcounts,
		.extended_l2 = options->extended_l2,
		.encryption = options->encryption,
		.progress = options->progress,
	};
	r = decide(new, err);
	if (r == 0 && new->source)
		r = volume_fill_check(new, &image, err);
	if (r == 0)
		r = image_create(&image, &created, err);
	new->created.nocow = created.nocow;
	if (created.unmet[0])
		base_copy(new->created.unmet, sizeof(new->created.unmet), created.unmet);
	return r;
}

int volume_create(struct cow_pool_store *store, const struct cow_pool *pool,
		  const struct cow_volume_create_options *options,
		  const struct volume_source *source, struct cow_volume_created *ret,
		  struct cow_error *err)
{
	BASE_CLEANUP(place) struct volume_place place = {.fd = -1};
	struct volume_new new = {.source = source, .place = &place, .options = options};
	int r = check_options(options, err);

	if (r == 0)
		r = pool_store_check_own(pool, err);
	if (r == 0)
		r = volume_place_open(&place, store, pool, err);
	if (r < 0)
		return r;
	new.created.policy = options->nocow ? COW_POLICY_OFF : pool->policy;
	if (options->type == COW_VOLUME_TYPE_DIRECTORY)
		r = volume_create_directory(&new, err);
	else
		r = create_file(&new, err);
	if (r == 0 && ret)
		*ret = new.created;
	return r;
}

COW_EXPORT int cow_volume_create(struct cow_pool_store *store, const struct cow_pool *pool,
				 const struct cow_volume_create_options *options,
				 struct cow_volume_created *ret, struct cow_error *err)
{
	return volume_create(store, pool, options, NULL, ret, err);
}

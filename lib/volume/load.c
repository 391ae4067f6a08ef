/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Upload and download: between what, and whether that may be. */
#include <fcntl.h>

#include "base/error.h"
#include "pool/store.h"
#include "volume/claim.h"
#include "volume/transfer.h"

static int check(const struct cow_volume_transfer *options, unsigned known, struct cow_error *err)
{
	if (options->flags & ~known)
		return base_fail(err, EINVAL, "copy a volume: unknown flags 0x%x", options->flags);
	if (options->offset > INT64_MAX || options->length > INT64_MAX - options->offset)
		return base_fail(err, EINVAL, "copy a volume: no file is as long as that");
	return 0;
}

/* A volume copied onto itself is lost, or without an end. */
static int open_place(struct volume_place *place, struct cow_pool_store *store,
		      const struct cow_pool *pool, const char *name, int fd, struct cow_error *err)
{
	struct stat volume, other;
	int r = volume_place_open(place, store, pool, err);

	if (r < 0 || volume_name_check(name, NULL) < 0 ||
	    fstatat(place->fd, name, &volume, 0) < 0 || fstat(fd, &other) < 0 ||
	    !base_same_file(&volume, &other))
		return r;
	return base_refuse(err, EINVAL, COW_CODE_REFUSED, "volume %s is that file itself",
			   BASE_QUOTE(name));
}

/* What a failed upload left behind, be it half of the first piece. */
static int say_what_is_left(const struct volume_transfer *t, const struct volume_claim *claim,
			    int result, struct cow_error *err)
{
	struct stat st;
	bool longer = fstat(t->to, &st) == 0 && st.st_size > claim->st.st_size;

	if (!t->done && volume_claim_check(claim, t->name, NULL) == 0)
		return result;
	return base_remedy(err, result, "part of it is overwritten%s",
			   longer ? ", and it is longer than it was" : "");
}

COW_EXPORT int cow_volume_upload(struct cow_pool_store *store, const struct cow_pool *pool,
				 const char *name, int fd,
				 const struct cow_volume_transfer *options, uint64_t *ret_bytes,
				 struct cow_error *err)
{
	BASE_CLEANUP(place) struct volume_place place = {.fd = -1};
	BASE_CLEANUP(claim) struct volume_claim claim = {.fd = -1};
	struct volume_transfer t = {.name = name, .options = options, .from = fd};
	int r = check(options, COW_VOLUME_TRANSFER_SPARSE, err);

	if (r == 0)
		r = pool_store_check_own(pool, err);
	if (r == 0)
		r = open_place(&place, store, pool, name, fd, err);
	if (r == 0)
		r = volume_claim(&place, name, O_RDWR, &claim, err);
	if (r < 0)
		return r;
	volume_mend(&place, &claim);
	t.from_at = volume_transfer_position(fd);
	t.to = claim.fd;
	t.to_at = (off_t)options->offset;
	r = volume_transfer_run(&t, ret_bytes, err);
	return r < 0 ? say_what_is_left(&t, &claim, r, err) : 0;
}

/* What is at the target is lost from here on. */
static int clear(const struct volume_transfer *t, struct volume_claim *target,
		 struct cow_error *err)
{
	struct stat st;
	int r = 0;

	if (fstat(t->to, &st) < 0)
		return base_fail(err, errno, "look at the file for volume %s", BASE_QUOTE(t->name));
	if (S_ISBLK(st.st_mode) || S_ISREG(st.st_mode))
		r = volume_claim_target(t->to, &st, t->name, target, err);
	if (r < 0 || S_ISBLK(st.st_mode))
		return r;
	if (t->options->flags & COW_VOLUME_TRANSFER_REPLACE && t->to_at >= 0 &&
	    ftruncate(t->to, t->to_at) < 0)
		return base_fail(err, errno, "empty the file for volume %s", BASE_QUOTE(t->name));
	return 0;
}

COW_EXPORT int cow_volume_download(struct cow_pool_store *store, const struct cow_pool *pool,
				   const char *name, int fd,
				   const struct cow_volume_transfer *options, uint64_t *ret_bytes,
				   struct cow_error *err)
{
	BASE_CLEANUP(place) struct volume_place place = {.fd = -1};
	BASE_CLEANUP(claim) struct volume_claim claim = {.fd = -1};
	BASE_CLEANUP(claim) struct volume_claim target = {.fd = -1};
	struct volume_transfer t = {.name = name, .options = options, .to = fd};
	int r = check(options, COW_VOLUME_TRANSFER_SPARSE | COW_VOLUME_TRANSFER_REPLACE, err);

	if (r == 0)
		r = open_place(&place, store, pool, name, fd, err);
	if (r == 0)
		r = volume_claim_read(&place, name, &claim, err);
	if (r < 0)
		return r;
	t.from = claim.fd;
	t.from_at = (off_t)options->offset;
	t.to_at = volume_transfer_position(fd);
	if (options->offset > (uint64_t)claim.st.st_size)
		return base_refuse(err, EINVAL, COW_CODE_REFUSED, "volume %s is shorter than that",
				   BASE_QUOTE(name));
	r = clear(&t, &target, err);
	if (r == 0)
		r = volume_transfer_run(&t, ret_bytes, err);
	return r < 0 ? r : volume_claim_check(&claim, name, err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "base/error.h"
#include "pool/store.h"
#include "volume/claim.h"

static int remove_name(const struct volume_place *place, const char *name, int flags,
		       struct cow_error *err)
{
	int r;

	if (unlinkat(place->fd, name, flags) < 0)
		return base_fail(err, errno, "delete volume %s", BASE_QUOTE(name));
	r = base_sync_directory(place->fd);
	return r < 0 ? base_fail(err, -r, "write the removal of %s to disk", BASE_QUOTE(name)) : 0;
}

/* A name is removed, whatever has it: be it still the file that nobody uses. */
static int claim_named(const struct volume_place *place, const char *name,
		       struct volume_claim *claim, struct cow_error *err)
{
	struct stat st;
	int r = volume_claim(place, name, O_RDONLY, claim, err);

	if (r < 0)
		return r;
	if (fstatat(place->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    base_same_file(&st, &claim->st))
		return 0;
	return base_refuse(err, ESTALE, COW_CODE_CHANGED, "volume %s was replaced meanwhile",
			   BASE_QUOTE(name));
}

COW_EXPORT int cow_volume_delete(struct cow_pool_store *store, const struct cow_pool *pool,
				 const char *name, struct cow_error *err)
{
	BASE_CLEANUP(place) struct volume_place place = {.fd = -1};
	BASE_CLEANUP(claim) struct volume_claim claim = {.fd = -1};
	struct stat st;
	int r = pool_store_check_own(pool, err);

	if (r == 0)
		r = volume_place_open(&place, store, pool, err);
	if (r < 0)
		return r;
	if (volume_name_check(name, NULL) < 0 ||
	    fstatat(place.fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return volume_fail_to_find(pool, name, err);
	if (S_ISDIR(st.st_mode))
		return remove_name(&place, name, AT_REMOVEDIR, err);
	/* A symlink goes, and what it leads to stays. */
	if (!S_ISLNK(st.st_mode))
		r = claim_named(&place, name, &claim, err);
	return r < 0 ? r : remove_name(&place, name, 0, err);
}

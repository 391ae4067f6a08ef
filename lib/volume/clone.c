/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/text.h"
#include "pool/store.h"
#include "volume/volume.h"

/* NOCOW as the policy has it; a source that is NOCOW by a wish of its own hands that on. */
static int decide(const struct volume_place *place, bool source_nocow,
		  struct cow_clone_options *options, struct cow_error *err)
{
	enum cow_policy policy = place->pool->policy;
	struct cow_decision decision;

	if (options->own)
		policy = options->own;
	else if (source_nocow)
		policy = COW_POLICY_OFF;
	return volume_decide(place, policy, &options->wish, &options->nocow, &decision, err);
}

/* What it is a clone of. */
static int find_source(struct volume_place *place, const char *name, enum cow_policy *ret_own,
		       bool *ret_nocow, struct cow_error *err)
{
	BASE_CLEANUP(volume) struct cow_volume *volume = NULL;
	int r = volume_find(place, false, name, &volume, err);

	if (r < 0)
		return r;
	if (volume->type == COW_VOLUME_TYPE_DIRECTORY)
		return base_refuse(err, EISDIR, COW_CODE_REFUSED, "volume %s is a directory",
				   BASE_QUOTE(name));
	if (volume->symlink)
		return base_remedy(err,
				   base_refuse(err, ELOOP, COW_CODE_REFUSED,
					       "volume %s is a symbolic link", BASE_QUOTE(name)),
				   "cowctl vol create-from copies what it leads to");
	*ret_own = volume->own;
	*ret_nocow = volume->nocow == COW_ANSWER_YES;
	return 0;
}

COW_EXPORT int cow_volume_clone(struct cow_pool_store *store, const struct cow_pool *pool,
				const char *name, const char *new_name,
				const struct cow_clone_options *options,
				struct cow_clone_result *ret, struct cow_error *err)
{
	BASE_CLEANUP(place) struct volume_place place = {.fd = -1};
	struct cow_clone_options wanted = *options;
	bool nocow = false;
	int r;

	if ((r = volume_name_check(name, err)) < 0 || (r = volume_name_check(new_name, err)) < 0 ||
	    (r = pool_store_check_own(pool, err)) < 0 ||
	    (r = volume_place_open(&place, store, pool, err)) < 0 ||
	    (r = find_source(&place, name, &wanted.own, &nocow, err)) < 0 ||
	    (r = decide(&place, nocow, &wanted, err)) < 0)
		return r;
	/* It may have become one meanwhile, and lead out of the pool. */
	wanted.flags |= COW_CLONE_NO_FOLLOW;
	if (!wanted.label)
		wanted.label = pool->label;
	return cow_clone_at(place.fd, name, place.fd, new_name, &wanted, ret, err);
}

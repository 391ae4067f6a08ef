/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the policy asks of a file in a pool's directory: of a new one, and of one that is written.
 */
#include <cow/probe.h>

#include "base/fd.h"
#include "image/wish.h"
#include "probe/own.h"
#include "volume/claim.h"

DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free, NULL)

int volume_decide(const struct volume_place *place, enum cow_policy policy, enum cow_wish *ret_wish,
		  bool *ret_nocow, struct cow_decision *ret, struct cow_error *err)
{
	BASE_CLEANUP(probe) struct cow_probe *probe = NULL;
	int r = cow_probe_new(BASE_FD_PATH(place->fd), 0, &probe, err);

	if (r < 0)
		return r;
	cow_policy_decide_file(policy, probe, ret, ret_wish, ret_nocow);
	return ret->action == COW_ACTION_REFUSE ? cow_decision_apply(ret, -1, err) : 0;
}

/* Not the other way: an empty file that is NOCOW may be so by somebody's hand. */
void volume_mend(const struct volume_place *place, const struct volume_claim *claim)
{
	char unmet[IMAGE_UNMET_MAX] = "";
	struct cow_decision decision;
	struct image_wish wish = {.name = ""};
	enum cow_policy own = probe_own_policy(claim->fd);

	if (claim->st.st_size || volume_decide(place, own ? own : place->pool->policy,
					       &wish.strength, &wish.nocow, &decision, NULL) < 0)
		return;
	/* What can't be had is seen in how the volume stands then. */
	wish.strength = wish.nocow ? COW_WISH_PREFER : COW_WISH_LEAVE;
	image_wish_apply(&wish, claim->fd, unmet, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Btrfs keeps several copies of this data, but without checksums it can't know which is right when
 * they differ: after a crash or a degraded mount they do, silently, and a scrub can't see it. */
#include <string.h>

#include "audit/rule.h"
#include "base/text.h"

/* Data profiles as the kernel names them. */
static bool is_redundant(const char *profile)
{
	static const char *const redundant[] = {"dup",    "raid1", "raid1c3", "raid1c4",
						"raid10", "raid5", "raid6"};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(redundant); i++)
		if (base_equal(profile, redundant[i]))
			return true;
	return false;
}

bool audit_rule_redundant_nocow(const struct audit_view *view, struct audit_note *note)
{
	const struct cow_layer *storage = view->place->storage;
	const char *profile = storage ? cow_layer_detail_text(storage, "data_profile") : NULL;

	if (view->item->nocow != COW_ANSWER_YES || !is_redundant(profile))
		return false;
	audit_note_remedy(note, "cowctl convert --cow on, or keep it on a single or raid0 profile");
	return audit_note_say(note, COW_SEVERITY_WARNING,
			      "NOCOW on data profile %s: its copies can diverge, and neither reads "
			      "nor a scrub can tell",
			      profile);
}

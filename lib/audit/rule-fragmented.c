/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many pieces. */
#include "audit/rule.h"

/* At least so many runs that are on average at most so long.
 *
 * Below 1 MiB a rotating disk spends more time on the way to a run (some 8 ms) than on reading it
 * (7 ms at 150 MB/s), so reading the image takes more than twice as long; with ten thousand of
 * them that is more than a minute lost, with a thousand it is seconds. Flash doesn't seek, but
 * there too each run is an item in the extent tree to be found and, when copying, replaced. */
static const struct {
	uint64_t runs, bytes_per_run;
	enum cow_severity severity;
} thresholds[] = {
	{10000, 1 << 20, COW_SEVERITY_WARNING},
	{1000, 1 << 20, COW_SEVERITY_INFO},
};

bool audit_rule_fragmented(const struct audit_view *view, struct audit_note *note)
{
	const struct cow_audit_item *item = view->item;

	if (item->mapped != COW_ANSWER_YES)
		return false;
	for (size_t i = 0; i < BASE_ARRAY_SIZE(thresholds); i++) {
		if (item->runs < thresholds[i].runs ||
		    item->allocated / item->runs > thresholds[i].bytes_per_run)
			continue;
		audit_note_remedy(note,
				  "cowctl convert --rewrite --cow %s, while nobody has it open",
				  item->effective == COW_POLICY_ON ? "on" : "off");
		return audit_note_say(note, thresholds[i].severity,
				      "in %ju runs, %s each on average", (uintmax_t)item->runs,
				      AUDIT_SIZE(item->allocated / item->runs));
	}
	return false;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filesystem overwrites in place, but something under it doesn't: a loop file on a
 * copy-on-write host, a thin volume with snapshots, VDO. */
#include "audit/rule.h"

static const struct cow_layer *worst_of(const struct cow_layer *layer,
					const struct cow_layer *worst)
{
	for (; layer; layer = layer->next) {
		if (layer->overwrite > (worst ? worst->overwrite : COW_OVERWRITE_IN_PLACE))
			worst = layer;
		worst = worst_of(layer->below, worst);
	}
	return worst;
}

bool audit_rule_layer_below_copies(const struct audit_view *view, struct audit_note *note)
{
	const struct cow_layer *storage = view->place->storage;
	const struct cow_layer *layer = storage ? worst_of(storage->below, NULL) : NULL;

	if (view->item->effective != COW_POLICY_OFF || !layer)
		return false;
	audit_note_remedy(note, "see cowctl probe on its directory");
	return audit_note_say(note, COW_SEVERITY_WARNING, "%s %s under its filesystem: %s",
			      layer->type, layer->name ? layer->name : "",
			      layer->reason ? layer->reason : cow_overwrite_name(layer->overwrite));
}

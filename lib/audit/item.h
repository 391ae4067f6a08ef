/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_ITEM_H
#define AUDIT_ITEM_H

#include <cow/audit.h>

#include "audit/place.h"
#include "audit/walk.h"

/* What one file is held against, and how it is looked at. */
struct audit_task {
	enum cow_policy policy;
	const char *pool; /* or NULL */
	bool all_files;
};

/* Look at what the walk came to. `places` is the audit's list, which grows.
 * @return 1 an item, 0 not an image or gone meanwhile, -ENOMEM. */
int audit_item_new(const struct audit_entry *entry, const struct audit_task *task,
		   struct audit_place **places, struct cow_audit_item **ret);

#endif

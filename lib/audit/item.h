/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_ITEM_H
#define AUDIT_ITEM_H

#include <cow/audit.h>

#include "audit/look.h"
#include "base/answer.h"

/* What an image is held against. */
struct audit_task {
	enum cow_policy policy;
	const char *pool; /* or NULL */
	struct base_silence *silence;
};

/* The finding of what is no image but a file of ours that an interrupted command left. */
#define AUDIT_LEFTOVER "leftover"

/* Judge what was seen of a file. @return 1 an item, 0 there is none, -ENOMEM. */
int audit_item_new(const char *path, struct audit_directory *directory,
		   const struct audit_look *look, const struct audit_task *task,
		   struct cow_audit_item **ret);
/* What could not be read. @return 1 or -ENOMEM. */
int audit_item_new_error(const char *path, const struct audit_task *task,
			 const struct cow_error *error, struct cow_audit_item **ret);

#endif

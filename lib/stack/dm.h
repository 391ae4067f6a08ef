/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STACK_DM_H
#define STACK_DM_H

#include <linux/dm-ioctl.h>

#include "stack/block.h"

/* What a device mapper target does; one row per target. */
struct stack_dm_target {
	const char *name;
	enum cow_overwrite overwrite;
	enum cow_switch cow_switch;
	const char *reason;
};

/* A row by the target's name, NULL for one that isn't known. */
const struct stack_dm_target *stack_dm_target(const char *name);

/* A device mapper table. The target that decides about a device with several is the one that is
 * worst for an image, where an unknown one is worse than all but one that copies. */
struct stack_dm_table {
	char worst[DM_MAX_TYPE_NAME];
	unsigned segments;
	char targets[256]; /* "TARGET START+LENGTH, ..." in bytes, neighbours alike as one */
};

/* The kernel's answer to DM_TABLE_STATUS, which begins with the first dm_target_spec.
 * @return 0, -EBADMSG when it makes no sense. */
int stack_dm_table_parse(const void *data, size_t size, unsigned segments,
			 struct stack_dm_table *ret);

/* Ask the kernel; needs CAP_SYS_ADMIN. */
int stack_dm_table_read(const struct stack_edge *edge, dev_t number, struct stack_dm_table *ret);

/* In place of a slave's uuid: it has one, or went away. */
#define STACK_DM_UNREADABLE "unreadable"

/* What everybody may know of a device mapper device. Lists end in NULL; "" is unknown. */
struct stack_dm_facts {
	const char *uuid;
	const char *content;   /* what udev found on it, NULL for unknown */
	char *const *slaves;   /* the uuids of those it lies on, "" for one of another kind */
	char *const *contents; /* what udev found on those */
	bool snapshotted;      /* a slave is the origin of a thick snapshot */
};

/* Who may not ask can often tell by these.
 * @return a target's name; "" for one of those that keep blocks where they are; NULL: unknown. */
const char *stack_dm_infer(const struct stack_dm_facts *facts);

#endif

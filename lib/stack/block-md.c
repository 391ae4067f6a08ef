/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "base/text.h"
#include "stack/block.h"

static const struct level {
	const char *name;
	const char *reason;
} levels[] = {
	{"linear", "every block has its fixed place underneath"},
	{"raid0", "every block has its fixed place underneath"},
	{"raid1", "every block has its fixed place on each disk"},
	{"raid10", "every block has its fixed place on each mirror"},
	{"raid4", "in place, and parity is rewritten with it"},
	{"raid5", "in place, and parity is rewritten with it"},
	{"raid6", "in place, and parity is rewritten with it"},
	{"multipath", "several ways to the same place"},
	{"faulty", "passed on, or failed on purpose"},
};

static const struct level *find_level(const char *name)
{
	for (size_t i = 0; i < BASE_ARRAY_SIZE(levels); i++)
		if (base_equal(levels[i].name, name))
			return &levels[i];
	return NULL;
}

struct cow_layer *stack_md_probe(struct stack_builder *builder, const struct stack_device *device,
				 const struct stack_trail *trail)
{
	BASE_CLEANUP(free) char *level = stack_read(device->sysfs, "md/level");
	BASE_CLEANUP(free) char *policy = stack_read(device->sysfs, "md/consistency_policy");
	const struct level *known = find_level(level);
	char type[32] = "md";
	struct cow_layer *layer;

	(void)trail;
	if (known)
		snprintf(type, sizeof(type), "md-%s", known->name);
	layer = stack_layer_unknown(builder, type, device->path,
				    "nothing is known about an array of this level");
	if (known)
		stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED,
				  COW_EVIDENCE_REPORTED, "%s", known->reason);
	stack_detail_text(builder, layer, "level", level);
	stack_detail_text(builder, layer, "consistency_policy", policy);
	return layer;
}

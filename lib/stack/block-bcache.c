/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stack/block.h"

struct cow_layer *stack_bcache_probe(struct stack_builder *builder,
				     const struct stack_device *device,
				     const struct stack_trail *trail)
{
	struct cow_layer *layer = stack_layer_new(builder, "bcache", device->path);
	BASE_CLEANUP(free) char *state = stack_read(device->sysfs, "bcache/state");
	BASE_CLEANUP(free) char *mode = stack_read(device->sysfs, "bcache/cache_mode");

	(void)trail;
	stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED,
			  COW_EVIDENCE_INFERRED, "in place at home; the cache before it is a log");
	stack_detail_text(builder, layer, "state", state);
	stack_detail_text(builder, layer, "cache_mode", mode);
	return layer;
}

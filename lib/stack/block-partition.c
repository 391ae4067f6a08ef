/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stack/block.h"

struct cow_layer *stack_partition_probe(struct stack_builder *builder,
					const struct stack_device *device,
					const struct stack_trail *trail)
{
	struct cow_layer *layer = stack_layer_new(builder, "partition", device->path);

	stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED,
			  COW_EVIDENCE_REPORTED, "a fixed part of its disk");
	stack_layer_put_below(layer, stack_block_probe_beside(builder, device, "..", trail));
	return layer;
}

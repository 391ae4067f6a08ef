/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"
#include "stack/filesystem.h"

void stack_f2fs_judge(struct stack_builder *builder, struct cow_layer *layer,
		      const struct stack_subject *subject)
{
	BASE_CLEANUP(free) char *mode = stack_mount_option(&subject->mount, "mode");

	stack_detail_text(builder, layer, "mode", mode);
	stack_detail_answer(builder, layer, "pinned", subject->nocow);
	/* f2fs shows NOCOW on pinned files, and drops it when it is set. */
	if (subject->nocow == COW_ANSWER_YES)
		stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_NONE,
				  COW_EVIDENCE_REPORTED, "the file is pinned to its place");
	else if (base_equal(mode, "lfs"))
		stack_layer_judge(builder, layer, COW_OVERWRITE_COPIED, COW_SWITCH_NONE,
				  COW_EVIDENCE_REPORTED,
				  "f2fs in mode=lfs is a log: everything is written anew");
	else
		stack_layer_judge(builder, layer, COW_OVERWRITE_COPIED, COW_SWITCH_NONE,
				  COW_EVIDENCE_INFERRED,
				  "f2fs writes back elsewhere, but for O_DIRECT and small fsyncs");
}

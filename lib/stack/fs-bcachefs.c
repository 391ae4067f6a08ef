/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/xattr.h>

#include "base/text.h"
#include "stack/block.h"
#include "stack/filesystem.h"

/* The effective option of one inode is an extended attribute; f and O_PATH don't go together, the
 * descriptor's magic name does. */
static enum cow_answer is_nocow(const struct stack_subject *subject)
{
	char value[16] = "";
	ssize_t n = getxattr(BASE_FD_PATH(subject->fd), "bcachefs_effective.nocow", value,
			     sizeof(value) - 1);

	if (n < 0)
		return stack_mount_has(&subject->mount, "nocow") ? COW_ANSWER_YES
								 : COW_ANSWER_UNKNOWN;
	return stack_answer(base_equal(value, "1"));
}

void stack_bcachefs_judge(struct stack_builder *builder, struct cow_layer *layer,
			  const struct stack_subject *subject)
{
	enum cow_answer nocow = is_nocow(subject);

	stack_detail_answer(builder, layer, "nocow", nocow);
	if (nocow == COW_ANSWER_YES)
		stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_MOUNT_OPTION,
				  COW_EVIDENCE_REPORTED,
				  "bcachefs with nocow; what snapshots share is copied once");
	else
		stack_layer_judge(builder, layer, COW_OVERWRITE_COPIED, COW_SWITCH_MOUNT_OPTION,
				  nocow == COW_ANSWER_NO ? COW_EVIDENCE_REPORTED
							 : COW_EVIDENCE_INFERRED,
				  "bcachefs writes every block anew unless nocow is set");
}

/* Its source is the list of its devices: "/dev/sda:/dev/sdb". */
void stack_bcachefs_below(struct stack_builder *builder, struct cow_layer *layer,
			  const struct stack_subject *subject, const struct stack_trail *trail)
{
	BASE_CLEANUP(free) char *list = strdup(subject->mount.source ? subject->mount.source : "?");
	char *rest = list;

	builder->no_memory |= !list;
	for (const char *path; (path = strsep(&rest, ":"));)
		stack_layer_put_below(layer, stack_block_probe_path(builder, path, trail));
}

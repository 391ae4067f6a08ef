/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STACK_FILESYSTEM_H
#define STACK_FILESYSTEM_H

#include <sys/stat.h>

#include "stack/layer.h"
#include "stack/mount.h"

/* The file or directory a filesystem is asked about. */
struct stack_subject {
	int fd;   /* as given, may be O_PATH */
	int open; /* the same opened for reading, or -1: not permitted, or neither file nor
		     directory */
	struct stat st;
	struct stack_mount mount; /* empty fields where no mount was found */
	enum cow_answer nocow;    /* its own flag */
};

/* One row per type of filesystem. `judge` is for those that have more to say than the row; `below`
 * finds what is underneath, NULL where nothing of this machine is. */
struct stack_filesystem {
	const char *type; /* as in mountinfo; one ending in '.' is a prefix */
	unsigned magic;   /* statfs f_type, for when no mount is found */
	enum cow_overwrite overwrite;
	enum cow_switch cow_switch;
	const char *reason;
	void (*judge)(struct stack_builder *builder, struct cow_layer *layer,
		      const struct stack_subject *subject);
	void (*below)(struct stack_builder *builder, struct cow_layer *layer,
		      const struct stack_subject *subject, const struct stack_trail *trail);
	const char *decided_by; /* where to ask, when that is elsewhere */
	bool shares; /* overwrites in place, but files can share blocks; judges say it themselves */
};

/* The filesystem an open file lies on, and all that is underneath. */
struct cow_layer *stack_filesystem_probe(struct stack_builder *builder, int fd,
					 const struct stack_trail *trail);
/* The same for a subject that is already known; replay tests begin here. */
struct cow_layer *stack_subject_probe(struct stack_builder *builder,
				      const struct stack_subject *subject,
				      const struct stack_trail *trail);

/* Is the file a server's, whose clients know little of each other? */
bool stack_is_served(int fd);

/* The one device of the mount, which mountinfo has. */
void stack_device_below(struct stack_builder *builder, struct cow_layer *layer,
			const struct stack_subject *subject, const struct stack_trail *trail);

/* Those with files of their own. */
void stack_btrfs_judge(struct stack_builder *builder, struct cow_layer *layer,
		       const struct stack_subject *subject);
void stack_btrfs_below(struct stack_builder *builder, struct cow_layer *layer,
		       const struct stack_subject *subject, const struct stack_trail *trail);
void stack_xfs_judge(struct stack_builder *builder, struct cow_layer *layer,
		     const struct stack_subject *subject);
void stack_xfs_below(struct stack_builder *builder, struct cow_layer *layer,
		     const struct stack_subject *subject, const struct stack_trail *trail);
void stack_f2fs_judge(struct stack_builder *builder, struct cow_layer *layer,
		      const struct stack_subject *subject);
void stack_bcachefs_judge(struct stack_builder *builder, struct cow_layer *layer,
			  const struct stack_subject *subject);
void stack_bcachefs_below(struct stack_builder *builder, struct cow_layer *layer,
			  const struct stack_subject *subject, const struct stack_trail *trail);
void stack_overlay_judge(struct stack_builder *builder, struct cow_layer *layer,
			 const struct stack_subject *subject);
void stack_overlay_below(struct stack_builder *builder, struct cow_layer *layer,
			 const struct stack_subject *subject, const struct stack_trail *trail);

#endif

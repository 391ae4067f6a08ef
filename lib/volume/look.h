/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_LOOK_H
#define VOLUME_LOOK_H

#include "volume/volume.h"

#define LOOK_LABEL_MAX 1024

/* One look at one volume, before it is known how much room its texts take. Many are looked at at
 * once: nothing here belongs to another one. */
struct look {
	struct volume_place *place;
	const char *name;
	const struct volume_record *known; /* or NULL */
	bool whole;

	uint64_t mount, inode;
	struct cow_volume volume; /* but for its texts */
	struct volume_facts facts;
	bool recalled, keep; /* as in struct volume_made */
	bool judged;         /* what an overwrite does in its own filesystem is known */
	char *written, *backing;
	char problem[160], reason[256], label[LOOK_LABEL_MAX + 1];
};

static inline void base_cleanup_look(struct look *look)
{
	free(look->written);
	free(look->backing);
}

/* Look into an open regular file. @return 0, or -errno with what failed. */
int look_at_file(struct look *look, int fd, const struct audit_place *place,
		 const char **ret_failed);
/* Take what is remembered of a file whose inode was seen, if that holds. */
bool look_recall(struct look *look);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_CLONE_H
#define CONVERT_CLONE_H

#include <limits.h>
#include <sys/stat.h>

#include <cow/clone.h>

#include "base/temp.h"
#include "convert/hold.h"
#include "image/wish.h"

struct clone {
	int from_dirfd, to_dirfd; /* borrowed */
	const char *from, *to;
	const struct cow_clone_options *options;
	struct cow_clone_result *result;

	int source; /* O_RDONLY: a read lease can be had on no other */
	struct stat before;
	struct convert_hold hold;
	struct cow_header header;
	struct image_wish wish;
	struct base_temp copy;
	uint64_t total; /* bytes of data, when they are copied */
	char *backing;  /* the new name of the backing file, NULL: as it is */
};

/* Is nothing to be written? */
bool convert_clone_is_dry(const struct clone *c);
/* @return -EBUSY or -ESTALE once somebody has begun to write to the source, or may have. */
int convert_clone_check_still(struct clone *c, struct cow_error *err);
/* Does the copy, as it is now, have the flag? */
bool convert_clone_is_nocow(const struct clone *c);
/* May the two share blocks as they are now? Asks, and shares nothing. @return 0 or -errno. */
int convert_clone_may_share(const struct clone *c);
/* Let the copy have all blocks of the source, and say in the result why, or why not.
 * @return 1 shared, 0 to be copied, -errno. */
int convert_clone_share(struct clone *c, struct cow_error *err);
/* Let it have copies of them, and see before that there is room. */
int convert_clone_copy(struct clone *c, struct cow_error *err);

/* The whole path of the source, for what is to be pasted; its name where that is not known. */
void convert_clone_find_path(const struct clone *c, char path[PATH_MAX]);
/* What is inside, and whether a second file of it makes sense. */
int convert_clone_look_inside(struct clone *c, struct cow_error *err);
/* Have qemu-img write the new name of the backing file, if there is one. */
int convert_clone_keep_backing(struct clone *c, struct cow_error *err);

#endif

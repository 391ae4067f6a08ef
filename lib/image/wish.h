/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_WISH_H
#define IMAGE_WISH_H

#include <cow/image.h>

/* What is asked of the NOCOW flag of a new image, and of its name. */
struct image_wish {
	const char *name; /* for messages */
	enum cow_wish strength;
	bool nocow;
};

#define IMAGE_UNMET_MAX 256

/* Set the flag on the empty file, and see that it took. A wish that is only preferred doesn't fail:
 * `unmet` says why instead. */
int image_wish_apply(const struct image_wish *wish, int fd, char unmet[IMAGE_UNMET_MAX],
		     struct cow_error *err);

/* What the flag is now that the file has its content; an error when a required wish is lost. */
int image_wish_read_back(const struct image_wish *wish, int fd, enum cow_answer *ret_nocow,
			 struct cow_error *err);

/* An error unless it is a name for a new file that is not there. The name is given last of all, and
 * that never replaces anything; to look first saves the work. */
int image_check_name(int dirfd, const char *name, struct cow_error *err);

#endif

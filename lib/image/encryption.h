/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_ENCRYPTION_H
#define IMAGE_ENCRYPTION_H

#include <cow/image.h>

#define ENCRYPTION_CHOICES 5

/* Can an image of this format be encrypted like that, and is the secret there? */
int image_encryption_check(const struct cow_image_create_options *options, struct cow_error *err);

/* Is there a file to read a secret from, and one in it? */
int image_secret_check(const char *file, struct cow_error *err);

/* What qemu-img calls the secret of the image that it makes or changes. */
#define IMAGE_SECRET "secret0"

/* Arguments of qemu-img's, to be freed; NULL: out of memory. */

/* Of --object: a secret, for others to name. */
char *image_secret_object(const char *id, const char *file);
/* A share of -o. */
char *image_encryption_options(const struct cow_image_create_options *options);
/* Of --image-opts: an image, opened with a secret of that name unless it is NULL. The prefix is "",
 * or "backing." for the backing file of one, whatever its header says of it. */
char *image_open_options(const char *prefix, enum cow_format format, const char *path,
			 const char *secret);

#endif

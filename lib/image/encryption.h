/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_ENCRYPTION_H
#define IMAGE_ENCRYPTION_H

#include <cow/image.h>

#define ENCRYPTION_CHOICES 5

/* Can an image of this format be encrypted like that, and is the secret there? */
int image_encryption_check(const struct cow_image_create_options *options, struct cow_error *err);

/* qemu-img's --object and its share of -o, to be freed; NULL: out of memory. */
char *image_encryption_object(const struct cow_encryption *encryption);
char *image_encryption_options(const struct cow_image_create_options *options);

#endif

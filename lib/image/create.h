/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_CREATE_H
#define IMAGE_CREATE_H

#include <cow/image.h>

/* An image being made: options checked, file empty and flagged. */
struct image_new {
	int dirfd;
	const char *name;
	const struct cow_image_create_options *options;
	int fd;
	uint64_t size; /* bytes the guest will see: as asked, or those of the backing file */
	uint64_t backing_size; /* 0 where there is none, or where that is not known */

	int (*finish)(int fd, void *data, struct cow_error *err); /* or NULL */
	void *data;
};

/* Find the size of an image that is to be as big as its backing file, and check that this file is
 * there and is what it is said to be. Before anything is created. */
int image_backing_check(struct image_new *image, struct cow_error *err);

/* The formats that images are created in, raw first; unknown behind the last. */
enum cow_format image_format_made(size_t i);

/* Does qemu-img write this format, and with what is asked for? An error when not. */
int image_qemu_check(const struct cow_image_create_options *options, struct cow_error *err);
/* Let qemu-img write the image into the empty file, and read its header back. */
int image_qemu_write(struct image_new *image, struct cow_error *err);

/* Report that so much of it is allocated. @return 0, or -ECANCELED for image_stopped(). */
int image_progress(const struct image_new *image, uint64_t done);
int image_stopped(const struct image_new *image, struct cow_error *err);

/* cow_image_create_at() with something to be done to the complete file before it gets its name. */
int image_create(struct image_new *image, struct cow_image_created *ret, struct cow_error *err);

#endif

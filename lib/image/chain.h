/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_CHAIN_H
#define IMAGE_CHAIN_H

#include <cow/image.h>

#include "base/answer.h"

/* cow_chain_new() of one of many images: what does not answer is waited for once. */
int image_chain_new(const char *path, struct base_silence *silence, struct cow_chain **ret,
		    struct cow_error *err);

/* Is this step on a disk, or reached by a network name? It is not looked at here, but QEMU may know
 * what is in it. */
bool image_chain_is_elsewhere(const struct cow_chain *chain);

/* Why a backing name is no file name, or NULL when it is one. */
const char *image_protocol_problem(const char *name);

/* A backing name without the "file:" that QEMU takes off it. */
const char *image_file_name(const char *name);

/* The path of a backing file out of the header of the image at path `from`, as QEMU takes it; what
 * is no file name stays as it is. NULL: out of memory. */
char *image_backing_path(const char *from, const char *name);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_CHAIN_H
#define IMAGE_CHAIN_H

/* Why a backing name is no file name, or NULL when it is one. */
const char *image_protocol_problem(const char *name);

/* A backing name without the "file:" that QEMU takes off it. */
const char *image_file_name(const char *name);

/* The path of a backing file out of the header of the image at path `from`, as QEMU takes it; what
 * is no file name stays as it is. NULL: out of memory. */
char *image_backing_path(const char *from, const char *name);

#endif

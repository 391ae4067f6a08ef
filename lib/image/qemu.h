/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_QEMU_H
#define IMAGE_QEMU_H

#include "base/run.h"

/* Run qemu-img on an image that is open here, as base_run_watched() does. */
int image_qemu_run(const char *const *argv, int fd, int timeout_ms, const struct base_watch *watch,
		   struct cow_error *err);

#endif

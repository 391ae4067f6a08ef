/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_QEMU_H
#define IMAGE_QEMU_H

#include <stdint.h>

#include "base/run.h"

/* So big an image is to QEMU, which counts in sectors. */
static inline uint64_t image_whole_sectors(uint64_t size)
{
	const uint64_t sector = 512;

	return (size + sector - 1) / sector * sector;
}

/* Run qemu-img on an image that is open here, as base_run_watched() does. */
int image_qemu_run(const char *const *argv, int fd, int timeout_ms, const struct base_watch *watch,
		   struct cow_error *err);

#endif

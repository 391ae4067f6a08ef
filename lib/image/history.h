/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef IMAGE_HISTORY_H
#define IMAGE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

/* Every extent of a Btrfs file that is not newer than the last snapshot or balance of its
 * subvolume, in order. @return 0, -EPERM without CAP_SYS_ADMIN, -ENOTTY when the file is not on
 * Btrfs. */
int image_history_each(int fd,
		       void (*each)(uint64_t start, uint64_t end, bool unwritten, void *data),
		       void *data);

#endif

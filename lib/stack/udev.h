/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STACK_UDEV_H
#define STACK_UDEV_H

#include <sys/types.h>

#include "stack/edge.h"

/* What udev found on a block device, as libblkid calls it ("LVM2_member", "vdo", "ext4"): the
 * database is for everybody, the devices are not. NULL when nothing, or when nobody looked. */
char *stack_udev_content(const struct stack_edge *edge, dev_t number);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_SUBVOLUME_H
#define POOL_SUBVOLUME_H

#include <stdbool.h>

#include <cow/error.h>

/* Btrfs subvolumes, as far as libbtrfsutil is there. `path` is for messages. */
bool pool_is_subvolume(int fd);
int pool_make_subvolume(int dirfd, const char *name, const char *path, struct cow_error *err);
/* The error for where there are none. */
int pool_no_subvolume(const char *path, struct cow_error *err);

#endif

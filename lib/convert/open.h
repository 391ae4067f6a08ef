/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_OPEN_H
#define CONVERT_OPEN_H

#include <sys/stat.h>

#include <cow/error.h>

/* Open an image, but never a FIFO or a device; without O_NOFOLLOW symbolic links are followed.
 * `ret` is what the descriptor refers to, or on failure what was found under the name.
 * @return a descriptor or -errno. */
int convert_open(int dirfd, const char *name, int flags, struct stat *ret, struct cow_error *err);

/* Say that it is in use, and by whom where that can be seen. Looking takes time: give up leases
 * first, for somebody may be waiting. @return -EBUSY. */
int convert_fail_in_use(const char *name, const struct stat *st, struct cow_error *err);

/* Refuse what libvirt has marked as in use: a guest on another host, which no lease can see. */
int convert_check_libvirt(int fd, const char *name, struct cow_error *err);

#endif

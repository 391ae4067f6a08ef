/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_OPEN_H
#define CONVERT_OPEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cow/error.h>

/* Open an image, but never a FIFO or a device; without O_NOFOLLOW symbolic links are followed.
 * `ret` is what the descriptor refers to, or on failure what was found under the name.
 * @return a descriptor or -errno. */
int convert_open(int dirfd, const char *name, int flags, struct stat *ret, struct cow_error *err);

/* Say that it is in use, and by whom where that can be seen. Looking takes time: give up leases
 * first, for somebody may be waiting. @return -EBUSY. */
int convert_fail_in_use(const char *name, const struct stat *st, struct cow_error *err);

/* Say why a lease could not be had, other than by somebody who has it open. @return r. */
int convert_fail_to_hold(const char *name, int r, struct cow_error *err);

/* An error as the fields of a result tell it, and to the caller, who may not want it. */
#define CONVERT_REASON_SIZE 512
#define CONVERT_REMEDY_SIZE 256
void convert_tell(const struct cow_error *own, char reason[CONVERT_REASON_SIZE],
		  char remedy[CONVERT_REMEDY_SIZE], struct cow_error *err);

/* Refuse what libvirt has marked as in use: a guest on another host, which no lease can see. */
int convert_check_libvirt(int fd, const char *name, struct cow_error *err);
/* Could such a mark, or any other attribute in trusted.*, be there unseen? */
bool convert_is_blind(int fd);

/* Refuse what is immutable or append-only. */
int convert_check_flags(uint32_t flags, const char *name, struct cow_error *err);

/* Refuse to write to what has capabilities or set-id bits, for that takes them away. */
int convert_check_privileges(int fd, const char *name, struct cow_error *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_TEMP_H
#define BASE_TEMP_H

#include <stdbool.h>
#include <sys/types.h>

#include <cow/error.h>

#include "base/macro.h"

/* A file that does not exist until it is committed: unnamed where the filesystem can, otherwise
 * under a dot name that is removed again. A crash leaves nothing in the first case, and a name
 * beginning with BASE_TEMP_PREFIX in the second. */
#define BASE_TEMP_PREFIX ".cowctl-"

struct base_temp {
	int dirfd; /* borrowed */
	int fd;
	char name[64]; /* "" while unnamed */
};

#define BASE_TEMP_INIT                                                                             \
	{                                                                                          \
		.dirfd = -1, .fd = -1, .name = ""                                                  \
	}

/* Remove from a directory, which may be open with O_PATH, what was left behind under such a name:
 * whoever is making one has it locked. */
void base_temp_sweep(int dirfd);

/* Flags the file is opened with: O_RDWR | O_CLOEXEC. dirfd must outlive it. */
int base_temp_open(struct base_temp *temp, int dirfd, mode_t mode, struct cow_error *err);

/* fsync it and give it its name, then fsync the directory. Without replace an existing name is
 * -EEXIST and the file stays temporary; when the name can't be made to last, it is taken back. */
int base_temp_commit(struct base_temp *temp, const char *name, bool replace, struct cow_error *err);

/* Give it its name, over what may have it, without a word to the disk: for what may be lost. */
int base_temp_replace(struct base_temp *temp, const char *name);

/* Close, and remove unless it has got its name. */
void base_temp_close(struct base_temp *temp);

static inline void base_cleanup_temp(struct base_temp *temp)
{
	base_temp_close(temp);
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_NAMES_H
#define VOLUME_NAMES_H

#include <stddef.h>

#include "base/names.h"

/* The names in a directory that a volume can have, sorted. Zero it first. */
struct volume_names {
	char **names;
	size_t count;
	struct base_names texts; /* in the order in which they were read */
};

/* @return 0 or -errno; BASE_CLEANUP(volume_names) frees them in any case. */
int volume_names_read(struct volume_names *names, int dirfd);
void base_cleanup_volume_names(struct volume_names *names);

#endif

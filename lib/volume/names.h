/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_NAMES_H
#define VOLUME_NAMES_H

#include <stddef.h>

/* The names in a directory that a volume can have, sorted. Zero it first. */
struct volume_names {
	char **names;
	size_t count;

	char *texts; /* all of them, one behind the other */
	size_t size, room;
};

/* @return 0 or -errno; BASE_CLEANUP(volume_names) frees them in any case. */
int volume_names_read(struct volume_names *names, int dirfd);
void base_cleanup_volume_names(struct volume_names *names);

#endif

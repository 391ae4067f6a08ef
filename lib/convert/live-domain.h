/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_LIVE_DOMAIN_H
#define CONVERT_LIVE_DOMAIN_H

#include <stdbool.h>
#include <sys/stat.h>

#include <cow/image.h>

#include "convert/libvirt-calls.h"

/* A disk of a domain, as its definition has it. */
struct convert_disk {
	char *path;   /* what the definition calls the image */
	char *target; /* the disk, as the guest calls it: "vda" */
	enum cow_format format;
	bool shareable, readonly;
	bool encrypted, sliced; /* what the guest has is not what is in the file, or a part of it */
};

/* The disk that has this file as its image; its strings belong to the caller.
 * @return 1, 0 when none has, -ENOMEM. */
int convert_disk_find(virDomainPtr domain, const struct stat *image, struct convert_disk *ret);

/* Is what this disk is mirrored to the same as the disk itself? */
bool convert_disk_is_mirrored(virDomainPtr domain, const char *target);
/* What block copy is to be told: a file, to mirror a disk to. NULL: no memory; free() it. */
char *convert_disk_describe(const char *path, enum cow_format format);

#endif

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

/* The file that this disk is mirrored to, or ""; is there a mirror in the definition, and is it the
 * same as the disk itself by now? NULL: that can't be known; free() it. */
char *convert_disk_mirror(virDomainPtr domain, const char *target, bool *defined, bool *ready);
/* What block copy is to be told: a file, to mirror a disk to. NULL: no memory; free() it. */
char *convert_disk_describe(const char *path, enum cow_format format);

#endif

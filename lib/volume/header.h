/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_HEADER_H
#define VOLUME_HEADER_H

#include "volume/claim.h"

/*
 * What a volume is by its content. That of a raw one is its guest's, who may write any header there
 * and name any file of the host in it: what a header names is touched only when somebody has said
 * that the volume is of that format.
 */

/* The header of a volume that is `said` to be of a format, or COW_FORMAT_UNKNOWN; what is raw, an
 * ISO image as well, has none. A damaged header is read like any other. */
int volume_header_read(const struct volume_claim *claim, const char *name, enum cow_format said,
		       struct cow_header *ret, struct cow_error *err);

/* Does it say how big the guest sees it? 0 may be meant. */
bool volume_header_has_size(const struct cow_header *header);

/* Refuse what keeps its data in other files. `remedy` is what to do then. */
int volume_check_external(const struct cow_header *header, const char *name, const char *remedy,
			  struct cow_error *err);

/* What qemu-img opens as an image of a header's format, at a path that is no place of its own:
 * hence its backing file, unless NULL, by a path, and of the format that the header has if none is
 * given. To be freed; NULL: out of memory. */
char *volume_open_options(enum cow_format format, const char *path, const char *secret,
			  const char *backing, enum cow_format backing_format);

static inline void base_cleanup_header(struct cow_header *header)
{
	cow_header_clear(header);
}

#endif

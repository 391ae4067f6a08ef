/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_WALK_H
#define AUDIT_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include <cow/error.h>

#include "audit/region.h"
#include "base/macro.h"

/* Regular files below a start path, depth first, names sorted bytewise within a directory.
 *
 * The start may be a symlink, for somebody named it; below it none is followed. One filesystem is
 * left for another only when asked, and which is which is told by mount id: every Btrfs subvolume
 * has a st_dev of its own, yet belongs to the tree it is seen in.
 * A name that is gone by the time it is looked at was deleted meanwhile, and is no error. */

struct audit_place;

struct audit_directory {
	int fd;
	uint64_t mount; /* statx mount id */
	uint64_t device, inode;
	const struct audit_region *region; /* the nearest one it lies in, or NULL */
	const struct audit_place *place; /* the caller's own: NULL when the directory is entered */
	bool seen;                       /* the caller's own: false when it is entered */
};

/* Holds until the next call. */
struct audit_entry {
	const char *path;                  /* to be shown: the start as given, and what is below */
	struct audit_directory *directory; /* where it is, open */
	const char *name;                  /* its name there */
	bool named;                        /* this is the start itself */
	const struct cow_error *error;     /* not NULL: could not be read, and only path holds */
};

struct audit_walk;

/* The regions must outlive the walk. */
int audit_walk_new(const char *start, bool cross_device, const struct audit_region *regions,
		   struct audit_walk **ret, struct cow_error *err);
void audit_walk_free(struct audit_walk *walk);

/* @return 1 an entry, 0 the end, -ENOMEM. */
int audit_walk_next(struct audit_walk *walk, struct audit_entry *ret, struct cow_error *err);

/* The next file, when it lies in the same directory right behind the one before: its name, which
 * holds as long as the entry's directory; its path is asked for. NULL: something else comes first.
 */
const char *audit_walk_more(struct audit_walk *walk);
/* The path of such a file, until the next call; NULL when out of memory. */
const char *audit_walk_path(struct audit_walk *walk, const char *name);

/* Which directory this is, without opening it; nothing gets mounted and no server is asked.
 * @return 0 with fd -1, or -errno. */
int audit_identify(int dirfd, const char *name, int flags, struct audit_directory *ret);
bool audit_is_same(const struct audit_directory *a, const struct audit_directory *b);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_PARENTS_H
#define POOL_PARENTS_H

#include <stddef.h>
#include <sys/types.h>

#include <cow/error.h>

#include "base/macro.h"

/* Directories made on the way to a path. All of them stay, or none: they are removed again, the
 * last one first, unless committed. */
struct pool_parents {
	struct pool_made {
		int dirfd; /* of the directory it was made in */
		char *name;
	} * made;
	size_t count;
};

/* Walk an absolute path, making what is missing, with that mode whatever the umask. *ret_dirfd is
 * O_PATH, the caller's to close. Symlinks that root or the caller made are followed, and by one of
 * anybody else's it is COW_CODE_REFUSED. */
int pool_parents_make(struct pool_parents *parents, const char *path, mode_t mode, int *ret_dirfd,
		      struct cow_error *err);
/* The same, making nothing. @return fd or -errno. */
int pool_parents_open(const char *path, struct cow_error *err);
/* The same of the directory that it is in; *ret_name is the last part of the path, within that. */
int pool_parents_open_above(const char *path, const char **ret_name, struct cow_error *err);
/* The same of what may be no directory, such as a device. */
int pool_parents_open_any(const char *path, struct cow_error *err);
/* Where a directory is that can't be opened itself, such as that of a server that is gone: free
 * *ret. */
int pool_parents_find(const char *path, char **ret, struct cow_error *err);
/* Write to disk that they exist, and keep them. */
int pool_parents_commit(struct pool_parents *parents, struct cow_error *err);
void pool_parents_undo(struct pool_parents *parents);

static inline void base_cleanup_parents(struct pool_parents *parents)
{
	pool_parents_undo(parents);
}

#endif

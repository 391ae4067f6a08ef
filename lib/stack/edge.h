/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STACK_EDGE_H
#define STACK_EDGE_H

#include <dirent.h>
#include <stdbool.h>

#include "base/fd.h"
#include "base/macro.h"

/* Where this room meets the system: /sys, /proc, /dev and backing files are reached below `root`
 * only, so that a test can put a captured tree in its place. The files of such a tree tell nothing
 * of those they stand for: they are not opened, and which mount they are on is asked of the
 * function. */
struct stack_edge {
	int root;                                                            /* of "/"; borrowed */
	int (*mount_id)(const struct stack_edge *edge, int fd, int *ret_id); /* NULL: the kernel */
};

/* Open an absolute path below the root. @return fd or -errno. */
int stack_edge_open(const struct stack_edge *edge, const char *path, int flags);

/* A small text file relative to a directory, NULL when it isn't there or can't be read. */
char *stack_read(int dirfd, const char *path);

bool stack_exists(int dirfd, const char *path);

/* The names in a directory, sorted so that output is the same each time.
 * @return how many, with 0 errno tells whether it was read; names to be freed by
 * stack_names_free(). */
size_t stack_list(int dirfd, const char *path, char ***ret_names);
void stack_names_free(char **names);

DEFINE_CLEANUP(names, char **, stack_names_free, NULL)
DEFINE_CLEANUP(dir, DIR *, closedir, NULL)

#endif

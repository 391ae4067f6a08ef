/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STACK_MOUNT_H
#define STACK_MOUNT_H

#include <stdio.h>
#include <sys/types.h>

#include "stack/edge.h"

/* One line of mountinfo. */
struct stack_mount {
	char *type;
	char *source;
	char *target;
	char *root;    /* what of the filesystem is mounted there */
	char *options; /* of the mount and of the filesystem, together */
	dev_t device;
	int id;
	int parent; /* the mount it is mounted on */
};

/* The mount an open file lies on.
 * @return 0, or -errno: -ENOENT when this mount namespace does not have it. */
int stack_mount_find(const struct stack_edge *edge, int fd, struct stack_mount *ret);
int stack_mount_find_id(const struct stack_edge *edge, int id, struct stack_mount *ret);
/* The same in a text as /proc/self/mountinfo is. */
int stack_mount_parse(FILE *mountinfo, int id, struct stack_mount *ret);
void stack_mount_clear(struct stack_mount *mount);

static inline void base_cleanup_mount(struct stack_mount *mount)
{
	stack_mount_clear(mount);
}

/* Open the mount point for reading, to ask the filesystem itself where the subject can't be opened.
 * @return fd or -errno; -ESTALE when something else is mounted over it. */
int stack_mount_open(const struct stack_edge *edge, const struct stack_mount *mount);

/* A mount option's value to be freed, "" when it has none, NULL when it isn't there. */
char *stack_mount_option(const struct stack_mount *mount, const char *name);
bool stack_mount_has(const struct stack_mount *mount, const char *name);

#endif

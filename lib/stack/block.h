/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STACK_BLOCK_H
#define STACK_BLOCK_H

#include "stack/layer.h"

/* A block device as sysfs shows it. */
struct stack_device {
	dev_t number;
	int sysfs;        /* its directory */
	const char *name; /* of that directory, '!' already back to '/' */
	char path[280];   /* "/dev/NAME" */
};

/* One row per kind of block device, told by a file in its sysfs directory or by its name. */
struct stack_block {
	const char *prefix; /* of the name, NULL for any */
	const char *marker; /* relative to the directory, NULL for none */
	struct cow_layer *(*probe)(struct stack_builder *builder, const struct stack_device *device,
				   const struct stack_trail *trail);
};

struct cow_layer *stack_block_probe(struct stack_builder *builder, dev_t number,
				    const struct stack_trail *above);

/* The same for a device node by its path, which must be absolute. */
struct cow_layer *stack_block_probe_path(struct stack_builder *builder, const char *path,
					 const struct stack_trail *above);

/* The same for one that a device's directory in sysfs leads to, by a path from there. */
struct cow_layer *stack_block_probe_beside(struct stack_builder *builder,
					   const struct stack_device *device, const char *path,
					   const struct stack_trail *trail);

/* The number in a sysfs "dev" file, 0 when there is none. */
dev_t stack_device_number(int dirfd, const char *path);

struct cow_layer *stack_partition_probe(struct stack_builder *builder,
					const struct stack_device *device,
					const struct stack_trail *trail);
struct cow_layer *stack_loop_probe(struct stack_builder *builder, const struct stack_device *device,
				   const struct stack_trail *trail);
struct cow_layer *stack_disk_probe(struct stack_builder *builder, const struct stack_device *device,
				   const struct stack_trail *trail);
struct cow_layer *stack_dm_probe(struct stack_builder *builder, const struct stack_device *device,
				 const struct stack_trail *trail);
struct cow_layer *stack_md_probe(struct stack_builder *builder, const struct stack_device *device,
				 const struct stack_trail *trail);
struct cow_layer *stack_bcache_probe(struct stack_builder *builder,
				     const struct stack_device *device,
				     const struct stack_trail *trail);

#endif

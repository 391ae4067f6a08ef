/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "stack/block.h"

/* Depth alone would let a wide stack grow beyond all bounds before it ends. */
#define LAYERS_MAX 1024

/* The first row that matches; the last one matches all. */
static const struct stack_block blocks[] = {
	{NULL, "partition", stack_partition_probe},
	{"loop", NULL, stack_loop_probe},
	{NULL, "dm", stack_dm_probe},
	{NULL, "md", stack_md_probe},
	{"bcache", "bcache", stack_bcache_probe},
	{NULL, NULL, stack_disk_probe},
};

dev_t stack_device_number(int dirfd, const char *path)
{
	BASE_CLEANUP(free) char *text = stack_read(dirfd, path);
	unsigned major, minor;

	if (!text || sscanf(text, "%u:%u", &major, &minor) != 2)
		return 0;
	return makedev(major, minor);
}

static const struct stack_block *find_block(const struct stack_device *device)
{
	const struct stack_block *row = blocks;

	while ((row->prefix && !base_starts(device->name, row->prefix)) ||
	       (row->marker && !stack_exists(device->sysfs, row->marker)))
		row++;
	return row;
}

static struct cow_layer *probe_device(struct stack_builder *builder,
				      const struct stack_device *device,
				      const struct stack_trail *trail)
{
	struct cow_layer *layer = find_block(device)->probe(builder, device, trail);
	BASE_CLEANUP(names) char **slaves = NULL;
	size_t count = stack_list(device->sysfs, "slaves", &slaves);

	if (!count && errno && errno != ENOENT)
		stack_layer_put_below(layer, stack_layer_unknown(builder, "device", "?",
								 "what it lies on can't be read"));
	for (size_t i = 0; i < count; i++) {
		char path[300];

		snprintf(path, sizeof(path), "slaves/%s", slaves[i]);
		stack_layer_put_below(layer,
				      stack_block_probe_beside(builder, device, path, trail));
	}
	return layer;
}

/* Why the way down ends here, NULL where it doesn't. */
static const char *find_end(const struct stack_builder *builder, const struct stack_trail *trail)
{
	for (const struct stack_trail *above = trail->above; above; above = above->above)
		if (above->device == trail->device)
			return "it leads back to itself";
	if (trail->depth > STACK_DEPTH_MAX)
		return "it lies deeper than " BASE_STRING(STACK_DEPTH_MAX) " layers";
	return builder->layers > LAYERS_MAX ? "it lies beyond " BASE_STRING(LAYERS_MAX) " layers"
					    : NULL;
}

/* The name the kernel has for a device number: the link in /sys/dev/block ends in it. */
static int find_name(const struct stack_edge *edge, const char *link, char name[NAME_MAX + 1])
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(edge->root, link, target, sizeof(target) - 1);
	const char *slash;

	if (n < 0)
		return -errno;
	target[n] = '\0';
	slash = strrchr(target, '/');
	base_copy(name, NAME_MAX + 1, slash ? slash + 1 : target);
	for (char *p = name; (p = strchr(p, '!'));)
		*p = '/';
	return 0;
}

/* A device that goes away meanwhile loses its attributes, and looks like a disk, which has none. */
static bool is_there(const struct stack_device *device)
{
	return stack_device_number(device->sysfs, "dev") == device->number;
}

struct cow_layer *stack_block_probe(struct stack_builder *builder, dev_t number,
				    const struct stack_trail *above)
{
	struct stack_trail trail = {above, above ? above->depth + 1 : 0, number};
	char link[64], name[NAME_MAX + 1];
	struct stack_device device = {.number = number, .name = name};
	BASE_CLEANUP(fd) int sysfs = -1;
	const char *end = find_end(builder, &trail);
	struct cow_layer *layer;

	snprintf(link, sizeof(link), "sys/dev/block/%u:%u", major(number), minor(number));
	snprintf(device.path, sizeof(device.path), "%u:%u", major(number), minor(number));
	if (major(number) == 0)
		return stack_layer_unknown(builder, "device", device.path,
					   "which device is underneath can't be found out");
	if (end)
		return stack_layer_unknown(builder, "device", device.path, end);
	sysfs = stack_edge_open(&builder->edge, link, O_PATH | O_DIRECTORY);
	if (sysfs < 0 || find_name(&builder->edge, link, name) < 0)
		return stack_layer_unknown(builder, "device", device.path,
					   "sysfs does not show this device");
	device.sysfs = sysfs;
	snprintf(device.path, sizeof(device.path), "/dev/%s", name);
	layer = probe_device(builder, &device, &trail);
	if (is_there(&device))
		return layer;
	return stack_layer_unknown(builder, "device", device.path,
				   "it went away while it was looked at");
}

struct cow_layer *stack_block_probe_beside(struct stack_builder *builder,
					   const struct stack_device *device, const char *path,
					   const struct stack_trail *trail)
{
	char file[300], name[300];
	const char *slash = strrchr(path, '/');
	dev_t number;

	snprintf(file, sizeof(file), "%s/dev", path);
	number = stack_device_number(device->sysfs, file);
	if (number)
		return stack_block_probe(builder, number, trail);
	snprintf(name, sizeof(name), "/dev/%s", slash ? slash + 1 : "");
	return stack_layer_unknown(builder, "device", slash ? name : "?",
				   "it went away, or its number can't be read");
}

struct cow_layer *stack_block_probe_path(struct stack_builder *builder, const char *path,
					 const struct stack_trail *above)
{
	BASE_CLEANUP(fd) int fd = -1;
	struct stat st;

	if (*path == '/')
		fd = stack_edge_open(&builder->edge, path, O_PATH);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISBLK(st.st_mode))
		return stack_layer_unknown(builder, "device", path, "there is no such device here");
	return stack_block_probe(builder, st.st_rdev, above);
}

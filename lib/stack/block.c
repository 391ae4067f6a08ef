/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
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

	for (size_t i = 0; i < count; i++) {
		char path[300];

		snprintf(path, sizeof(path), "slaves/%s/dev", slaves[i]);
		stack_layer_put_below(
			layer, stack_block_probe(builder, stack_device_number(device->sysfs, path),
						 trail));
	}
	return layer;
}

static bool is_endless(const struct stack_builder *builder, const struct stack_trail *trail)
{
	if (trail->depth > STACK_DEPTH_MAX || builder->layers > LAYERS_MAX)
		return true;
	for (const struct stack_trail *above = trail->above; above; above = above->above)
		if (above->device == trail->device)
			return true;
	return false;
}

/* Find the name the kernel has for a device number: the link in /sys/dev/block ends in it. */
static int find_name(const struct stack_edge *edge, const char *link, char *name, size_t size)
{
	ssize_t n = readlinkat(edge->root, link, name, size - 1);
	char *slash;

	if (n < 0)
		return -errno;
	name[n] = '\0';
	slash = strrchr(name, '/');
	if (slash)
		memmove(name, slash + 1, strlen(slash));
	for (char *p = name; (p = strchr(p, '!'));)
		*p = '/';
	return 0;
}

struct cow_layer *stack_block_probe(struct stack_builder *builder, dev_t number,
				    const struct stack_trail *above)
{
	struct stack_trail trail = {above, above ? above->depth + 1 : 0, number};
	char link[64], name[256];
	struct stack_device device = {.number = number, .name = name};
	BASE_CLEANUP(fd) int sysfs = -1;

	snprintf(link, sizeof(link), "sys/dev/block/%u:%u", major(number), minor(number));
	snprintf(device.path, sizeof(device.path), "%u:%u", major(number), minor(number));
	if (major(number) == 0)
		return stack_layer_unknown(builder, "device", device.path,
					   "which device is underneath can't be found out");
	if (is_endless(builder, &trail))
		return stack_layer_unknown(builder, "device", device.path,
					   "it leads back to itself, or lies too deep");
	sysfs = stack_edge_open(&builder->edge, link, O_PATH | O_DIRECTORY);
	if (sysfs < 0 || find_name(&builder->edge, link, name, sizeof(name)) < 0)
		return stack_layer_unknown(builder, "device", device.path,
					   "sysfs does not show this device");
	device.sysfs = sysfs;
	snprintf(device.path, sizeof(device.path), "/dev/%s", name);
	return probe_device(builder, &device, &trail);
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

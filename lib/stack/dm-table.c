/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/text.h"
#include "stack/dm.h"

/* The one ioctl is made here, and not through libdevmapper: that creates /dev/mapper/control where
 * it is missing, and reports to a handler that is global to the process. */

#define BUFFER_FIRST (16u << 10)
#define BUFFER_MAX   (1u << 20)

#define SECTOR 512u

static int badness(const char *name)
{
	const struct stack_dm_target *target = stack_dm_target(name);

	if (!target)
		return COW_OVERWRITE_COPIED_ONCE + 1;
	return target->overwrite == COW_OVERWRITE_COPIED ? COW_OVERWRITE_COPIED + 1
							 : (int)target->overwrite;
}

/* A run of segments with the same target. */
struct run {
	char target[DM_MAX_TYPE_NAME];
	uint64_t start, end; /* in sectors */
};

static void note_run(struct stack_dm_table *table, const struct run *run)
{
	BASE_CLEANUP(free)
	char *text = base_format("%s%s%s %" PRIu64 "+%" PRIu64, table->targets,
				 *table->targets ? ", " : "", run->target, run->start * SECTOR,
				 (run->end - run->start) * SECTOR);

	if (text)
		base_copy(table->targets, sizeof(table->targets), text);
}

static int add_segment(struct stack_dm_table *table, struct run *run,
		       const struct dm_target_spec *spec)
{
	uint64_t end;

	/* The kernel takes no table with gaps, and no empty segment. */
	if (!*spec->target_type ||
	    memchr(spec->target_type, '\0', sizeof(spec->target_type)) == NULL ||
	    spec->sector_start != run->end || !spec->length ||
	    __builtin_add_overflow(spec->sector_start, spec->length, &end) ||
	    end > UINT64_MAX / SECTOR)
		return -EBADMSG;
	if (!table->segments++ || badness(spec->target_type) > badness(table->worst))
		base_copy(table->worst, sizeof(table->worst), spec->target_type);
	if (!base_equal(run->target, spec->target_type)) {
		if (run->end)
			note_run(table, run);
		base_copy(run->target, sizeof(run->target), spec->target_type);
		run->start = spec->sector_start;
	}
	run->end = end;
	return 0;
}

int stack_dm_table_parse(const void *data, size_t size, unsigned segments,
			 struct stack_dm_table *ret)
{
	struct stack_dm_table table = {0};
	struct run run = {0};
	size_t offset = 0;

	for (unsigned i = 0; i < segments; i++) {
		struct dm_target_spec spec;

		if (offset > size || size - offset < sizeof(spec))
			return -EBADMSG;
		memcpy(&spec, (const char *)data + offset, sizeof(spec));
		if (add_segment(&table, &run, &spec) < 0)
			return -EBADMSG;
		/* counted from the first one, so it must grow */
		if (i + 1 < segments && spec.next <= offset)
			return -EBADMSG;
		offset = spec.next;
	}
	if (!segments)
		return -EBADMSG;
	note_run(&table, &run);
	*ret = table;
	return 0;
}

/* The status is asked for, not the table: table lines hold encryption keys. Without NOFLUSH a thin
 * pool would commit its metadata first. */
static void prepare(struct dm_ioctl *request, dev_t number, size_t size)
{
	memset(request, 0, sizeof(*request));
	request->version[0] = 4;
	request->data_size = (__u32)size;
	request->data_start = sizeof(*request);
	request->flags = DM_NOFLUSH_FLAG;
	request->dev = (minor(number) & 0xffu) | (major(number) << 8) |
		       ((__u64)(minor(number) & ~0xffu) << 12);
}

int stack_dm_table_read(const struct stack_edge *edge, dev_t number, struct stack_dm_table *ret)
{
	/* Opening the control node of a kernel without device mapper would load its module. */
	BASE_CLEANUP(fd)
	int fd = stack_exists(edge->root, "sys/class/misc/device-mapper")
			 ? stack_edge_open(edge, "/dev/mapper/control", O_RDWR)
			 : -ENODEV;

	if (fd < 0)
		return fd;
	for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX; size *= 4) {
		BASE_CLEANUP(free) struct dm_ioctl *request = malloc(size);

		if (!request)
			return -ENOMEM;
		prepare(request, number, size);
		if (ioctl(fd, DM_TABLE_STATUS, request) < 0)
			return -errno;
		if (request->flags & DM_BUFFER_FULL_FLAG)
			continue;
		if (request->data_start > size)
			return -EBADMSG;
		return stack_dm_table_parse((char *)request + request->data_start,
					    size - request->data_start, request->target_count, ret);
	}
	return -EFBIG;
}

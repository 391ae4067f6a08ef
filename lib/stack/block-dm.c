/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "stack/dm.h"
#include "stack/udev.h"

static char *read_uuid(const struct stack_edge *edge, int dirfd, const char *device)
{
	BASE_CLEANUP(free) char *number = base_format("%s/dev", device);
	BASE_CLEANUP(free) char *mapper = base_format("%s/dm", device);
	BASE_CLEANUP(free) char *file = base_format("%s/dm/uuid", device);
	char *uuid = file ? stack_read(dirfd, file) : NULL;
	bool has_none =
		number && mapper && stack_exists(dirfd, number) && !stack_exists(dirfd, mapper);

	(void)edge;
	return uuid || has_none ? uuid : strdup(STACK_DM_UNREADABLE);
}

static char *read_content(const struct stack_edge *edge, int dirfd, const char *device)
{
	BASE_CLEANUP(free) char *file = base_format("%s/dev", device);

	return file ? stack_udev_content(edge, stack_device_number(dirfd, file)) : NULL;
}

/* One fact of each device in a directory, "" where it isn't known, in the form of stack_list(). */
static char **read_each(const struct stack_edge *edge, int dirfd, const char *path,
			char *(*read_one)(const struct stack_edge *, int, const char *))
{
	BASE_CLEANUP(names) char **names = NULL;
	size_t count = stack_list(dirfd, path, &names);

	for (size_t i = 0; i < count; i++) {
		BASE_CLEANUP(free) char *device = base_format("%s/%s", path, names[i]);
		char *fact = device ? read_one(edge, dirfd, device) : NULL;

		if (!fact)
			fact = strdup("");
		if (!fact)
			return NULL;
		free(names[i]);
		names[i] = fact;
	}
	return names ? base_take(names) : calloc(1, sizeof(*names));
}

/* A thick snapshot holds the "-real" device of its origin too, beside a "-cow" store. */
static bool is_snapshotted(const struct stack_edge *edge, int sysfs)
{
	BASE_CLEANUP(names) char **slaves = NULL;
	size_t count = stack_list(sysfs, "slaves", &slaves);

	for (size_t i = 0; i < count; i++) {
		BASE_CLEANUP(free) char *held = base_format("slaves/%s/holders", slaves[i]);
		BASE_CLEANUP(names) char **holders = NULL;
		size_t holding = held ? stack_list(sysfs, held, &holders) : 0;

		for (size_t k = 0; k < holding; k++) {
			BASE_CLEANUP(free)
			char *path = base_format("%s/%s/slaves", held, holders[k]);
			BASE_CLEANUP(names)
			char **uuids = path ? read_each(edge, sysfs, path, read_uuid) : NULL;

			for (char **uuid = uuids; uuid && *uuid; uuid++)
				if (fnmatch("LVM-*-cow", *uuid, 0) == 0)
					return true;
		}
	}
	return false;
}

static void judge(struct stack_builder *builder, struct cow_layer *layer, const char *target,
		  enum cow_evidence evidence)
{
	const struct stack_dm_target *row = target && *target ? stack_dm_target(target) : NULL;

	if (row)
		stack_layer_judge(builder, layer, row->overwrite, row->cow_switch, evidence, "%s",
				  row->reason);
	else if (target && !*target)
		stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED,
				  evidence, "linear, striped or raid, which all keep places fixed");
	else if (target)
		stack_layer_judge(builder, layer, COW_OVERWRITE_UNKNOWN, COW_SWITCH_UNKNOWN,
				  COW_EVIDENCE_NONE, "nothing is known about the target '%s'",
				  target);
	else
		stack_layer_judge(builder, layer, COW_OVERWRITE_UNKNOWN, COW_SWITCH_UNKNOWN,
				  COW_EVIDENCE_NONE, "its table can't be read (needs root)");
}

static const char *infer(const struct stack_edge *edge, const struct stack_device *device,
			 const char *uuid)
{
	BASE_CLEANUP(free) char *content = stack_udev_content(edge, device->number);
	BASE_CLEANUP(names) char **slaves = read_each(edge, device->sysfs, "slaves", read_uuid);
	BASE_CLEANUP(names)
	char **contents = read_each(edge, device->sysfs, "slaves", read_content);

	if (!slaves || !contents)
		return NULL;
	return stack_dm_infer(&(struct stack_dm_facts){
		.uuid = uuid,
		.content = content,
		.slaves = slaves,
		.contents = contents,
		.snapshotted = is_snapshotted(edge, device->sysfs),
	});
}

struct cow_layer *stack_dm_probe(struct stack_builder *builder, const struct stack_device *device,
				 const struct stack_trail *trail)
{
	BASE_CLEANUP(free) char *name = stack_read(device->sysfs, "dm/name");
	BASE_CLEANUP(free) char *uuid = stack_read(device->sysfs, "dm/uuid");
	BASE_CLEANUP(free) char *path = name ? base_format("/dev/mapper/%s", name) : NULL;
	struct stack_dm_table table = {0};
	bool known = stack_dm_table_read(&builder->edge, device->number, &table) == 0;
	const char *target = known ? table.worst : infer(&builder->edge, device, uuid ? uuid : "");
	char type[32] = "dm";
	struct cow_layer *layer;

	(void)trail;
	if (target && *target)
		snprintf(type, sizeof(type), "dm-%s", target);
	layer = stack_layer_new(builder, type, path ? path : device->path);
	judge(builder, layer, target, known ? COW_EVIDENCE_REPORTED : COW_EVIDENCE_INFERRED);
	stack_detail_text(builder, layer, "uuid", uuid);
	stack_detail_text(builder, layer, "device", device->path);
	if (known) {
		stack_detail_number(builder, layer, "segments", table.segments);
		stack_detail_text(builder, layer, "targets", table.targets);
	}
	return layer;
}

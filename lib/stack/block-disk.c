/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"
#include "stack/block.h"

#define IN_PLACE COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED

/* What a driver's name tells; the last row is for all others. `beyond` is what lies behind the
 * device and can't be seen from here, whatever it does: it is said, and not judged. */
static const struct driver {
	const char *prefix;
	const char *type;
	enum cow_overwrite overwrite;
	enum cow_switch cow_switch;
	const char *reason;
	const char *beyond;
} drivers[] = {
	{"zram", "zram", COW_OVERWRITE_COPIED, COW_SWITCH_NONE,
	 "compressed memory: every write is stored anew", NULL},
	{"zd", "zvol", COW_OVERWRITE_COPIED, COW_SWITCH_NONE,
	 "a ZFS volume writes every block anew", "what the pool's disks do"},
	{"ram", "ram", IN_PLACE, "memory", NULL},
	{"pmem", "disk", IN_PLACE, "persistent memory", NULL},
	{"nbd", "nbd", IN_PLACE, "passed on to the server", "what the NBD server does"},
	{"rbd", "rbd", IN_PLACE, "passed on to the cluster", "what the Ceph cluster does"},
	{"drbd", "drbd", IN_PLACE, "passed on to the lower disk and the peer",
	 "what the peer does"},
	{"ublkb", "ublk", IN_PLACE, "passed on to the server program",
	 "what the server program does"},
	{"vd", "disk", IN_PLACE, "a virtual disk passes writes on to the host",
	 "what the host does with the disk's image"},
	{"xvd", "disk", IN_PLACE, "a virtual disk passes writes on to the host",
	 "what the host does with the disk's image"},
	{"", "disk", IN_PLACE, "a disk keeps the address of every block",
	 "what the device does inside (flash translation, RAID controller, SAN)"},
};

static const struct driver *find_driver(const char *name)
{
	const struct driver *driver = drivers;

	while (!base_starts(name, driver->prefix))
		driver++;
	return driver;
}

struct cow_layer *stack_disk_probe(struct stack_builder *builder, const struct stack_device *device,
				   const struct stack_trail *trail)
{
	const struct driver *driver = find_driver(device->name);
	struct cow_layer *layer = stack_layer_new(builder, driver->type, device->path);
	BASE_CLEANUP(free) char *zoned = stack_read(device->sysfs, "queue/zoned");
	BASE_CLEANUP(free) char *read_only = stack_read(device->sysfs, "ro");

	(void)trail;
	stack_layer_judge(builder, layer, driver->overwrite, driver->cow_switch,
			  COW_EVIDENCE_INFERRED, "%s", driver->reason);
	if (zoned && !base_equal(zoned, "none"))
		stack_layer_judge(builder, layer, COW_OVERWRITE_COPIED, COW_SWITCH_NONE,
				  COW_EVIDENCE_REPORTED, "a %s zoned disk can't overwrite in place",
				  zoned);
	stack_detail_text(builder, layer, "zoned", zoned);
	stack_detail_answer(builder, layer, "read_only",
			    read_only ? stack_answer(base_equal(read_only, "1"))
				      : COW_ANSWER_UNKNOWN);
	if (driver->beyond)
		stack_detail_text(builder, layer, "beyond", driver->beyond);
	return layer;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>

#include "base/text.h"
#include "stack/block.h"

#define IN_PLACE COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED
#define COPIED   COW_OVERWRITE_COPIED, COW_SWITCH_NONE

/* What a driver's name tells; the last row is for all others. `beyond` is what lies behind the
 * device and can't be seen from here, whatever it does: it is said, and not judged. */
static const struct driver {
	const char *pattern;
	const char *type;
	enum cow_overwrite overwrite;
	enum cow_switch cow_switch;
	const char *reason;
	const char *beyond;
	const char *shown; /* an attribute of its own, which becomes a detail */
} drivers[] = {
	{"zram[0-9]*", "zram", COPIED, "compressed memory: every write is stored anew", NULL,
	 "backing_dev"},
	{"zd[0-9]*", "zvol", COPIED, "a ZFS volume writes every block anew",
	 "what the pool's disks do"},
	{"ram[0-9]*", "ram", IN_PLACE, "memory"},
	/* its block translation table is what makes a sector's write whole or not at all */
	{"pmem[0-9]*s", "pmem-btt", COPIED,
	 "persistent memory in sector mode writes to a free block and has no switch"},
	{"pmem[0-9]*", "disk", IN_PLACE, "persistent memory"},
	{"nbd[0-9]*", "nbd", IN_PLACE, "passed on to the server", "what the NBD server does",
	 "backend"},
	{"rnbd[0-9]*", "rnbd", IN_PLACE, "passed on to the server", "what the RNBD server does"},
	{"rbd[0-9]*", "rbd", IN_PLACE, "passed on to the cluster", "what the Ceph cluster does"},
	{"drbd[0-9]*", "drbd", IN_PLACE, "passed on to the lower disk and the peer",
	 "what the peer does"},
	{"ublkb[0-9]*", "ublk", IN_PLACE, "passed on to the server program",
	 "what the server program does"},
	{"vd[a-z]*", "disk", IN_PLACE, "a virtual disk passes writes on to the host",
	 "what the host does with the disk's image"},
	{"xvd[a-z]*", "disk", IN_PLACE, "a virtual disk passes writes on to the host",
	 "what the host does with the disk's image"},
	{"*", "disk", IN_PLACE, "a disk keeps the address of every block",
	 "what the device does inside (flash translation, RAID controller, SAN)"},
};

static const struct driver *find_driver(const char *name)
{
	const struct driver *driver = drivers;

	while (fnmatch(driver->pattern, name, 0) != 0)
		driver++;
	return driver;
}

/* The disk itself moves nothing: who writes to sequential zones has to, and is a layer of its own.
 */
static void judge_zones(struct stack_builder *builder, struct cow_layer *layer, const char *zoned)
{
	if (base_equal(zoned, "host-managed") || base_equal(zoned, "host-aware"))
		stack_layer_judge(builder, layer, IN_PLACE, COW_EVIDENCE_REPORTED,
				  "a %s zoned disk: what can't be overwritten is moved by who "
				  "writes to it",
				  zoned);
	else if (zoned && !base_equal(zoned, "none"))
		stack_layer_judge(builder, layer, COW_OVERWRITE_UNKNOWN, COW_SWITCH_UNKNOWN,
				  COW_EVIDENCE_NONE, "nothing is known about zones of this kind");
	stack_detail_text(builder, layer, "zoned", zoned);
}

static void show(struct stack_builder *builder, struct cow_layer *layer,
		 const struct stack_device *device, const char *attribute)
{
	BASE_CLEANUP(free) char *value = stack_read(device->sysfs, attribute);

	stack_detail_text(builder, layer, attribute, value);
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
	judge_zones(builder, layer, zoned);
	stack_detail_answer(builder, layer, "read_only",
			    read_only ? stack_answer(base_equal(read_only, "1"))
				      : COW_ANSWER_UNKNOWN);
	if (driver->beyond)
		stack_detail_text(builder, layer, "beyond", driver->beyond);
	if (driver->shown)
		show(builder, layer, device, driver->shown);
	return layer;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>
#include <string.h>

#include "base/text.h"
#include "stack/dm.h"

/* Tables are for root, uuids are for everybody, and who made a device wrote down in the uuid what
 * it is: LVM as "LVM-", 32 characters each of volume group and volume, and for a hidden volume a
 * suffix with its part in the whole; Stratis as one word for each part. Of a device without such a
 * uuid, what lies on the devices beneath tells. The first rule that fits decides. */
static const struct rule {
	const char *uuid;     /* a pattern, as the others */
	const char *slave[2]; /* uuids that are among those of its slaves */
	const char *content;  /* is on a slave, and not seen through this device: it uses that up */
	bool snapshotted;
	const char *target;
} rules[] = {
	{"CRYPT-VERITY-*", .target = "verity"},
	{"CRYPT-INTEGRITY-*", .target = "integrity"},
	{"CRYPT-*", .target = "crypt"},
	{"mpath-*", .target = "multipath"},
	{"part[0-9]*-*", .target = "linear"}, /* kpartx: "part1-mpath-..." */
	{"DMRAID-*", .target = ""},
	{"VDO-*", .target = "vdo"}, /* its own manager, before LVM had it */
	{"stratis-*-thin-fs-*", .target = "thin"},
	{"stratis-*-thinpool-pool", .target = "thin-pool"},
	{"stratis-*-physical-cache", .target = "cache"},
	{"stratis-*-physical-*", .target = "linear"},
	{"stratis-*-flex-*", .target = "linear"},
	{"LVM-*-tpool", .target = "thin-pool"},
	{"LVM-*-vpool", .target = "vdo"},
	{"LVM-*-pool", .target = "linear"},
	/* parts of a cache, each a piece of the one volume that is the cache */
	{"LVM-*-cdata", .target = ""},
	{"LVM-*-cmeta", .target = ""},
	{"LVM-*", .slave = {STACK_DM_UNREADABLE}, .target = NULL},
	{"LVM-*", .slave = {"LVM-*-tpool"}, .target = "thin"},
	{"LVM-*", .slave = {"LVM-*-vpool"}, .target = "linear"},
	/* also the origin, while a snapshot is merged back into it */
	{"LVM-*", .slave = {"LVM-*-cow", "LVM-*-real"}, .target = "snapshot"},
	{"LVM-*", .slave = {"LVM-*-real"}, .snapshotted = true, .target = "snapshot-origin"},
	/* a cache lies on the two parts of its volume, a write cache on the whole */
	{"LVM-*", .slave = {"LVM-*-cdata"}, .target = "cache"},
	{"LVM-*", .slave = {"LVM-*-cvol"}, .target = "writecache"},
	{"LVM-*", .slave = {"LVM-*-imeta"}, .target = "integrity"},
	{"LVM-*", .target = ""},
	{"*", .content = "vdo", .target = "vdo"},
	{"*", .content = "DM_snapshot_cow", .target = "snapshot"},
	{"*", .content = "DM_integrity", .target = "integrity"},
	{"*", .content = "crypto_LUKS", .target = "crypt"},
};

static bool any(char *const *texts, const char *pattern)
{
	for (; *texts; texts++)
		if (fnmatch(pattern, *texts, 0) == 0)
			return true;
	return false;
}

static bool fits(const struct rule *rule, const struct stack_dm_facts *facts)
{
	if (fnmatch(rule->uuid, facts->uuid, 0) != 0 || (rule->snapshotted && !facts->snapshotted))
		return false;
	for (size_t i = 0; i < BASE_ARRAY_SIZE(rule->slave); i++)
		if (rule->slave[i] && !any(facts->slaves, rule->slave[i]))
			return false;
	return !rule->content ||
	       (any(facts->contents, rule->content) && !base_equal(facts->content, rule->content));
}

const char *stack_dm_infer(const struct stack_dm_facts *facts)
{
	/* What lies on nothing that can be seen may lie on anything. */
	if (!*facts->slaves)
		return NULL;
	for (size_t i = 0; i < BASE_ARRAY_SIZE(rules); i++)
		if (fits(&rules[i], facts))
			return rules[i].target;
	return NULL;
}

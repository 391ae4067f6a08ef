/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "stack/dm.h"

/* Tables are for root, uuids are for everybody, and who made a device wrote down in the uuid what
 * it is: LVM as "LVM-", 32 characters each of volume group and volume, and for a hidden volume a
 * suffix with its part in the whole. The first rule that fits decides. */
static const struct rule {
	const char *owner;    /* the uuid begins so */
	const char *own;      /* its suffix, NULL for any or none */
	const char *slave[2]; /* suffixes that are among those of its slaves */
	bool snapshotted;
	const char *target;
} rules[] = {
	{"CRYPT-VERITY-", .target = "verity"},
	{"CRYPT-INTEGRITY-", .target = "integrity"},
	{"CRYPT-", .target = "crypt"},
	{"mpath-", .target = "multipath"},
	{"part", .target = "linear"}, /* kpartx: "part1-mpath-..." */
	{"DMRAID-", .target = ""},
	{"LVM-", "tpool", .target = "thin-pool"},
	{"LVM-", "vpool", .target = "vdo"},
	{"LVM-", "pool", .target = "linear"},
	/* parts of a cache, each a piece of the one volume that is the cache */
	{"LVM-", "cdata", .target = ""},
	{"LVM-", "cmeta", .target = ""},
	{"LVM-", .slave = {"tpool"}, .target = "thin"},
	{"LVM-", .slave = {"vpool"}, .target = "linear"},
	{"LVM-", .slave = {"cow", "real"}, .target = "snapshot"},
	{"LVM-", .slave = {"real"}, .snapshotted = true, .target = "snapshot-origin"},
	{"LVM-", .slave = {"cvol"}, .target = "cache"},
	{"LVM-", .slave = {"cdata"}, .target = "cache"},
	{"LVM-", .slave = {"imeta"}, .target = "integrity"},
	{"LVM-", .target = ""},
};

#define LVM_UUID_LENGTH (4 + 32 + 32)

static const char *suffix_of(const char *uuid)
{
	bool has = base_starts(uuid, "LVM-") && strlen(uuid) > LVM_UUID_LENGTH + 1 &&
		   uuid[LVM_UUID_LENGTH] == '-';

	return has ? uuid + LVM_UUID_LENGTH + 1 : "";
}

static bool have_suffix(char *const *slaves, const char *suffix)
{
	for (; *slaves; slaves++)
		if (!strcmp(suffix_of(*slaves), suffix))
			return true;
	return false;
}

static bool fits(const struct rule *rule, const char *uuid, char *const *slaves, bool snapshotted)
{
	if (!base_starts(uuid, rule->owner) || (rule->snapshotted && !snapshotted))
		return false;
	if (rule->own && strcmp(suffix_of(uuid), rule->own) != 0)
		return false;
	for (size_t i = 0; i < BASE_ARRAY_SIZE(rule->slave); i++)
		if (rule->slave[i] && !have_suffix(slaves, rule->slave[i]))
			return false;
	return true;
}

const char *stack_dm_infer(const char *uuid, char *const *slaves, bool snapshotted)
{
	for (size_t i = 0; i < BASE_ARRAY_SIZE(rules); i++)
		if (fits(&rules[i], uuid, slaves, snapshotted))
			return rules[i].target;
	return NULL;
}

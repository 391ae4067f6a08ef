/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "stack/dm.h"

#define IN_PLACE    COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED
#define COPIED      COW_OVERWRITE_COPIED, COW_SWITCH_NONE
#define COPIED_ONCE COW_OVERWRITE_COPIED_ONCE, COW_SWITCH_NONE

static const struct stack_dm_target targets[] = {
	{"linear", IN_PLACE, "every block has its fixed place underneath"},
	{"striped", IN_PLACE, "every block has its fixed place underneath"},
	{"unstriped", IN_PLACE, "every block has its fixed place underneath"},
	{"switch", IN_PLACE, "every block has its fixed place underneath"},
	{"multipath", IN_PLACE, "several ways to the same place"},
	{"crypt", IN_PLACE, "encrypted block by block in its place"},
	{"mirror", IN_PLACE, "every block has its fixed place on each mirror"},
	{"raid", IN_PLACE, "every block has its fixed place; RAID 5 and 6 rewrite parity with it"},
	{"integrity", IN_PLACE, "in place; in journal mode all data is written twice"},
	{"verity", IN_PLACE, "read-only: nothing on it is ever overwritten"},
	{"thin", COPIED_ONCE, "blocks older than the thin volume's last snapshot are copied once"},
	{"thin-pool", IN_PLACE, "a fixed mapping to the pool's data device"},
	{"vdo", COPIED, "VDO writes every block to a new place and has no switch"},
	{"snapshot", COPIED_ONCE, "the first write to each chunk goes to the snapshot's store"},
	{"snapshot-merge", COPIED_ONCE, "a snapshot that is being merged back into its origin"},
	{"snapshot-origin", IN_PLACE, "in place, after the old chunk was copied to each snapshot"},
	{"cache", IN_PLACE, "in place at home; writes may wait in the cache"},
	{"writecache", IN_PLACE, "in place at home; writes wait in the cache"},
	{"era", IN_PLACE, "passed on, and noted"},
	{"log-writes", IN_PLACE, "passed on, and logged"},
	{"clone", IN_PLACE, "in place, once a region has been brought over"},
	{"delay", IN_PLACE, "passed on, later"},
	{"flakey", IN_PLACE, "passed on, or failed on purpose"},
	{"dust", IN_PLACE, "passed on, or failed on purpose"},
	{"ebs", IN_PLACE, "passed on in another sector size"},
	{"error", IN_PLACE, "all writes fail"},
	{"zero", IN_PLACE, "all writes are dropped"},
	{"zoned", COPIED_ONCE,
	 "what was moved to a sequential zone is copied on its first overwrite"},
};

const struct stack_dm_target *stack_dm_target(const char *name)
{
	for (size_t i = 0; i < BASE_ARRAY_SIZE(targets); i++)
		if (!strcmp(targets[i].name, name))
			return &targets[i];
	return NULL;
}

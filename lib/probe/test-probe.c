/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two pure parts: what a policy means in a situation, and how layers fold into one verdict. */
#include <errno.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "probe/decide.h"
#include "probe/file-state.h"
#include "probe/verdict.h"
#include "unit.h"

static const struct probe_situation
	in_place = {.in_place_anyway = true, .profile = ""},
	single = {.settable = true, .profile = "single"},
	raid0 = {.settable = true, .profile = "raid0"},
	raid1 = {.settable = true, .profile = "raid1"},
	flagged = {.settable = true, .flagged = true, .profile = "single"},
	flagged_raid1 = {.settable = true, .flagged = true, .profile = "raid1"},
	compressed = {.settable = true, .compressed = true, .profile = "single"},
	zoned = {.no_switch = true, .profile = "single"}, zfs = {.no_switch = true, .profile = ""},
	nodatacow = {.settable = true, .mount_nodatacow = true, .profile = "single"},
	profile_unknown = {.settable = true, .profile = NULL},
	flagged_unknown = {.settable = true, .flagged = true, .profile = NULL},
	nothing_known = {.profile = ""}, elsewhere = {.elsewhere = true, .profile = ""};

static void the_decision_table(void)
{
	static const struct {
		const struct probe_situation *situation;
		enum cow_policy policy;
		enum cow_action action;
		enum cow_policy effective;
	} cases[] = {
		{&in_place, COW_POLICY_OFF, COW_ACTION_LEAVE, COW_POLICY_OFF},
		{&single, COW_POLICY_OFF, COW_ACTION_SET_NOCOW, COW_POLICY_OFF},
		{&raid1, COW_POLICY_OFF, COW_ACTION_SET_NOCOW, COW_POLICY_OFF},
		{&flagged, COW_POLICY_OFF, COW_ACTION_LEAVE, COW_POLICY_OFF},
		{&compressed, COW_POLICY_OFF, COW_ACTION_REFUSE, COW_POLICY_UNKNOWN},
		{&zoned, COW_POLICY_OFF, COW_ACTION_REFUSE, COW_POLICY_UNKNOWN},
		{&zfs, COW_POLICY_OFF, COW_ACTION_REFUSE, COW_POLICY_UNKNOWN},
		{&nodatacow, COW_POLICY_OFF, COW_ACTION_SET_NOCOW, COW_POLICY_OFF},
		{&nothing_known, COW_POLICY_OFF, COW_ACTION_REFUSE, COW_POLICY_UNKNOWN},

		{&in_place, COW_POLICY_ON, COW_ACTION_LEAVE, COW_POLICY_ON},
		{&single, COW_POLICY_ON, COW_ACTION_LEAVE, COW_POLICY_ON},
		{&flagged, COW_POLICY_ON, COW_ACTION_CLEAR_NOCOW, COW_POLICY_ON},
		{&nodatacow, COW_POLICY_ON, COW_ACTION_REFUSE, COW_POLICY_UNKNOWN},
		{&zfs, COW_POLICY_ON, COW_ACTION_LEAVE, COW_POLICY_ON},

		{&in_place, COW_POLICY_AUTO, COW_ACTION_LEAVE, COW_POLICY_OFF},
		{&single, COW_POLICY_AUTO, COW_ACTION_SET_NOCOW, COW_POLICY_OFF},
		{&raid0, COW_POLICY_AUTO, COW_ACTION_SET_NOCOW, COW_POLICY_OFF},
		{&raid1, COW_POLICY_AUTO, COW_ACTION_LEAVE, COW_POLICY_ON},
		{&flagged, COW_POLICY_AUTO, COW_ACTION_LEAVE, COW_POLICY_OFF},
		{&flagged_raid1, COW_POLICY_AUTO, COW_ACTION_CLEAR_NOCOW, COW_POLICY_ON},
		{&compressed, COW_POLICY_AUTO, COW_ACTION_LEAVE, COW_POLICY_ON},
		{&zoned, COW_POLICY_AUTO, COW_ACTION_LEAVE, COW_POLICY_ON},
		{&profile_unknown, COW_POLICY_AUTO, COW_ACTION_LEAVE, COW_POLICY_ON},
		{&flagged_unknown, COW_POLICY_AUTO, COW_ACTION_UNKNOWN, COW_POLICY_UNKNOWN},
		{&nothing_known, COW_POLICY_AUTO, COW_ACTION_UNKNOWN, COW_POLICY_UNKNOWN},
		{&elsewhere, COW_POLICY_OFF, COW_ACTION_REFUSE, COW_POLICY_UNKNOWN},
		{&elsewhere, COW_POLICY_AUTO, COW_ACTION_LEAVE, COW_POLICY_UNKNOWN},

		{&single, COW_POLICY_UNKNOWN, COW_ACTION_REFUSE, COW_POLICY_UNKNOWN},
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(cases); i++) {
		struct cow_decision decision;

		probe_decide(cases[i].policy, cases[i].situation, &decision);
		CHECK_NUMBER(decision.action, cases[i].action);
		CHECK_NUMBER(decision.effective, cases[i].effective);
		CHECK(decision.reason[0] != '\0');
		CHECK((decision.action == COW_ACTION_REFUSE) == (decision.code != 0));
	}
}

static void the_price_is_said_when_off_meets_redundancy(void)
{
	struct cow_decision decision;

	probe_decide(COW_POLICY_OFF, &raid1, &decision);
	CHECK(strstr(decision.warning, "raid1") != NULL);
	probe_decide(COW_POLICY_OFF, &flagged_raid1, &decision);
	CHECK(decision.warning[0] != '\0');
	probe_decide(COW_POLICY_OFF, &single, &decision);
	CHECK_TEXT(decision.warning, "");
	probe_decide(COW_POLICY_AUTO, &raid1, &decision);
	CHECK(strstr(decision.reason, "raid1") != NULL);
}

static void a_refusal_is_an_error_of_its_own_kind(void)
{
	struct cow_decision decision;
	struct cow_error err;

	probe_decide(COW_POLICY_OFF, &compressed, &decision);
	CHECK(cow_decision_apply(&decision, -1, &err) < 0);
	CHECK_NUMBER(err.code, COW_CODE_CONFLICT);
	CHECK_NUMBER(cow_code_exit_status(err.code), 1);
	CHECK(err.remedy[0] != '\0');
}

static struct cow_layer layer(const char *type, enum cow_overwrite overwrite,
			      const struct cow_layer *below)
{
	return (struct cow_layer){.type = type,
				  .name = type,
				  .overwrite = overwrite,
				  .evidence = COW_EVIDENCE_REPORTED,
				  .reason = "because",
				  .below = below};
}

static struct cow_probe fold(const struct cow_layer *top, const struct probe_measurement *measured)
{
	struct probe_input input = {.layer = top, .mode = S_IFDIR};
	struct probe_verdict verdict;
	struct cow_probe probe = {0};

	if (measured)
		input.measured = *measured;
	probe_fold(&input, &probe, &verdict);
	return probe;
}

#define IN_PLACE COW_OVERWRITE_IN_PLACE
#define COPIED   COW_OVERWRITE_COPIED
static const struct probe_measurement stays = {.as_born = IN_PLACE, .as_born_page = IN_PLACE},
				      moves = {.as_born = COPIED, .as_born_page = COPIED};

static void the_worst_layer_decides(void)
{
	struct cow_layer disk = layer("disk", IN_PLACE, NULL);
	struct cow_layer vdo = layer("dm-vdo", COPIED, &disk);
	struct cow_layer good = layer("ext4", IN_PLACE, &disk), bad = layer("ext4", IN_PLACE, &vdo);

	CHECK_NUMBER(fold(&good, &stays).overwrite, IN_PLACE);
	CHECK_NUMBER(fold(&good, &stays).evidence, COW_EVIDENCE_MEASURED);
	CHECK_NUMBER(fold(&bad, &stays).overwrite, COPIED);
	CHECK_NUMBER(fold(&bad, &stays).own_overwrite, IN_PLACE);
	CHECK_NUMBER(fold(&bad, &stays).evidence, COW_EVIDENCE_REPORTED);
	CHECK_NUMBER(fold(&good, &moves).overwrite, COPIED);
}

static void a_file_stands_on_all_layers(void)
{
	struct cow_layer vdo = layer("dm-vdo", COPIED, NULL), unknown = layer("dm", 0, NULL);
	struct cow_layer good = layer("ext4", IN_PLACE, NULL), bad = layer("ext4", IN_PLACE, &vdo);
	struct cow_layer dark = layer("ext4", IN_PLACE, &unknown);
	const struct cow_file_state own = {
		.overwrite = IN_PLACE, .evidence = COW_EVIDENCE_INFERRED, .reason = "its own"};
	struct cow_file_state state = own;

	probe_fold_below(&good, &state);
	CHECK_NUMBER(state.overwrite, IN_PLACE);
	CHECK_NUMBER(state.evidence, COW_EVIDENCE_INFERRED);
	CHECK_TEXT(state.reason, "its own");
	probe_fold_below(&bad, &state);
	CHECK_NUMBER(state.overwrite, COPIED);
	CHECK_NUMBER(state.evidence, COW_EVIDENCE_REPORTED);
	CHECK_TEXT(state.reason, "dm-vdo: because");
	state = own;
	probe_fold_below(&dark, &state);
	CHECK_NUMBER(state.overwrite, COW_OVERWRITE_UNKNOWN);
	CHECK_NUMBER(state.evidence, COW_EVIDENCE_NONE);
}

static void measuring_beats_a_report(void)
{
	struct cow_layer liar = layer("xfs", IN_PLACE, NULL);

	CHECK_NUMBER(fold(&liar, &moves).overwrite, COPIED);
	CHECK_NUMBER(fold(&liar, NULL).overwrite, IN_PLACE);
	CHECK_NUMBER(fold(&liar, NULL).evidence, COW_EVIDENCE_REPORTED);
}

static void nothing_good_is_built_on_an_unknown_layer(void)
{
	struct cow_layer unknown = layer("dm", COW_OVERWRITE_UNKNOWN, NULL);
	struct cow_layer vdo = layer("dm-vdo", COPIED, NULL);
	struct cow_layer top = layer("ext4", IN_PLACE, &unknown);

	CHECK_NUMBER(fold(&top, &stays).overwrite, COW_OVERWRITE_UNKNOWN);
	CHECK_NUMBER(fold(&top, &stays).evidence, COW_EVIDENCE_NONE);
	CHECK_NUMBER(fold(&top, &moves).overwrite, COPIED);
	unknown.next = &vdo;
	CHECK_NUMBER(fold(&top, &stays).overwrite, COPIED);
}

static void of_what_a_server_decides_the_remedy_is_to_ask_there(void)
{
	struct cow_detail source = {.key = "source", .kind = COW_DETAIL_TEXT, .text = "host:/srv"};
	struct cow_detail who = {&source, "decided_by", COW_DETAIL_TEXT, "the server", 0};
	struct cow_layer nfs = layer("nfs4", COW_OVERWRITE_UNKNOWN, NULL);
	struct cow_layer ext4 = layer("ext4", IN_PLACE, &nfs);
	struct probe_input input = {.layer = &ext4, .mode = S_IFDIR, .measured = stays};
	struct probe_verdict verdict;
	struct cow_probe probe = {0};

	probe_fold(&input, &probe, &verdict);
	CHECK_TEXT(verdict.remedy, "");
	nfs.details = &who;
	probe_fold(&input, &probe, &verdict);
	CHECK_TEXT(verdict.remedy,
		   "ask the server: cowctl probe there, of what is 'host:/srv' here");
}

static void measured_through_an_overlay_is_measured_in_its_upper_filesystem(void)
{
	struct cow_layer disk = layer("disk", IN_PLACE, NULL);
	struct cow_layer upper = layer("btrfs", COPIED, &disk);
	struct cow_layer overlay = layer("overlay", COW_OVERWRITE_UNKNOWN, &upper);

	CHECK_NUMBER(fold(&overlay, &stays).overwrite, IN_PLACE);
}

static void a_page_that_stays_does_not_excuse_a_megabyte_that_moves(void)
{
	const struct probe_measurement f2fs = {.as_born = COPIED, .as_born_page = IN_PLACE};
	struct cow_layer top = layer("f2fs", COW_OVERWRITE_UNKNOWN, NULL);

	CHECK_NUMBER(fold(&top, &f2fs).overwrite, COPIED);
}

static void the_switch_is_what_was_seen_to_work(void)
{
	const struct probe_measurement settable = {.as_born = COPIED,
						   .as_born_page = COPIED,
						   .settable = COW_ANSWER_YES,
						   .flagged_in_place = COW_ANSWER_YES},
				       useless = {.as_born = COPIED,
						  .as_born_page = COPIED,
						  .settable = COW_ANSWER_YES,
						  .flagged_in_place = COW_ANSWER_NO},
				       refused = {.as_born = COPIED,
						  .as_born_page = COPIED,
						  .settable = COW_ANSWER_NO};
	struct cow_layer top = layer("newfs", COW_OVERWRITE_UNKNOWN, NULL);

	CHECK_NUMBER(fold(&top, &settable).cow_switch, COW_SWITCH_ATTRIBUTE);
	CHECK_NUMBER(fold(&top, &useless).cow_switch, COW_SWITCH_NONE);
	CHECK_NUMBER(fold(&top, &refused).cow_switch, COW_SWITCH_NONE);
	CHECK_NUMBER(fold(&top, &stays).cow_switch, COW_SWITCH_NOT_NEEDED);
	CHECK_NUMBER(fold(&top, NULL).cow_switch, COW_SWITCH_UNKNOWN);
}

/* One row per way a file can stand; what only an overlay or a seed adds is tried on real ones. */
static void the_facts_of_a_file_are_judged(void)
{
	static const struct {
		enum cow_switch cow_switch;
		struct cow_file_state facts;
		enum cow_overwrite overwrite;
		enum cow_evidence evidence;
	} rows[] = {
		{COW_SWITCH_ATTRIBUTE, {.nocow = COW_ANSWER_NO}, COPIED, COW_EVIDENCE_REPORTED},
		{COW_SWITCH_ATTRIBUTE,
		 {.nocow = COW_ANSWER_NO, .shared_bytes = 1},
		 COPIED,
		 COW_EVIDENCE_REPORTED},
		{COW_SWITCH_ATTRIBUTE, {.nocow = COW_ANSWER_YES}, IN_PLACE, COW_EVIDENCE_REPORTED},
		{COW_SWITCH_ATTRIBUTE,
		 {.nocow = COW_ANSWER_YES, .shared_bytes = 1},
		 COW_OVERWRITE_COPIED_ONCE,
		 COW_EVIDENCE_REPORTED},
		{COW_SWITCH_ATTRIBUTE,
		 {.nocow = COW_ANSWER_YES, .old_bytes = 1},
		 COW_OVERWRITE_COPIED_ONCE,
		 COW_EVIDENCE_REPORTED},
		{COW_SWITCH_ATTRIBUTE,
		 {.nocow = COW_ANSWER_YES, .history_known = COW_ANSWER_NO},
		 IN_PLACE,
		 COW_EVIDENCE_INFERRED},
		{COW_SWITCH_NOT_NEEDED,
		 {.nocow = COW_ANSWER_NO, .mapped = COW_ANSWER_NO},
		 IN_PLACE,
		 COW_EVIDENCE_INFERRED},
		{COW_SWITCH_NOT_NEEDED, {0}, IN_PLACE, COW_EVIDENCE_REPORTED},
		{COW_SWITCH_UNKNOWN, {0}, COW_OVERWRITE_UNKNOWN, COW_EVIDENCE_NONE},
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(rows); i++) {
		struct cow_layer top = layer("newfs", COW_OVERWRITE_UNKNOWN, NULL);
		struct cow_file_state state = rows[i].facts;

		top.cow_switch = rows[i].cow_switch;
		probe_file_judge(&top, &state);
		CHECK_NUMBER(state.overwrite, rows[i].overwrite);
		CHECK_NUMBER(state.evidence, rows[i].evidence);
		CHECK(state.reason[0] != '\0');
	}
}

/* Without /proc none has a name, and its nearest parent lies on another filesystem. */
static void a_descriptor_is_not_answered_for_by_its_parent(void)
{
	struct cow_probe *probe = NULL;

	CHECK_NUMBER(cow_probe_new("/proc/self/fd/999999", COW_PROBE_NO_MEASURE, &probe, NULL),
		     -ENOENT);
	CHECK(!probe);
}

static void flags_that_nobody_knows_are_refused(void)
{
	struct cow_probe *probe = NULL;

	CHECK_NUMBER(cow_probe_new(".", 0x80, &probe, NULL), -EINVAL);
	CHECK(!probe);
}

int main(void)
{
	the_facts_of_a_file_are_judged();
	the_decision_table();
	the_price_is_said_when_off_meets_redundancy();
	a_refusal_is_an_error_of_its_own_kind();
	the_worst_layer_decides();
	a_file_stands_on_all_layers();
	measuring_beats_a_report();
	nothing_good_is_built_on_an_unknown_layer();
	of_what_a_server_decides_the_remedy_is_to_ask_there();
	measured_through_an_overlay_is_measured_in_its_upper_filesystem();
	a_page_that_stays_does_not_excuse_a_megabyte_that_moves();
	the_switch_is_what_was_seen_to_work();
	a_descriptor_is_not_answered_for_by_its_parent();
	flags_that_nobody_knows_are_refused();
	return unit_status();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The judgement and each rule, over views made by hand. */
#include "audit/judge.h"
#include "audit/rule.h"
#include "base/text.h"
#include "unit.h"

/* A NOCOW image in a NOCOW directory of a Btrfs with one copy of its data, wanted like that:
 * nothing to be said. Tests change one thing. */
struct scene {
	struct cow_audit_item item;
	struct cow_header header;
	struct cow_file_state state;
	struct cow_probe probe;
	struct cow_layer disk, top;
	struct cow_detail profile;
	struct audit_place place;
	struct audit_view view;
};

static struct scene *clean(struct scene *scene)
{
	*scene = (struct scene){
		.item = {.format = COW_FORMAT_RAW,
			 .size = 64 << 20,
			 .allocated = 64 << 20,
			 .nocow = COW_ANSWER_YES,
			 .overwrite = COW_OVERWRITE_IN_PLACE,
			 .mapped = COW_ANSWER_YES,
			 .extents = 1,
			 .runs = 1,
			 .policy = COW_POLICY_OFF},
		.header = {.format = COW_FORMAT_RAW, .damaged = COW_ANSWER_NO},
		.state = {.history_known = COW_ANSWER_YES},
		.probe = {.cow_switch = COW_SWITCH_ATTRIBUTE, .new_files_nocow = COW_ANSWER_YES},
		.disk = {.type = "disk", .name = "/dev/x", .overwrite = COW_OVERWRITE_IN_PLACE},
		.top = {.type = "btrfs", .cow_switch = COW_SWITCH_ATTRIBUTE},
		.profile = {.key = "data_profile", .kind = COW_DETAIL_TEXT, .text = "single"},
		.place = {.decisions[COW_POLICY_AUTO] = {.effective = COW_POLICY_OFF,
							 .reason = "one copy"}},
		.view = {.first = true},
	};
	scene->top.below = &scene->disk;
	scene->top.details = &scene->profile;
	scene->place.probe = &scene->probe;
	scene->place.top = scene->place.storage = &scene->top;
	scene->view.item = &scene->item;
	scene->view.header = &scene->header;
	scene->view.state = &scene->state;
	scene->view.place = &scene->place;
	return scene;
}

static struct scene *cow_image(struct scene *scene)
{
	clean(scene);
	scene->item.nocow = COW_ANSWER_NO;
	scene->item.overwrite = COW_OVERWRITE_COPIED;
	return scene;
}

/* Judge it, check it, and hold against "severity:rule ..." in order. */
static void expect(struct scene *scene, enum cow_compliance compliance, const char *findings)
{
	const struct cow_finding *found = NULL;
	char text[512] = "";

	scene->item.effective = audit_judge_policy(scene->item.policy, &scene->place);
	scene->item.compliance = audit_judge(&scene->item, scene->place.top);
	CHECK_TEXT(cow_compliance_name(scene->item.compliance), cow_compliance_name(compliance));
	CHECK_NUMBER(audit_rules_check(&scene->view, &found), 0);
	for (const struct cow_finding *f = found; f; f = f->next) {
		size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s%s:%s", length ? " " : "",
			 cow_severity_name(f->severity), f->rule);
		CHECK(f->message[0] != '\0' && !strchr(f->message, '\n'));
		CHECK(scene->item.policy != COW_POLICY_ON || !f->remedy ||
		      !strstr(f->remedy, "--cow off"));
	}
	CHECK_TEXT(text, findings);
	audit_findings_free(found);
}

static void a_nocow_image_meets_off(void)
{
	struct scene scene;

	expect(clean(&scene), COW_COMPLIANCE_OK, "");
}

static void a_cow_image_drifts_from_off(void)
{
	struct scene scene;

	expect(cow_image(&scene), COW_COMPLIANCE_DRIFTED, "error:cow-image");
}

static void a_cow_image_meets_on_and_a_nocow_one_does_not(void)
{
	struct scene scene;

	cow_image(&scene)->item.policy = COW_POLICY_ON;
	scene.probe.new_files_nocow = COW_ANSWER_NO;
	expect(&scene, COW_COMPLIANCE_OK, "");
	clean(&scene)->item.policy = COW_POLICY_ON;
	scene.probe.new_files_nocow = COW_ANSWER_NO;
	expect(&scene, COW_COMPLIANCE_DRIFTED, "error:nocow-image");
}

static void auto_is_what_was_decided_for_the_place(void)
{
	struct scene scene;

	cow_image(&scene)->item.policy = COW_POLICY_AUTO;
	expect(&scene, COW_COMPLIANCE_DRIFTED, "error:cow-image");
	cow_image(&scene)->item.policy = COW_POLICY_AUTO;
	scene.place.decisions[COW_POLICY_AUTO].effective = COW_POLICY_ON;
	scene.view.first = false;
	expect(&scene, COW_COMPLIANCE_OK, "");
	cow_image(&scene)->item.policy = COW_POLICY_AUTO;
	scene.place.decisions[COW_POLICY_AUTO].effective = COW_POLICY_UNKNOWN;
	expect(&scene, COW_COMPLIANCE_UNKNOWN, "");
}

static void unknown_is_never_ok(void)
{
	struct scene scene;

	for (enum cow_policy policy = COW_POLICY_OFF; policy <= COW_POLICY_AUTO; policy++) {
		clean(&scene)->item.policy = policy;
		scene.item.overwrite = COW_OVERWRITE_UNKNOWN;
		scene.item.nocow = COW_ANSWER_NO;
		scene.view.first = false;
		expect(&scene, COW_COMPLIANCE_UNKNOWN, "");
	}
	/* The flag alone unknown, which is all that "on" asks for. */
	cow_image(&scene)->item.policy = COW_POLICY_ON;
	scene.item.nocow = COW_ANSWER_UNKNOWN;
	scene.view.first = false;
	expect(&scene, COW_COMPLIANCE_UNKNOWN, "");
}

static void where_nothing_is_copied_no_policy_applies(void)
{
	struct scene scene;

	for (enum cow_policy policy = COW_POLICY_OFF; policy <= COW_POLICY_AUTO; policy++) {
		clean(&scene)->item.policy = policy;
		scene.item.nocow = COW_ANSWER_NO;
		scene.top.cow_switch = scene.probe.cow_switch = COW_SWITCH_NOT_NEEDED;
		expect(&scene, COW_COMPLIANCE_NOT_APPLICABLE, "");
	}
}

static void a_cd_image_is_never_overwritten(void)
{
	struct scene scene;

	cow_image(&scene)->item.format = COW_FORMAT_ISO;
	expect(&scene, COW_COMPLIANCE_NOT_APPLICABLE, "");
}

static void shared_and_old_blocks_are_copied_once(void)
{
	struct scene scene;

	clean(&scene)->item.overwrite = COW_OVERWRITE_COPIED_ONCE;
	scene.state.shared_bytes = 4096;
	scene.state.old_bytes = 4096;
	expect(&scene, COW_COMPLIANCE_OK, "warning:shared-extents");
	scene.state.old_bytes = 8192;
	expect(&scene, COW_COMPLIANCE_OK, "warning:shared-extents warning:older-than-snapshot");
	scene.state.shared_bytes = 0;
	expect(&scene, COW_COMPLIANCE_OK, "warning:older-than-snapshot");
	scene.state.history_known = COW_ANSWER_UNKNOWN;
	expect(&scene, COW_COMPLIANCE_OK, "info:older-than-snapshot");
}

static void sharing_is_no_finding_where_copying_is_wanted(void)
{
	struct scene scene;

	cow_image(&scene)->item.policy = COW_POLICY_ON;
	scene.probe.new_files_nocow = COW_ANSWER_NO;
	scene.state.shared_bytes = 4096;
	scene.state.history_known = COW_ANSWER_UNKNOWN;
	expect(&scene, COW_COMPLIANCE_OK, "");
}

static void fragments_count_when_they_are_many_and_short(void)
{
	struct scene scene;

	clean(&scene)->item.runs = 999;
	expect(&scene, COW_COMPLIANCE_OK, "");
	scene.item.runs = 1000;
	expect(&scene, COW_COMPLIANCE_OK, "info:fragmented");
	scene.item.runs = 10000;
	expect(&scene, COW_COMPLIANCE_OK, "warning:fragmented");
	cow_image(&scene)->item.policy = COW_POLICY_ON;
	scene.item.runs = 10000;
	scene.view.first = false;
	expect(&scene, COW_COMPLIANCE_OK, "warning:fragmented");
	clean(&scene)->item.runs = 10000;
	scene.item.allocated = 10000 * ((1ull << 20) + 1);
	expect(&scene, COW_COMPLIANCE_OK, "");
	scene.item.allocated = 1 << 20;
	scene.item.mapped = COW_ANSWER_UNKNOWN;
	expect(&scene, COW_COMPLIANCE_OK, "");
}

static void compression_is_named(void)
{
	struct scene scene;

	cow_image(&scene)->state.encoded_bytes = 4096;
	expect(&scene, COW_COMPLIANCE_DRIFTED, "error:cow-image warning:compressed");
	cow_image(&scene)->view.compress = true;
	scene.item.policy = COW_POLICY_ON;
	scene.view.first = false;
	expect(&scene, COW_COMPLIANCE_OK, "info:compressed");
}

static void nocow_on_mirrors_is_warned_of(void)
{
	static const char *const redundant[] = {"dup",    "raid1", "raid1c3", "raid1c4",
						"raid10", "raid5", "raid6"};
	struct scene scene;

	for (size_t i = 0; i < BASE_ARRAY_SIZE(redundant); i++) {
		clean(&scene)->profile.text = redundant[i];
		expect(&scene, COW_COMPLIANCE_OK, "warning:redundant-nocow");
	}
	clean(&scene)->profile.text = "raid0";
	expect(&scene, COW_COMPLIANCE_OK, "");
}

static void the_worst_layer_below_is_found_at_any_depth(void)
{
	struct cow_layer host = {.type = "btrfs",
				 .name = "/host",
				 .overwrite = COW_OVERWRITE_COPIED,
				 .reason = "the file is not NOCOW"};
	struct cow_layer loop = {.type = "loop", .name = "/dev/loop1", .below = &host};
	struct scene scene;

	clean(&scene)->disk.next = &loop;
	expect(&scene, COW_COMPLIANCE_OK, "warning:layer-below-copies");
	scene.item.policy = COW_POLICY_ON;
	scene.item.nocow = COW_ANSWER_NO;
	scene.view.first = false;
	expect(&scene, COW_COMPLIANCE_OK, "");
}

static void the_directory_is_told_once_in_both_directions(void)
{
	struct scene scene;

	clean(&scene)->probe.new_files_nocow = COW_ANSWER_NO;
	expect(&scene, COW_COMPLIANCE_OK, "warning:directory-cow");
	scene.view.first = false;
	expect(&scene, COW_COMPLIANCE_OK, "");
	cow_image(&scene)->item.policy = COW_POLICY_ON;
	expect(&scene, COW_COMPLIANCE_OK, "warning:directory-cow");
	clean(&scene)->probe.new_files_nocow = COW_ANSWER_UNKNOWN;
	expect(&scene, COW_COMPLIANCE_OK, "");
}

static void a_broken_chain_or_header_is_an_error(void)
{
	struct cow_chain missing = {.path = "/base", .problem = "not found"};
	struct cow_chain image = {.path = "/image", .next = &missing};
	struct scene scene;

	clean(&scene)->item.chain = &image;
	expect(&scene, COW_COMPLIANCE_OK, "error:backing-missing");
	clean(&scene)->header.damaged = COW_ANSWER_YES;
	expect(&scene, COW_COMPLIANCE_OK, "error:damaged-header");
}

static void a_place_that_could_not_be_probed_is_unknown(void)
{
	struct scene scene;

	clean(&scene)->place.probe = NULL;
	scene.place.top = scene.place.storage = NULL;
	scene.item.overwrite = COW_OVERWRITE_UNKNOWN;
	expect(&scene, COW_COMPLIANCE_UNKNOWN, "");
}

int main(void)
{
	a_nocow_image_meets_off();
	a_cow_image_drifts_from_off();
	a_cow_image_meets_on_and_a_nocow_one_does_not();
	auto_is_what_was_decided_for_the_place();
	unknown_is_never_ok();
	where_nothing_is_copied_no_policy_applies();
	a_cd_image_is_never_overwritten();
	shared_and_old_blocks_are_copied_once();
	sharing_is_no_finding_where_copying_is_wanted();
	fragments_count_when_they_are_many_and_short();
	compression_is_named();
	nocow_on_mirrors_is_warned_of();
	the_worst_layer_below_is_found_at_any_depth();
	the_directory_is_told_once_in_both_directions();
	a_broken_chain_or_header_is_an_error();
	a_place_that_could_not_be_probed_is_unknown();
	return unit_status();
}

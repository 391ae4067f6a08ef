/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shape of every struct that callers allocate, as LIBCOW_0.1 has it on 64-bit machines.
 * A line that fails means: programs built before no longer work. New fields are taken out of
 * `spare`, so that sizes and offsets stay. Structs made by the library are not listed: they grow
 * at their end.
 */
#include <cow/cow.h>
#include <stdio.h>

struct pin {
	const char *what;
	size_t actual, expected;
};

#define SIZE(type, expected)         "size of " #type, sizeof(struct type), expected
#define FIELD(type, field, expected) #type "." #field, offsetof(struct type, field), expected

static const struct pin pins[] = {
	{SIZE(cow_error, 808)},
	{FIELD(cow_error, errnum, 0)},
	{FIELD(cow_error, code, 4)},
	{FIELD(cow_error, message, 8)},
	{FIELD(cow_error, remedy, 520)},
	{FIELD(cow_error, spare, 776)},
	{SIZE(cow_header, 72)},
	{FIELD(cow_header, format, 0)},
	{FIELD(cow_header, version, 4)},
	{FIELD(cow_header, virtual_size, 8)},
	{FIELD(cow_header, backing, 16)},
	{FIELD(cow_header, backing_format, 24)},
	{FIELD(cow_header, encrypted, 28)},
	{FIELD(cow_header, snapshots, 32)},
	{FIELD(cow_header, damaged, 36)},
	{FIELD(cow_header, external, 40)},
	{FIELD(cow_header, spare, 48)},
	{SIZE(cow_extents, 56)},
	{FIELD(cow_extents, rows, 0)},
	{FIELD(cow_extents, runs, 8)},
	{FIELD(cow_extents, bytes, 16)},
	{FIELD(cow_extents, shared_bytes, 24)},
	{FIELD(cow_extents, unwritten_bytes, 32)},
	{FIELD(cow_extents, encoded_bytes, 40)},
	{FIELD(cow_extents, inline_bytes, 48)},
	{SIZE(cow_image_create_options, 80)},
	{FIELD(cow_image_create_options, format, 0)},
	{FIELD(cow_image_create_options, size, 8)},
	{FIELD(cow_image_create_options, mode, 16)},
	{FIELD(cow_image_create_options, wish, 20)},
	{FIELD(cow_image_create_options, nocow, 24)},
	{FIELD(cow_image_create_options, preallocation, 28)},
	{FIELD(cow_image_create_options, backing, 32)},
	{FIELD(cow_image_create_options, backing_format, 40)},
	{FIELD(cow_image_create_options, flags, 44)},
	{FIELD(cow_image_create_options, spare, 48)},
	{SIZE(cow_image_created, 296)},
	{FIELD(cow_image_created, nocow, 0)},
	{FIELD(cow_image_created, unmet, 4)},
	{FIELD(cow_image_created, spare, 264)},
	{SIZE(cow_file_state, 232)},
	{FIELD(cow_file_state, nocow, 0)},
	{FIELD(cow_file_state, overwrite, 4)},
	{FIELD(cow_file_state, evidence, 8)},
	{FIELD(cow_file_state, history_known, 12)},
	{FIELD(cow_file_state, rows, 16)},
	{FIELD(cow_file_state, runs, 24)},
	{FIELD(cow_file_state, shared_bytes, 32)},
	{FIELD(cow_file_state, old_bytes, 40)},
	{FIELD(cow_file_state, unwritten_bytes, 48)},
	{FIELD(cow_file_state, encoded_bytes, 56)},
	{FIELD(cow_file_state, mapped, 64)},
	{FIELD(cow_file_state, reason, 68)},
	{SIZE(cow_decision, 816)},
	{FIELD(cow_decision, policy, 0)},
	{FIELD(cow_decision, effective, 4)},
	{FIELD(cow_decision, action, 8)},
	{FIELD(cow_decision, code, 12)},
	{FIELD(cow_decision, reason, 16)},
	{FIELD(cow_decision, warning, 272)},
	{FIELD(cow_decision, remedy, 528)},
	{FIELD(cow_decision, spare, 784)},
	{SIZE(cow_audit_summary, 40)},
	{FIELD(cow_audit_summary, images, 0)},
	{FIELD(cow_audit_summary, ok, 8)},
	{FIELD(cow_audit_summary, drifted, 16)},
	{FIELD(cow_audit_summary, unknown, 24)},
	{FIELD(cow_audit_summary, errors, 32)},
	{SIZE(cow_pool_build_result, 600)},
	{FIELD(cow_pool_build_result, created, 0)},
	{FIELD(cow_pool_build_result, subvolume, 1)},
	{FIELD(cow_pool_build_result, action, 4)},
	{FIELD(cow_pool_build_result, effective, 8)},
	{FIELD(cow_pool_build_result, reason, 12)},
	{FIELD(cow_pool_build_result, warning, 268)},
	{FIELD(cow_pool_build_result, unreached, 528)},
	{FIELD(cow_pool_build_result, unread, 536)},
	{FIELD(cow_pool_build_result, spare, 544)},
	{SIZE(cow_clone_options, 72)},
	{FIELD(cow_clone_options, reflink, 0)},
	{FIELD(cow_clone_options, wish, 4)},
	{FIELD(cow_clone_options, nocow, 8)},
	{FIELD(cow_clone_options, format, 12)},
	{FIELD(cow_clone_options, flags, 16)},
	{FIELD(cow_clone_options, progress, 24)},
	{FIELD(cow_clone_options, progress_data, 32)},
	{FIELD(cow_clone_options, spare, 40)},
	{SIZE(cow_clone_result, 2176)},
	{FIELD(cow_clone_result, method, 0)},
	{FIELD(cow_clone_result, format, 4)},
	{FIELD(cow_clone_result, virtual_size, 8)},
	{FIELD(cow_clone_result, source_nocow, 16)},
	{FIELD(cow_clone_result, nocow, 20)},
	{FIELD(cow_clone_result, held, 24)},
	{FIELD(cow_clone_result, reason, 28)},
	{FIELD(cow_clone_result, remedy, 540)},
	{FIELD(cow_clone_result, unmet, 796)},
	{FIELD(cow_clone_result, backing, 1052)},
	{FIELD(cow_clone_result, backing_is_renamed, 2076)},
	{FIELD(cow_clone_result, bytes_shared, 2080)},
	{FIELD(cow_clone_result, bytes_copied, 2088)},
	{FIELD(cow_clone_result, bytes_holes, 2096)},
	{FIELD(cow_clone_result, seconds, 2104)},
	{FIELD(cow_clone_result, spare, 2112)},
	{SIZE(cow_convert_options, 56)},
	{FIELD(cow_convert_options, to, 0)},
	{FIELD(cow_convert_options, flags, 4)},
	{FIELD(cow_convert_options, progress, 8)},
	{FIELD(cow_convert_options, progress_data, 16)},
	{FIELD(cow_convert_options, bandwidth, 24)},
	{FIELD(cow_convert_options, spare, 32)},
	{SIZE(cow_convert_result, 1424)},
	{FIELD(cow_convert_result, outcome, 0)},
	{FIELD(cow_convert_result, from_nocow, 4)},
	{FIELD(cow_convert_result, reason, 8)},
	{FIELD(cow_convert_result, remedy, 520)},
	{FIELD(cow_convert_result, note, 776)},
	{FIELD(cow_convert_result, bytes_copied, 1032)},
	{FIELD(cow_convert_result, bytes_holes, 1040)},
	{FIELD(cow_convert_result, verified, 1048)},
	{FIELD(cow_convert_result, seconds, 1056)},
	{FIELD(cow_convert_result, seconds_verify, 1064)},
	{FIELD(cow_convert_result, runs_before, 1072)},
	{FIELD(cow_convert_result, runs_after, 1080)},
	{FIELD(cow_convert_result, rows_before, 1088)},
	{FIELD(cow_convert_result, rows_after, 1096)},
	{FIELD(cow_convert_result, original, 1104)},
	{FIELD(cow_convert_result, bytes_needed, 1360)},
	{FIELD(cow_convert_result, bytes_shared, 1368)},
	{FIELD(cow_convert_result, bytes_compressed, 1376)},
	{FIELD(cow_convert_result, spare, 1384)},
	{SIZE(cow_convert_interrupted, 568)},
	{FIELD(cow_convert_interrupted, image, 0)},
	{FIELD(cow_convert_interrupted, temp, 256)},
	{FIELD(cow_convert_interrupted, state, 512)},
	{FIELD(cow_convert_interrupted, running, 516)},
	{FIELD(cow_convert_interrupted, size, 520)},
	{FIELD(cow_convert_interrupted, bytes_done, 528)},
	{FIELD(cow_convert_interrupted, spare, 536)},
};

int main(void)
{
	int failed = 0;

	if (sizeof(void *) != 8) {
		fprintf(stderr, "SKIP: the numbers are for 64-bit machines\n");
		return 77;
	}
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++)
		if (pins[i].actual != pins[i].expected) {
			fprintf(stderr, "%s: %zu, not %zu\n", pins[i].what, pins[i].actual,
				pins[i].expected);
			failed = 1;
		}
	return failed;
}

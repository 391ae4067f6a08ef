/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl convert: what its table and its JSON say of an image. */
#include "convert.h"

/* The state before, in the words of the policy. */
static struct cli_value from(const struct cow_convert_result *result)
{
	bool off = result->in_place || result->from_nocow == COW_ANSWER_YES;

	if (!off && result->from_nocow == COW_ANSWER_UNKNOWN)
		return cli_unknown();
	return cli_text(cow_policy_name(off ? COW_POLICY_OFF : COW_POLICY_ON));
}

static struct cli_value reason(const struct cow_convert_result *result)
{
	const char *text = result->reason[0] ? result->reason : result->note;

	return cli_text(text[0] ? text : NULL);
}

/* Pieces are counted only where there is something to compare. */
static struct cli_value before(const struct cow_convert_result *result, uint64_t pieces)
{
	return result->runs_before ? cli_number(pieces) : cli_text(NULL);
}

static struct cli_value after(const struct cow_convert_result *result, uint64_t pieces)
{
	if (result->outcome != COW_CONVERT_CONVERTED)
		return cli_text(NULL);
	return before(result, pieces);
}

/* There is none yet where another run is at it. */
static struct cli_value result(enum cow_convert_outcome outcome)
{
	return outcome ? cli_text(cow_convert_outcome_name(outcome)) : cli_unknown();
}

static struct cli_value remedy(const struct converted *item)
{
	const char *text = item->interrupted ? item->interrupted->remedy : item->result->remedy;

	return cli_text(text[0] ? text : NULL);
}

/* Of what --status finds; NULL in all others. */
#define INTERRUPTED(value) (item->interrupted ? (value) : cli_text(NULL))

CLI_GETTER(get_path, struct converted, cli_path(item->path))
CLI_GETTER(get_from, struct converted, from(item->result))
CLI_GETTER(get_to, struct converted, item->to ? cli_text(cow_policy_name(item->to)) : cli_unknown())
CLI_GETTER(get_mode, struct converted, cli_text(item->result->live ? "live" : "offline"))
CLI_GETTER(get_result, struct converted, result(item->result->outcome))
CLI_GETTER(get_reason, struct converted, reason(item->result))
CLI_GETTER(get_copied, struct converted, cli_bytes(item->result->bytes_copied))
CLI_GETTER(get_holes, struct converted, cli_bytes(item->result->bytes_holes))
CLI_GETTER(get_needed, struct converted, cli_bytes(item->result->bytes_needed))
CLI_GETTER(get_grown, struct converted, cli_bytes(item->result->bytes_grown))
CLI_GETTER(get_shared, struct converted, cli_bytes(item->result->bytes_shared))
CLI_GETTER(get_compressed, struct converted, cli_bytes(item->result->bytes_compressed))
CLI_GETTER(get_verified, struct converted, cli_bool(item->result->verified))
CLI_GETTER(get_seconds, struct converted, cli_real(item->result->seconds))
CLI_GETTER(get_estimate, struct converted,
	   item->seconds_needed > 0 ? cli_real(item->seconds_needed) : cli_unknown())
CLI_GETTER(get_original, struct converted, cli_path(item->original))
CLI_GETTER(get_remedy, struct converted, remedy(item))
CLI_GETTER(get_state, struct converted,
	   INTERRUPTED(cli_text(cow_convert_state_name(item->interrupted->state))))
CLI_GETTER(get_running, struct converted, INTERRUPTED(cli_answer(item->interrupted->running)))
CLI_GETTER(get_size, struct converted, INTERRUPTED(cli_bytes(item->interrupted->size)))
CLI_GETTER(get_whole, struct converted, INTERRUPTED(cli_answer(item->interrupted->whole)))
CLI_GETTER(get_runs_before, struct converted, before(item->result, item->result->runs_before))
CLI_GETTER(get_runs_after, struct converted, after(item->result, item->result->runs_after))
CLI_GETTER(get_rows_before, struct converted, before(item->result, item->result->rows_before))
CLI_GETTER(get_rows_after, struct converted, after(item->result, item->result->rows_after))

const struct cli_column cli_convert_columns[] = {
	{"PATH", "the image", "path", 0, 0, get_path},
	{"RESULT", "converted, already, planned, refused, failed or interrupted", "result", 0, 0,
	 get_result},
	{"FROM", "copy-on-write before", "from", 0, 0, get_from},
	{"TO", "copy-on-write asked for", "to", 0, 0, get_to},
	{"COPIED", "bytes copied", "bytes_copied", 0, CLI_COLUMN_RIGHT, get_copied},
	{"HOLES", "bytes left as holes", "bytes_holes", 0, CLI_COLUMN_RIGHT, get_holes},
	{"NEEDED", "free space that it takes meanwhile", "bytes_needed", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_needed},
	{"GROWN", "of these, what it takes for good", "bytes_grown", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_grown},
	{"SHARED", "bytes that are shared no more", "bytes_shared", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_shared},
	{"COMPRESSED", "bytes that are compressed no more", "bytes_compressed", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_compressed},
	{"RUNS-BEFORE", "physically discontiguous runs before", "runs_before", 0, CLI_COLUMN_RIGHT,
	 get_runs_before},
	{"RUNS-AFTER", "the same after", "runs_after", 0, CLI_COLUMN_RIGHT, get_runs_after},
	{"ROWS-BEFORE", "extent rows before", "rows_before", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_rows_before},
	{"ROWS-AFTER", "the same after", "rows_after", 0, CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN,
	 get_rows_after},
	{"VERIFIED", "read back from disk and compared", "verified", 0, 0, get_verified},
	{"SECONDS", "time taken", "seconds", 0, CLI_COLUMN_RIGHT, get_seconds},
	{"ESTIMATE", "with --dry-run, the seconds it will take", "seconds_needed", 0,
	 CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN, get_estimate},
	{"MODE", "offline: nobody had it open; live: a guest had", "mode", 0, CLI_COLUMN_HIDDEN,
	 get_mode},
	{"ORIGINAL", "where the old image was kept", "original", 0, CLI_COLUMN_HIDDEN,
	 get_original},
	{"REASON", "why, or what was dropped", "reason", 0, CLI_COLUMN_HIDDEN, get_reason},
	{"REMEDY", "what would help", "remedy", 0, CLI_COLUMN_HIDDEN, get_remedy},
	{"STATE", "with --status, copying, exchanging, moving or mirroring", "state", 0,
	 CLI_COLUMN_HIDDEN, get_state},
	{"RUNNING", "the same, is somebody at it", "running", 0, CLI_COLUMN_HIDDEN, get_running},
	{"SIZE", "the same, bytes of the image", "size", 0, CLI_COLUMN_RIGHT | CLI_COLUMN_HIDDEN,
	 get_size},
	{"WHOLE", "the same, is a whole image at its path", "whole", 0, CLI_COLUMN_HIDDEN,
	 get_whole},
	{NULL, NULL, NULL, 0, 0, NULL},
};

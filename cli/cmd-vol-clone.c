/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl vol clone. */
#include <string.h>

#include "verbs.h"
#include "vol.h"

static const struct cli_option options[] = {
	CLI_VOL_POOL_OPTION,
	CLI_VOL_FORMAT_OPTION,
	{"reflink", 0, NULL, "auto|always|never", "share blocks (auto: or else copy)", 0, false,
	 "always"},
	{"dry-run", 0, NULL, NULL, "check everything, create nothing", 0, false},
	{0},
};

static void report(struct cli_call *call, const struct cli_vol *vol, const char *name,
		   const struct cow_clone_result *result)
{
	bool shared = result->method == COW_CLONE_SHARED;
	json_t *object;

	fprintf(call->out, "%s volume %s as %s, NOCOW %s\n%s %s: %s\n",
		cli_given(call, "dry-run") ? "would clone" : "cloned", CLI_QUOTE(vol->volume->name),
		CLI_QUOTE(name), cow_answer_name(result->nocow),
		CLI_SIZE(shared ? result->bytes_shared : result->bytes_copied),
		cow_clone_method_name(result->method), result->reason);
	if (!call->json)
		return;
	object = json_object();
	json_object_set_new(call->json, "clone", object);
	cli_json_value(object, "method", cli_text(cow_clone_method_name(result->method)));
	cli_json_value(object, "reason", cli_text(result->reason));
	cli_json_value(object, "remedy", cli_text(*result->remedy ? result->remedy : NULL));
	cli_json_value(object, "nocow", cli_answer(result->nocow));
	cli_json_value(object, "bytes_shared", cli_bytes(result->bytes_shared));
	cli_json_value(object, "bytes_copied", cli_bytes(result->bytes_copied));
	cli_json_value(object, "bytes_holes", cli_bytes(result->bytes_holes));
}

/* The new one as the only one of volumes[]. */
static int show_new(struct cli_call *call, const struct cli_vol *vol, const char *name)
{
	struct cow_volume *volume CLI_CLEANUP(volume) = NULL;
	struct cow_error err = {0};

	if (!cli_given(call, "dry-run") &&
	    cow_volume_lookup(vol->store, vol->pool, name, &volume, &err) < 0)
		return cli_error(call, &err);
	cli_vol_json(call, volume);
	return CLI_EXIT_CLEAN;
}

static int run(struct cli_call *call)
{
	const char *name = call->operands[1];
	struct cli_vol vol CLI_VOL_CLEANUP = {0};
	struct cli_shown shown = {.call = call, .phase = "copying"};
	struct cow_clone_options how = {
		.reflink = cli_choice(call, "reflink"),
		.format = cow_format_from_name(cli_value(call, "format")),
		.flags = cli_flag(call, "dry-run", COW_CLONE_DRY_RUN),
		.progress = cli_progress_show,
		.progress_data = &shown,
	};
	struct cow_clone_result result = {0};
	struct cow_error err = {0};
	int status = cli_vol_open(call, &vol);

	if (status)
		return status;
	shown.subject = vol.volume->path;
	cli_interrupt_catch();
	if (cow_volume_clone(vol.store, vol.pool, vol.volume->name, name, &how, &result, &err) < 0)
		return cli_error(call, &err);
	cli_progress_clear(call);
	report(call, &vol, name, &result);
	if (result.unmet[0]) {
		cli_warn(call, "%s: %s", CLI_QUOTE(name), result.unmet);
		cli_status(call, CLI_EXIT_FINDINGS);
	}
	return cli_status(call, show_new(call, &vol, name));
}

const struct cli_verb cli_verb_vol_clone = {
	.name = "vol clone",
	.operands = "VOL NAME",
	.operands_min = 2,
	.operands_max = 2,
	.complete = CLI_COMPLETE_VOLUME,
	.summary = "one more volume with the content of another, in the same pool",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE | CLI_WITH_PROGRESS,
	.options = options,
	.run = run,
};

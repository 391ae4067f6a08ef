/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl vol create, create-as, delete. */
#include <errno.h>
#include <string.h>

#include "verbs.h"
#include "vol.h"

CLI_DEFINE_CLEANUP(definition, struct cow_volume_definition *, cow_volume_definition_free)

static void report_text(struct cli_call *call, const struct cow_volume_create_options *options,
			const struct cow_volume_created *created)
{
	bool plan = options->flags & COW_VOLUME_CREATE_DRY_RUN;

	fprintf(call->out, "%s volume %s, NOCOW %s\ncow=%s", plan ? "would create" : "created",
		CLI_QUOTE(options->name), cow_answer_name(created->nocow),
		cow_policy_name(created->policy));
	if (created->effective != created->policy)
		fprintf(call->out, " came to %s", cow_policy_name(created->effective));
	fprintf(call->out, ": %s\n", created->reason);
}

static void report_json(struct cli_call *call, const struct cow_volume *volume,
			const struct cow_volume_created *created)
{
	json_t *object = json_object();

	cli_vol_json(call, volume);
	json_object_set_new(call->json, "create", object);
	cli_json_value(object, "policy", cli_text(cow_policy_name(created->policy)));
	cli_json_value(object, "effective", cli_text(cow_policy_name(created->effective)));
	cli_json_value(object, "nocow", cli_answer(created->nocow));
	cli_json_value(object, "reason", cli_text(created->reason));
	cli_json_value(object, "warning", cli_text(*created->warning ? created->warning : NULL));
	cli_json_value(object, "unmet", cli_text(*created->unmet ? created->unmet : NULL));
}

/* In the pool of the first operand; `from` is what it is made from, or NULL. */
static int create_in_pool(struct cli_call *call, struct cow_volume_create_options *options,
			  const struct cli_vol *from)
{
	struct cli_vol vol CLI_VOL_CLEANUP = {0};
	struct cow_volume_created created = {0};
	char *path CLI_CLEANUP(text) = NULL;
	struct cli_shown shown = {call, NULL, from ? "copying" : "allocating"};
	const struct cow_progress progress = {cli_progress_show, &shown};
	struct cow_error err = {0};
	int status = cli_pool_open(call, &vol.store, &vol.pool), r;

	if (status)
		return status;
	shown.subject = path = cli_format("%s/%s", vol.pool->path, options->name);
	options->flags |= cli_flag(call, "dry-run", COW_VOLUME_CREATE_DRY_RUN);
	options->progress = &progress;
	cli_interrupt_catch();
	if (from)
		r = cow_volume_create_from(
			vol.store, vol.pool, options, from->pool, from->volume->name,
			cow_format_from_name(cli_value(call, "input-format")), &created, &err);
	else
		r = cow_volume_create(vol.store, vol.pool, options, &created, &err);
	cli_progress_clear(call);
	options->progress = NULL;
	if (r < 0)
		return cli_error(call, &err);
	if (!(options->flags & COW_VOLUME_CREATE_DRY_RUN) &&
	    cow_volume_lookup(vol.store, vol.pool, options->name, &vol.volume, &err) < 0)
		return cli_error(call, &err);
	report_text(call, options, &created);
	if (call->json)
		report_json(call, vol.volume, &created);
	if (*created.warning)
		cli_warn(call, "%s", created.warning);
	if (*created.unmet) {
		cli_warn(call, "%s: %s", CLI_QUOTE(options->name), created.unmet);
		return CLI_EXIT_FINDINGS;
	}
	return CLI_EXIT_CLEAN;
}

#define SECRET_OPTION                                                                              \
	{                                                                                          \
		"secret-file", 0, "FILE", NULL, "encrypt it (LUKS); all of FILE is the secret",    \
			CLI_COMPLETE_FILE, false                                                   \
	}

#define PREALLOCATION_OPTION                                                                       \
	{                                                                                          \
		"preallocation", 0, "HOW", "off|metadata|falloc|full",                             \
			"allocate now: off, metadata, falloc or full", 0, false                    \
	}

/* Instead of an allocation, be it in a document: of a volume that was dumped that is what it has.
 */
static void take_preallocation(struct cli_call *call, struct cow_volume_create_options *options)
{
	if (!cli_given(call, "preallocation"))
		return;
	options->allocation = 0;
	options->preallocation = cli_choice(call, "preallocation");
}

static const struct cli_option create_options[] = {
	PREALLOCATION_OPTION,
	SECRET_OPTION,
	CLI_VALIDATE_OPTION,
	{"dry-run", 0, NULL, NULL, "check everything, create nothing", 0, false},
	{0},
};

/* Volume XML out of the second operand, and the secret. @return 0, or an exit status after the
 * error was said. */
static int read_definition(struct cli_call *call, struct cow_volume_definition **ret)
{
	const char *secret = cli_value(call, "secret-file");
	char *xml CLI_CLEANUP(text) = NULL;
	struct cow_error err = {0};
	size_t size = 0;

	xml = cli_read_definition(call->operands[1], &size);
	if (!xml)
		return cli_error_system(call, errno, "read %s", CLI_QUOTE(call->operands[1]));
	if ((cli_given(call, "validate") && cow_volume_validate_xml(xml, size, &err) < 0) ||
	    cow_volume_definition_new_xml(xml, size, ret, &err) < 0)
		return cli_error(call, &err);
	if (secret) {
		(*ret)->encryption.secret_file = secret;
		(*ret)->options.encryption = &(*ret)->encryption;
	}
	take_preallocation(call, &(*ret)->options);
	return 0;
}

static int create(struct cli_call *call)
{
	struct cow_volume_definition *definition CLI_CLEANUP(definition) = NULL;
	int status = read_definition(call, &definition);

	return status ? status : create_in_pool(call, &definition->options, NULL);
}

const struct cli_verb cli_verb_vol_create = {
	.name = "vol create",
	.operands = "POOL FILE|-",
	.operands_min = 2,
	.operands_max = 2,
	.complete = CLI_COMPLETE_FILE | CLI_COMPLETE_POOL,
	.summary = "make a volume out of volume XML of libvirt",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE | CLI_WITH_PROGRESS,
	.options = create_options,
	.run = create,
};

/* --- from another volume ---------------------------------------------------------------------- */

static const struct cli_option create_from_options[] = {
	{"inputpool", 0, "POOL", NULL, "pool of VOL; without it VOL is a path or key",
	 CLI_COMPLETE_POOL, false},
	{"input-format", 0, "FORMAT", "raw|qcow2|qcow|qed|vmdk|vdi|vpc|vhdx|luks",
	 "what VOL is (found out if not given)", 0, false},
	{"input-secret-file", 0, "FILE", NULL, "the secret of VOL, if it is encrypted",
	 CLI_COMPLETE_FILE, false},
	PREALLOCATION_OPTION,
	SECRET_OPTION,
	CLI_VALIDATE_OPTION,
	{"dry-run", 0, NULL, NULL, "check everything, create nothing", 0, false},
	{0},
};

static int create_from(struct cli_call *call)
{
	struct cow_volume_definition *definition CLI_CLEANUP(definition) = NULL;
	struct cli_vol from CLI_VOL_CLEANUP = {0};
	int status = read_definition(call, &definition);

	if (!status)
		status = cli_vol_find(call, cli_value(call, "inputpool"), call->operands[2], &from);
	if (status)
		return status;
	definition->options.from_secret_file = cli_value(call, "input-secret-file");
	return create_in_pool(call, &definition->options, &from);
}

const struct cli_verb cli_verb_vol_create_from = {
	.name = "vol create-from",
	.operands = "POOL FILE|- VOL",
	.operands_min = 3,
	.operands_max = 3,
	.complete = CLI_COMPLETE_FILE | CLI_COMPLETE_POOL | CLI_COMPLETE_VOLUME,
	.summary = "make a volume out of volume XML, with the content of another",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE | CLI_WITH_PROGRESS,
	.options = create_from_options,
	.run = create_from,
};

/* --- from options ----------------------------------------------------------------------------- */

static const struct cli_option create_as_options[] = {
	{"format", 'f', "FORMAT", NULL, "raw qcow2 qcow qed vmdk vdi vpc iso dir", 0, false},
	{"allocation", 0, "SIZE", NULL, "of a raw image, at once (all if not given)", 0, false},
	PREALLOCATION_OPTION,
	{"backing-vol", 'b', "VOL", NULL, "backing file: a volume of the pool or a path", 0, false},
	{"backing-vol-format", 'F', "FORMAT", NULL, "its format", 0, false},
	{"nocow", 0, NULL, NULL, "overwrite in place, whatever the policy", 0, false},
	SECRET_OPTION,
	{"dry-run", 0, NULL, NULL, "check everything, create nothing", 0, false},
	{0},
};

/* A size option; *ret stays as it is when it was not given. */
static int parse_size(struct cli_call *call, const char *text, uint64_t *ret)
{
	if (text && cow_size_parse(text, ret) < 0)
		return cli_usage(call, "%s is not a size", CLI_QUOTE(text));
	return 0;
}

static int parse_format(struct cli_call *call, const char *text, enum cow_format *ret)
{
	*ret = text ? cow_format_from_name(text) : COW_FORMAT_UNKNOWN;
	if (text && *ret == COW_FORMAT_UNKNOWN)
		return cli_usage(call, "%s is not a format", CLI_QUOTE(text));
	/* As in XML: it becomes one by what is written there. */
	if (*ret == COW_FORMAT_ISO)
		*ret = COW_FORMAT_RAW;
	return 0;
}

/* As libvirt has it: all of a raw image, unless the call says otherwise. */
static int parse(struct cli_call *call, struct cow_volume_create_options *options)
{
	const char *format = cli_value(call, "format");
	int r = 0;

	options->name = call->operands[1];
	options->allocation = COW_VOLUME_ALLOCATE_ALL;
	take_preallocation(call, options);
	options->nocow = cli_given(call, "nocow");
	if (cli_given(call, "preallocation") && cli_given(call, "allocation"))
		return cli_usage(call, "--allocation and --preallocation exclude each other");
	if (format && !strcmp(format, "dir"))
		options->type = COW_VOLUME_TYPE_DIRECTORY;
	else
		r = parse_format(call, format, &options->format);
	if (!r)
		r = parse_format(call, cli_value(call, "backing-vol-format"),
				 &options->backing_format);
	if (!r)
		r = parse_size(call, cli_value(call, "allocation"), &options->allocation);
	if (!r)
		r = parse_size(call, call->operands[2], &options->capacity);
	if (call->operands[2] && !options->capacity)
		options->flags |= COW_VOLUME_CREATE_EMPTY;
	return r;
}

/* A name is one of a volume of the pool: written as its path, as libvirt does it. */
static int find_backing(struct cli_call *call, char **ret)
{
	const char *backing = cli_value(call, "backing-vol");
	struct cli_vol vol CLI_VOL_CLEANUP = {0};
	int status;

	if (!backing || strchr(backing, '/')) {
		*ret = backing ? cli_copy(backing) : NULL;
		return 0;
	}
	status = cli_pool_open(call, &vol.store, &vol.pool);
	if (!status)
		*ret = cli_format("%s/%s", vol.pool->path, backing);
	return status;
}

static int create_as(struct cli_call *call)
{
	struct cow_volume_create_options options = {0};
	struct cow_encryption encryption = {.secret_file = cli_value(call, "secret-file")};
	char *backing CLI_CLEANUP(text) = NULL;
	int status = parse(call, &options);

	if (!status)
		status = find_backing(call, &backing);
	if (status)
		return status;
	if (backing && !options.backing_format)
		return cli_usage(call, "--backing-vol needs --backing-vol-format");
	options.backing = backing;
	if (encryption.secret_file)
		options.encryption = &encryption;
	return create_in_pool(call, &options, NULL);
}

const struct cli_verb cli_verb_vol_create_as = {
	.name = "vol create-as",
	.operands = "POOL NAME [CAPACITY]",
	.operands_min = 2,
	.operands_max = 3,
	.complete = CLI_COMPLETE_POOL,
	.summary = "make a volume out of options",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE | CLI_WITH_PROGRESS,
	.options = create_as_options,
	.run = create_as,
};

/* --- delete ----------------------------------------------------------------------------------- */

static int delete (struct cli_call *call)
{
	struct cli_vol vol CLI_VOL_CLEANUP = {0};
	struct cow_error err = {0};
	int status = cli_vol_open(call, &vol);

	if (status)
		return status;
	if (cow_volume_delete(vol.store, vol.pool, vol.volume->name, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "deleted volume %s\n", CLI_QUOTE(vol.volume->path));
	cli_vol_json(call, vol.volume);
	return CLI_EXIT_CLEAN;
}

static const struct cli_option delete_options[] = {CLI_VOL_POOL_OPTION, {0}};

const struct cli_verb cli_verb_vol_delete = {
	.name = "vol delete",
	CLI_VOL_OPERAND,
	.summary = "remove a volume that nobody uses",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = delete_options,
	.run = delete,
};

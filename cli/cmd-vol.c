/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl vol list, info, path, dumpxml: looking at volumes. */
#include <string.h>

#include "verbs.h"
#include "vol.h"

static struct cli_value capacity(const struct cow_volume *volume)
{
	return volume->capacity_known == COW_ANSWER_YES ? cli_bytes(volume->capacity)
							: cli_unknown();
}

static struct cli_value allocation(const struct cow_volume *volume)
{
	return volume->seen ? cli_bytes(volume->allocation) : cli_unknown();
}

static struct cli_value physical(const struct cow_volume *volume)
{
	return volume->seen ? cli_bytes(volume->physical) : cli_unknown();
}

static const char *format(const struct cow_volume *volume)
{
	if (volume->type == COW_VOLUME_TYPE_DIRECTORY)
		return cow_volume_type_name(volume->type);
	return cow_format_name(volume->format);
}

CLI_GETTER(get_name, struct cow_volume, cli_path(item->name))
CLI_GETTER(get_path, struct cow_volume, cli_path(item->path))
CLI_GETTER(get_type, struct cow_volume, cli_text(cow_volume_type_name(item->type)))
CLI_GETTER(get_format, struct cow_volume, cli_text(format(item)))
CLI_GETTER(get_capacity, struct cow_volume, capacity(item))
CLI_GETTER(get_allocation, struct cow_volume, allocation(item))
CLI_GETTER(get_physical, struct cow_volume, physical(item))
CLI_GETTER(get_backing, struct cow_volume, cli_path(item->backing))
CLI_GETTER(get_nocow, struct cow_volume, cli_answer(item->nocow))
CLI_GETTER(get_overwrite, struct cow_volume, cli_text(cow_overwrite_name(item->overwrite)))
CLI_GETTER(get_evidence, struct cow_volume, cli_text(cow_evidence_name(item->evidence)))
CLI_GETTER(get_compliance, struct cow_volume, cli_text(cow_compliance_name(item->compliance)))
CLI_GETTER(get_reason, struct cow_volume, cli_text(item->reason))
CLI_GETTER(get_own, struct cow_volume, cli_text(item->own ? cow_policy_name(item->own) : NULL))
CLI_GETTER(get_problem, struct cow_volume, cli_text(item->problem))

#define RIGHT  CLI_COLUMN_RIGHT
#define HIDDEN CLI_COLUMN_HIDDEN

const struct cli_column cli_vol_columns[] = {
	{"NAME", "name", "name", 0, 0, get_name},
	{"TYPE", "file or dir", "type", 0, HIDDEN, get_type},
	{"FORMAT", "of the image, or dir", "format", 0, 0, get_format},
	{"CAPACITY", "bytes the guest sees", "capacity", 0, RIGHT, get_capacity},
	{"ALLOCATION", "bytes taken on the filesystem", "allocation", 0, RIGHT, get_allocation},
	{"PHYSICAL", "length of the file", "physical", 0, RIGHT | HIDDEN, get_physical},
	{"BACKING", "backing file", "backing", 0, HIDDEN, get_backing},
	{"NOCOW", "carries the NOCOW flag", "nocow", 0, HIDDEN, get_nocow},
	{"OVERWRITE", "what an overwrite does", "overwrite", 0, 0, get_overwrite},
	{"EVIDENCE", "how that is known", "evidence", 0, 0, get_evidence},
	{"COMPLIANCE", "how it stands against its own policy or the pool's", "compliance", 0, 0,
	 get_compliance},
	{"OWN-POLICY", "policy of its own, if it has one", "own_policy", 0, HIDDEN, get_own},
	{"REASON", "why an overwrite does so", "reason", 0, HIDDEN | CLI_COLUMN_WRAP, get_reason},
	{"PROBLEM", "why it can not be looked into", "problem", 0, HIDDEN | CLI_COLUMN_WRAP,
	 get_problem},
	{"PATH", "path, which is its key as well", "path", 0, HIDDEN, get_path},
	{0},
};

/* What could not be looked into is listed, and makes the list an incomplete one. */
static void warn_of_problem(struct cli_call *call, const struct cow_volume *volume)
{
	if (!volume->problem)
		return;
	cli_warn(call, "volume %s: %s", CLI_QUOTE(volume->path), volume->problem);
	cli_status(call, CLI_EXIT_FAILED);
}

/* So does what is not known of one that could. It is the same of most in a pool: said once. */
struct unknown {
	uint64_t volumes;
	char *why; /* of the first */
};

static void judge(struct cli_call *call, const struct cow_volume *volume, struct unknown *unknown)
{
	warn_of_problem(call, volume);
	if (volume->compliance != COW_COMPLIANCE_UNKNOWN)
		return;
	cli_status(call, CLI_EXIT_FAILED);
	if (!volume->problem && !unknown->volumes++)
		unknown->why = cli_copy(volume->reason);
}

static void warn_of_unknown(struct cli_call *call, struct unknown *unknown)
{
	if (unknown->volumes)
		cli_warn(call, "of %ju volumes it is unknown how they stand%s%s",
			 (uintmax_t)unknown->volumes, *unknown->why ? ": " : "", unknown->why);
	free(unknown->why);
}

static int list(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	struct cow_volume_list *volumes CLI_CLEANUP(volume_list) = NULL;
	struct unknown unknown = {0};
	struct cow_volume *volume;
	struct cow_error err = {0};
	struct cli_table *table;
	int r, status = cli_pool_open(call, &store, &pool);

	if (status)
		return status;
	if (cow_volume_list_new(store, pool, cli_flag(call, "no-index", COW_VOLUME_LIST_NO_INDEX),
				&volumes, &err) < 0)
		return cli_error(call, &err);
	table = cli_table_new(call, "volumes");
	while ((r = cow_volume_list_next(volumes, &volume, &err)) > 0) {
		cli_table_add(table, NULL, volume);
		judge(call, volume, &unknown);
		cow_volume_free(volume);
	}
	cli_table_end(table);
	warn_of_unknown(call, &unknown);
	return r < 0 ? cli_error(call, &err) : call->status;
}

static const struct cli_option list_options[] = {CLI_INDEX_OPTION, {0}};

const struct cli_verb cli_verb_vol_list = {
	.name = "vol list",
	CLI_POOL_OPERAND,
	.summary = "list the volumes of a pool",
	.with = CLI_WITH_TABLE | CLI_WITH_BYTES | CLI_WITH_SCOPE,
	.options = list_options,
	.columns = cli_vol_columns,
	.run = list,
};

void cli_vol_close(struct cli_vol *vol)
{
	cow_volume_free(vol->volume);
	cow_pool_free(vol->pool);
	cow_pool_store_free(vol->store);
}

/* A path or key in the pool is as good as the name. */
static const char *name_in(const struct cow_pool *pool, const char *name)
{
	size_t length = pool->path ? strlen(pool->path) : 0;

	return length && !strncmp(name, pool->path, length) && name[length] == '/'
		       ? name + length + 1
		       : name;
}

int cli_vol_find(struct cli_call *call, const char *pool, const char *name, struct cli_vol *ret)
{
	struct cow_error err = {0};
	int r;

	if (pool) {
		int status = cli_pool_find(call, pool, &ret->store, &ret->pool);

		if (status)
			return status;
		name = name_in(ret->pool, name);
		r = cow_volume_lookup(ret->store, ret->pool, name, &ret->volume, &err);
	} else {
		r = cow_pool_store_new(cli_scope(call), &ret->store, &err);
		if (r == 0)
			r = cow_volume_lookup_path(ret->store, name, &ret->pool, &ret->volume,
						   &err);
	}
	return r < 0 ? cli_error(call, &err) : 0;
}

int cli_vol_open(struct cli_call *call, struct cli_vol *ret)
{
	return cli_vol_find(call, cli_value(call, "pool"), call->operands[0], ret);
}

void cli_vol_json(struct cli_call *call, const struct cow_volume *volume)
{
	json_t *volumes, *object;

	if (!call->json)
		return;
	volumes = json_array();
	json_object_set_new(call->json, "volumes", volumes);
	if (!volume)
		return;
	object = json_object();
	json_array_append_new(volumes, object);
	cli_json_columns(object, cli_vol_columns, volume);
}

int cli_vol_json_again(struct cli_call *call, struct cli_vol *vol)
{
	struct cow_volume *volume = NULL;
	struct cow_error err = {0};

	if (cow_volume_lookup(vol->store, vol->pool, vol->volume->name, &volume, &err) < 0)
		return cli_error(call, &err);
	cow_volume_free(vol->volume);
	vol->volume = volume;
	cli_vol_json(call, volume);
	return call->status;
}

static const struct cli_option vol_options[] = {CLI_VOL_POOL_OPTION, {0}};

static void json_of(struct cli_call *call, const struct cli_vol *vol)
{
	cli_vol_json(call, vol->volume);
	if (call->json)
		cli_json_path(call->json, "pool", vol->pool->name);
}

static int info(struct cli_call *call)
{
	struct cli_vol vol CLI_VOL_CLEANUP = {0};
	struct unknown unknown = {0};
	int status = cli_vol_open(call, &vol);

	if (status)
		return status;
	cli_show(call, cli_vol_columns, vol.volume);
	json_of(call, &vol);
	judge(call, vol.volume, &unknown);
	warn_of_unknown(call, &unknown);
	return call->status;
}

const struct cli_verb cli_verb_vol_info = {
	.name = "vol info",
	CLI_VOL_OPERAND,
	.summary = "show one volume, and how it stands against the policy of its pool",
	.with = CLI_WITH_JSON | CLI_WITH_BYTES | CLI_WITH_SCOPE,
	.options = vol_options,
	.run = info,
};

static const char *path_of(const struct cli_vol *vol)
{
	return vol->volume->path;
}

static const char *name_of(const struct cli_vol *vol)
{
	return vol->volume->name;
}

static const char *pool_of(const struct cli_vol *vol)
{
	return vol->pool->name;
}

static int write_line(struct cli_call *call, const char *(*get)(const struct cli_vol *))
{
	struct cli_vol vol CLI_VOL_CLEANUP = {0};
	int status = cli_vol_open(call, &vol);

	if (status)
		return status;
	fprintf(call->out, "%s\n", get(&vol));
	json_of(call, &vol);
	return CLI_EXIT_CLEAN;
}

static int path(struct cli_call *call)
{
	return write_line(call, path_of);
}

static int name(struct cli_call *call)
{
	return write_line(call, name_of);
}

static int pool(struct cli_call *call)
{
	return write_line(call, pool_of);
}

const struct cli_verb cli_verb_vol_path = {
	.name = "vol path",
	CLI_VOL_OPERAND,
	.summary = "write the path of a volume, which is its key as well",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = vol_options,
	.run = path,
};

const struct cli_verb cli_verb_vol_key = {
	.name = "vol key",
	CLI_VOL_OPERAND,
	.summary = "write the key of a volume, which is its path",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = vol_options,
	.run = path,
};

const struct cli_verb cli_verb_vol_name = {
	.name = "vol name",
	CLI_VOL_OPERAND,
	.summary = "write the name of a volume, by its path or key",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = vol_options,
	.run = name,
};

const struct cli_verb cli_verb_vol_pool = {
	.name = "vol pool",
	CLI_VOL_OPERAND,
	.summary = "write the name of the pool that has a volume",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = vol_options,
	.run = pool,
};

static int dumpxml(struct cli_call *call)
{
	struct cli_vol vol CLI_VOL_CLEANUP = {0};
	char *xml CLI_CLEANUP(text) = NULL;
	struct cow_error err = {0};
	int status = cli_vol_open(call, &vol);

	if (status)
		return status;
	if (cow_volume_dump_xml(vol.volume, &xml, &err) < 0)
		return cli_error(call, &err);
	fputs(xml, call->out);
	warn_of_problem(call, vol.volume);
	return call->status;
}

const struct cli_verb cli_verb_vol_dumpxml = {
	.name = "vol dumpxml",
	CLI_VOL_OPERAND,
	.summary = "write a volume as XML that virsh vol-create takes",
	.with = CLI_WITH_SCOPE,
	.options = vol_options,
	.run = dumpxml,
};

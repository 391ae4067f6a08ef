/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl pool capabilities, find-sources: what pools can be made of. */
#include "pool.h"
#include "verbs.h"

CLI_DEFINE_CLEANUP(sources, struct cow_pool_parts **, cow_pool_sources_free)

static json_t *formats(const char *type, const char *(*format)(const char *type, size_t i))
{
	json_t *array = json_array();

	for (size_t i = 0; format(type, i); i++)
		json_array_append_new(array, json_string(format(type, i)));
	return array;
}

static json_t *types(void)
{
	json_t *array = json_array();
	const char *type;

	for (size_t i = 0; (type = cow_pool_type_name(i)); i++) {
		json_t *object = json_object();

		json_object_set_new(object, "type", json_string(type));
		json_object_set_new(object, "supported",
				    json_boolean(cow_pool_type_is_supported(type)));
		json_object_set_new(object, "source_formats",
				    formats(type, cow_pool_source_format_name));
		json_object_set_new(object, "volume_formats",
				    formats(type, cow_pool_volume_format_name));
		json_array_append_new(array, object);
	}
	return array;
}

static int capabilities(struct cli_call *call)
{
	char *xml CLI_CLEANUP(text) = NULL;
	struct cow_error err = {0};

	if (cow_pool_dump_capabilities(&xml, &err) < 0)
		return cli_error(call, &err);
	fputs(xml, call->out);
	if (call->json)
		json_object_set_new(call->json, "types", types());
	return CLI_EXIT_CLEAN;
}

const struct cli_verb cli_verb_pool_capabilities = {
	.name = "pool capabilities",
	.operands = "",
	.summary = "write which types and formats there are, as XML of libvirt",
	.with = CLI_WITH_JSON,
	.run = capabilities,
};

static json_t *sources_json(struct cow_pool_parts *const *sources)
{
	json_t *array = json_array();

	for (; *sources; sources++) {
		json_t *object = json_object();

		json_object_set_new(object, "host", cli_json_text((*sources)->source_host));
		cli_json_path(object, "path", (*sources)->source_directory);
		json_object_set_new(object, "format", json_string((*sources)->source_format));
		json_array_append_new(array, object);
	}
	return array;
}

static int find_sources(struct cli_call *call)
{
	struct cow_pool_parts **sources CLI_CLEANUP(sources) = NULL;
	const char *const *hosts = (const char *const *)call->operands + 1;
	char *xml CLI_CLEANUP(text) = NULL;
	struct cow_error err = {0}, asked = {0};
	size_t failed = 0;

	if (cow_pool_find_sources(call->operands[0], hosts, &sources, &failed, &asked) < 0)
		return cli_error(call, &asked);
	if (cow_pool_dump_sources(sources, &xml, &err) < 0)
		return cli_error(call, &err);
	if (call->json)
		json_object_set_new(call->json, "sources", sources_json(sources));
	if (!failed || *sources)
		fputs(xml, call->out);
	if (!failed)
		return CLI_EXIT_CLEAN;
	cli_error(call, &asked);
	if (failed > 1)
		cli_warn(call, "%zu hosts could not be asked", failed);
	return cli_status(call, CLI_EXIT_FAILED);
}

const struct cli_verb cli_verb_pool_find_sources = {
	.name = "pool find-sources",
	.operands = "TYPE [HOST...]",
	.operands_min = 1,
	.operands_max = -1,
	.summary = "ask hosts what they have that a pool could mount, as XML of libvirt",
	.with = CLI_WITH_JSON,
	.run = find_sources,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl pool capabilities: what pools can be made of. */
#include "pool.h"
#include "verbs.h"

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

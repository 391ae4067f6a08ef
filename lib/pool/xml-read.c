/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt storage-pool XML in. */
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "pool/definition.h"
#include "pool/xml.h"

static int read_policy(const xmlNode *root, enum cow_policy *ret, struct cow_error *err)
{
	BASE_CLEANUP(free) char *state = NULL;
	xmlNode *features = NULL, *cow = NULL;
	int r = pool_xml_find(root, "features", &features, err);

	if (r == 0)
		r = pool_xml_find(features, "cow", &cow, err);
	if (r < 0)
		return r;
	*ret = COW_POLICY_AUTO;
	if (!cow)
		return 0;
	state = pool_xml_take(xmlGetNoNsProp(cow, pool_xml_text("state")));
	if (!base_equal(state, "yes") && !base_equal(state, "no"))
		return pool_xml_refuse(cow, err, "<cow state=%s> is neither 'yes' nor 'no'",
				       BASE_QUOTE(state));
	*ret = state[0] == 'y' ? COW_POLICY_ON : COW_POLICY_OFF;
	return 0;
}

/* Of a stored one that has none it is the same each time: it is looked up by it. */
static int read_uuid(xmlNode *root, bool stored, struct pool_definition *definition,
		     struct cow_error *err)
{
	BASE_CLEANUP(free) char *text = NULL;
	char uuid[POOL_UUID_SIZE];
	xmlNode *node;
	int r = pool_xml_find_text(root, "uuid", &text, err);
	bool given = text && *text;

	if (r < 0)
		return r;
	if (given && pool_uuid_parse(text, uuid) < 0)
		return pool_xml_refuse(pool_xml_child(root, "uuid"), err, "%s is no uuid",
				       BASE_QUOTE(text));
	if (!given && stored)
		pool_uuid_of_name(definition->name, uuid);
	else if (!given)
		r = pool_uuid_make(uuid, err);
	if (r < 0)
		return r;
	node = pool_xml_child(root, "uuid");
	if (node)
		xmlNodeSetContent(node, pool_xml_text(uuid));
	else
		node = pool_xml_add(root, pool_xml_child(root, "name"), "uuid", uuid);
	definition->uuid = strdup(uuid);
	return node && definition->uuid ? 0 : base_fail(err, ENOMEM, "read a pool definition");
}

static int read_path(const xmlNode *root, struct pool_definition *definition, struct cow_error *err)
{
	BASE_CLEANUP(free) char *text = NULL;
	xmlNode *target = NULL;
	int r = pool_xml_find(root, "target", &target, err);

	if (r == 0)
		r = pool_xml_find_text(target, "path", &text, err);
	if (r == 0)
		r = pool_xml_read_permissions(target, &definition->pool.mode,
					      &definition->pool.owner, &definition->pool.group,
					      &definition->label, err);
	if (r < 0 || !text)
		return r;
	definition->path = pool_path_clean(text);
	return definition->path ? 0 : base_fail(err, ENOMEM, "read a pool definition");
}

/* Sizes are how things stood when it was dumped, no part of the definition. */
static void drop_sizes(xmlNode *root)
{
	static const char *const names[] = {"capacity", "allocation", "available"};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(names); i++)
		for (xmlNode *node; (node = pool_xml_child(root, names[i]));) {
			xmlUnlinkNode(node);
			xmlFreeNode(node);
		}
}

static int read_root(xmlNode *root, bool stored, struct pool_definition *definition,
		     struct cow_error *err)
{
	int r;

	if (!root || root->ns || !xmlStrEqual(root->name, pool_xml_text("pool")))
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "the definition's root element is not <pool>");
	definition->type = pool_xml_take(xmlGetNoNsProp(root, pool_xml_text("type")));
	if (!definition->type)
		return pool_xml_refuse(root, err, "<pool> has no type");
	r = pool_xml_find_text(root, "name", &definition->name, err);
	if (r == 0 && !definition->name)
		r = pool_xml_refuse(root, err, "<pool> has no <name>");
	if (r == 0)
		r = read_uuid(root, stored, definition, err);
	if (r == 0)
		r = read_path(root, definition, err);
	if (r == 0)
		r = pool_xml_read_source(root, definition, err);
	if (r == 0)
		r = read_policy(root, &definition->pool.policy, err);
	drop_sizes(root);
	return r;
}

/* Have the definition within it for the root element, if there is one. */
static void unwrap_state(xmlDoc *doc)
{
	xmlNode *state = xmlDocGetRootElement(doc), *pool = NULL;

	if (state && !state->ns && xmlStrEqual(state->name, pool_xml_text("poolstate")))
		pool = pool_xml_child(state, "pool");
	if (pool)
		xmlFreeNode(xmlDocSetRootElement(doc, pool));
}

static int read_document(const char *xml, size_t size, bool stored, struct pool_definition **ret,
			 struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *definition = NULL;
	int r;

	definition = calloc(1, sizeof(*definition));
	if (!definition)
		return base_fail(err, ENOMEM, "read a pool definition");
	r = pool_xml_parse(xml, size, &definition->doc, err);
	if (r == 0 && stored)
		unwrap_state(definition->doc);
	if (r == 0)
		r = read_root(xmlDocGetRootElement(definition->doc), stored, definition, err);
	if (r < 0)
		return r;
	definition->pool.name = definition->name;
	definition->pool.uuid = definition->uuid;
	definition->pool.type = definition->type;
	definition->pool.path = definition->path;
	definition->pool.label = definition->label;
	definition->pool.mount_source = definition->mount_source;
	definition->pool.mount_type = definition->mount_type;
	definition->pool.mount_options = definition->mount_options;
	*ret = base_take(definition);
	return 0;
}

int pool_xml_read(const char *xml, size_t size, struct pool_definition **ret, struct cow_error *err)
{
	return read_document(xml, size, false, ret, err);
}

int pool_xml_read_stored(const char *xml, size_t size, struct pool_definition **ret,
			 struct cow_error *err)
{
	return read_document(xml, size, true, ret, err);
}

COW_EXPORT int cow_pool_new_xml(const char *xml, size_t size, struct cow_pool **ret,
				struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *definition = NULL;
	int r = pool_xml_read(xml, size, &definition, err);

	if (r < 0)
		return r;
	definition->has_lines = true;
	r = pool_definition_check(definition, err);
	if (r < 0)
		return r;
	*ret = &base_take(definition)->pool;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt storage-pool XML out, indented as libvirt does it. */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "pool/definition.h"
#include "pool/xml.h"

DEFINE_CLEANUP(doc, xmlDoc *, xmlFreeDoc, NULL)

static xmlNode *add_size(xmlNode *root, xmlNode *before, const char *name, uint64_t bytes)
{
	char text[24];
	xmlNode *node;

	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	node = before ? pool_xml_add(root, before, name, text) : NULL;
	if (node && !xmlNewProp(node, pool_xml_text("unit"), pool_xml_text("bytes")))
		return NULL;
	return node;
}

int pool_xml_dump(const struct pool_definition *definition, char **ret, struct cow_error *err)
{
	return pool_xml_print(xmlDocGetRootElement(definition->doc), ret, err);
}

COW_EXPORT int cow_pool_dump_xml(const struct cow_pool *pool, char **ret_xml, struct cow_error *err)
{
	const struct pool_definition *definition = (const struct pool_definition *)pool;
	BASE_CLEANUP(doc) xmlDoc *doc = NULL;
	xmlNode *root, *node;

	if (pool->measured != COW_ANSWER_YES)
		return pool_xml_dump(definition, ret_xml, err);
	doc = xmlCopyDoc(definition->doc, 1);
	if (!doc)
		return base_fail(err, ENOMEM, "write a pool definition");
	root = xmlDocGetRootElement(doc);
	node = add_size(root, pool_xml_child(root, "uuid"), "capacity", pool->capacity);
	node = add_size(root, node, "allocation", pool->allocation);
	node = add_size(root, node, "available", pool->available);
	return node ? pool_xml_print(root, ret_xml, err)
		    : base_fail(err, ENOMEM, "write a pool definition");
}

static xmlNode *make_root(xmlDoc *doc, const char *name, const char *path, enum cow_policy policy)
{
	xmlNode *root = xmlNewDocNode(doc, NULL, pool_xml_text("pool"), NULL), *node;

	if (!root)
		return NULL;
	xmlDocSetRootElement(doc, root);
	if (!xmlNewProp(root, pool_xml_text("type"), pool_xml_text("dir")) ||
	    !pool_xml_add(root, NULL, "name", name))
		return NULL;
	if (policy == COW_POLICY_OFF || policy == COW_POLICY_ON) {
		node = pool_xml_add(root, NULL, "features", NULL);
		node = node ? pool_xml_add(node, NULL, "cow", NULL) : NULL;
		if (!node || !xmlNewProp(node, pool_xml_text("state"),
					 pool_xml_text(policy == COW_POLICY_ON ? "yes" : "no")))
			return NULL;
	}
	node = pool_xml_add(root, NULL, "target", NULL);
	return node && pool_xml_add(node, NULL, "path", path) ? root : NULL;
}

COW_EXPORT int cow_pool_new(const char *name, const char *path, enum cow_policy policy,
			    struct cow_pool **ret, struct cow_error *err)
{
	BASE_CLEANUP(doc) xmlDoc *doc = xmlNewDoc(pool_xml_text("1.0"));
	BASE_CLEANUP(free) char *xml = NULL;
	xmlNode *root;
	int r = pool_xml_check_text("pool name", name, err);

	if (r == 0)
		r = pool_xml_check_text("target path", path, err);
	if (r < 0)
		return r;
	root = doc ? make_root(doc, name, path, policy) : NULL;
	if (!root)
		return base_fail(err, ENOMEM, "make a pool definition");
	r = pool_xml_print(root, &xml, err);
	return r < 0 ? r : cow_pool_new_xml(xml, strlen(xml), ret, err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt storage-pool XML out, indented as libvirt does it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
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
	BASE_CLEANUP(free) char *xml = NULL;
	int r = pool_xml_print(xmlDocGetRootElement(definition->doc), &xml, err);

	if (r < 0)
		return r;
	/* Indented it may be longer than what came in, and it has to be read again. */
	if (strlen(xml) > BASE_TEXT_MAX)
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "the definition of pool %s is longer than 1 MiB when it is "
				   "written",
				   BASE_QUOTE(definition->name));
	*ret = base_take(xml);
	return 0;
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

int pool_xml_set_policy(xmlNode *root, enum cow_policy policy, struct cow_error *err)
{
	xmlNode *features = pool_xml_child(root, "features");
	xmlNode *old = pool_xml_child(features, "cow");

	xmlUnlinkNode(old);
	xmlFreeNode(old);
	if (policy != COW_POLICY_OFF && policy != COW_POLICY_ON)
		return 0;
	if (!features)
		features = pool_xml_add(root, NULL, "features", NULL);
	if (!pool_xml_add_with(features, "cow", "state", policy == COW_POLICY_ON ? "yes" : "no"))
		return base_fail(err, ENOMEM, "write a pool definition");
	return 0;
}

bool pool_xml_add_source(xmlNode *parent, const struct cow_pool_parts *parts)
{
	const struct {
		const char *name, *attribute, *value;
	} elements[] = {
		{"host", "name", parts->source_host},
		{"dir", "path", parts->source_directory},
		{"device", "path", parts->source_device},
		{"format", "type", parts->source_format},
		{"protocol", "ver", parts->source_version},
	};
	xmlNode *source = NULL;

	for (size_t i = 0; i < BASE_ARRAY_SIZE(elements); i++) {
		if (!elements[i].value)
			continue;
		if (!source)
			source = pool_xml_add(parent, NULL, "source", NULL);
		if (!pool_xml_add_with(source, elements[i].name, elements[i].attribute,
				       elements[i].value))
			return false;
	}
	return true;
}

static xmlNode *make_root(xmlDoc **doc, const struct cow_pool_parts *parts)
{
	xmlNode *root = pool_xml_new("pool", doc), *node;

	if (!root)
		return NULL;
	if (!xmlNewProp(root, pool_xml_text("type"),
			pool_xml_text(parts->type ? parts->type : "dir")) ||
	    !pool_xml_add(root, NULL, "name", parts->name))
		return NULL;
	if (pool_xml_set_policy(root, parts->policy, NULL) < 0 || !pool_xml_add_source(root, parts))
		return NULL;
	node = pool_xml_add(root, NULL, "target", NULL);
	return node && pool_xml_add(node, NULL, "path", parts->path) ? root : NULL;
}

/* Whatever comes from outside must be a text that XML can hold. */
static int check_texts(const struct cow_pool_parts *parts, struct cow_error *err)
{
	const struct {
		const char *what, *text;
	} texts[] = {
		{"pool name", parts->name},
		{"target path", parts->path},
		{"pool type", parts->type},
		{"source device", parts->source_device},
		{"source host", parts->source_host},
		{"source directory", parts->source_directory},
		{"source format", parts->source_format},
		{"version of a protocol", parts->source_version},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < BASE_ARRAY_SIZE(texts); i++)
		if (texts[i].text)
			r = pool_xml_check_text(texts[i].what, texts[i].text, err);
	return r;
}

COW_EXPORT int cow_pool_new(const struct cow_pool_parts *parts, struct cow_pool **ret,
			    struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *definition = NULL;
	BASE_CLEANUP(doc) xmlDoc *doc = NULL;
	BASE_CLEANUP(free) char *xml = NULL;
	xmlNode *root;
	int r = check_texts(parts, err);

	if (r < 0)
		return r;
	root = make_root(&doc, parts);
	if (!root)
		return base_fail(err, ENOMEM, "make a pool definition");
	r = pool_xml_print(root, &xml, err);
	if (r == 0)
		r = pool_xml_read(xml, strlen(xml), &definition, err);
	if (r == 0)
		r = pool_definition_check(definition, err);
	if (r == 0)
		*ret = &base_take(definition)->pool;
	return r;
}

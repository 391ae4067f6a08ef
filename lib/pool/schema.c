/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A definition held against all that has a meaning: what reading it passes over may be a slip of
 * the pen. Values are checked by reading, and whether the parts go together afterwards. */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "pool/definition.h"
#include "pool/xml.h"

DEFINE_CLEANUP(doc, xmlDoc *, xmlFreeDoc, NULL)

static const struct pool_xml_known elements[] = {
	{"/pool", "type"},
	{"/pool/name", ""},
	{"/pool/uuid", ""},
	{"/pool/capacity", "unit"},
	{"/pool/allocation", "unit"},
	{"/pool/available", "unit"},
	{"/pool/features", ""},
	{"/pool/features/cow", "state"},
	{"/pool/source", ""},
	{"/pool/source/device", "path", "fs"},
	{"/pool/source/host", "name port", "netfs"},
	{"/pool/source/dir", "path", "netfs"},
	{"/pool/source/format", "type", "fs netfs"},
	{"/pool/source/protocol", "ver", "netfs"},
	{"/pool/source/vendor", "name"},
	{"/pool/source/product", "name"},
	{"/pool/target", ""},
	{"/pool/target/path", ""},
	{"/pool/target/permissions", ""},
	{"/pool/target/permissions/mode", ""},
	{"/pool/target/permissions/owner", ""},
	{"/pool/target/permissions/group", ""},
	{"/pool/target/permissions/label", ""},
	{0},
};

/* Is the word one of those, which have a blank between them? */
static bool is_among(const char *word, const char *words)
{
	size_t length = strlen(word);

	for (; *words; words += strcspn(words, " "), words += *words == ' ')
		if (strcspn(words, " ") == length && !strncmp(words, word, length))
			return true;
	return false;
}

static int check_attributes(const xmlNode *node, const char *attributes, struct cow_error *err)
{
	for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
		if (!attribute->ns && !is_among((const char *)attribute->name, attributes))
			return pool_xml_refuse(node, err, "<%s> has no attribute %s",
					       (const char *)node->name,
					       BASE_QUOTE((const char *)attribute->name));
	return 0;
}

static bool is_of_type(const xmlNode *node, const char *types)
{
	BASE_CLEANUP(free)
	char *type = pool_xml_take(
		xmlGetNoNsProp(xmlDocGetRootElement(node->doc), pool_xml_text("type")));

	return !types || (type && is_among(type, types));
}

static int check_element(const xmlNode *node, const char *above, const struct pool_xml_known *known,
			 struct cow_error *err)
{
	BASE_CLEANUP(free) char *path = base_format("%s/%s", above, (const char *)node->name);
	const struct pool_xml_known *found = known;
	int r;

	if (!path)
		return base_fail(err, ENOMEM, "validate a definition");
	while (found->path && !base_equal(found->path, path))
		found++;
	if (!found->path || !is_of_type(node, found->types))
		return pool_xml_refuse(node, err, "there is no element %s in %s",
				       BASE_QUOTE((const char *)node->name), *above ? above : "/");
	r = check_attributes(node, found->attributes, err);
	for (const xmlNode *child = node->children; r == 0 && child; child = child->next)
		if (child->type == XML_ELEMENT_NODE && !child->ns)
			r = check_element(child, path, known, err);
	return r;
}

int pool_xml_validate(const char *xml, size_t size, const struct pool_xml_known *known,
		      struct cow_error *err)
{
	BASE_CLEANUP(doc) xmlDoc *doc = NULL;
	int r = pool_xml_parse(xml, size, &doc, err);

	return r < 0 ? r : check_element(xmlDocGetRootElement(doc), "", known, err);
}

COW_EXPORT int cow_pool_validate_xml(const char *xml, size_t size, struct cow_error *err)
{
	return pool_xml_validate(xml, size, elements, err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt storage-pool XML in. What comes in may be hostile: nothing is fetched, a document
 * type declaration (and with it every entity) ends the reading, depth is libxml2's own limit. */
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "base/error.h"
#include "base/text.h"
#include "pool/definition.h"
#include "pool/xml.h"

DEFINE_CLEANUP(context, xmlParserCtxt *, xmlFreeParserCtxt, NULL)

/* Stops at "<!DOCTYPE", before a single entity is declared. */
static void refuse_doctype(void *context, const xmlChar *name, const xmlChar *external,
			   const xmlChar *system)
{
	xmlParserCtxt *parser = context;

	(void)name, (void)external, (void)system;
	parser->_private = parser;
	xmlStopParser(parser);
}

static int fail_to_parse(xmlParserCtxt *parser, struct cow_error *err)
{
	const xmlError *error = xmlCtxtGetLastError(parser);
	char text[160];

	if (parser->_private)
		return base_fail(
			err, EINVAL,
			"the definition has a document type declaration, which is not taken");
	base_copy(text, sizeof(text), error && error->message ? error->message : "not XML");
	text[strcspn(text, "\r\n")] = '\0';
	return base_refuse(err, EINVAL, COW_CODE_USAGE, "the definition is not XML, line %d: %s",
			   error ? error->line : 0, BASE_QUOTE(text));
}

static bool has_words(const xmlNode *parent)
{
	for (const xmlNode *node = parent->children; node; node = node->next)
		if (node->type == XML_TEXT_NODE && !xmlIsBlankNode(node))
			return true;
	return false;
}

/* Drop the blanks between elements, so that writing indents anew and gives the same every time.
 * Where there is text between elements as well, all of it stays: libxml2 doesn't indent there. Its
 * own way of leaving blanks out guesses, and doesn't come to the same twice. */
static void drop_blanks(xmlNode *parent)
{
	bool keep = !xmlFirstElementChild(parent) || has_words(parent);

	for (xmlNode *node = parent->children, *next; node; node = next) {
		next = node->next;
		if (node->type == XML_ELEMENT_NODE) {
			drop_blanks(node);
		} else if (!keep && node->type == XML_TEXT_NODE) {
			xmlUnlinkNode(node);
			xmlFreeNode(node);
		}
	}
}

static int parse(const char *xml, size_t size, xmlDoc **ret, struct cow_error *err)
{
	BASE_CLEANUP(context) xmlParserCtxt *parser = xmlNewParserCtxt();
	xmlDoc *doc;

	if (!parser)
		return base_fail(err, ENOMEM, "read a pool definition");
	if (size > POOL_XML_MAX)
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "the definition is longer than 1 MiB");
	parser->sax->internalSubset = refuse_doctype;
	doc = xmlCtxtReadMemory(parser, xml, (int)size, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOERROR |
					XML_PARSE_NOWARNING);
	if (!doc || parser->_private) {
		xmlFreeDoc(doc);
		return fail_to_parse(parser, err);
	}
	if (xmlDocGetRootElement(doc))
		drop_blanks(xmlDocGetRootElement(doc));
	/* It is UTF-8 in memory and when it is written. Without being told so, libxml2 writes other
	 * than ASCII as references in attributes; with the encoding it came in, not in all of them.
	 */
	xmlFree((xmlChar *)(uintptr_t)doc->encoding);
	doc->encoding = xmlStrdup(pool_xml_text("UTF-8"));
	*ret = doc;
	return 0;
}

/* The only child of that name, or NULL. Two would mean one thing to us and another to libvirt. */
static int find(const xmlNode *parent, const char *name, xmlNode **ret, struct cow_error *err)
{
	xmlNode *found = pool_xml_child(parent, name);

	for (const xmlNode *node = found ? found->next : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !node->ns &&
		    xmlStrEqual(node->name, pool_xml_text(name)))
			return base_refuse(err, EINVAL, COW_CODE_USAGE,
					   "the definition has <%s> twice in <%s>", name,
					   (const char *)parent->name);
	*ret = found;
	return 0;
}

/* Out of libxml2's allocator into ours; NULL stays NULL. */
static char *take_text(xmlChar *text)
{
	char *copy = text ? strdup((const char *)text) : NULL;

	xmlFree(text);
	return copy;
}

/* *ret becomes NULL where there is no such child. */
static int find_text(const xmlNode *parent, const char *name, char **ret, struct cow_error *err)
{
	xmlNode *node = NULL;
	int r = find(parent, name, &node, err);

	*ret = NULL;
	if (r < 0 || !node)
		return r;
	*ret = take_text(xmlNodeGetContent(node));
	return *ret ? 0 : base_fail(err, ENOMEM, "read a pool definition");
}

static int read_number(const xmlNode *parent, const char *name, int base, int64_t max, int64_t *ret,
		       struct cow_error *err)
{
	BASE_CLEANUP(free) char *text = NULL;
	long long value;
	char *end;
	int r = find_text(parent, name, &text, err);

	*ret = -1;
	if (r < 0 || !text)
		return r;
	errno = 0;
	value = strtoll(text, &end, base);
	if (errno || end == text || *end || value < -1 || value > max)
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "%s is no <%s>", BASE_QUOTE(text),
				   name);
	*ret = value;
	return 0;
}

static int read_permissions(const xmlNode *target, struct cow_pool *pool, struct cow_error *err)
{
	xmlNode *node = NULL;
	int r = find(target, "permissions", &node, err);

	if (r == 0)
		r = read_number(node, "mode", 8, 07777, &pool->mode, err);
	if (r == 0)
		r = read_number(node, "owner", 10, UINT32_MAX - 1, &pool->owner, err);
	if (r == 0)
		r = read_number(node, "group", 10, UINT32_MAX - 1, &pool->group, err);
	return r;
}

static int read_policy(const xmlNode *root, enum cow_policy *ret, struct cow_error *err)
{
	BASE_CLEANUP(free) char *state = NULL;
	xmlNode *features = NULL, *cow = NULL;
	int r = find(root, "features", &features, err);

	if (r == 0)
		r = find(features, "cow", &cow, err);
	if (r < 0)
		return r;
	*ret = COW_POLICY_AUTO;
	if (!cow)
		return 0;
	state = take_text(xmlGetNoNsProp(cow, pool_xml_text("state")));
	if (!base_equal(state, "yes") && !base_equal(state, "no"))
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "<cow state=%s> is neither 'yes' nor 'no'", BASE_QUOTE(state));
	*ret = state[0] == 'y' ? COW_POLICY_ON : COW_POLICY_OFF;
	return 0;
}

static int read_uuid(xmlNode *root, struct pool_definition *definition, struct cow_error *err)
{
	BASE_CLEANUP(free) char *text = NULL;
	char uuid[POOL_UUID_SIZE];
	xmlNode *node;
	int r = find_text(root, "uuid", &text, err);

	if (r < 0)
		return r;
	if (text && pool_uuid_parse(text, uuid) < 0)
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "%s is no uuid", BASE_QUOTE(text));
	if (!text)
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
	int r = find(root, "target", &target, err);

	if (r == 0)
		r = find_text(target, "path", &text, err);
	if (r == 0)
		r = read_permissions(target, &definition->pool, err);
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

static int read_root(xmlNode *root, struct pool_definition *definition, struct cow_error *err)
{
	int r;

	if (!root || root->ns || !xmlStrEqual(root->name, pool_xml_text("pool")))
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "the definition's root element is not <pool>");
	definition->type = take_text(xmlGetNoNsProp(root, pool_xml_text("type")));
	if (!definition->type)
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "the definition has no pool type");
	r = find_text(root, "name", &definition->name, err);
	if (r == 0 && !definition->name)
		r = base_refuse(err, EINVAL, COW_CODE_USAGE, "the definition has no <name>");
	if (r == 0)
		r = read_uuid(root, definition, err);
	if (r == 0)
		r = read_path(root, definition, err);
	if (r == 0)
		r = read_policy(root, &definition->pool.policy, err);
	drop_sizes(root);
	return r;
}

int pool_xml_read(const char *xml, size_t size, struct pool_definition **ret, struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *definition = NULL;
	int r;

	definition = calloc(1, sizeof(*definition));
	if (!definition)
		return base_fail(err, ENOMEM, "read a pool definition");
	r = parse(xml, size, &definition->doc, err);
	if (r == 0)
		r = read_root(xmlDocGetRootElement(definition->doc), definition, err);
	if (r < 0)
		return r;
	definition->pool.name = definition->name;
	definition->pool.uuid = definition->uuid;
	definition->pool.type = definition->type;
	definition->pool.path = definition->path;
	*ret = base_take(definition);
	return 0;
}

COW_EXPORT int cow_pool_new_xml(const char *xml, size_t size, struct cow_pool **ret,
				struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *definition = NULL;
	int r = pool_xml_read(xml, size, &definition, err);

	if (r == 0)
		r = pool_definition_check(definition, err);
	if (r < 0)
		return r;
	*ret = &base_take(definition)->pool;
	return 0;
}

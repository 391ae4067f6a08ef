/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reading and writing XML of libvirt's have in common. What comes in may be hostile: nothing
 * is fetched, a document type declaration (and with it every entity) ends the reading, depth is
 * libxml2's own limit. */
#include <stdarg.h>
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
DEFINE_CLEANUP(buffer, xmlBuffer *, xmlBufferFree, NULL)

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

int pool_xml_parse(const char *xml, size_t size, xmlDoc **ret, struct cow_error *err)
{
	BASE_CLEANUP(context) xmlParserCtxt *parser = xmlNewParserCtxt();
	xmlDoc *doc;

	if (!parser)
		return base_fail(err, ENOMEM, "read XML");
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

int pool_xml_refuse(const xmlNode *node, struct cow_error *err, const char *format, ...)
{
	char text[sizeof(err->message)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return base_refuse(err, EINVAL, COW_CODE_USAGE, "line %ld of the definition: %s",
			   xmlGetLineNo(node), text);
}

/* Two would mean one thing to us and another to libvirt. */
int pool_xml_find(const xmlNode *parent, const char *name, xmlNode **ret, struct cow_error *err)
{
	xmlNode *found = pool_xml_child(parent, name);

	for (const xmlNode *node = found ? found->next : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !node->ns &&
		    xmlStrEqual(node->name, pool_xml_text(name)))
			return pool_xml_refuse(node, err, "<%s> is there twice in <%s>", name,
					       (const char *)parent->name);
	*ret = found;
	return 0;
}

char *pool_xml_take(xmlChar *text)
{
	char *copy = text ? strdup((const char *)text) : NULL;

	xmlFree(text);
	return copy;
}

int pool_xml_find_text(const xmlNode *parent, const char *name, char **ret, struct cow_error *err)
{
	xmlNode *node = NULL;
	int r = pool_xml_find(parent, name, &node, err);

	*ret = NULL;
	if (r < 0 || !node)
		return r;
	*ret = pool_xml_take(xmlNodeGetContent(node));
	return *ret ? 0 : base_fail(err, ENOMEM, "read XML");
}

xmlNode *pool_xml_child(const xmlNode *parent, const char *name)
{
	xmlNode *node = parent ? parent->children : NULL;

	for (; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !node->ns &&
		    xmlStrEqual(node->name, pool_xml_text(name)))
			break;
	return node;
}

xmlNode *pool_xml_add(xmlNode *parent, xmlNode *sibling, const char *name, const char *text)
{
	xmlNode *node = xmlNewDocRawNode(parent->doc, NULL, pool_xml_text(name),
					 text ? pool_xml_text(text) : NULL);

	if (!node)
		return NULL;
	return sibling ? xmlAddNextSibling(sibling, node) : xmlAddChild(parent, node);
}

xmlNode *pool_xml_add_with(xmlNode *parent, const char *name, const char *attribute,
			   const char *value)
{
	xmlNode *node = parent ? pool_xml_add(parent, NULL, name, NULL) : NULL;

	return node && xmlNewProp(node, pool_xml_text(attribute), pool_xml_text(value)) ? node
											: NULL;
}

xmlNode *pool_xml_new(const char *name, xmlDoc **ret_doc)
{
	xmlDoc *doc = *ret_doc = xmlNewDoc(pool_xml_text("1.0"));
	xmlNode *root = doc ? xmlNewDocNode(doc, NULL, pool_xml_text(name), NULL) : NULL;

	if (root)
		xmlDocSetRootElement(doc, root);
	return root;
}

int pool_xml_print(xmlNode *root, char **ret, struct cow_error *err)
{
	BASE_CLEANUP(buffer) xmlBuffer *buffer = xmlBufferCreate();
	char *text = NULL;

	if (buffer && xmlNodeDump(buffer, root->doc, root, 0, 1) >= 0)
		text = base_format("%s\n", (const char *)xmlBufferContent(buffer));
	if (!text)
		return base_fail(err, ENOMEM, "write XML");
	*ret = text;
	return 0;
}

int pool_xml_check_text(const char *what, const char *text, struct cow_error *err)
{
	bool fits = cow_text_is_utf8(text);

	for (const char *p = text; fits && *p; p++)
		fits = (unsigned char)*p >= 0x20 || strchr("\t\n\r", *p);
	/* U+FFFE and U+FFFF */
	if (!fits || strstr(text, "\xef\xbf\xbe") || strstr(text, "\xef\xbf\xbf"))
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "%s %s can't be written as XML",
				   what, BASE_QUOTE(text));
	return 0;
}

static int read_number(const xmlNode *parent, const char *name, int base, int64_t max, int64_t *ret,
		       struct cow_error *err)
{
	BASE_CLEANUP(free) char *text = NULL;
	long long value;
	char *end;
	int r = pool_xml_find_text(parent, name, &text, err);

	*ret = -1;
	/* An empty one is none, as in libvirt. */
	if (r < 0 || !text || !*text)
		return r;
	errno = 0;
	value = strtoll(text, &end, base);
	if (errno || end == text || *end || value < -1 || value > max)
		return pool_xml_refuse(pool_xml_child(parent, name), err, "%s is no <%s>",
				       BASE_QUOTE(text), name);
	*ret = value;
	return 0;
}

int pool_xml_read_permissions(const xmlNode *target, int64_t *ret_mode, int64_t *ret_owner,
			      int64_t *ret_group, char **ret_label, struct cow_error *err)
{
	xmlNode *node = NULL;
	int r = pool_xml_find(target, "permissions", &node, err);

	if (r == 0)
		r = read_number(node, "mode", 8, 07777, ret_mode, err);
	if (r == 0)
		r = read_number(node, "owner", 10, UINT32_MAX - 1, ret_owner, err);
	if (r == 0)
		r = read_number(node, "group", 10, UINT32_MAX - 1, ret_group, err);
	*ret_label = NULL;
	if (r == 0)
		r = pool_xml_find_text(node, "label", ret_label, err);
	if (base_equal(*ret_label, "")) {
		free(*ret_label);
		*ret_label = NULL;
	}
	return r;
}

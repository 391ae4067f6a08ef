/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_XML_H
#define POOL_XML_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include <cow/pool.h>

#include "base/macro.h"

static inline const xmlChar *pool_xml_text(const char *text)
{
	return (const xmlChar *)text;
}

/* Read a document. It keeps no blanks between elements, so that writing it comes to the same every
 * time. */
int pool_xml_parse(const char *xml, size_t size, xmlDoc **ret, struct cow_error *err);

/* Refuse what an element says: the message begins with its line. @return -EINVAL. */
int pool_xml_refuse(const xmlNode *node, struct cow_error *err, const char *format, ...)
	BASE_PRINTF(3, 4);

/* An element that has a meaning, by its path, and the attributes it may have, with blanks between.
 */
struct pool_xml_known {
	const char *path, *attributes;
	const char *types; /* of the root element, that have it; NULL: all */
};
/* Refuse what is in none of them, the last of which is empty; what is in a namespace is let pass.
 */
int pool_xml_validate(const char *xml, size_t size, const struct pool_xml_known *known,
		      struct cow_error *err);

/* Out of libxml2's allocator into ours; NULL stays NULL. */
char *pool_xml_take(xmlChar *text);

/* The only child of that name, NULL when there is none; two are an error. */
int pool_xml_find(const xmlNode *parent, const char *name, xmlNode **ret, struct cow_error *err);
/* The text of that child, NULL when there is none. */
int pool_xml_find_text(const xmlNode *parent, const char *name, char **ret, struct cow_error *err);

/* What <permissions> in <target> says, each -1 or NULL where it says nothing. */
int pool_xml_read_permissions(const xmlNode *target, int64_t *ret_mode, int64_t *ret_owner,
			      int64_t *ret_group, char **ret_label, struct cow_error *err);

/* The first child of that name. libvirt's elements are in no namespace; what is in one belongs to
 * somebody else. */
xmlNode *pool_xml_child(const xmlNode *parent, const char *name);

/* A new child, right after `sibling` or as the last one; NULL: out of memory. */
xmlNode *pool_xml_add(xmlNode *parent, xmlNode *sibling, const char *name, const char *text);

/* The same as the last one, with an attribute; NULL: out of memory, or no parent. */
xmlNode *pool_xml_add_with(xmlNode *parent, const char *name, const char *attribute,
			   const char *value);

/* The root element of a new document; NULL: out of memory. */
xmlNode *pool_xml_new(const char *name, xmlDoc **ret_doc);

/* <source> with those parts that belong there, if there are any. @return false: out of memory. */
bool pool_xml_add_source(xmlNode *parent, const struct cow_pool_parts *parts);

/* XML 1.0 has no way to write some characters, not even as a reference. `what` is for the message.
 */
int pool_xml_check_text(const char *what, const char *text, struct cow_error *err);

/* An element and all in it as text, indented as libvirt does it. */
int pool_xml_print(xmlNode *root, char **ret, struct cow_error *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_XML_H
#define POOL_XML_H

#include <libxml/tree.h>

#include <cow/error.h>

/* What reading and writing share. */

static inline const xmlChar *pool_xml_text(const char *text)
{
	return (const xmlChar *)text;
}

/* The first child of that name. libvirt's elements are in no namespace; what is in one belongs to
 * somebody else. */
xmlNode *pool_xml_child(const xmlNode *parent, const char *name);

/* A new child, right after `sibling` or as the last one; NULL: out of memory. */
xmlNode *pool_xml_add(xmlNode *parent, xmlNode *sibling, const char *name, const char *text);

/* XML 1.0 has no way to write some characters, not even as a reference. `what` is for the message.
 */
int pool_xml_check_text(const char *what, const char *text, struct cow_error *err);

/* An element and all in it as text, indented as libvirt does it. */
int pool_xml_print(xmlNode *root, char **ret, struct cow_error *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's XML says of its disks. */
#include <fcntl.h>
#include <libxml/parser.h>

#include "base/text.h"
#include "convert/convert.h"
#include "convert/live-domain.h"

DEFINE_CLEANUP(document, xmlDoc *, xmlFreeDoc, NULL)
DEFINE_CLEANUP(xml_text, xmlChar *, xmlFree, NULL)

static const xmlChar *text_of(const char *text)
{
	return (const xmlChar *)text;
}

static xmlNode *child_of(const xmlNode *node, const char *name)
{
	xmlNode *child = node ? xmlFirstElementChild((xmlNode *)(uintptr_t)node) : NULL;

	while (child && !base_equal((const char *)child->name, name))
		child = xmlNextElementSibling(child);
	return child;
}

static char *attribute_of(const xmlNode *node, const char *name)
{
	BASE_CLEANUP(xml_text) xmlChar *text = node ? xmlGetNoNsProp(node, text_of(name)) : NULL;

	return strdup(text ? (const char *)text : "");
}

static xmlDoc *describe(virDomainPtr domain)
{
	BASE_CLEANUP(free) char *text = libvirt.virDomainGetXMLDesc(domain, 0);

	return text ? xmlReadMemory(text, (int)strlen(text), NULL, NULL,
				    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)
		    : NULL;
}

typedef bool disk_test(const xmlNode *disk, const void *data);

/* The first disk of a domain that passes a test. */
static xmlNode *find_disk(xmlDoc *document, disk_test *test, const void *data)
{
	const xmlNode *devices = child_of(xmlDocGetRootElement(document), "devices");
	xmlNode *disk = child_of(devices, "disk");

	for (; disk; disk = xmlNextElementSibling(disk))
		if (base_equal((const char *)disk->name, "disk") && test(disk, data))
			return disk;
	return NULL;
}

static bool is_on(const xmlNode *disk, const void *image)
{
	BASE_CLEANUP(free) char *file = attribute_of(child_of(disk, "source"), "file");

	return file && file[0] && convert_is_file(AT_FDCWD, file, image);
}

static bool is_target(const xmlNode *disk, const void *target)
{
	BASE_CLEANUP(free) char *name = attribute_of(child_of(disk, "target"), "dev");

	return base_equal(name, target);
}

static int take(const xmlNode *disk, struct convert_disk *ret)
{
	BASE_CLEANUP(free) char *format = attribute_of(child_of(disk, "driver"), "type");
	const xmlNode *source = child_of(disk, "source");

	*ret = (struct convert_disk){
		.path = attribute_of(source, "file"),
		.target = attribute_of(child_of(disk, "target"), "dev"),
		.format = format ? cow_format_from_name(format) : COW_FORMAT_UNKNOWN,
		.shareable = child_of(disk, "shareable"),
		.readonly = child_of(disk, "readonly"),
		.encrypted = child_of(source, "encryption") || child_of(disk, "encryption"),
		.sliced = child_of(source, "slices"),
	};
	if (format && ret->path && ret->target)
		return 1;
	free(ret->path);
	free(ret->target);
	return -ENOMEM;
}

int convert_disk_find(virDomainPtr domain, const struct stat *image, struct convert_disk *ret)
{
	BASE_CLEANUP(document) xmlDoc *document = describe(domain);
	const xmlNode *disk = document ? find_disk(document, is_on, image) : NULL;

	return disk ? take(disk, ret) : 0;
}

char *convert_disk_mirror(virDomainPtr domain, const char *target, bool *defined, bool *ready)
{
	BASE_CLEANUP(document) xmlDoc *document = describe(domain);
	const xmlNode *disk = document ? find_disk(document, is_target, target) : NULL;
	const xmlNode *mirror = child_of(disk, "mirror");
	BASE_CLEANUP(free) char *is_ready = attribute_of(mirror, "ready");

	*defined = mirror;
	*ready = base_equal(is_ready, "yes");
	return document ? attribute_of(child_of(mirror, "source"), "file") : NULL;
}

char *convert_disk_describe(const char *path, enum cow_format format)
{
	BASE_CLEANUP(document) xmlDoc *document = xmlNewDoc(text_of("1.0"));
	BASE_CLEANUP(xml_text) xmlChar *text = NULL;
	xmlNode *disk = xmlNewNode(NULL, text_of("disk"));
	int size;

	if (!document || !disk)
		return NULL;
	xmlDocSetRootElement(document, disk);
	xmlNewProp(disk, text_of("type"), text_of("file"));
	xmlNewProp(xmlNewChild(disk, NULL, text_of("source"), NULL), text_of("file"),
		   text_of(path));
	xmlNewProp(xmlNewChild(disk, NULL, text_of("driver"), NULL), text_of("type"),
		   text_of(cow_format_name(format)));
	xmlDocDumpMemory(document, &text, &size);
	return text ? strdup((const char *)text) : NULL;
}

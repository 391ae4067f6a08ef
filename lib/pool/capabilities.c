/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types of pools, and which formats their sources and volumes have. */
#include <libxml/tree.h>

#include <cow/pool-source.h>

#include "base/error.h"
#include "base/text.h"
#include "image/create.h"
#include "pool/definition.h"
#include "pool/xml.h"

DEFINE_CLEANUP(doc, xmlDoc *, xmlFreeDoc, NULL)

/* All of libvirt's: those of files are ours, the volumes of the others are devices. */
static const struct pool_type {
	const char *name;
	bool supported;
	const char *source_formats[20]; /* none: there is no <format> in its <source> */
} types[] = {
	{"dir", true, {NULL}},
	/* libvirt's, and what mkfs is called for besides */
	{"fs",
	 true,
	 {"auto", "ext2", "ext3", "ext4", "ufs", "iso9660", "udf", "gfs", "gfs2", "vfat", "hfs+",
	  "xfs", "ocfs2", "vmfs", "bcachefs", "btrfs", "f2fs", "nilfs2"}},
	{"netfs", true, {"auto", "nfs", "glusterfs", "cifs"}},
	{"logical", false, {NULL}},
	{"disk", false, {NULL}},
	{"iscsi", false, {NULL}},
	{"iscsi-direct", false, {NULL}},
	{"scsi", false, {NULL}},
	{"mpath", false, {NULL}},
	{"rbd", false, {NULL}},
	{"sheepdog", false, {NULL}},
	{"gluster", false, {NULL}},
	{"zfs", false, {NULL}},
	{"vstorage", false, {NULL}},
};

static const struct pool_type *find(const char *name)
{
	for (size_t i = 0; i < BASE_ARRAY_SIZE(types); i++)
		if (base_equal(types[i].name, name))
			return &types[i];
	return NULL;
}

COW_EXPORT const char *cow_pool_type_name(size_t i)
{
	return i < BASE_ARRAY_SIZE(types) ? types[i].name : NULL;
}

COW_EXPORT bool cow_pool_type_is_supported(const char *name)
{
	const struct pool_type *type = find(name);

	return type && type->supported;
}

COW_EXPORT const char *cow_pool_source_format_name(const char *name, size_t i)
{
	const struct pool_type *type = find(name);

	return type && i < BASE_ARRAY_SIZE(type->source_formats) ? type->source_formats[i] : NULL;
}

/* Those of images, directories, and what is made as a raw image. To libvirt a LUKS image is a raw
 * one with <encryption>. */
COW_EXPORT const char *cow_pool_volume_format_name(const char *type, size_t i)
{
	static const char *const others[] = {"dir", "iso"};
	enum cow_format format;

	if (!cow_pool_type_is_supported(type))
		return NULL;
	for (size_t made = 0; (format = image_format_made(made)); made++)
		if (format != COW_FORMAT_LUKS && i-- == 0)
			return cow_format_name(format);
	return i < BASE_ARRAY_SIZE(others) ? others[i] : NULL;
}

typedef const char *format_function(const char *type, size_t i);

/* <options><defaultFormat type='...'/><enum name='...'>, where there are any. */
static bool add_formats(xmlNode *pool, const char *type, const char *name, const char *list,
			format_function *format)
{
	xmlNode *options, *all;

	if (!format(type, 0))
		return true;
	options = pool_xml_add(pool, NULL, name, NULL);
	if (!options || !pool_xml_add_with(options, "defaultFormat", "type", format(type, 0)))
		return false;
	all = pool_xml_add_with(options, "enum", "name", list);
	for (size_t i = 0; all && format(type, i); i++)
		if (!pool_xml_add(all, NULL, "value", format(type, i)))
			return false;
	return all;
}

static bool add_type(xmlNode *root, const struct pool_type *type)
{
	xmlNode *pool = pool_xml_add_with(root, "pool", "type", type->name);

	return pool &&
	       xmlNewProp(pool, pool_xml_text("supported"),
			  pool_xml_text(type->supported ? "yes" : "no")) &&
	       add_formats(pool, type->name, "poolOptions", "sourceFormatType",
			   cow_pool_source_format_name) &&
	       add_formats(pool, type->name, "volOptions", "targetFormatType",
			   cow_pool_volume_format_name);
}

COW_EXPORT int cow_pool_dump_capabilities(char **ret_xml, struct cow_error *err)
{
	BASE_CLEANUP(doc) xmlDoc *doc = NULL;
	xmlNode *root = pool_xml_new("storagepoolCapabilities", &doc);

	for (size_t i = 0; root && i < BASE_ARRAY_SIZE(types); i++)
		if (!add_type(root, &types[i]))
			root = NULL;
	return root ? pool_xml_print(root, ret_xml, err) : base_fail(err, ENOMEM, "write XML");
}

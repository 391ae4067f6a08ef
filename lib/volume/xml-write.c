/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's volume XML out. */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "pool/xml.h"
#include "volume/volume.h"

DEFINE_CLEANUP(doc, xmlDoc *, xmlFreeDoc, NULL)

/* Whether memory ran out on the way; then what is written is of no use. */
struct writer {
	bool failed;
};

static xmlNode *add(struct writer *writer, xmlNode *parent, const char *name, const char *text)
{
	xmlNode *node = parent ? pool_xml_add(parent, NULL, name, text) : NULL;

	writer->failed |= !node;
	return node;
}

static void set(struct writer *writer, xmlNode *node, const char *name, const char *value)
{
	writer->failed |= !node || !xmlNewProp(node, pool_xml_text(name), pool_xml_text(value));
}

static void add_size(struct writer *writer, xmlNode *parent, const char *name, uint64_t bytes)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	set(writer, add(writer, parent, name, text), "unit", "bytes");
}

static void add_time(struct writer *writer, xmlNode *parent, const char *name, struct cow_time time)
{
	char text[48];

	/* libvirt has no times before 1970 */
	if (time.seconds < 0)
		time = (struct cow_time){0};
	snprintf(text, sizeof(text), "%" PRId64 ".%09" PRIu32, time.seconds, time.nanoseconds);
	add(writer, parent, name, text);
}

static void add_permissions(struct writer *writer, xmlNode *target, const struct cow_volume *volume)
{
	xmlNode *node = add(writer, target, "permissions", NULL);
	char text[16];

	snprintf(text, sizeof(text), "0%o", volume->mode);
	add(writer, node, "mode", text);
	snprintf(text, sizeof(text), "%" PRIu32, volume->owner);
	add(writer, node, "owner", text);
	snprintf(text, sizeof(text), "%" PRIu32, volume->group);
	add(writer, node, "group", text);
	if (volume->label)
		add(writer, node, "label", volume->label);
}

static void add_times(struct writer *writer, xmlNode *target, const struct cow_volume *volume)
{
	xmlNode *node = add(writer, target, "timestamps", NULL);

	add_time(writer, node, "atime", volume->accessed);
	add_time(writer, node, "mtime", volume->modified);
	add_time(writer, node, "ctime", volume->changed);
	if (volume->born.seconds)
		add_time(writer, node, "btime", volume->born);
}

static void add_format(struct writer *writer, xmlNode *parent, const char *name)
{
	set(writer, add(writer, parent, "format", NULL), "type", name);
}

/* What libvirt calls a format of QEMU's: a LUKS image is a raw one that is encrypted. */
static const char *format_name(const struct cow_volume *volume)
{
	if (volume->type == COW_VOLUME_TYPE_DIRECTORY)
		return "dir";
	if (volume->format == COW_FORMAT_LUKS)
		return cow_format_name(COW_FORMAT_RAW);
	return cow_format_name(volume->format);
}

static void add_qcow2(struct writer *writer, xmlNode *target, const struct cow_volume *volume)
{
	xmlNode *features = NULL;

	add(writer, target, "compat", volume->format_version == 2 ? "0.10" : "1.1");
	if (volume->cluster_size)
		add_size(writer, target, "clusterSize", volume->cluster_size);
	if (volume->lazy_refcounts || volume->extended_l2)
		features = add(writer, target, "features", NULL);
	if (volume->lazy_refcounts)
		add(writer, features, "lazy_refcounts", NULL);
	if (volume->extended_l2)
		add(writer, features, "extended_l2", NULL);
}

static void add_target(struct writer *writer, xmlNode *root, const struct cow_volume *volume)
{
	xmlNode *target = add(writer, root, "target", NULL);

	add(writer, target, "path", volume->path);
	add_format(writer, target, format_name(volume));
	if (volume->seen) {
		add_permissions(writer, target, volume);
		add_times(writer, target, volume);
	}
	if (volume->how)
		set(writer, add(writer, target, "encryption", NULL), "format",
		    cow_encrypted_name(volume->how));
	if (volume->format == COW_FORMAT_QCOW2)
		add_qcow2(writer, target, volume);
	if (volume->type == COW_VOLUME_TYPE_FILE &&
	    (volume->nocow == COW_ANSWER_YES || volume->own == COW_POLICY_OFF))
		add(writer, target, "nocow", NULL);
}

static void add_all(struct writer *writer, xmlNode *root, const struct cow_volume *volume)
{
	bool known = volume->capacity_known == COW_ANSWER_YES;

	set(writer, root, "type", cow_volume_type_name(volume->type));
	add(writer, root, "name", volume->name);
	add(writer, root, "key", volume->path);
	/* libvirt says the file's length as well where it can't tell */
	add_size(writer, root, "capacity", known ? volume->capacity : volume->physical);
	add_size(writer, root, "allocation", volume->allocation);
	add_size(writer, root, "physical", volume->physical);
	add_target(writer, root, volume);
	if (volume->backing) {
		xmlNode *backing = add(writer, root, "backingStore", NULL);

		add(writer, backing, "path", volume->backing);
		if (volume->backing_format)
			add_format(writer, backing, cow_format_name(volume->backing_format));
	}
}

static int check_texts(const struct cow_volume *volume, struct cow_error *err)
{
	int r = pool_xml_check_text("volume path", volume->path, err);

	if (r == 0 && volume->backing)
		r = pool_xml_check_text("backing file", volume->backing, err);
	if (r == 0 && volume->label)
		r = pool_xml_check_text("label", volume->label, err);
	/* What is there is nothing that the caller did wrong. */
	if (r < 0 && err)
		err->code = COW_CODE_REFUSED;
	return r;
}

COW_EXPORT int cow_volume_dump_xml(const struct cow_volume *volume, char **ret_xml,
				   struct cow_error *err)
{
	BASE_CLEANUP(doc) xmlDoc *doc = xmlNewDoc(pool_xml_text("1.0"));
	struct writer writer = {0};
	xmlNode *root;
	int r = check_texts(volume, err);

	if (r < 0)
		return r;
	if (volume->type == COW_VOLUME_TYPE_UNKNOWN)
		return base_refuse(err, EIO, COW_CODE_UNKNOWN, "volume %s: %s",
				   BASE_QUOTE(volume->path), volume->problem);
	root = doc ? xmlNewDocNode(doc, NULL, pool_xml_text("volume"), NULL) : NULL;
	if (!root)
		return base_fail(err, ENOMEM, "write XML");
	xmlDocSetRootElement(doc, root);
	doc->encoding = xmlStrdup(pool_xml_text("UTF-8"));
	add_all(&writer, root, volume);
	return writer.failed ? base_fail(err, ENOMEM, "write XML")
			     : pool_xml_print(root, ret_xml, err);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's volume XML in: what a new volume should be. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "pool/xml.h"
#include "volume/volume.h"

DEFINE_CLEANUP(doc, xmlDoc *, xmlFreeDoc, NULL)

/* The public part comes first, so one is the other. */
struct definition {
	struct cow_volume_definition definition;
	/* what the public part points to */
	char *name, *label, *backing, *cipher, *mode, *hash, *ivgen, *ivgen_hash;
};

COW_EXPORT void cow_volume_definition_free(struct cow_volume_definition *public)
{
	struct definition *definition = (struct definition *)public;

	if (!definition)
		return;
	free(definition->name);
	free(definition->label);
	free(definition->backing);
	free(definition->cipher);
	free(definition->mode);
	free(definition->hash);
	free(definition->ivgen);
	free(definition->ivgen_hash);
	free(definition);
}
DEFINE_CLEANUP(definition, struct cow_volume_definition *, cow_volume_definition_free, NULL)

static int parse_size(const char *text, const char *unit, uint64_t *ret)
{
	uint64_t scale = base_size_unit(unit ? unit : "bytes");
	char *end;
	unsigned long long value;

	text += strspn(text, " \t\r\n");
	errno = 0;
	value = strtoull(text, &end, 10);
	end += strspn(end, " \t\r\n");
	if (errno || !isdigit((unsigned char)*text) || *end || !scale ||
	    __builtin_mul_overflow(value, scale, ret) || *ret > INT64_MAX)
		return -EINVAL;
	return 0;
}

/* `absent` where there is no such element. */
static int read_size(const xmlNode *parent, const char *name, uint64_t absent, uint64_t *ret,
		     struct cow_error *err)
{
	BASE_CLEANUP(free) char *text = NULL, *unit = NULL;
	xmlNode *node = NULL;
	int r = pool_xml_find(parent, name, &node, err);

	*ret = absent;
	if (r < 0 || !node)
		return r;
	text = pool_xml_take(xmlNodeGetContent(node));
	unit = pool_xml_take(xmlGetNoNsProp(node, pool_xml_text("unit")));
	if (!text || parse_size(text, unit, ret) < 0)
		return pool_xml_refuse(node, err, "<%s> %s%s%s is no size", name, BASE_QUOTE(text),
				       unit ? " " : "", unit ? unit : "");
	return 0;
}

/* One of 0 is meant, one that is not there is not. */
static int read_capacity(const xmlNode *root, struct cow_volume_create_options *options,
			 struct cow_error *err)
{
	int r = read_size(root, "capacity", 0, &options->capacity, err);

	if (r == 0 && !options->capacity && pool_xml_child(root, "capacity"))
		options->flags |= COW_VOLUME_CREATE_EMPTY;
	return r;
}

static int read_permissions(const xmlNode *target, struct definition *definition,
			    struct cow_error *err)
{
	struct cow_volume_create_options *options = &definition->definition.options;
	int64_t mode = -1, owner = -1, group = -1;
	int r = pool_xml_read_permissions(target, &mode, &owner, &group, &definition->label, err);

	if (r < 0)
		return r;
	options->label = definition->label;
	options->mode = mode > 0 ? (uint32_t)mode : 0;
	if (mode == 0)
		options->flags |= COW_VOLUME_CREATE_MODE;
	options->owner = (uint32_t)owner;
	options->group = (uint32_t)group;
	if (owner >= 0 || group >= 0)
		options->flags |= COW_VOLUME_CREATE_OWNED;
	return 0;
}

/* <format type='...'/>; NULL where there is none. */
static int find_format(const xmlNode *parent, char **ret, struct cow_error *err)
{
	xmlNode *node = NULL;
	int r = pool_xml_find(parent, "format", &node, err);

	*ret = node ? pool_xml_take(xmlGetNoNsProp(node, pool_xml_text("type"))) : NULL;
	return r;
}

static int read_format(const xmlNode *parent, enum cow_format *ret, struct cow_error *err)
{
	BASE_CLEANUP(free) char *name = NULL;
	int r = find_format(parent, &name, err);

	if (r < 0 || !name)
		return r;
	*ret = cow_format_from_name(name);
	if (*ret == COW_FORMAT_ISO)
		*ret = COW_FORMAT_RAW;
	if (*ret == COW_FORMAT_UNKNOWN)
		return pool_xml_refuse(pool_xml_child(parent, "format"), err, "%s is no format",
				       BASE_QUOTE(name));
	return 0;
}

static int read_compat(const xmlNode *target, uint32_t *ret, struct cow_error *err)
{
	BASE_CLEANUP(free) char *text = NULL;
	int r = pool_xml_find_text(target, "compat", &text, err);

	if (r < 0 || !text)
		return r;
	*ret = base_equal(text, "0.10") ? 2 : base_equal(text, "1.1") ? 3 : 0;
	if (!*ret)
		return pool_xml_refuse(pool_xml_child(target, "compat"), err,
				       "<compat> is 0.10 or 1.1, not %s", BASE_QUOTE(text));
	return 0;
}

/* As libvirt has it: one that is not made would be missed by whoever asked for it. */
static int read_features(const xmlNode *target, struct cow_volume_create_options *options,
			 struct cow_error *err)
{
	const xmlNode *features = pool_xml_child(target, "features");

	for (const xmlNode *node = features ? features->children : NULL; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE || node->ns)
			continue;
		if (xmlStrEqual(node->name, pool_xml_text("lazy_refcounts")))
			options->lazy_refcounts = true;
		else if (xmlStrEqual(node->name, pool_xml_text("extended_l2")))
			options->extended_l2 = true;
		else
			return pool_xml_refuse(node, err, "there is no feature <%s>", node->name);
	}
	return 0;
}

static int read_clusters(const xmlNode *target, struct cow_volume_create_options *options,
			 struct cow_error *err)
{
	uint64_t size;
	int r = read_size(target, "clusterSize", 0, &size, err);

	if (r < 0)
		return r;
	/* what is too big stays so */
	options->cluster_size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
	return read_features(target, options, err);
}

static char *attribute(const xmlNode *node, const char *name)
{
	return node ? pool_xml_take(xmlGetNoNsProp(node, pool_xml_text(name))) : NULL;
}

/* <cipher name='aes' size='256'/> is QEMU's aes-256. */
static int read_cipher(const xmlNode *encryption, struct definition *definition,
		       struct cow_error *err)
{
	xmlNode *cipher = NULL, *ivgen = NULL;
	int r = pool_xml_find(encryption, "cipher", &cipher, err);

	if (r == 0)
		r = pool_xml_find(encryption, "ivgen", &ivgen, err);
	if (r < 0)
		return r;
	if (cipher) {
		BASE_CLEANUP(free) char *name = attribute(cipher, "name");
		BASE_CLEANUP(free) char *size = attribute(cipher, "size");

		if (!name || !size)
			return pool_xml_refuse(cipher, err, "<cipher> needs a name and a size");
		definition->cipher = base_format("%s-%s", name, size);
		if (!definition->cipher)
			return base_fail(err, ENOMEM, "read XML");
	}
	definition->mode = attribute(cipher, "mode");
	definition->hash = attribute(cipher, "hash");
	definition->ivgen = attribute(ivgen, "name");
	definition->ivgen_hash = attribute(ivgen, "hash");
	return 0;
}

/* Its <secret> is one that libvirt keeps: the caller has it in a file. */
static int read_encryption(const xmlNode *target, struct definition *definition,
			   struct cow_error *err)
{
	struct cow_volume_definition *public = &definition->definition;
	BASE_CLEANUP(free) char *format = NULL;
	xmlNode *encryption = NULL;
	int r = pool_xml_find(target, "encryption", &encryption, err);

	if (r < 0 || !encryption)
		return r;
	format = attribute(encryption, "format");
	if (!base_equal(format, "luks"))
		return base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
				   "<encryption format=%s> is not made, only 'luks' is",
				   BASE_QUOTE(format));
	r = read_cipher(encryption, definition, err);
	public->encryption = (struct cow_encryption){.cipher = definition->cipher,
						     .mode = definition->mode,
						     .hash = definition->hash,
						     .ivgen = definition->ivgen,
						     .ivgen_hash = definition->ivgen_hash};
	public->options.encryption = &public->encryption;
	return r;
}

static int read_target(const xmlNode *root, struct definition *definition, struct cow_error *err)
{
	struct cow_volume_create_options *options = &definition->definition.options;
	BASE_CLEANUP(free) char *format = NULL;
	xmlNode *target = NULL;
	int r = pool_xml_find(root, "target", &target, err);

	if (r == 0)
		r = find_format(target, &format, err);
	if (r < 0)
		return r;
	options->nocow = pool_xml_child(target, "nocow") != NULL;
	if (base_equal(format, "dir"))
		options->type = COW_VOLUME_TYPE_DIRECTORY;
	else
		r = read_format(target, &options->format, err);
	if (r == 0)
		r = read_compat(target, &options->version, err);
	if (r == 0)
		r = read_clusters(target, options, err);
	if (r == 0)
		r = read_encryption(target, definition, err);
	return r < 0 ? r : read_permissions(target, definition, err);
}

static int read_backing(const xmlNode *root, struct definition *definition, struct cow_error *err)
{
	struct cow_volume_create_options *options = &definition->definition.options;
	xmlNode *backing = NULL;
	int r = pool_xml_find(root, "backingStore", &backing, err);

	if (r == 0)
		r = pool_xml_find_text(backing, "path", &definition->backing, err);
	/* libvirt writes <backingStore/> for "none" */
	if (r < 0 || !definition->backing)
		return r;
	options->backing = definition->backing;
	return read_format(backing, &options->backing_format, err);
}

static int read_root(const xmlNode *root, struct definition *definition, struct cow_error *err)
{
	struct cow_volume_create_options *options = &definition->definition.options;
	int r;

	if (!root || root->ns || !xmlStrEqual(root->name, pool_xml_text("volume")))
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "the definition's root element is not <volume>");
	r = pool_xml_find_text(root, "name", &definition->name, err);
	if (r == 0 && !definition->name)
		r = pool_xml_refuse(root, err, "<volume> has no <name>");
	options->name = definition->name;
	if (r == 0)
		r = read_capacity(root, options, err);
	if (r == 0)
		r = read_size(root, "allocation", COW_VOLUME_ALLOCATE_ALL, &options->allocation,
			      err);
	if (r == 0)
		r = read_target(root, definition, err);
	return r < 0 ? r : read_backing(root, definition, err);
}

COW_EXPORT int cow_volume_definition_new_xml(const char *xml, size_t size,
					     struct cow_volume_definition **ret,
					     struct cow_error *err)
{
	BASE_CLEANUP(definition) struct cow_volume_definition *public = NULL;
	BASE_CLEANUP(doc) xmlDoc *doc = NULL;
	struct definition *definition = calloc(1, sizeof(*definition));
	int r;

	if (!definition)
		return base_fail(err, ENOMEM, "read XML");
	public = &definition->definition;
	r = pool_xml_parse(xml, size, &doc, err);
	if (r == 0)
		r = read_root(xmlDocGetRootElement(doc), definition, err);
	if (r == 0)
		*ret = base_take(public);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a pool has mounted on its directory: <source> and the mount options, put together as libvirt
 * does it. */
#include <arpa/inet.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "pool/definition.h"
#include "pool/xml.h"

#define OPTIONS_NAMESPACE "http://libvirt.org/schemas/storagepool/fs/1.0"

/* What nobody needs in a directory of images, and what each type of a server's wants besides. */
#define OPTIONS_ALWAYS "nodev,nosuid,noexec"
static const struct {
	const char *type, *options;
} options_of_type[] = {
	{"glusterfs", ",direct-io-mode=1"},
	{"cifs", ",guest"},
};

/* The attribute of <parent><name attribute='...'>, NULL where there is none. */
static int find_attribute(const xmlNode *parent, const char *name, const char *attribute,
			  char **ret, struct cow_error *err)
{
	xmlNode *node = NULL;
	int r = pool_xml_find(parent, name, &node, err);

	*ret = r == 0 && node ? pool_xml_take(xmlGetNoNsProp(node, pool_xml_text(attribute)))
			      : NULL;
	return r;
}

/* A type is part of the name of a program, mkfs.TYPE and mount.TYPE. */
static bool is_type(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+_")];
}

static int read_type(const xmlNode *source, char **ret, struct cow_error *err)
{
	BASE_CLEANUP(free) char *type = NULL;
	int r = find_attribute(source, "format", "type", &type, err);

	if (r < 0)
		return r;
	if (!type)
		type = strdup("auto");
	if (!type)
		return base_fail(err, ENOMEM, "read a pool definition");
	if (!is_type(type))
		return pool_xml_refuse(pool_xml_child(source, "format"), err,
				       "%s is no type of filesystem", BASE_QUOTE(type));
	*ret = base_take(type);
	return 0;
}

static char *remote_source(const char *type, const char *host, const char *directory)
{
	struct in6_addr address;

	if (base_equal(type, "cifs"))
		return base_format("//%s/%s", host, directory);
	if (inet_pton(AF_INET6, host, &address) == 1)
		return base_format("[%s]:%s", host, directory);
	return base_format("%s:%s", host, directory);
}

static int read_remote(const xmlNode *source, const char *type, char **ret, struct cow_error *err)
{
	BASE_CLEANUP(free) char *host = NULL, *directory = NULL;
	int r = find_attribute(source, "host", "name", &host, err);

	if (r == 0)
		r = find_attribute(source, "dir", "path", &directory, err);
	if (r < 0 || !host || !directory || !*host || !*directory)
		return r;
	/* mount.nfs(8) would take it for an option. */
	if (host[0] == '-')
		return pool_xml_refuse(pool_xml_child(source, "host"), err, "%s is no host",
				       BASE_QUOTE(host));
	*ret = remote_source(type, host, directory);
	return *ret ? 0 : base_fail(err, ENOMEM, "read a pool definition");
}

/* Each as it stands: one of them may hold a comma, as in libvirt. */
static int append_options(const xmlNode *root, char **options)
{
	const xmlNode *list = root->children, *option;

	while (list && !(list->type == XML_ELEMENT_NODE && list->ns &&
			 xmlStrEqual(list->ns->href, pool_xml_text(OPTIONS_NAMESPACE)) &&
			 xmlStrEqual(list->name, pool_xml_text("mount_opts"))))
		list = list->next;
	for (option = list ? list->children : NULL; option; option = option->next) {
		BASE_CLEANUP(free) char *name = NULL, *before = NULL;

		if (option->type != XML_ELEMENT_NODE)
			continue;
		before = *options;
		name = pool_xml_take(xmlGetNoNsProp(option, pool_xml_text("name")));
		*options =
			base_format("%s%s%s", before, name && *name ? "," : "", name ? name : "");
		if (!*options)
			return -ENOMEM;
	}
	return 0;
}

static int read_options(const xmlNode *root, const xmlNode *source, const char *type, char **ret,
			struct cow_error *err)
{
	BASE_CLEANUP(free) char *version = NULL;
	const char *own = "";
	int r = find_attribute(source, "protocol", "ver", &version, err);

	if (r < 0)
		return r;
	if (version && (!*version || version[strspn(version, "0123456789.")]))
		return pool_xml_refuse(pool_xml_child(source, "protocol"), err,
				       "%s is no version of a protocol", BASE_QUOTE(version));
	for (size_t i = 0; i < BASE_ARRAY_SIZE(options_of_type); i++)
		if (base_equal(type, options_of_type[i].type))
			own = options_of_type[i].options;
	*ret = base_format(OPTIONS_ALWAYS "%s%s%s", own, version ? ",nfsvers=" : "",
			   version ? version : "");
	if (!*ret || append_options(root, ret) < 0)
		return base_fail(err, ENOMEM, "read a pool definition");
	return 0;
}

int pool_xml_read_source(const xmlNode *root, struct pool_definition *definition,
			 struct cow_error *err)
{
	bool local = base_equal(definition->type, "fs");
	xmlNode *source = NULL;
	int r = 0;

	if (!local && !base_equal(definition->type, "netfs"))
		return 0;
	r = pool_xml_find(root, "source", &source, err);
	if (r == 0)
		r = read_type(source, &definition->mount_type, err);
	if (r == 0)
		r = local ? find_attribute(source, "device", "path", &definition->mount_source, err)
			  : read_remote(source, definition->mount_type, &definition->mount_source,
					err);
	if (r == 0)
		r = read_options(root, source, definition->mount_type, &definition->mount_options,
				 err);
	return r;
}

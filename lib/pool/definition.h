/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_DEFINITION_H
#define POOL_DEFINITION_H

#include <libxml/tree.h>

#include <cow/pool.h>

#include "base/macro.h"

/* A cow_pool as the library makes it: the public part comes first, so one is the other. The
 * document keeps whatever this library has no words for. */
struct pool_definition {
	struct cow_pool pool;
	xmlDoc *doc;
	char *name, *uuid, *type, *path; /* what the public part points to */
	char *mount_source, *mount_type, *mount_options, *label;
	bool has_lines; /* it was written by somebody, who wants to know where an error is */
};

void pool_definition_free(struct pool_definition *definition);
DEFINE_CLEANUP(definition, struct pool_definition *, pool_definition_free, NULL)

#define POOL_XML_MAX   (1u << 20) /* bytes of a definition; libvirt's own are under 2 KiB */
#define POOL_NAME_MAX  200        /* bytes; NAME.started must still be a file name */
#define POOL_UUID_SIZE 37

/* Read a definition, of any type, as libvirt may have written it. */
int pool_xml_read(const char *xml, size_t size, struct pool_definition **ret,
		  struct cow_error *err);
/* The same out of a store: libvirt puts what a pool was started with into a <poolstate>. */
int pool_xml_read_stored(const char *xml, size_t size, struct pool_definition **ret,
			 struct cow_error *err);
/* What it has mounted, of types fs and netfs. */
int pool_xml_read_source(const xmlNode *root, struct pool_definition *definition,
			 struct cow_error *err);
/* Off and on are an element, anything else is none. */
int pool_xml_set_policy(xmlNode *root, enum cow_policy policy, struct cow_error *err);
/* The definition alone, without how things stand. */
int pool_xml_dump(const struct pool_definition *definition, char **ret, struct cow_error *err);

/* What only a definition of our own must keep to: a type we can build, a name that is a file name,
 * a path that means one place. */
int pool_definition_check(const struct pool_definition *definition, struct cow_error *err);

/* Has it another directory, or something else mounted there? */
bool pool_is_elsewhere(const struct cow_pool *one, const struct cow_pool *two);

/* Is its target a directory of images? The volumes of libvirt's other types are devices. */
bool pool_has_directory(const struct cow_pool *pool);
/* @return 0, or -EOPNOTSUPP where it is not. */
int pool_check_directory(const struct cow_pool *pool, struct cow_error *err);

int pool_name_check(const char *name, struct cow_error *err);
/* Take 32 hexadecimal digits with or without hyphens, write the usual form. @return 0, -EINVAL. */
int pool_uuid_parse(const char *text, char ret_uuid[POOL_UUID_SIZE]);
int pool_uuid_make(char ret_uuid[POOL_UUID_SIZE], struct cow_error *err);
/* The same for the same name each time. */
void pool_uuid_of_name(const char *name, char ret_uuid[POOL_UUID_SIZE]);
/* A path without doubled and trailing slashes and "." components; NULL: out of memory. */
char *pool_path_clean(const char *path);

#endif

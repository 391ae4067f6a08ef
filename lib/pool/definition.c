/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include <cow/pool-source.h>

#include "base/error.h"
#include "base/text.h"
#include "pool/definition.h"
#include "pool/xml.h"

void pool_definition_free(struct pool_definition *definition)
{
	if (!definition)
		return;
	xmlFreeDoc(definition->doc);
	free(definition->name);
	free(definition->uuid);
	free(definition->type);
	free(definition->path);
	free(definition->mount_source);
	free(definition->mount_type);
	free(definition->mount_options);
	free(definition->label);
	free(definition);
}

COW_EXPORT void cow_pool_free(struct cow_pool *pool)
{
	pool_definition_free((struct pool_definition *)pool);
}

COW_EXPORT void cow_pool_list_free(struct cow_pool **pools)
{
	for (struct cow_pool **pool = pools; pool && *pool; pool++)
		cow_pool_free(*pool);
	free(pools);
}

COW_EXPORT const char *cow_pool_state_name(enum cow_pool_state state)
{
	static const char *const names[] = {
		[COW_POOL_STATE_UNKNOWN] = "unknown",
		[COW_POOL_STATE_INACTIVE] = "inactive",
		[COW_POOL_STATE_ACTIVE] = "active",
		[COW_POOL_STATE_INACCESSIBLE] = "inaccessible",
	};

	return BASE_NAME(names, state);
}

COW_EXPORT const char *cow_pool_source_name(enum cow_pool_source source)
{
	static const char *const names[] = {
		[COW_POOL_SOURCE_UNKNOWN] = "unknown",
		[COW_POOL_SOURCE_COWCTL] = "cowctl",
		[COW_POOL_SOURCE_LIBVIRT] = "libvirt",
	};

	return BASE_NAME(names, source);
}

static bool differ(const char *one, const char *two)
{
	return (one || two) && !base_equal(one, two);
}

bool pool_is_elsewhere(const struct cow_pool *one, const struct cow_pool *two)
{
	return differ(one->path, two->path) || differ(one->mount_source, two->mount_source);
}

int pool_name_check(const char *name, struct cow_error *err)
{
	const char *why = NULL;

	if (!*name)
		why = "is empty";
	else if (name[0] == '.')
		why = "begins with a dot";
	else if (strlen(name) > POOL_NAME_MAX)
		why = "is longer than 200 bytes";
	else if (strchr(name, '/'))
		why = "holds a slash";
	for (const char *p = name; !why && *p; p++)
		if (iscntrl((unsigned char)*p))
			why = "holds a control character";
	if (why)
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "pool name %s %s", BASE_QUOTE(name),
				   why);
	return 0;
}

/* ".." is where the path goes through a symlink a different place from what it looks like, and a
 * directory to be made can't be called so. */
static bool has_dot_dot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/..")); p += 3)
		if (p[3] == '/' || !p[3])
			return true;
	return false;
}

static int path_check(const struct pool_definition *definition, struct cow_error *err)
{
	const char *path = definition->path, *why = NULL;

	if (!path)
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "the definition has no target path");
	if (path[0] != '/')
		why = "is not absolute";
	else if (!path[1])
		why = "is the root directory";
	else if (has_dot_dot(path))
		why = "holds '..'";
	else if (strlen(path) >= PATH_MAX)
		why = "is longer than a path can be";
	if (why)
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "target path %s %s",
				   BASE_QUOTE(path), why);
	return 0;
}

bool pool_has_directory(const struct cow_pool *pool)
{
	return pool->path && cow_pool_type_is_supported(pool->type);
}

int pool_check_directory(const struct cow_pool *pool, struct cow_error *err)
{
	if (pool_has_directory(pool))
		return 0;
	return base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
			   "pool %s is no pool of files in a directory", BASE_QUOTE(pool->name));
}

/* 0 where the type and what is mounted go together. */
static int source_check(const struct pool_definition *definition, struct cow_error *err)
{
	bool remote = base_equal(definition->type, "netfs");

	if (base_equal(definition->type, "dir"))
		return 0;
	if (!definition->mount_source || (!remote && definition->mount_source[0] != '/'))
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "the definition has no source %s",
				   remote ? "host and directory" : "device with an absolute path");
	if (remote && definition->pool.policy != COW_POLICY_AUTO)
		return base_remedy(
			err,
			base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
				    "a pool of type 'netfs' has no policy: its server decides"),
			"leave out <cow>, and have the policy on the server");
	return 0;
}

static int format_check(const struct pool_definition *definition, struct cow_error *err)
{
	const char *format;

	if (!definition->mount_type)
		return 0;
	for (size_t i = 0; (format = cow_pool_source_format_name(definition->type, i)); i++)
		if (base_equal(format, definition->mount_type))
			return 0;
	return base_remedy(
		err,
		base_refuse(err, EINVAL, COW_CODE_USAGE, "%s is no format of a pool of type %s",
			    BASE_QUOTE(definition->mount_type), BASE_QUOTE(definition->type)),
		"leave it out, and the filesystem is found out");
}

static int type_check(const struct pool_definition *definition, struct cow_error *err)
{
	if (cow_pool_type_is_supported(definition->type))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
				       "pools of type %s are not supported",
				       BASE_QUOTE(definition->type)),
			   "use type='dir', 'fs' or 'netfs'");
}

static int name_check(const struct pool_definition *definition, struct cow_error *err)
{
	return pool_name_check(definition->name, err);
}

/* Where it says so, or would have to. */
static long line_of(const struct pool_definition *definition, const char *outer, const char *inner)
{
	const xmlNode *node = xmlDocGetRootElement(definition->doc);
	const xmlNode *child = outer ? pool_xml_child(node, outer) : NULL;
	const xmlNode *grandchild = inner ? pool_xml_child(child, inner) : NULL;

	return xmlGetLineNo(grandchild ? grandchild : child ? child : node);
}

int pool_definition_check(const struct pool_definition *definition, struct cow_error *err)
{
	static const struct {
		int (*check)(const struct pool_definition *definition, struct cow_error *err);
		const char *outer, *inner; /* the element it is about */
	} checks[] = {
		{type_check, NULL, NULL},       {name_check, "name", NULL},
		{path_check, "target", "path"}, {format_check, "source", "format"},
		{source_check, "source", NULL},
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(checks); i++) {
		struct cow_error cause = {0};
		int r = checks[i].check(definition, &cause);

		if (r < 0 && definition->has_lines)
			return base_fail_in(err, r, &cause, "line %ld of the definition",
					    line_of(definition, checks[i].outer, checks[i].inner));
		if (r < 0 && err)
			*err = cause;
		if (r < 0)
			return r;
	}
	return 0;
}

int pool_uuid_parse(const char *text, char ret_uuid[POOL_UUID_SIZE])
{
	char digits[33];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '-')
			continue;
		if (!isxdigit((unsigned char)*text) || n == 32)
			return -EINVAL;
		digits[n++] = (char)tolower((unsigned char)*text);
	}
	if (n != 32)
		return -EINVAL;
	digits[n] = '\0';
	snprintf(ret_uuid, POOL_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%s", digits, digits + 8,
		 digits + 12, digits + 16, digits + 20);
	return 0;
}

/* As RFC 9562 has it: which version it is, and variant 10. */
static void write_uuid(unsigned char bytes[16], unsigned char version,
		       char ret_uuid[POOL_UUID_SIZE])
{
	char digits[33];

	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | version << 4);
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < 16; i++)
		snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
	pool_uuid_parse(digits, ret_uuid);
}

int pool_uuid_make(char ret_uuid[POOL_UUID_SIZE], struct cow_error *err)
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return base_fail(err, errno, "make up a uuid");
	write_uuid(bytes, 4, ret_uuid);
	return 0;
}

void pool_uuid_of_name(const char *name, char ret_uuid[POOL_UUID_SIZE])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(name, strlen(name)));
	write_uuid(canonical.digest, 8, ret_uuid);
}

char *pool_path_clean(const char *path)
{
	char *clean = strdup(path), *to = clean;

	if (!clean)
		return NULL;
	for (const char *from = path; *from;) {
		if (*from != '/') {
			*to++ = *from++;
		} else if (from[1] == '/' || !from[1]) {
			from++;
		} else if (from[1] == '.' && (from[2] == '/' || !from[2])) {
			from += 2;
		} else {
			*to++ = *from++;
		}
	}
	if (to == clean && path[0] == '/')
		*to++ = '/';
	*to = '\0';
	return clean;
}

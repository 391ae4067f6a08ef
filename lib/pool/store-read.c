/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which definition of a pool counts: the stored one, or the one it was started with. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/store.h"

/* Regular files only, and not by waiting: a FIFO called x.xml must not stop a listing. */
static int read_file(const char *path, char **ret_text)
{
	BASE_CLEANUP(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return base_read_open_text(fd, ret_text);
}

static int read_text(const char *path, const char *name, enum cow_pool_source source,
		     struct pool_definition **ret, struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *definition = NULL;
	BASE_CLEANUP(free) char *text = NULL;
	int r = read_file(path, &text);

	if (r < 0)
		return base_fail(err, -r, "read it");
	r = pool_xml_read_stored(text, strlen(text), &definition, err);
	/* What libvirt takes for a good name or path is up to libvirt. */
	if (r == 0 && source == COW_POOL_SOURCE_COWCTL)
		r = pool_definition_check(definition, err);
	if (r == 0 && !base_equal(definition->name, name))
		r = base_refuse(err, EINVAL, COW_CODE_USAGE,
				"it is named like another pool than it defines, %s",
				BASE_QUOTE(definition->name));
	if (r == 0)
		*ret = base_take(definition);
	return r;
}

static int read_definition(const char *path, const char *name, enum cow_pool_source source,
			   struct pool_definition **ret, struct cow_error *err)
{
	struct cow_error cause = {0};
	int r = path ? read_text(path, name, source, ret, &cause) : -ENOMEM;

	if (!path)
		return base_fail(err, ENOMEM, "read a pool definition");
	if (r == 0)
		return 0;
	/* What is wrong in a stored definition is no wrong call. */
	if (cause.code == COW_CODE_USAGE)
		cause.code = COW_CODE_CORRUPT;
	return base_remedy(
		err, base_fail_in(err, r, &cause, "pool definition %s", BASE_QUOTE(path)), "%s",
		cause.code == COW_CODE_CORRUPT ? "correct or remove that file" : "");
}

/* The definition a pool was started with: -ENOENT when it is not started, or with the stored one.
 */
static int read_active(const struct cow_pool_store *store, enum cow_pool_source source,
		       const char *name, struct pool_definition **ret, struct cow_error *err)
{
	bool ours = source == COW_POOL_SOURCE_COWCTL;
	BASE_CLEANUP(free)
	char *path = ours ? base_format("%s/%s.started", store->runtime, name)
			  : base_format("%s/%s.xml", store->libvirt_run, name);
	struct stat st;
	int r;

	if (path && (lstat(path, &st) < 0 || (ours && !st.st_size)))
		return -ENOENT;
	r = read_definition(path, name, source, ret, err);
	/* It may have been stored meanwhile, which leaves an empty mark. */
	return r < 0 && ours && path && lstat(path, &st) == 0 && !st.st_size ? -ENOENT : r;
}

static enum cow_answer differ(const struct pool_definition *one, const struct pool_definition *two)
{
	BASE_CLEANUP(free) char *first = NULL, *second = NULL;

	if (pool_xml_dump(one, &first, NULL) < 0 || pool_xml_dump(two, &second, NULL) < 0)
		return COW_ANSWER_UNKNOWN;
	return base_equal(first, second) ? COW_ANSWER_NO : COW_ANSWER_YES;
}

/* libvirt notes what it started each pool with. Where that is what is stored, in the same place,
 * the stored one counts: it has the policy, which is libvirt's to keep and ours to see to. */
static bool is_in_use(enum cow_pool_source source, const struct pool_definition *active,
		      const struct pool_definition *stored)
{
	return source == COW_POOL_SOURCE_COWCTL || pool_is_elsewhere(&active->pool, &stored->pool);
}

static void set_standing(const struct cow_pool_store *store, enum cow_pool_source source,
			 struct cow_pool *pool)
{
	const char *directory = pool_store_definitions(store, source);
	BASE_CLEANUP(free) char *autostart = base_format("%s/autostart", directory);

	pool->source = source;
	pool->persistent = pool_store_has(directory, pool->name, ".xml") != COW_ANSWER_NO;
	pool->autostart =
		autostart && pool_store_has(autostart, pool->name, ".xml") == COW_ANSWER_YES;
}

int pool_store_read_stored(const struct cow_pool_store *store, enum cow_pool_source source,
			   const char *name, struct pool_definition **ret, struct cow_error *err)
{
	BASE_CLEANUP(free)
	char *path = base_format("%s/%s.xml", pool_store_definitions(store, source), name);
	int r = read_definition(path, name, source, ret, err);

	if (r < 0)
		return r;
	(*ret)->pool.pending = COW_ANSWER_NO;
	set_standing(store, source, &(*ret)->pool);
	return 0;
}

int pool_store_read(const struct cow_pool_store *store, enum cow_pool_source source,
		    const char *name, struct pool_definition **ret, struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *active = NULL, *stored = NULL;
	struct cow_error cause = {0};
	int r = read_active(store, source, name, &active, err);
	int s = pool_store_read_stored(store, source, name, &stored, &cause);

	if (r == 0 && s == 0 && !is_in_use(source, active, stored))
		r = -ENOENT;
	/* Of libvirt's the policy is in the stored one alone. */
	if (r == -ENOENT || (s < 0 && s != -ENOENT && source == COW_POOL_SOURCE_LIBVIRT)) {
		if (s < 0 && err)
			*err = cause;
		if (s == 0)
			*ret = base_take(stored);
		return s;
	}
	if (r < 0)
		return r;
	set_standing(store, source, &active->pool);
	active->pool.pending = s == -ENOENT ? COW_ANSWER_NO
			       : s < 0      ? COW_ANSWER_UNKNOWN
					    : differ(active, stored);
	*ret = base_take(active);
	return 0;
}

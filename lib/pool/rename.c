/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/event.h"
#include "pool/store.h"
#include "pool/xml.h"

/* The same definition under another name. */
static int rename_definition(const struct pool_definition *old, const char *name,
			     struct pool_definition **ret, struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *definition = NULL;
	BASE_CLEANUP(free) char *xml = NULL;
	xmlNode *root, *node;
	int r = pool_xml_check_text("pool name", name, err);

	if (r == 0)
		r = pool_xml_dump(old, &xml, err);
	if (r == 0)
		r = pool_xml_read(xml, strlen(xml), &definition, err);
	if (r < 0)
		return r;
	root = xmlDocGetRootElement(definition->doc);
	node = pool_xml_child(root, "name");
	if (!pool_xml_add(root, node, "name", name))
		return base_fail(err, ENOMEM, "rename a pool");
	xmlUnlinkNode(node);
	xmlFreeNode(node);
	free(definition->name);
	definition->name = strdup(name);
	definition->pool.name = definition->name;
	if (!definition->name)
		return base_fail(err, ENOMEM, "rename a pool");
	r = pool_definition_check(definition, err);
	if (r == 0)
		*ret = base_take(definition);
	return r;
}

/* One of the new name with the same uuid is what a rename left that was killed. */
static int check_free(const struct cow_pool_store *store, const struct cow_pool *old,
		      const char *name, struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *there = NULL;
	int r = pool_store_read(store, COW_POOL_SOURCE_COWCTL, name, &there, err);

	if (r == -ENOENT) {
		pool_store_drop_mark(store, name);
		return 0;
	}
	if (r == 0 && (base_equal(name, old->name) || !base_equal(there->uuid, old->uuid)))
		return base_refuse(err, EEXIST, COW_CODE_EXISTS, "pool %s exists already",
				   BASE_QUOTE(name));
	return r < 0 ? r : pool_store_check_stopped(store, &there->pool, err);
}

/* First there are both, then the new one alone: at no time is there none. Cut short, doing it again
 * finishes it. */
static int move_files(int dirfd, const struct pool_definition *old,
		      const struct pool_definition *definition, struct cow_error *err)
{
	BASE_CLEANUP(free) char *from = base_format("%s.xml", old->name);
	BASE_CLEANUP(free) char *to = base_format("%s.xml", definition->name), *xml = NULL;
	int r = pool_xml_dump(definition, &xml, err);

	if (!from || !to)
		return base_fail(err, ENOMEM, "rename a pool");
	if (r == 0)
		r = pool_store_write(dirfd, to, xml, true, err);
	if (r == 0 && old->pool.autostart)
		r = pool_store_set_autostart(dirfd, definition->name, true, err);
	if (r == 0)
		r = pool_store_set_autostart(dirfd, old->name, false, err);
	if (r == 0 && unlinkat(dirfd, from, 0) < 0)
		r = base_fail(err, errno, "remove %s", BASE_QUOTE(from));
	if (r < 0)
		return r;
	r = base_sync_directory(dirfd);
	return r < 0 ? base_fail(err, -r, "write the removal of %s to disk", BASE_QUOTE(from)) : 0;
}

COW_EXPORT int cow_pool_rename(struct cow_pool_store *store, const struct cow_pool *pool,
			       const char *name, struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *old = NULL, *definition = NULL;
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	int r = pool_store_lock_own(store, pool, &lock, err);

	if (r == 0)
		r = pool_store_check_stopped(store, pool, err);
	if (r == 0)
		r = pool_store_read(store, COW_POOL_SOURCE_COWCTL, pool->name, &old, err);
	if (r == 0)
		r = rename_definition(old, name, &definition, err);
	if (r == 0)
		r = check_free(store, &old->pool, name, err);
	if (r == 0)
		r = move_files(lock.dirfd, old, definition, err);
	if (r < 0)
		return r;
	pool_announce(store, &old->pool, COW_POOL_EVENT_UNDEFINED);
	pool_announce(store, &definition->pool, COW_POOL_EVENT_DEFINED);
	return 0;
}

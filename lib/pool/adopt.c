/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Give one of libvirt's pools a policy: in its definition, which libvirt alone writes, and in its
 * directory. */
#include <cow/attr.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/apply.h"
#include "pool/judge.h"
#include "pool/mounted.h"
#include "pool/points.h"
#include "pool/store.h"
#include "pool/xml.h"

static int fail_transient(const struct cow_pool *pool, struct cow_error *err)
{
	return base_refuse(err, EINVAL, COW_CODE_REFUSED,
			   "pool %s is transient: libvirt keeps no definition of it",
			   BASE_QUOTE(pool->name));
}

#if HAVE_LIBVIRT
#include "convert/libvirt-calls.h"

static void close_connection(virConnectPtr connection)
{
	libvirt.virConnectClose(connection);
}

static void free_pool(virStoragePoolPtr pool)
{
	libvirt.virStoragePoolFree(pool);
}

DEFINE_CLEANUP(connection, virConnectPtr, close_connection, NULL)
DEFINE_CLEANUP(theirs, virStoragePoolPtr, free_pool, NULL)

/* The stored definition, not that of the pool as it runs. */
static int read_theirs(virStoragePoolPtr pool, struct pool_definition **ret, struct cow_error *err)
{
	BASE_CLEANUP(free)
	char *xml = libvirt.virStoragePoolGetXMLDesc(pool, VIR_STORAGE_XML_INACTIVE);

	return xml ? pool_xml_read(xml, strlen(xml), ret, err)
		   : convert_libvirt_fail("read the pool's definition", err);
}

static int write_theirs(virConnectPtr connection, struct pool_definition *definition,
			enum cow_policy policy, struct cow_error *err)
{
	BASE_CLEANUP(theirs) virStoragePoolPtr pool = NULL;
	BASE_CLEANUP(free) char *xml = NULL;
	int r = pool_xml_set_policy(xmlDocGetRootElement(definition->doc), policy, err);

	if (r == 0)
		r = pool_xml_dump(definition, &xml, err);
	if (r < 0)
		return r;
	pool = libvirt.virStoragePoolDefineXML(connection, xml, 0);
	return pool ? 0 : convert_libvirt_fail("define the pool", err);
}

/* Set, then read back: a libvirt before 6.6 takes the element and forgets it. */
static int set_policy(virConnectPtr connection, const struct cow_pool *pool, enum cow_policy policy,
		      struct cow_error *err)
{
	BASE_CLEANUP(definition) struct pool_definition *before = NULL, *after = NULL;
	BASE_CLEANUP(theirs) virStoragePoolPtr theirs = NULL;
	int r;

	theirs = libvirt.virStoragePoolLookupByUUIDString(connection, pool->uuid);
	if (!theirs)
		return convert_libvirt_fail("find the pool", err);
	/* To define it would have it stay. */
	if (libvirt.virStoragePoolIsPersistent(theirs) != 1)
		return fail_transient(pool, err);
	r = read_theirs(theirs, &before, err);
	if (r < 0 || before->pool.policy == policy)
		return r;
	r = write_theirs(connection, before, policy, err);
	if (r == 0)
		r = read_theirs(theirs, &after, err);
	if (r == 0 && after->pool.policy != policy)
		r = base_refuse(err, EOPNOTSUPP, COW_CODE_NOT_HONOURED,
				"libvirt took <cow> for pool %s, but it does not read back",
				BASE_QUOTE(pool->name));
	return r;
}

static int tell_libvirt(const struct cow_pool_store *store, const struct cow_pool *pool,
			enum cow_policy policy, const char *uri, struct cow_error *err)
{
	BASE_CLEANUP(connection) virConnectPtr connection = NULL;
	int r = convert_libvirt_load(err);

	if (r < 0)
		return r;
	if (!uri)
		uri = store->scope == COW_POOL_SCOPE_SYSTEM ? "storage:///system"
							    : "storage:///session";
	connection = libvirt.virConnectOpen(uri);
	if (!connection)
		return base_remedy(err, convert_libvirt_fail(uri, err),
				   "start libvirt, or name the right one: --connect URI");
	return set_policy(connection, pool, policy, err);
}
#else
static int tell_libvirt(const struct cow_pool_store *store, const struct cow_pool *pool,
			enum cow_policy policy, const char *uri, struct cow_error *err)
{
	(void)store, (void)pool, (void)policy, (void)uri;
	return base_refuse(err, ENOSYS, COW_CODE_REFUSED, "this cowctl was built without libvirt");
}
#endif

/* What the policy comes to in the pool's directory: libvirt has no word for auto but silence. That
 * is what it gets where overwrites stay in place anyway: it builds no pool with <cow> on anything
 * but Btrfs. */
static int decide(const struct cow_pool *pool, enum cow_policy policy, enum cow_policy *ret,
		  struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = pool_open_directory(pool, err);
	struct pool_verdict verdict = {0};
	int r = fd < 0 ? fd : pool_hold(fd, policy, pool->path, false, &verdict, err);

	if (r < 0)
		return r;
	*ret = verdict.decision.effective;
	if (policy == COW_POLICY_AUTO && verdict.before == COW_COMPLIANCE_NOT_APPLICABLE &&
	    *ret != COW_POLICY_UNKNOWN)
		*ret = COW_POLICY_AUTO;
	if (*ret != COW_POLICY_UNKNOWN)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
				       "directory %s: no policy can be had: %s",
				       BASE_QUOTE(pool->path), verdict.decision.reason),
			   "leave it without one");
}

static int check(const struct cow_pool *pool, struct cow_error *err)
{
	if (pool->source != COW_POOL_SOURCE_LIBVIRT)
		return base_remedy(err,
				   base_refuse(err, EINVAL, COW_CODE_USAGE,
					       "pool %s is none of libvirt's",
					       BASE_QUOTE(pool->name)),
				   "cowctl pool edit changes its policy");
	if (!pool->persistent)
		return base_remedy(err, fail_transient(pool, err),
				   "virsh pool-define has it keep one");
	return pool_check_directory(pool, err);
}

/* Where the directory can't be made to follow the policy, libvirt is not to say that it has it; and
 * when libvirt doesn't take it, the directory is as it was. */
static int adopt(struct cow_pool_store *store, const struct cow_pool *pool, const char *uri,
		 struct cow_pool_point ***ret, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = pool_open_directory(pool, err);
	BASE_CLEANUP(points) struct cow_pool_point **points = NULL;
	uint32_t before = 0;
	bool has_flags = fd >= 0 && cow_attr_get(fd, &before, NULL) == 0;
	int r = fd < 0 ? fd : pool_apply(store, pool, POOL_POINTS_ALONE, &points, err);

	if (r == 0 && points[0]->error.message[0]) {
		if (err)
			*err = points[0]->error;
		r = points[0]->error.errnum ? -points[0]->error.errnum : -EOPNOTSUPP;
	}
	if (r < 0)
		return r;
	r = tell_libvirt(store, pool, pool->policy, uri, err);
	if (r < 0 && has_flags)
		cow_attr_set_nocow(fd, before & COW_ATTR_NOCOW, NULL);
	if (r == 0)
		*ret = base_take(points);
	return r;
}

COW_EXPORT int cow_pool_adopt(struct cow_pool_store *store, struct cow_pool *pool,
			      enum cow_policy policy, const char *uri, struct cow_pool_point ***ret,
			      struct cow_error *err)
{
	enum cow_policy before = pool->policy;
	int r = check(pool, err);

	if (r == 0)
		r = decide(pool, policy, &pool->policy, err);
	if (r == 0)
		r = adopt(store, pool, uri, ret, err);
	if (r == 0)
		return cow_pool_refresh(store, pool, err);
	pool->policy = before;
	return r;
}

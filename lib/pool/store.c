/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/mounted.h"
#include "pool/parents.h"
#include "pool/store.h"

DEFINE_CLEANUP(store, struct cow_pool_store *, cow_pool_store_free, NULL)

/* A base directory as the XDG specification has it: a relative one doesn't count. */
static char *base_directory(const char *variable, const char *below_home)
{
	const char *value = getenv(variable), *home = getenv("HOME");

	if (value && value[0] == '/')
		return strdup(value);
	return home && home[0] == '/' ? base_format("%s/%s", home, below_home) : NULL;
}

static int find_system(struct cow_pool_store *store)
{
	store->pools = strdup("/etc/cowctl/pools");
	store->runtime = strdup("/run/cowctl/pools");
	store->libvirt = strdup("/etc/libvirt/storage");
	store->libvirt_run = strdup("/run/libvirt/storage");
	return 0;
}

/* Without a runtime directory the cache has to do, for us as for libvirt. */
static int find_session(struct cow_pool_store *store)
{
	BASE_CLEANUP(free) char *config = base_directory("XDG_CONFIG_HOME", ".config");
	BASE_CLEANUP(free) char *cache = base_directory("XDG_CACHE_HOME", ".cache");
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	bool given = runtime && runtime[0] == '/';

	if (!given)
		runtime = cache;
	if (!config || !runtime)
		return -ENOENT;
	store->pools = base_format("%s/cowctl/pools", config);
	/* not with what may be deleted */
	store->runtime = base_format("%s/cowctl/%s", runtime, given ? "pools" : "run");
	store->libvirt = base_format("%s/libvirt/storage", config);
	store->libvirt_run = base_format("%s/libvirt/storage/run", runtime);
	return 0;
}

/* Of whoever looks: what root may look into is not everybody's to know. */
static char *find_cache(enum cow_pool_scope scope)
{
	BASE_CLEANUP(free) char *own = NULL;

	if (scope == COW_POOL_SCOPE_SYSTEM && geteuid() == 0)
		return strdup("/var/cache/cowctl/pools");
	own = base_directory("XDG_CACHE_HOME", ".cache");
	return own ? base_format("%s/cowctl/pools", own) : NULL;
}

COW_EXPORT int cow_pool_store_new(enum cow_pool_scope scope, struct cow_pool_store **ret,
				  struct cow_error *err)
{
	BASE_CLEANUP(store) struct cow_pool_store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return base_fail(err, ENOMEM, "find the pools");
	if (scope == COW_POOL_SCOPE_UNKNOWN)
		scope = geteuid() == 0 ? COW_POOL_SCOPE_SYSTEM : COW_POOL_SCOPE_SESSION;
	store->scope = scope;
	r = scope == COW_POOL_SCOPE_SYSTEM ? find_system(store) : find_session(store);
	if (r < 0)
		return base_remedy(err, base_fail(err, -r, "find the session's pools"), "set HOME");
	if (!store->pools || !store->runtime || !store->libvirt || !store->libvirt_run)
		return base_fail(err, ENOMEM, "find the pools");
	store->cache = find_cache(scope);
	*ret = base_take(store);
	return 0;
}

COW_EXPORT void cow_pool_store_free(struct cow_pool_store *store)
{
	if (!store)
		return;
	free(store->pools);
	free(store->runtime);
	free(store->cache);
	free(store->libvirt);
	free(store->libvirt_run);
	free(store);
}

#define LOCK_FILE    ".lock"
#define LOCK_SECONDS 10
#define LOCK_STEP_MS 10

/* Everybody may read the directory of the system's pools, and could lock it for ever: hence a file
 * for its owner alone. It stays, for one that is removed would be locked by two. */
static int open_lock(int dirfd)
{
	int fd = openat(dirfd, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

/* Where the definitions are read-only, as on many a system that is an image, it is the states that
 * are kept. */
static int open_lock_of(const struct cow_pool_store *store, int dirfd, const char **ret_where)
{
	int fd = open_lock(dirfd);
	BASE_CLEANUP(fd) int runtime = fd == -EROFS ? pool_store_open_runtime(store) : -1;

	*ret_where = fd == -EROFS ? store->runtime : store->pools;
	if (fd != -EROFS)
		return fd;
	return runtime < 0 ? runtime : open_lock(runtime);
}

/* Nothing that is done under it takes long. @return 0 or -errno, -EWOULDBLOCK after a while. */
static int take_lock(int fd)
{
	const struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};

	for (unsigned i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno == EWOULDBLOCK && i < LOCK_SECONDS * 1000 / LOCK_STEP_MS)
			nanosleep(&step, NULL);
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int pool_store_lock(const struct cow_pool_store *store, struct pool_lock *ret,
		    struct cow_error *err)
{
	BASE_CLEANUP(parents) struct pool_parents parents = {0};
	BASE_CLEANUP(lock) struct pool_lock lock = POOL_LOCK_INIT;
	const char *where;
	int r = pool_parents_make(&parents, store->pools,
				  store->scope == COW_POOL_SCOPE_SYSTEM ? 0755 : 0700, &lock.dirfd,
				  err);

	if (r == 0)
		r = pool_parents_commit(&parents, err);
	if (r < 0)
		return r;
	lock.fd = open_lock_of(store, lock.dirfd, &where);
	r = lock.fd < 0 ? lock.fd : take_lock(lock.fd);
	if (r == -EWOULDBLOCK)
		return base_remedy(err,
				   base_refuse(err, EBUSY, COW_CODE_BUSY,
					       "somebody else keeps the pools of %s locked",
					       BASE_QUOTE(store->pools)),
				   "see who does: fuser -v %s/" LOCK_FILE, where);
	if (r < 0)
		return base_fail(err, -r, "lock the pools of %s", BASE_QUOTE(store->pools));
	*ret = lock;
	lock = (struct pool_lock)POOL_LOCK_INIT;
	return 0;
}

const char *pool_store_definitions(const struct cow_pool_store *store, enum cow_pool_source source)
{
	return source == COW_POOL_SOURCE_LIBVIRT ? store->libvirt : store->pools;
}

enum cow_answer pool_store_has(const char *directory, const char *name, const char *suffix)
{
	BASE_CLEANUP(free) char *path = base_format("%s/%s%s", directory, name, suffix);
	struct stat st;

	if (path && lstat(path, &st) == 0)
		return COW_ANSWER_YES;
	return path && (errno == ENOENT || errno == ENOTDIR) ? COW_ANSWER_NO : COW_ANSWER_UNKNOWN;
}

enum cow_answer pool_store_marked(const struct cow_pool_store *store, const struct cow_pool *pool)
{
	return pool_store_has(store->runtime, pool->name, ".started");
}

enum cow_answer pool_store_started_with(const struct cow_pool_store *store,
					const struct cow_pool *pool, enum cow_answer mounted)
{
	if (pool->source == COW_POOL_SOURCE_LIBVIRT)
		return pool_store_has(store->libvirt_run, pool->name, ".xml");
	if (pool->mount_source && mounted == COW_ANSWER_YES)
		return COW_ANSWER_YES;
	return pool_store_marked(store, pool);
}

enum cow_answer pool_store_started(const struct cow_pool_store *store, const struct cow_pool *pool)
{
	bool ours = pool->source != COW_POOL_SOURCE_LIBVIRT;

	return pool_store_started_with(store, pool, ours ? pool_mounted(pool) : COW_ANSWER_UNKNOWN);
}

int pool_store_check_own(const struct cow_pool *pool, struct cow_error *err)
{
	if (pool->source != COW_POOL_SOURCE_LIBVIRT)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EPERM, COW_CODE_REFUSED, "pool %s is libvirt's",
				       BASE_QUOTE(pool->name)),
			   "use virsh, or define it here too: cowctl pool dumpxml NAME | "
			   "cowctl pool define -");
}

int pool_store_lock_own(const struct cow_pool_store *store, const struct cow_pool *pool,
			struct pool_lock *ret, struct cow_error *err)
{
	int r = pool_store_check_own(pool, err);

	return r < 0 ? r : pool_store_lock(store, ret, err);
}

int pool_store_check_stopped(const struct cow_pool_store *store, const struct cow_pool *pool,
			     struct cow_error *err)
{
	/* Not known to be stopped is not stopped. */
	if (pool_store_started(store, pool) == COW_ANSWER_NO)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_BUSY, "pool %s is started",
				       BASE_QUOTE(pool->name)),
			   "stop it first: cowctl pool stop %s", BASE_QUOTE(pool->name));
}

int pool_store_check_started(const struct cow_pool_store *store, const struct cow_pool *pool,
			     struct cow_error *err)
{
	if (pool_store_started(store, pool) == COW_ANSWER_YES)
		return 0;
	return base_refuse(err, EINVAL, COW_CODE_NOT_FOUND, "pool %s is not started",
			   BASE_QUOTE(pool->name));
}

int pool_store_check_defined(const struct cow_pool_store *store, const struct cow_pool *pool,
			     struct cow_error *err)
{
	if (pool_store_has(store->pools, pool->name, ".xml") == COW_ANSWER_YES)
		return 0;
	return base_remedy(err,
			   base_refuse(err, ENOENT, COW_CODE_NOT_FOUND, "pool %s is not defined",
				       BASE_QUOTE(pool->name)),
			   "cowctl pool define keeps a definition");
}

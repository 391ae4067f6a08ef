/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the directories of pools stand, and whether they can be reached. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/answer.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "pool/answer.h"
#include "pool/judge.h"
#include "pool/mounted.h"
#include "pool/state.h"
#include "pool/store.h"

DEFINE_CLEANUP(probe, struct cow_probe *, cow_probe_free, NULL)

static void set_compliance(struct cow_pool *pool, enum cow_compliance compliance,
			   const char *reason)
{
	pool->compliance = compliance;
	base_copy(pool->compliance_reason, sizeof(pool->compliance_reason), reason);
	pool->compliance_remedy[0] = '\0';
}

static const char *why(enum cow_compliance compliance, const struct cow_decision *decision)
{
	if (compliance == COW_COMPLIANCE_UNKNOWN && decision->action != COW_ACTION_UNKNOWN)
		return "whether NOCOW is set on the directory could not be read";
	switch (decision->action) {
	case COW_ACTION_SET_NOCOW:
		return "NOCOW is not set on the directory";
	case COW_ACTION_CLEAR_NOCOW:
		return "NOCOW is set on the directory";
	default:
		return decision->reason;
	}
}

static const char *remedy(const struct cow_decision *decision)
{
	return decision->action == COW_ACTION_REFUSE ? decision->remedy : "cowctl pool apply";
}

static void look_at_policy(struct cow_pool *pool)
{
	BASE_CLEANUP(probe) struct cow_probe *probe = NULL;
	enum cow_compliance compliance;
	struct cow_decision decision;
	struct cow_error err;

	if (cow_probe_new(pool->path, 0, &probe, &err) < 0) {
		set_compliance(pool, COW_COMPLIANCE_UNKNOWN, err.message);
		return;
	}
	cow_policy_decide(pool->policy, probe, &decision);
	compliance = pool_judge(probe, &decision);
	set_compliance(pool, compliance, why(compliance, &decision));
	if (compliance == COW_COMPLIANCE_DRIFTED)
		base_copy(pool->compliance_remedy, sizeof(pool->compliance_remedy),
			  remedy(&decision));
}

static void look_at_sizes(struct cow_pool *pool)
{
	struct statvfs fs;

	if (statvfs(pool->path, &fs) < 0)
		return;
	pool->measured = COW_ANSWER_YES;
	pool->capacity = (uint64_t)fs.f_blocks * fs.f_frsize;
	pool->available = (uint64_t)fs.f_bfree * fs.f_frsize;
	pool->allocation = pool->capacity - pool->available;
}

int pool_look_at_directory(const struct cow_pool *pool, enum cow_answer mounted)
{
	BASE_CLEANUP(fd) int fd = open(pool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : 0;

	/* What is mounted is for everybody to see, be it not for everybody to look into. */
	return (r == 0 || r == -EACCES) && mounted == COW_ANSWER_NO ? -ENODEV : r;
}

static enum cow_pool_state state_of(enum cow_answer started, int reachable)
{
	if (started == COW_ANSWER_UNKNOWN)
		return COW_POOL_STATE_UNKNOWN;
	if (started == COW_ANSWER_NO)
		return COW_POOL_STATE_INACTIVE;
	/* That the caller may not look says nothing about the pool. */
	return reachable < 0 && reachable != -EACCES ? COW_POOL_STATE_INACCESSIBLE
						     : COW_POOL_STATE_ACTIVE;
}

COW_EXPORT enum cow_answer cow_pool_is_started(struct cow_pool_store *store,
					       const struct cow_pool *pool)
{
	return pool_store_started(store, pool);
}

static void look_at(struct cow_pool_store *store, struct cow_pool *pool, bool answers)
{
	enum cow_answer mounted = answers ? pool_mounted(pool) : COW_ANSWER_UNKNOWN;
	int reachable = answers                    ? pool_look_at_directory(pool, mounted)
			: pool_has_directory(pool) ? -ETIMEDOUT
						   : 0;

	pool->measured = COW_ANSWER_UNKNOWN;
	pool->state = state_of(pool_store_started_with(store, pool, mounted), reachable);
	if (!pool_has_directory(pool)) {
		set_compliance(pool, COW_COMPLIANCE_UNKNOWN, "not a pool of files in a directory");
	} else if (reachable == -ENOENT || reachable == -ENOTDIR) {
		set_compliance(pool, COW_COMPLIANCE_UNKNOWN, "the directory is not there");
	} else if (reachable == -ETIMEDOUT) {
		set_compliance(pool, COW_COMPLIANCE_UNKNOWN, "the directory does not answer");
	} else if (reachable == -ENODEV) {
		set_compliance(pool, COW_COMPLIANCE_UNKNOWN, "its source is not mounted there");
	} else if (mounted != COW_ANSWER_YES) {
		set_compliance(pool, COW_COMPLIANCE_UNKNOWN, "what is mounted there is not known");
	} else {
		look_at_policy(pool);
		look_at_sizes(pool);
	}
}

COW_EXPORT int cow_pool_refresh(struct cow_pool_store *store, struct cow_pool *pool,
				struct cow_error *err)
{
	(void)err;
	look_at(store, pool, pool_has_directory(pool) && base_answers(pool->path));
	return 0;
}

COW_EXPORT int cow_pool_refresh_all(struct cow_pool_store *store, struct cow_pool **pools,
				    struct cow_error *err)
{
	BASE_CLEANUP(free) bool *answers = pool_list_ask(pools);

	if (!answers)
		return base_fail(err, ENOMEM, "look at pools");
	for (size_t i = 0; pools[i]; i++)
		look_at(store, pools[i], pool_has_directory(pools[i]) && answers[i]);
	return 0;
}

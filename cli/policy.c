/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "cli.h"
#include "policy.h"

CLI_DEFINE_CLEANUP(pool, struct cow_pool *, cow_pool_free)
CLI_DEFINE_CLEANUP(pool_store, struct cow_pool_store *, cow_pool_store_free)

/* A pool whose definition can't be read could be the one that the directory belongs to. */
static void warn_of_broken(struct cli_call *call, struct cow_pool_store *store)
{
	struct cow_pool **pools = NULL;
	struct cow_error err = {0};
	size_t broken = 0;

	if (cow_pool_list(store, &pools, &broken, &err) == 0)
		cow_pool_list_free(pools);
	if (broken || err.message[0])
		cli_warn(call, "a pool that can't be read has no say: %s", err.message);
}

/* The policy as given, else the pool's that the directory belongs to, else auto. Not to know
 * whether there is such a pool is no reason to guess. */
static int find(struct cli_call *call, const char *directory, enum cow_policy *ret_policy,
		char **ret_pool, struct cow_error *err)
{
	const char *text = cli_value(call, "cow");
	struct cow_pool_store *store CLI_CLEANUP(pool_store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	int r;

	*ret_policy = text ? cow_policy_from_name(text) : COW_POLICY_AUTO;
	if (text)
		return 0;
	r = cow_pool_store_new(cli_scope(call), &store, err);
	if (r == 0)
		r = cow_pool_lookup_path(store, directory, &pool, err);
	if (r == 0) {
		*ret_policy = pool->policy;
		*ret_pool = cli_copy(pool->name);
	}
	if (r != -ENOENT)
		return r;
	if (store)
		warn_of_broken(call, store);
	else
		cli_warn(call, "no pool has a say: %s (%s)", err->message, err->remedy);
	return 0;
}

int cli_policy_decide(struct cli_call *call, const char *directory, const struct cow_probe *probe,
		      struct cli_policy *ret, struct cow_error *err)
{
	struct cow_decision *decision = &ret->decision;
	enum cow_policy policy;
	int r;

	*ret = (struct cli_policy){0};
	r = find(call, directory, &policy, &ret->pool, err);
	if (r < 0)
		return r;
	cow_policy_decide_file(policy, probe, decision, &ret->wish, &ret->nocow);
	if (decision->action == COW_ACTION_REFUSE)
		return cow_decision_apply(decision, -1, err);
	if (decision->warning[0])
		cli_warn(call, "%s", decision->warning);
	return 0;
}

void cli_policy_clear(struct cli_policy *policy)
{
	free(policy->pool);
	policy->pool = NULL;
}

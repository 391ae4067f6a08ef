/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pool.h"

int cli_pool_find(struct cli_call *call, const char *name, struct cow_pool_store **ret_store,
		  struct cow_pool **ret_pool)
{
	struct cow_error err = {0};

	if (cow_pool_store_new(cli_scope(call), ret_store, &err) < 0 ||
	    cow_pool_lookup(*ret_store, name, ret_pool, &err) < 0)
		return cli_error(call, &err);
	return 0;
}

int cli_pool_find_mounted(struct cli_call *call, const char *name,
			  struct cow_pool_store **ret_store, struct cow_pool **ret_pool)
{
	struct cow_error err = {0};
	int status = cli_pool_find(call, name, ret_store, ret_pool);

	if (status || cow_pool_check_mounted(*ret_pool, &err) == 0)
		return status;
	return cli_error(call, &err);
}

int cli_pool_list(struct cli_call *call, struct cow_pool_store *store, struct cow_pool ***ret_pools)
{
	struct cow_error err = {0};
	size_t broken = 0;

	*ret_pools = NULL;
	if (cow_pool_list(store, ret_pools, &broken, &err) < 0 ||
	    (broken && err.code != COW_CODE_UNSUPPORTED))
		return cli_error(call, &err);
	return 0;
}

int cli_pool_open(struct cli_call *call, struct cow_pool_store **ret_store,
		  struct cow_pool **ret_pool)
{
	return cli_pool_find(call, call->operands[0], ret_store, ret_pool);
}

int cli_pool_each(struct cli_call *call, cli_pool_function *work)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_error err = {0};

	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0)
		return cli_error(call, &err);
	for (char **name = call->operands; *name; name++) {
		struct cow_pool *pool CLI_CLEANUP(pool) = NULL;

		if (cow_pool_lookup(store, *name, &pool, &err) < 0)
			cli_error(call, &err);
		else
			cli_status(call, work(call, store, pool));
	}
	return call->status;
}

static struct cli_value measured(const struct cow_pool *pool, uint64_t bytes)
{
	return pool->measured == COW_ANSWER_YES ? cli_bytes(bytes) : cli_unknown();
}

CLI_GETTER(get_name, struct cow_pool, cli_path(item->name))
CLI_GETTER(get_uuid, struct cow_pool, cli_text(item->uuid))
CLI_GETTER(get_type, struct cow_pool, cli_text(item->type))
CLI_GETTER(get_path, struct cow_pool, cli_path(item->path))
CLI_GETTER(get_mount_source, struct cow_pool, cli_path(item->mount_source))
CLI_GETTER(get_mount_type, struct cow_pool, cli_text(item->mount_type))
CLI_GETTER(get_state, struct cow_pool, cli_text(cow_pool_state_name(item->state)))
CLI_GETTER(get_autostart, struct cow_pool, cli_bool(item->autostart))
CLI_GETTER(get_persistent, struct cow_pool, cli_bool(item->persistent))
CLI_GETTER(get_pending, struct cow_pool, cli_answer(item->pending))
CLI_GETTER(get_policy, struct cow_pool, cli_text(cow_policy_name(item->policy)))
CLI_GETTER(get_compliance, struct cow_pool, cli_text(cow_compliance_name(item->compliance)))
CLI_GETTER(get_reason, struct cow_pool, cli_text(item->compliance_reason))
CLI_GETTER(get_capacity, struct cow_pool, measured(item, item->capacity))
CLI_GETTER(get_allocation, struct cow_pool, measured(item, item->allocation))
CLI_GETTER(get_available, struct cow_pool, measured(item, item->available))
CLI_GETTER(get_source, struct cow_pool, cli_text(cow_pool_source_name(item->source)))

#define RIGHT  CLI_COLUMN_RIGHT
#define HIDDEN CLI_COLUMN_HIDDEN
#define LOOKS  CLI_COLUMN_LOOKS

const struct cli_column cli_pool_columns[] = {
	{"NAME", "name", "name", 0, 0, get_name},
	{"UUID", "unique identifier", "uuid", 0, HIDDEN, get_uuid},
	{"TYPE", "pool type of libvirt", "type", 0, HIDDEN, get_type},
	{"STATE", "active (started), inactive or inaccessible", "state", 0, LOOKS, get_state},
	{"AUTOSTART", "is marked to be started at boot", "autostart", 0, HIDDEN, get_autostart},
	{"PERSISTENT", "has a definition on disk", "persistent", 0, HIDDEN, get_persistent},
	{"PENDING", "another one is stored, for its next start", "pending", 0, HIDDEN, get_pending},
	{"POLICY", "off, on or auto", "policy", 0, 0, get_policy},
	{"COMPLIANCE", "how the directory stands against the policy", "compliance", 0, LOOKS,
	 get_compliance},
	{"REASON", "why", "compliance_reason", 0, LOOKS | HIDDEN | CLI_COLUMN_WRAP, get_reason},
	{"CAPACITY", "size of the filesystem", "capacity", 0, LOOKS | RIGHT | HIDDEN, get_capacity},
	{"ALLOCATION", "of it in use", "allocation", 0, LOOKS | RIGHT | HIDDEN, get_allocation},
	{"AVAILABLE", "of it free", "available", 0, LOOKS | RIGHT, get_available},
	{"SOURCE", "whose definition it is: cowctl or libvirt", "source", 0, 0, get_source},
	{"PATH", "target directory", "path", 0, 0, get_path},
	{"MOUNT", "what is mounted there by start", "mount_source", 0, HIDDEN, get_mount_source},
	{"FSTYPE", "type of that filesystem", "mount_type", 0, HIDDEN, get_mount_type},
	{0},
};

json_t *cli_pool_json(struct cli_call *call, struct cow_pool_store *store, struct cow_pool *pool)
{
	json_t *pools, *object;

	if (!call->json)
		return NULL;
	cow_pool_refresh(store, pool, NULL);
	pools = json_object_get(call->json, "pools");
	if (!pools) {
		pools = json_array();
		json_object_set_new(call->json, "pools", pools);
	}
	object = json_object();
	json_array_append_new(pools, object);
	cli_json_columns(object, cli_pool_columns, pool);
	return object;
}

int cli_pool_judge(struct cli_call *call, const struct cow_pool *pool)
{
	if (pool->interrupted) {
		cli_warn(call,
			 "%ju interrupted conversions are left in pool %s: %s (cowctl convert "
			 "--status %s)",
			 (uintmax_t)pool->interrupted, CLI_QUOTE(pool->name),
			 pool->interrupted_reason, CLI_QUOTE(pool->path));
		cli_status(call, CLI_EXIT_FINDINGS);
	}
	if (pool->compliance == COW_COMPLIANCE_DRIFTED) {
		cli_warn(call, "pool %s has drifted from its policy %s: %s (%s)",
			 CLI_QUOTE(pool->name), cow_policy_name(pool->policy),
			 pool->compliance_reason, pool->compliance_remedy);
		return CLI_EXIT_FINDINGS;
	}
	if (pool->compliance == COW_COMPLIANCE_UNKNOWN && pool->policy != COW_POLICY_AUTO) {
		cli_warn(call, "pool %s, policy %s: it is unknown how its directory stands: %s",
			 CLI_QUOTE(pool->name), cow_policy_name(pool->policy),
			 pool->compliance_reason);
		return CLI_EXIT_FAILED;
	}
	return CLI_EXIT_CLEAN;
}

int cli_pool_judge_started(struct cli_call *call, const struct cow_pool *pool)
{
	int status = cli_pool_judge(call, pool);

	return status == CLI_EXIT_FAILED && pool->state == COW_POOL_STATE_ACTIVE ? CLI_EXIT_FINDINGS
										 : status;
}

void cli_pool_tell_pending(struct cli_call *call, const struct cow_pool *pool)
{
	if (pool->pending == COW_ANSWER_YES)
		cli_warn(call,
			 "pool %s runs on in %s: the new definition takes effect when it is "
			 "started again",
			 CLI_QUOTE(pool->name), CLI_QUOTE(pool->path));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store, in a folder of its own; directories are built in tests/fs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cow/pool.h>

#include "unit.h"

#define UUID  "262a9953-f326-4bf1-b198-52a351ea9a0f"
#define OTHER "11111111-2222-4333-8444-555555555555"

static struct cow_pool *read_xml(const char *xml, struct cow_error *err)
{
	struct cow_pool *pool = NULL;

	cow_pool_new_xml(xml, strlen(xml), &pool, err);
	return pool;
}

static int define(struct cow_pool_store *store, const char *name, const char *uuid,
		  const char *path)
{
	char xml[512];
	struct cow_pool *pool;
	int r;

	snprintf(xml, sizeof(xml),
		 "<pool type='dir'><name>%s</name><uuid>%s</uuid>"
		 "<target><path>%s</path></target></pool>",
		 name, uuid, path);
	pool = read_xml(xml, NULL);
	r = cow_pool_define(store, pool, NULL);
	cow_pool_free(pool);
	return r;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void name_uuid_and_directory_belong_to_one_pool(struct cow_pool_store *store)
{
	CHECK_NUMBER(define(store, "a", UUID, "/p"), 0);
	CHECK_NUMBER(define(store, "a", UUID, "/q"), 0);
	CHECK_NUMBER(define(store, "a", OTHER, "/q"), -EEXIST);
	CHECK_NUMBER(define(store, "b", UUID, "/r"), -EEXIST);
	CHECK_NUMBER(define(store, "b", OTHER, "/q"), -EEXIST);
	CHECK_NUMBER(define(store, "b", OTHER, "/q/sub"), 0);
}

static void a_pool_is_found_by_name_uuid_and_path(struct cow_pool_store *store)
{
	static const struct {
		const char *path, *name;
	} cases[] = {{"/q", "a"}, {"/q/x", "a"}, {"/q/sub/", "b"}, {"/q/subx", "a"}, {"/", NULL}};
	struct cow_pool *pool = NULL;

	CHECK_NUMBER(cow_pool_lookup(store, "a", &pool, NULL), 0);
	CHECK_TEXT(pool->path, "/q");
	CHECK_NUMBER(pool->source, COW_POOL_SOURCE_COWCTL);
	CHECK(pool->persistent && !pool->autostart);
	cow_pool_free(pool);
	CHECK_NUMBER(cow_pool_lookup(store, OTHER, &pool, NULL), 0);
	CHECK_TEXT(pool->name, "b");
	cow_pool_free(pool);
	CHECK_NUMBER(cow_pool_lookup(store, "none", &pool, NULL), -ENOENT);
	CHECK_NUMBER(cow_pool_lookup(store, "../pools/a", &pool, NULL), -ENOENT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = cow_pool_lookup_path(store, cases[i].path, &pool, NULL);

		CHECK_NUMBER(r, cases[i].name ? 0 : -ENOENT);
		if (r < 0)
			continue;
		CHECK_TEXT(pool->name, cases[i].name);
		cow_pool_free(pool);
	}
}

static void a_broken_definition_is_counted_and_hides_nothing(struct cow_pool_store *store)
{
	struct cow_error err = {0};
	struct cow_pool **pools = NULL, *pool = NULL;
	size_t broken = 0;

	write_text("cowctl/pools/0.xml", "<pool");
	write_text("cowctl/pools/README", "no definition");
	CHECK_NUMBER(mkfifo("cowctl/pools/1.xml", 0600), 0);
	write_text("cowctl/pools/2.xml", "<pool type='dir'><name>x</name>"
					 "<target><path>/p</path></target></pool>");
	CHECK_NUMBER(cow_pool_list(store, &pools, &broken, &err), 0);
	CHECK_NUMBER(broken, 3);
	CHECK(strstr(err.message, ".xml"));
	CHECK_TEXT(pools[0]->name, "a");
	CHECK_TEXT(pools[1]->name, "b");
	CHECK(!pools[2]);
	cow_pool_list_free(pools);
	CHECK_NUMBER(cow_pool_lookup(store, "0", &pool, &err), -EINVAL);
	CHECK_NUMBER(define(store, "0", OTHER, "/z"), -EINVAL);
	unlink("cowctl/pools/0.xml");
	unlink("cowctl/pools/1.xml");
	unlink("cowctl/pools/2.xml");
}

static void libvirts_pools_of_any_type_are_listed_and_left_alone(struct cow_pool_store *store)
{
	struct cow_error err = {0};
	struct cow_pool **pools = NULL;
	size_t broken = 7;

	CHECK_NUMBER(mkdir("libvirt", 0755) | mkdir("libvirt/storage", 0755), 0);
	write_text("libvirt/storage/a.xml", "<pool type='dir'><name>a</name>"
					    "<target><path>/l</path></target></pool>");
	write_text("libvirt/storage/vg.xml", "<pool type='logical'><name>vg</name></pool>");
	CHECK_NUMBER(cow_pool_list(store, &pools, &broken, NULL), 0);
	CHECK_NUMBER(broken, 0);
	CHECK_NUMBER(pools[0]->source, COW_POOL_SOURCE_COWCTL);
	CHECK_NUMBER(pools[1]->source, COW_POOL_SOURCE_LIBVIRT);
	CHECK_TEXT(pools[1]->path, "/l");
	CHECK_TEXT(pools[3]->type, "logical");
	CHECK(!pools[3]->path);
	cow_pool_list_free(pools);
	CHECK_NUMBER(cow_pool_undefine(store, "vg", &err), -EPERM);
	CHECK_NUMBER(err.code, COW_CODE_REFUSED);
}

/* Of a later version they might mean to do nothing. */
static void flags_that_nobody_knows_are_refused(struct cow_pool_store *store)
{
	const struct cow_pool_parts parts = {
		.name = "c", .path = "/nowhere/at/all", .policy = COW_POLICY_AUTO};
	struct cow_pool_build_result result;
	struct cow_pool_point **points = NULL;
	struct cow_pool *pool = NULL;
	struct cow_error err = {0};

	CHECK_NUMBER(cow_pool_new(&parts, &pool, NULL), 0);
	CHECK_NUMBER(cow_pool_apply(store, pool, 0x80, &points, &err), -EINVAL);
	CHECK_NUMBER(err.code, COW_CODE_USAGE);
	CHECK_NUMBER(cow_pool_build(store, pool, COW_POOL_BUILD_DRY_RUN | 0x80, &result, NULL),
		     -EINVAL);
	CHECK_NUMBER(cow_pool_create(store, pool, COW_POOL_BUILD_DRY_RUN, NULL), -EINVAL);
	CHECK(access("/nowhere", F_OK) < 0);
	cow_pool_free(pool);
}

static void an_undefined_pool_is_gone(struct cow_pool_store *store)
{
	struct cow_pool *pool = NULL;

	CHECK_NUMBER(cow_pool_undefine(store, OTHER, NULL), 0);
	CHECK_NUMBER(cow_pool_lookup(store, "b", &pool, NULL), -ENOENT);
	CHECK_NUMBER(cow_pool_undefine(store, "b", NULL), -ENOENT);
}

static void the_store(void)
{
	char folder[] = "/tmp/cow-pool-XXXXXX", command[64];
	struct cow_pool_store *store = NULL;

	CHECK(mkdtemp(folder) && chdir(folder) == 0);
	setenv("XDG_CONFIG_HOME", folder, 1);
	setenv("XDG_RUNTIME_DIR", folder, 1);
	CHECK_NUMBER(cow_pool_store_new(COW_POOL_SCOPE_SESSION, &store, NULL), 0);
	name_uuid_and_directory_belong_to_one_pool(store);
	a_pool_is_found_by_name_uuid_and_path(store);
	a_broken_definition_is_counted_and_hides_nothing(store);
	libvirts_pools_of_any_type_are_listed_and_left_alone(store);
	flags_that_nobody_knows_are_refused(store);
	an_undefined_pool_is_gone(store);
	cow_pool_store_free(store);
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	CHECK_NUMBER(system(command), 0);
}

int main(void)
{
	the_store();
	return unit_status();
}

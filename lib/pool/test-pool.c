/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions and the store, in a folder of its own; directories are built in tests/fs. */
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

static char *dump_and_free(struct cow_pool *pool)
{
	char *xml = NULL;

	CHECK(pool && cow_pool_dump_xml(pool, &xml, NULL) == 0);
	cow_pool_free(pool);
	return xml;
}

static void what_libvirt_writes_is_understood(void)
{
	struct cow_pool *pool = read_xml(
		"<!-- WARNING: THIS IS AN AUTO-GENERATED FILE. -->\n"
		"<pool type='dir'><name>my images</name><uuid>" UUID "</uuid>"
		"<capacity unit='bytes'>0</capacity><features><cow state='no'/></features><source/>"
		"<target><path>//srv/./images/</path><permissions><mode>0711</mode>"
		"<owner>-1</owner><group>7</group><label>x:y</label></permissions></target></pool>",
		NULL);

	CHECK(pool);
	if (!pool)
		return;
	CHECK_TEXT(pool->name, "my images");
	CHECK_TEXT(pool->uuid, UUID);
	CHECK_TEXT(pool->type, "dir");
	CHECK_TEXT(pool->path, "/srv/images");
	CHECK_NUMBER(pool->policy, COW_POLICY_OFF);
	CHECK_NUMBER(pool->mode, 0711);
	CHECK_NUMBER(pool->owner, -1);
	CHECK_NUMBER(pool->group, 7);
	cow_pool_free(pool);
}

static void what_is_not_understood_is_kept(void)
{
	char *xml = dump_and_free(read_xml(
		"<pool type='dir' xmlns:x='urn:x'><name>a</name><x:opts a='1'>&lt;&amp;</x:opts>"
		"<capacity>5</capacity><target><path>/p</path><future/></target></pool>",
		NULL));

	CHECK(strstr(xml, "<x:opts a=\"1\">&lt;&amp;</x:opts>"));
	CHECK(strstr(xml, "<future/>"));
	CHECK(strstr(xml, "xmlns:x=\"urn:x\""));
	CHECK(!strstr(xml, "capacity"));
	free(xml);
}

static void a_missing_uuid_is_made_up_and_never_twice_the_same(void)
{
	static const char xml[] =
		"<pool type='dir'><name>a</name><target><path>/p</path></target></pool>";
	struct cow_pool *one = read_xml(xml, NULL), *two = read_xml(xml, NULL);

	CHECK_NUMBER(strlen(one->uuid), 36);
	CHECK_NUMBER(one->uuid[14], '4');
	CHECK(strcmp(one->uuid, two->uuid) != 0);
	CHECK_NUMBER(one->policy, COW_POLICY_AUTO);
	cow_pool_free(one);
	cow_pool_free(two);
}

static void a_uuid_is_taken_in_any_form_and_kept_in_one(void)
{
	char *xml = dump_and_free(read_xml("<pool type='dir'><name>a</name>"
					   "<uuid>262A9953F3264BF1B19852A351EA9A0F</uuid>"
					   "<target><path>/p</path></target></pool>",
					   NULL));

	CHECK(strstr(xml, "<uuid>" UUID "</uuid>"));
	free(xml);
}

static void a_definition_that_means_nothing_is_refused(void)
{
	static const struct {
		const char *xml;
		int errnum;
	} cases[] = {
		{"", EINVAL},
		{"<pool", EINVAL},
		{"<domain/>", EINVAL},
		{"<pool type='dir'/>", EINVAL},
		{"<pool><name>a</name><target><path>/p</path></target></pool>", EINVAL},
		{"<pool xmlns='urn:x' type='dir'><name>a</name>"
		 "<target><path>/p</path></target></pool>",
		 EINVAL},
		{"<pool type='logical'><name>a</name></pool>", EOPNOTSUPP},
		{"<pool type='dir'><name>a</name></pool>", EINVAL},
		{"<pool type='dir'><name>a</name><target><path>p</path></target></pool>", EINVAL},
		{"<pool type='dir'><name>a</name><target><path>/</path></target></pool>", EINVAL},
		{"<pool type='dir'><name>a</name><target><path>/a/../b</path></target></pool>",
		 EINVAL},
		{"<pool type='dir'><name>a</name><name>b</name>"
		 "<target><path>/p</path></target></pool>",
		 EINVAL},
		{"<pool type='dir'><name>a</name><uuid>no</uuid>"
		 "<target><path>/p</path></target></pool>",
		 EINVAL},
		{"<pool type='dir'><name>a</name><features><cow state='maybe'/></features>"
		 "<target><path>/p</path></target></pool>",
		 EINVAL},
		{"<pool type='dir'><name>a</name><features><cow/></features>"
		 "<target><path>/p</path></target></pool>",
		 EINVAL},
		{"<pool type='dir'><name>a</name><target><path>/p</path><permissions>"
		 "<mode>0799</mode></permissions></target></pool>",
		 EINVAL},
		{"<pool type='dir'><name>a</name><target><path>/p</path><permissions>"
		 "<owner>4294967295</owner></permissions></target></pool>",
		 EINVAL},
		{"<pool type='dir'><name>a\xff</name><target><path>/p</path></target></pool>",
		 EINVAL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cow_error err = {0};
		struct cow_pool *pool = NULL;

		CHECK_NUMBER(cow_pool_new_xml(cases[i].xml, strlen(cases[i].xml), &pool, &err),
			     -cases[i].errnum);
		CHECK(err.message[0] && !strchr(err.message, '\n'));
		CHECK(!pool);
	}
}

static void a_name_must_do_as_a_file_name(void)
{
	static const char *const names[] = {"",    ".",    "..",   ".hidden",
					    "a/b", "a\nb", "a\tb", "\xff"};
	char longest[202];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct cow_pool *pool = NULL;

		CHECK_NUMBER(cow_pool_new(names[i], "/p", COW_POLICY_OFF, &pool, NULL), -EINVAL);
	}
	memset(longest, 'x', 201);
	longest[201] = '\0';
	for (int cut = 201; cut >= 200; cut--) {
		struct cow_pool *pool = NULL;

		longest[cut] = '\0';
		CHECK_NUMBER(cow_pool_new(longest, "/p", COW_POLICY_OFF, &pool, NULL),
			     cut > 200 ? -EINVAL : 0);
		cow_pool_free(pool);
	}
}

static void hostile_xml_is_an_error_and_nothing_else(void)
{
	static const char laughs[] =
		"<!DOCTYPE pool [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
		"<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>"
		"<pool type='dir'><name>&c;</name><target><path>/p</path></target></pool>";
	static const char outside[] =
		"<!DOCTYPE pool [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
		"<pool type='dir'><name>&x;</name><target><path>/p</path></target></pool>";
	static const char doctype[] =
		"<!DOCTYPE pool SYSTEM 'http://localhost:1/x.dtd'>"
		"<pool type='dir'><name>a</name><target><path>/p</path></target></pool>";
	const char *const cases[] = {laughs, outside, doctype};
	struct cow_error err = {0};
	struct cow_pool *pool = NULL;
	size_t size = 2u << 20;
	char *big = malloc(size + 1);

	for (size_t i = 0; i < 3; i++) {
		CHECK(!read_xml(cases[i], &err));
		CHECK(strstr(err.message, "document type"));
	}
	for (size_t i = 0; i < size; i += 4)
		memcpy(big + i, "<a> ", 4);
	CHECK_NUMBER(cow_pool_new_xml(big, size, &pool, &err), -EINVAL);
	CHECK_NUMBER(cow_pool_new_xml(big, 1u << 20, &pool, &err), -EINVAL);
	free(big);
}

static void any_path_that_xml_can_carry_comes_back_whole(void)
{
	static const char *const paths[] = {
		"/a b", "/a\nb", "/a\r\tb", "/-x", "/<&\"'>]]>", "/\xc3\xa4\xe2\x82\xac", "/  ",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct cow_pool *pool = NULL, *again;
		char *xml;

		CHECK_NUMBER(cow_pool_new("n", paths[i], COW_POLICY_ON, &pool, NULL), 0);
		xml = dump_and_free(pool);
		again = read_xml(xml, NULL);
		CHECK(again);
		CHECK_TEXT(again ? again->path : NULL, paths[i]);
		cow_pool_free(again);
		free(xml);
	}
}

static void a_path_that_xml_can_not_carry_is_an_error(void)
{
	struct cow_error err = {0};
	struct cow_pool *pool = NULL;

	CHECK_NUMBER(cow_pool_new("n", "/a\x01", COW_POLICY_OFF, &pool, &err), -EINVAL);
	CHECK_NUMBER(cow_pool_new("n", "/a\xff", COW_POLICY_OFF, &pool, &err), -EINVAL);
	CHECK(strstr(err.message, "\\xff"));
}

/* The store, with the session's folders in one of ours. */

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
	an_undefined_pool_is_gone(store);
	cow_pool_store_free(store);
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	CHECK_NUMBER(system(command), 0);
}

int main(void)
{
	what_libvirt_writes_is_understood();
	what_is_not_understood_is_kept();
	a_missing_uuid_is_made_up_and_never_twice_the_same();
	a_uuid_is_taken_in_any_form_and_kept_in_one();
	a_definition_that_means_nothing_is_refused();
	a_name_must_do_as_a_file_name();
	hostile_xml_is_an_error_and_nothing_else();
	any_path_that_xml_can_carry_comes_back_whole();
	a_path_that_xml_can_not_carry_is_an_error();
	the_store();
	return unit_status();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions: XML in and out. */
#include <errno.h>

#include <cow/pool.h>

#include "unit.h"

#define UUID "262a9953-f326-4bf1-b198-52a351ea9a0f"

static struct cow_pool *read_xml(const char *xml, struct cow_error *err)
{
	struct cow_pool *pool = NULL;

	cow_pool_new_xml(xml, strlen(xml), &pool, err);
	return pool;
}

static int make(const char *name, const char *path, struct cow_pool **ret, struct cow_error *err)
{
	const struct cow_pool_parts parts = {.name = name, .path = path, .policy = COW_POLICY_ON};

	return cow_pool_new(&parts, ret, err);
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

		CHECK_NUMBER(make(names[i], "/p", &pool, NULL), -EINVAL);
	}
	memset(longest, 'x', 201);
	longest[201] = '\0';
	for (int cut = 201; cut >= 200; cut--) {
		struct cow_pool *pool = NULL;

		longest[cut] = '\0';
		CHECK_NUMBER(make(longest, "/p", &pool, NULL), cut > 200 ? -EINVAL : 0);
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

		CHECK_NUMBER(make("n", paths[i], &pool, NULL), 0);
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

	CHECK_NUMBER(make("n", "/a\x01", &pool, &err), -EINVAL);
	CHECK_NUMBER(make("n", "/a\xff", &pool, &err), -EINVAL);
	CHECK(strstr(err.message, "\\xff"));
}

#define DEVICE  "<device path='/dev/sdz1'/>"
#define SERVER  "<host name='h'/><dir path='/x'/>"
#define OPTIONS "xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'"

/* What is mounted, from where, and how: the command lines libvirt comes to. */
static void what_is_mounted_follows_from_the_source(void)
{
	static const struct {
		const char *type, *source, *rest, *mount_source, *mount_type, *options;
	} cases[] = {
		{"fs", DEVICE, "", "/dev/sdz1", "auto", ""},
		{"fs", DEVICE "<format type='btrfs'/>", "", "/dev/sdz1", "btrfs", ""},
		{"fs", DEVICE,
		 "<fs:mount_opts><fs:option name='sync'/><fs:option name='a=b,c'/>"
		 "</fs:mount_opts>",
		 "/dev/sdz1", "auto", ",sync,a=b,c"},
		{"fs", DEVICE, "<mount_opts><option name='sync'/></mount_opts>", "/dev/sdz1",
		 "auto", ""},
		{"netfs", SERVER, "", "h:/x", "auto", ""},
		{"netfs", SERVER "<format type='nfs'/><protocol ver='4.1'/>", "", "h:/x", "nfs",
		 ",nfsvers=4.1"},
		{"netfs", "<host name='::1'/><dir path='/x'/>", "", "[::1]:/x", "auto", ""},
		{"netfs", "<host name='h'/><dir path='s'/><format type='cifs'/>", "", "//h/s",
		 "cifs", ",guest"},
		{"netfs", "<host name='h'/><dir path='v'/><format type='glusterfs'/>", "", "h:v",
		 "glusterfs", ",direct-io-mode=1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char xml[1000], options[200];
		struct cow_pool *pool;

		snprintf(xml, sizeof(xml),
			 "<pool type='%s' " OPTIONS "><name>a</name><source>%s</source>"
			 "<target><path>/p</path></target>%s</pool>",
			 cases[i].type, cases[i].source, cases[i].rest);
		snprintf(options, sizeof(options), "nodev,nosuid,noexec%s", cases[i].options);
		pool = read_xml(xml, NULL);
		CHECK_TEXT(pool ? pool->mount_source : NULL, cases[i].mount_source);
		CHECK_TEXT(pool ? pool->mount_type : NULL, cases[i].mount_type);
		CHECK_TEXT(pool ? pool->mount_options : NULL, options);
		cow_pool_free(pool);
	}
}

static void a_source_that_can_not_be_mounted_is_refused(void)
{
	static const struct {
		const char *type, *rest;
		int errnum;
	} cases[] = {
		{"fs", "", EINVAL},
		{"fs", "<source><host name='h'/></source>", EINVAL},
		{"fs", "<source><device path='sdz1'/></source>", EINVAL},
		{"fs", "<source>" DEVICE DEVICE "</source>", EINVAL},
		{"fs", "<source>" DEVICE "<format type='../x'/></source>", EINVAL},
		{"fs", "<source>" DEVICE "<format type=''/></source>", EINVAL},
		{"netfs", "<source>" DEVICE "</source>", EINVAL},
		{"netfs", "<source><host name='h'/></source>", EINVAL},
		{"netfs", "<source>" SERVER "<protocol ver='4,suid'/></source>", EINVAL},
		{"netfs", "<features><cow state='no'/></features><source>" SERVER "</source>",
		 EOPNOTSUPP},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cow_error err = {0};
		struct cow_pool *pool = NULL;
		char xml[1000];

		snprintf(xml, sizeof(xml),
			 "<pool type='%s'><name>a</name>%s<target><path>/p</path></target></pool>",
			 cases[i].type, cases[i].rest);
		CHECK_NUMBER(cow_pool_new_xml(xml, strlen(xml), &pool, &err), -cases[i].errnum);
		CHECK(err.message[0]);
	}
}

int main(void)
{
	what_is_mounted_follows_from_the_source();
	a_source_that_can_not_be_mounted_is_refused();
	what_libvirt_writes_is_understood();
	what_is_not_understood_is_kept();
	a_missing_uuid_is_made_up_and_never_twice_the_same();
	a_uuid_is_taken_in_any_form_and_kept_in_one();
	a_definition_that_means_nothing_is_refused();
	a_name_must_do_as_a_file_name();
	hostile_xml_is_an_error_and_nothing_else();
	any_path_that_xml_can_carry_comes_back_whole();
	a_path_that_xml_can_not_carry_is_an_error();
	return unit_status();
}

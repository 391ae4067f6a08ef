/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <cow/volume.h>

#include "unit.h"

static struct cow_error err;

static struct cow_volume_definition *read_xml(const char *xml)
{
	struct cow_volume_definition *definition = NULL;

	if (cow_volume_definition_new_xml(xml, strlen(xml), &definition, &err) < 0)
		return NULL;
	return definition;
}

static void units_are_libvirts(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{"<capacity>1000</capacity>", 1000},
		{"<capacity unit='bytes'> 1 </capacity>", 1},
		{"<capacity unit='K'>2</capacity>", 2048},
		{"<capacity unit='kib'>2</capacity>", 2048},
		{"<capacity unit='KB'>2</capacity>", 2000},
		{"<capacity unit='G'>3</capacity>", UINT64_C(3) << 30},
		{"<capacity unit='TiB'>3</capacity>", UINT64_C(3) << 40},
		{"<capacity unit='PB'>3</capacity>", UINT64_C(3000000000000000)},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char xml[200];
		struct cow_volume_definition *definition;

		snprintf(xml, sizeof(xml), "<volume><name>x</name>%s</volume>", rows[i].text);
		definition = read_xml(xml);
		CHECK(definition != NULL);
		if (definition)
			CHECK_NUMBER(definition->options.capacity, rows[i].bytes);
		cow_volume_definition_free(definition);
	}
}

#define TARGET(xml) "<volume><name>x</name><target>" xml "</target></volume>"

static void nonsense_is_refused(void)
{
	static const char *const texts[] = {
		"",
		"<volume/>",
		"<pool><name>x</name></pool>",
		"<volume><name>x</name><name>y</name></volume>",
		"<volume><name>x</name><capacity>-1</capacity></volume>",
		"<volume><name>x</name><capacity>0x10</capacity></volume>",
		"<volume><name>x</name><capacity unit='Z'>1</capacity></volume>",
		"<volume><name>x</name><capacity unit=''>1</capacity></volume>",
		"<volume><name>x</name><capacity unit='E'>9</capacity></volume>",
		TARGET("<format type='flat'/>"),
		TARGET("<compat>2</compat>"),
		TARGET("<format type='qcow2'/><features><lazy_refcounts/><none/></features>"),
		TARGET("<permissions><mode>9</mode></permissions>"),
		TARGET("<permissions><owner>x</owner></permissions>"),
		"<!DOCTYPE volume [<!ENTITY e 'x'>]><volume><name>&e;</name></volume>",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CHECK(!read_xml(texts[i]));
		CHECK_NUMBER(err.code, COW_CODE_USAGE);
		CHECK(err.message[0]);
	}
	CHECK(!read_xml("<volume><name>x</name><target><encryption/></target></volume>"));
	CHECK_NUMBER(err.code, COW_CODE_UNSUPPORTED);
}

static void a_capacity_of_nothing_is_meant_where_it_is_said(void)
{
	struct cow_volume_definition *definition =
		read_xml("<volume><name>x</name><capacity unit='G'>0</capacity></volume>");

	CHECK(definition != NULL);
	if (!definition)
		return;
	CHECK_NUMBER(definition->options.capacity, 0);
	CHECK_NUMBER(definition->options.flags, COW_VOLUME_CREATE_EMPTY);
	cow_volume_definition_free(definition);
}

static void what_is_not_said_is_as_in_libvirt(void)
{
	struct cow_volume_definition *definition = read_xml("<volume><name>x</name></volume>");

	CHECK(definition != NULL);
	if (!definition)
		return;
	CHECK_TEXT(definition->options.name, "x");
	CHECK_NUMBER(definition->options.format, COW_FORMAT_UNKNOWN);
	CHECK(definition->options.allocation == COW_VOLUME_ALLOCATE_ALL);
	CHECK(!definition->options.backing && !definition->options.nocow);
	CHECK_NUMBER(definition->options.flags, 0);
	cow_volume_definition_free(definition);
}

static void a_directory_and_a_backing_file_are_seen(void)
{
	struct cow_volume_definition *definition =
		read_xml("<volume type='dir'><name>x</name><target><format type='dir'/></target>"
			 "</volume>");

	CHECK(definition && definition->options.type == COW_VOLUME_TYPE_DIRECTORY);
	cow_volume_definition_free(definition);
	definition = read_xml("<volume><name>x</name><target><format type='qcow2'/><features>"
			      "<lazy_refcounts/></features></target><backingStore>"
			      "<path>/b</path><format type='raw'/></backingStore></volume>");
	CHECK(definition != NULL);
	if (!definition)
		return;
	CHECK_TEXT(definition->options.backing, "/b");
	CHECK_NUMBER(definition->options.backing_format, COW_FORMAT_RAW);
	CHECK(definition->options.lazy_refcounts);
	cow_volume_definition_free(definition);
}

static void encryption_is_luks_in_qemus_words(void)
{
	struct cow_volume_definition *definition =
		read_xml(TARGET("<format type='qcow2'/><encryption format='luks'>"
				"<secret type='passphrase' usage='x'/>"
				"<cipher name='twofish' size='256' mode='cbc' hash='sha512'/>"
				"<ivgen name='essiv' hash='sha1'/></encryption>"));

	CHECK(definition && definition->options.encryption == &definition->encryption);
	if (!definition)
		return;
	CHECK_TEXT(definition->encryption.cipher, "twofish-256");
	CHECK_TEXT(definition->encryption.mode, "cbc");
	CHECK_TEXT(definition->encryption.hash, "sha512");
	CHECK_TEXT(definition->encryption.ivgen, "essiv");
	CHECK_TEXT(definition->encryption.ivgen_hash, "sha1");
	CHECK(!definition->encryption.secret_file);
	cow_volume_definition_free(definition);
	definition = read_xml(TARGET("<encryption format='luks'/>"));
	CHECK(definition && definition->options.encryption && !definition->encryption.cipher);
	cow_volume_definition_free(definition);
	CHECK(!read_xml(TARGET("<encryption format='luks'><cipher name='aes'/></encryption>")));
	CHECK_NUMBER(err.code, COW_CODE_USAGE);
}

int main(void)
{
	encryption_is_luks_in_qemus_words();
	units_are_libvirts();
	nonsense_is_refused();
	a_capacity_of_nothing_is_meant_where_it_is_said();
	what_is_not_said_is_as_in_libvirt();
	a_directory_and_a_backing_file_are_seen();
	return unit_status();
}

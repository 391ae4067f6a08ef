/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an index, as they were written and as nobody should write them. */
#include "base/macro.h"
#include "volume/index.h"

#include "unit.h"

static const struct volume_directory here = {.filesystem = 7, .inode = 256};

/* Where things lie in the bytes; a head is six numbers. */
#define HEAD    (6 * sizeof(uint64_t))
#define COUNT   (5 * sizeof(uint64_t))
#define VOLUMES 3

static struct volume_made *volume(const char *name, const char *backing, bool keep)
{
	struct volume_made *made = calloc(1, sizeof(*made));

	made->volume.name = name;
	made->volume.physical = 4096 + strlen(name);
	made->volume.capacity = UINT64_C(1) << 40;
	made->volume.changed = (struct cow_time){.seconds = -5, .nanoseconds = 6};
	made->volume.format = COW_FORMAT_QCOW2;
	made->inode = 300;
	made->written = backing;
	made->facts = (struct volume_facts){.nocow = COW_ANSWER_YES, .old = true};
	made->keep = keep;
	return made;
}

static void *make(size_t *ret_size)
{
	struct volume_made *mades[] = {
		volume("a", NULL, true),
		volume("b", "base.qcow2", true),
		volume("not kept", NULL, false),
		volume("\xff", NULL, true),
	};
	struct cow_volume *volumes[BASE_ARRAY_SIZE(mades) + 1] = {0};
	void *data = NULL;

	for (size_t i = 0; i < BASE_ARRAY_SIZE(mades); i++)
		volumes[i] = &mades[i]->volume;
	CHECK_NUMBER(volume_index_make(volumes, &here, &data, ret_size), 0);
	for (size_t i = 0; i < BASE_ARRAY_SIZE(mades); i++)
		free(mades[i]);
	return data;
}

static void what_was_put_in_comes_out(void)
{
	BASE_CLEANUP(index) struct volume_index index = {0};
	const struct volume_record *record;
	size_t size;
	void *data = make(&size);

	CHECK_NUMBER(volume_index_take(data, size, &here, &index), 0);
	CHECK_NUMBER(index.count, VOLUMES);
	CHECK(!volume_index_find(&index, "not kept"));
	CHECK(!volume_index_find(&index, ""));
	CHECK(volume_index_find(&index, "a") && volume_index_find(&index, "\xff"));
	CHECK_NUMBER(volume_index_find(&index, "a")->backing, 0);
	record = volume_index_find(&index, "b");
	CHECK(record != NULL);
	if (!record)
		return;
	CHECK_TEXT(index.texts + record->backing, "base.qcow2");
	CHECK_NUMBER(record->inode, 300);
	CHECK_NUMBER(record->size, 4097);
	CHECK_NUMBER(record->capacity, INT64_C(1) << 40);
	CHECK_NUMBER(record->changed, -5);
	CHECK_NUMBER(record->changed_ns, 6);
	CHECK_NUMBER(record->format, COW_FORMAT_QCOW2);
	CHECK_NUMBER(record->facts.nocow, COW_ANSWER_YES);
	CHECK(record->facts.old && !record->facts.shared);
}

static void an_empty_pool_has_an_index_too(void)
{
	BASE_CLEANUP(index) struct volume_index index = {0};
	struct cow_volume *none = NULL;
	size_t size;
	void *data;

	CHECK_NUMBER(volume_index_make(&none, &here, &data, &size), 0);
	CHECK_NUMBER(volume_index_take(data, size, &here, &index), 0);
	CHECK(!volume_index_find(&index, "a"));
}

/* Is a copy of so many bytes, in memory of exactly that size, taken? */
static bool is_taken(const void *data, size_t size, const struct volume_directory *directory)
{
	BASE_CLEANUP(index) struct volume_index index = {0};
	void *copy = malloc(size + !size);

	memcpy(copy, data, size);
	return volume_index_take(copy, size, directory, &index) == 0;
}

static void a_torn_one_is_none(void)
{
	size_t size;
	BASE_CLEANUP(free) char *data = make(&size);

	for (size_t n = 0; n < size; n++)
		CHECK(!is_taken(data, n, &here));
	for (size_t bit = 0; bit < 8 * size; bit++) {
		data[bit / 8] ^= (char)(1 << bit % 8);
		CHECK(!is_taken(data, size, &here));
		data[bit / 8] ^= (char)(1 << bit % 8);
	}
	CHECK(is_taken(data, size, &here));
}

static void one_of_another_directory_is_none(void)
{
	const struct volume_directory moved = {.filesystem = 7, .inode = 257},
				      other = {.filesystem = 8, .inode = 256};
	size_t size;
	BASE_CLEANUP(free) void *data = make(&size);

	CHECK(!is_taken(data, size, &moved));
	CHECK(!is_taken(data, size, &other));
}

/* Forged: the checksum is right. At worst it names things that can't be. */
static bool is_forged_taken(char *data, size_t size)
{
	volume_index_seal(data, size);
	return is_taken(data, size, &here);
}

static void cut_and_sealed_again_it_is_none(void)
{
	size_t size;
	BASE_CLEANUP(free) char *data = make(&size);

	for (size_t n = 0; n < size; n++) {
		BASE_CLEANUP(free) char *copy = malloc(n + !n);

		memcpy(copy, data, n);
		CHECK(!is_forged_taken(copy, n));
	}
}

static void a_forged_count_is_not_believed(void)
{
	const uint64_t counts[] = {VOLUMES + 1, VOLUMES + 2, UINT64_MAX,
				   UINT64_MAX / sizeof(struct volume_record) + 2,
				   UINT64_C(1) << 63};
	size_t size;
	BASE_CLEANUP(free) char *data = make(&size);

	for (size_t i = 0; i < BASE_ARRAY_SIZE(counts); i++) {
		memcpy(data + COUNT, &counts[i], sizeof(counts[i]));
		CHECK(!is_forged_taken(data, size));
	}
}

static void forged_records_are_not_believed(void)
{
	const size_t texts = HEAD + VOLUMES * sizeof(struct volume_record);
	size_t size;
	BASE_CLEANUP(free) char *data = make(&size);
	struct volume_record *records = (struct volume_record *)(data + HEAD), kept[VOLUMES];

	memcpy(kept, records, sizeof(kept));
#define FORGE(change)                                                                              \
	do {                                                                                       \
		change;                                                                            \
		CHECK(!is_forged_taken(data, size));                                               \
		memcpy(records, kept, sizeof(kept));                                               \
		CHECK(is_forged_taken(data, size));                                                \
	} while (0)
	FORGE(records[2].name = (uint32_t)(size - texts));
	FORGE(records[0].name = UINT32_MAX);
	FORGE(records[1].backing = (uint32_t)(size - texts));
	FORGE(records[1].capacity = UINT64_MAX);
	FORGE(records[0].name = 0);                        /* "" */
	FORGE(records[0].name = records[1].name);          /* twice */
	FORGE(records[0] = kept[1]; records[1] = kept[0]); /* out of order */
	data[size - 1] = 'x';
	CHECK(!is_forged_taken(data, size));
}

int main(void)
{
	what_was_put_in_comes_out();
	an_empty_pool_has_an_index_too();
	a_torn_one_is_none();
	one_of_another_directory_is_none();
	cut_and_sealed_again_it_is_none();
	a_forged_count_is_not_believed();
	forged_records_are_not_believed();
	return unit_status();
}

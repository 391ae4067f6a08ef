/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an index, as they were written and as nobody should write them. */
#include <fcntl.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "volume/index.h"

#include "unit.h"

static const struct volume_directory here = {.filesystem = 7, .inode = 256};

/* Where things lie in the bytes; a head is six numbers. */
#define HEAD    (6 * sizeof(uint64_t))
#define SIZE    (2 * sizeof(uint64_t))
#define VOLUMES 3

static struct volume_made *volume(const char *name, const char *backing)
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
	made->keep = true;
	return made;
}

/* What was written, in memory of exactly its size. */
static void *read_back(int fd, size_t *ret_size)
{
	off_t size = lseek(fd, 0, SEEK_END);
	void *data = malloc((size_t)size);

	CHECK_NUMBER(base_pread_full(fd, data, (size_t)size, 0), size);
	*ret_size = (size_t)size;
	return data;
}

static void *make(size_t *ret_size)
{
	struct volume_made *mades[VOLUMES] = {
		volume("a", NULL),
		volume("b", "base.qcow2"),
		volume("\xff", NULL),
	};
	BASE_CLEANUP(fd) int fd = memfd_create("index", 0);
	struct volume_writer writer;

	CHECK_NUMBER(volume_writer_open(&writer, fd, &here), 0);
	for (size_t i = 0; i < VOLUMES; i++) {
		volume_writer_add(&writer, mades[i]);
		free(mades[i]);
	}
	CHECK_NUMBER(volume_writer_close(&writer), 0);
	return read_back(fd, ret_size);
}

static void what_was_put_in_comes_out(void)
{
	BASE_CLEANUP(index) struct volume_index index = {0};
	const struct volume_record *record;
	size_t size;
	void *data = make(&size);

	CHECK_NUMBER(volume_index_take(data, size, &here, &index), 0);
	CHECK(!volume_index_find(&index, ""));
	record = volume_index_find(&index, "a");
	CHECK(record && !volume_record_backing(record));
	CHECK(!volume_index_find(&index, "aa"));
	record = volume_index_find(&index, "b");
	CHECK(record != NULL);
	if (!record)
		return;
	CHECK_TEXT(volume_record_backing(record), "base.qcow2");
	CHECK_NUMBER(record->inode, 300);
	CHECK_NUMBER(record->size, 4097);
	CHECK_NUMBER(record->capacity, INT64_C(1) << 40);
	CHECK_NUMBER(record->changed, -5);
	CHECK_NUMBER(record->changed_ns, 6);
	CHECK_NUMBER(record->format, COW_FORMAT_QCOW2);
	CHECK_NUMBER(record->facts.nocow, COW_ANSWER_YES);
	CHECK(record->facts.old && !record->facts.shared);
	CHECK(volume_index_find(&index, "\xff"));
	CHECK(!volume_index_find(&index, "\xff\xff"));
}

/* Names that were not asked for are passed over, and don't come again. */
static void names_are_asked_for_in_order(void)
{
	BASE_CLEANUP(index) struct volume_index index = {0};
	size_t size;
	void *data = make(&size);

	CHECK_NUMBER(volume_index_take(data, size, &here, &index), 0);
	CHECK(volume_index_find(&index, "\xff"));
	CHECK(!volume_index_find(&index, "b"));
	CHECK(index.at == index.end);
}

/* Another one that is made of the same records is the same. */
static void records_can_be_copied(void)
{
	BASE_CLEANUP(fd) int fd = memfd_create("index", 0);
	struct volume_writer writer;
	size_t size, copied_size;
	BASE_CLEANUP(free) char *data = make(&size), *copied = NULL;

	CHECK_NUMBER(volume_writer_open(&writer, fd, &here), 0);
	volume_writer_copy(&writer, data + HEAD, size - HEAD);
	CHECK_NUMBER(volume_writer_close(&writer), 0);
	copied = read_back(fd, &copied_size);
	CHECK_NUMBER(copied_size, size);
	CHECK(copied_size == size && !memcmp(copied, data, size));
}

static void an_empty_pool_has_an_index_too(void)
{
	BASE_CLEANUP(index) struct volume_index index = {0};
	BASE_CLEANUP(fd) int fd = memfd_create("index", 0);
	struct volume_writer writer;
	size_t size;
	void *data;

	CHECK_NUMBER(volume_writer_open(&writer, fd, &here), 0);
	CHECK_NUMBER(volume_writer_close(&writer), 0);
	data = read_back(fd, &size);
	CHECK_NUMBER(volume_index_take(data, size, &here, &index), 0);
	CHECK(!volume_index_find(&index, "a"));
}

/* A full disk is told when all is written, at the latest. */
static void what_can_not_be_written_is_told(void)
{
	BASE_CLEANUP(fd) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct volume_made *made = volume("a", NULL);
	struct volume_writer writer;

	CHECK_NUMBER(volume_writer_open(&writer, fd, &here), 0);
	volume_writer_add(&writer, made);
	CHECK_NUMBER(volume_writer_close(&writer), -EIO);
	free(made);
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

static void a_forged_size_is_not_believed(void)
{
	size_t size;
	BASE_CLEANUP(free) char *data = make(&size);
	const uint64_t sizes[] = {0, HEAD, size - 1, size + 1, UINT64_MAX, UINT64_C(1) << 63};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(sizes); i++) {
		memcpy(data + SIZE, &sizes[i], sizeof(sizes[i]));
		CHECK(!is_forged_taken(data, size));
	}
}

static void forged_records_are_not_believed(void)
{
	size_t size;
	BASE_CLEANUP(free) char *data = make(&size), *kept = malloc(size);
	struct volume_record *records[VOLUMES];

	memcpy(kept, data, size);
	records[0] = (struct volume_record *)(data + HEAD);
	for (size_t i = 1; i < VOLUMES; i++)
		records[i] = (void *)((char *)records[i - 1] + volume_record_size(records[i - 1]));
#define FORGE(change)                                                                              \
	do {                                                                                       \
		change;                                                                            \
		CHECK(!is_forged_taken(data, size));                                               \
		memcpy(data, kept, size);                                                          \
		CHECK(is_forged_taken(data, size));                                                \
	} while (0)
	FORGE(records[2]->name_size = UINT16_MAX); /* beyond the end */
	FORGE(records[2]->backing_size = UINT32_MAX);
	FORGE(records[1]->backing_size = 64);
	FORGE(records[0]->name_size = 0);
	FORGE(records[0]->name_size = 1); /* with something behind its end */
	FORGE(records[0]->name_size = 3);
	FORGE(records[1]->backing_size--);
	FORGE(records[1]->texts[1] = 'x'); /* without an end */
	FORGE(records[1]->texts[records[1]->name_size] = '\0');
	FORGE(records[0]->texts[0] = '\0');
	FORGE(records[0]->texts[0] = 'b'); /* twice */
	FORGE(records[0]->texts[0] = 'c'); /* out of order */
	FORGE(records[1]->capacity = UINT64_MAX);
	FORGE(records[0]->format = COW_FORMAT_ISO + 1); /* words that are none */
	FORGE(records[0]->backing_format = UINT8_MAX);
	FORGE(records[0]->encrypted = COW_ANSWER_YES + 1);
	FORGE(records[0]->capacity_known = COW_ANSWER_YES + 1);
	FORGE(records[0]->how = COW_ENCRYPTED_LUKS2 + 1);
	FORGE(records[0]->facts.nocow = COW_ANSWER_YES + 1);
	FORGE(records[0]->facts.mapped = COW_ANSWER_YES + 1);
	FORGE(records[0]->facts.history_known = COW_ANSWER_YES + 1);
}

int main(void)
{
	what_was_put_in_comes_out();
	names_are_asked_for_in_order();
	records_can_be_copied();
	an_empty_pool_has_an_index_too();
	what_can_not_be_written_is_told();
	a_torn_one_is_none();
	one_of_another_directory_is_none();
	cut_and_sealed_again_it_is_none();
	a_forged_size_is_not_believed();
	forged_records_are_not_believed();
	return unit_status();
}

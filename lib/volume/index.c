/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an index: a head, then records sorted by name. They are in the order of this
 * machine, and may have been written by anybody. */
#include <fcntl.h>
#include <string.h>
#include <xxhash.h>

#include "base/fd.h"
#include "volume/index.h"

#define MAGIC UINT64_C(0x7865646e69776f63) /* "cowindex" on a little-endian machine */
/* Raised whenever the meaning of a record changes, and when headers or files are understood better,
 * for what was taken wrongly would be remembered so. Of another size it is another one anyway: an
 * index of another version is none. */
#define VERSION (UINT64_C(4) << 32 | sizeof(struct volume_record))

struct head {
	uint64_t magic, version;
	uint64_t size; /* of the whole */
	uint64_t sum;  /* of all that follows */
	struct volume_directory directory;
};

#define ALIGNMENT 8
_Static_assert(sizeof(struct volume_record) == 80 && sizeof(struct head) % ALIGNMENT == 0,
	       "no padding, whose bytes would be anything");

uint64_t volume_record_size(const struct volume_record *record)
{
	uint64_t size = UINT64_C(0) + sizeof(*record) + record->name_size + record->backing_size;

	return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

const char *volume_record_backing(const struct volume_record *record)
{
	return record->backing_size ? record->texts + record->name_size : NULL;
}

static uint64_t sum_of(const void *data, size_t size)
{
	const size_t start = offsetof(struct head, directory);

	return XXH3_64bits((const char *)data + start, size - start);
}

void volume_index_seal(void *data, size_t size)
{
	struct head *head = data;

	if (size < sizeof(*head))
		return;
	head->magic = MAGIC;
	head->version = VERSION;
	head->sum = sum_of(data, size);
}

static bool are_in_range(const struct volume_record *record)
{
	const struct {
		uint8_t value, last;
	} enums[] = {
		{record->format, COW_FORMAT_ISO},
		{record->backing_format, COW_FORMAT_ISO},
		{record->encrypted, COW_ANSWER_YES},
		{record->capacity_known, COW_ANSWER_YES},
		{record->how, COW_ENCRYPTED_LUKS2},
		{record->facts.nocow, COW_ANSWER_YES},
		{record->facts.mapped, COW_ANSWER_YES},
		{record->facts.history_known, COW_ANSWER_YES},
		{record->facts.own, COW_POLICY_AUTO},
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(enums); i++)
		if (enums[i].value > enums[i].last)
			return false;
	return record->capacity <= INT64_MAX;
}

/* A text of so many bytes, NUL included: neither shorter nor longer. */
static bool is_text(const char *text, uint64_t size)
{
	return size && strnlen(text, size) == size - 1;
}

/* Where so many bytes are left. */
static bool is_sound(const struct volume_record *record, size_t room)
{
	return room >= sizeof(*record) && volume_record_size(record) <= room &&
	       is_text(record->texts, record->name_size) &&
	       (!record->backing_size ||
		is_text(volume_record_backing(record), record->backing_size)) &&
	       are_in_range(record);
}

/* A name there is twice, or out of order, would be found or not by chance. */
static bool are_sound(const struct volume_index *index)
{
	const char *last = "", *at = index->begin;

	while (at < index->end) {
		const struct volume_record *record = (const void *)at;

		if (!is_sound(record, (size_t)(index->end - at)) ||
		    strcmp(last, record->texts) >= 0)
			return false;
		last = record->texts;
		at += volume_record_size(record);
	}
	return true;
}

static bool parse(const void *data, size_t size, const struct volume_directory *directory,
		  struct volume_index *index)
{
	const struct head *head = data;

	if (size < sizeof(*head) || head->magic != MAGIC || head->version != VERSION ||
	    head->size != size || head->sum != sum_of(data, size) ||
	    memcmp(&head->directory, directory, sizeof(*directory)) != 0)
		return false;
	index->at = index->begin = (const char *)(head + 1);
	index->end = (const char *)data + size;
	return are_sound(index);
}

int volume_index_take(void *data, size_t size, const struct volume_directory *directory,
		      struct volume_index *ret)
{
	struct volume_index index = {.data = data};

	if (!parse(data, size, directory, &index)) {
		free(data);
		return -EBADMSG;
	}
	*ret = index;
	return 0;
}

const struct volume_record *volume_index_find(struct volume_index *index, const char *name)
{
	while (index->at < index->end) {
		const struct volume_record *record = (const void *)index->at;
		int order = strcmp(record->texts, name);

		if (order > 0)
			break;
		index->at += volume_record_size(record);
		if (order == 0)
			return record;
	}
	return NULL;
}

/* The head knows what follows it, so it is written last. */
int volume_writer_open(struct volume_writer *writer, int fd,
		       const struct volume_directory *directory)
{
	BASE_CLEANUP(fd) int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	BASE_CLEANUP(file) FILE *file = own < 0 ? NULL : fdopen(own, "w");

	if (!file)
		return -errno;
	base_take_fd(&own);
	if (fseeko(file, sizeof(struct head), SEEK_SET) < 0)
		return -errno;
	*writer = (struct volume_writer){.directory = *directory, .sum = XXH3_createState()};
	if (!writer->sum)
		return -ENOMEM;
	XXH3_64bits_reset(writer->sum);
	XXH3_64bits_update(writer->sum, directory, sizeof(*directory));
	writer->file = base_take(file);
	return 0;
}

void volume_writer_copy(struct volume_writer *writer, const void *records, uint64_t size)
{
	fwrite(records, 1, size, writer->file);
	XXH3_64bits_update(writer->sum, records, size);
}

void volume_writer_add(struct volume_writer *writer, const struct volume_made *made)
{
	static const char padding[ALIGNMENT];
	const struct cow_volume *volume = &made->volume;
	struct volume_record record = {
		.inode = made->inode,
		.size = volume->physical,
		.capacity = volume->capacity,
		.modified = volume->modified.seconds,
		.modified_ns = volume->modified.nanoseconds,
		.changed = volume->changed.seconds,
		.changed_ns = volume->changed.nanoseconds,
		.born = volume->born.seconds,
		.born_ns = volume->born.nanoseconds,
		.format_version = volume->format_version,
		.name_size = (uint16_t)(strlen(volume->name) + 1),
		.backing_size = made->written ? (uint32_t)strlen(made->written) + 1 : 0,
		.format = (uint8_t)volume->format,
		.backing_format = (uint8_t)volume->backing_format,
		.encrypted = (uint8_t)volume->encrypted,
		.capacity_known = (uint8_t)volume->capacity_known,
		.how = (uint8_t)volume->how,
		.facts = made->facts,
	};
	uint64_t size = sizeof(record) + record.name_size + record.backing_size;

	volume_writer_copy(writer, &record, sizeof(record));
	volume_writer_copy(writer, volume->name, record.name_size);
	if (made->written)
		volume_writer_copy(writer, made->written, record.backing_size);
	volume_writer_copy(writer, padding, volume_record_size(&record) - size);
}

int volume_writer_close(struct volume_writer *writer)
{
	const struct head head = {.magic = MAGIC,
				  .version = VERSION,
				  .size = (uint64_t)ftello(writer->file),
				  .sum = XXH3_64bits_digest(writer->sum),
				  .directory = writer->directory};
	FILE *file = base_take(writer->file);
	bool failed = fseeko(file, 0, SEEK_SET) < 0 || fwrite(&head, sizeof(head), 1, file) != 1;

	failed |= ferror(file) != 0;
	failed |= fclose(file) != 0;
	XXH3_freeState(base_take(writer->sum));
	return failed ? -EIO : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an index: a head, records sorted by name, and their texts, each ended by NUL. They
 * are in the order of this machine, and may have been written by anybody. */
#include <string.h>
#include <xxhash.h>

#include "volume/index.h"

#define MAGIC UINT64_C(0x7865646e69776f63) /* "cowindex" on a little-endian machine */
/* Raised whenever the meaning of a record changes, and of another size it is another one anyway: an
 * index of another version is none. */
#define VERSION (UINT64_C(1) << 32 | sizeof(struct volume_record))

struct head {
	uint64_t magic, version;
	uint64_t sum; /* of all that follows */
	struct volume_directory directory;
	uint64_t count;
};

_Static_assert(sizeof(struct volume_record) % 8 == 0 && sizeof(struct head) % 8 == 0,
	       "no padding at the end, whose bytes would be anything");

static uint64_t sum_of(const void *data, size_t size)
{
	const size_t start = offsetof(struct head, directory);

	return XXH3_64bits((const char *)data + start, size - start);
}

void volume_index_seal(void *data, size_t size)
{
	struct head *head = data;

	if (size >= sizeof(*head))
		head->sum = sum_of(data, size);
}

static bool is_directory(const struct head *head, const struct volume_directory *directory)
{
	return head->directory.filesystem == directory->filesystem &&
	       head->directory.inode == directory->inode;
}

/* Each text ends before the last byte, which is NUL, so a text that begins there is one. */
static bool are_sound(const struct volume_index *index, size_t texts_size)
{
	const char *last = "";

	for (size_t i = 0; i < index->count; i++) {
		const struct volume_record *record = &index->records[i];

		if (record->name >= texts_size || record->backing >= texts_size ||
		    record->capacity > INT64_MAX)
			return false;
		/* A name there is twice, or out of order, would be found or not by chance. */
		if (strcmp(last, index->texts + record->name) >= 0)
			return false;
		last = index->texts + record->name;
	}
	return true;
}

static bool parse(const void *data, size_t size, const struct volume_directory *directory,
		  struct volume_index *index)
{
	const struct head *head = data;
	size_t room, texts_size;

	if (size <= sizeof(*head) || head->magic != MAGIC || head->version != VERSION ||
	    head->sum != sum_of(data, size) || !is_directory(head, directory))
		return false;
	room = size - sizeof(*head);
	if (head->count > room / sizeof(struct volume_record))
		return false;
	index->count = head->count;
	index->records = (const struct volume_record *)(head + 1);
	index->texts = (const char *)(index->records + index->count);
	texts_size = room - index->count * sizeof(struct volume_record);
	return texts_size && !index->texts[texts_size - 1] && are_sound(index, texts_size);
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

const struct volume_record *volume_index_find(const struct volume_index *index, const char *name)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(index->texts + index->records[middle].name, name);

		if (order == 0)
			return &index->records[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* An index while it is made; the texts begin with an empty one. */
struct making {
	struct volume_record *record;
	char *texts;
	size_t texts_size;
};

static uint32_t add_text(struct making *making, const char *text)
{
	size_t at = making->texts_size, size = strlen(text) + 1;

	memcpy(making->texts + at, text, size);
	making->texts_size += size;
	return (uint32_t)at;
}

static void add_record(struct making *making, const struct volume_made *made)
{
	const struct cow_volume *volume = &made->volume;

	*making->record++ = (struct volume_record){
		.inode = made->inode,
		.size = volume->physical,
		.modified = volume->modified.seconds,
		.modified_ns = volume->modified.nanoseconds,
		.changed = volume->changed.seconds,
		.changed_ns = volume->changed.nanoseconds,
		.born = volume->born.seconds,
		.born_ns = volume->born.nanoseconds,
		.name = add_text(making, volume->name),
		.backing = made->written ? add_text(making, made->written) : 0,
		.format_version = volume->format_version,
		.capacity = volume->capacity,
		.format = (uint8_t)volume->format,
		.backing_format = (uint8_t)volume->backing_format,
		.encrypted = (uint8_t)volume->encrypted,
		.capacity_known = (uint8_t)volume->capacity_known,
		.facts = made->facts,
		.how = (uint8_t)volume->how,
	};
}

static const struct volume_made *next_to_keep(struct cow_volume *const **volumes)
{
	while (**volumes) {
		const struct volume_made *made = (const struct volume_made *)*(*volumes)++;

		if (made->keep)
			return made;
	}
	return NULL;
}

int volume_index_make(struct cow_volume *const *volumes, const struct volume_directory *directory,
		      void **ret_data, size_t *ret_size)
{
	struct head head = {.magic = MAGIC, .version = VERSION, .directory = *directory};
	struct making making = {0};
	const struct volume_made *made;
	size_t texts_size = 1;
	char *data;

	for (struct cow_volume *const *at = volumes; (made = next_to_keep(&at)); head.count++)
		texts_size += strlen(made->volume.name) + 1 +
			      (made->written ? strlen(made->written) + 1 : 0);
	if (texts_size > UINT32_MAX)
		return -EFBIG;
	*ret_size = sizeof(head) + head.count * sizeof(*making.record) + texts_size;
	data = calloc(1, *ret_size);
	if (!data)
		return -ENOMEM;
	memcpy(data, &head, sizeof(head));
	making.record = (struct volume_record *)(data + sizeof(head));
	making.texts = (char *)(making.record + head.count);
	making.texts_size = 1;
	while ((made = next_to_keep(&volumes)))
		add_record(&making, made);
	volume_index_seal(data, *ret_size);
	*ret_data = data;
	return 0;
}

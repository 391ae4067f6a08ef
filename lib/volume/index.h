/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_INDEX_H
#define VOLUME_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "volume/volume.h"

/*
 * What was found in the files of a pool, so that a file that is still the same need not be opened
 * again. It is a cache: one file per pool, read as a whole, replaced as a whole, and made anew
 * whenever it is missing, torn, forged or of another version. Nothing but speed depends on it. What
 * follows from the place or from the policy is not in it.
 */

/* One file, and when it is still the same: as it lies in the index. */
struct volume_record {
	uint64_t inode, size;
	int64_t modified, changed, born; /* seconds */
	uint32_t modified_ns, changed_ns, born_ns;
	uint32_t name, backing; /* where they begin among the texts; backing 0: there is none */
	uint32_t format_version;
	uint64_t capacity;
	uint8_t format, backing_format, encrypted, capacity_known;
	struct volume_facts facts;
	uint8_t how, unused[7]; /* encrypted */
};

/* What an index is of, that its records don't say: a directory of a filesystem. */
struct volume_directory {
	uint64_t filesystem, inode;
};

struct volume_index {
	void *data;                          /* all of it, or NULL: nothing is remembered */
	const struct volume_record *records; /* by name */
	const char *texts;
	size_t count;
};

/* Take over the bytes of an index, which may be anything: 0, or -EBADMSG with the data freed. */
int volume_index_take(void *data, size_t size, const struct volume_directory *directory,
		      struct volume_index *ret);
/* The index of these volumes, as far as they are to be remembered; they are sorted by name.
 * @return 0 or -errno. */
int volume_index_make(struct cow_volume *const *volumes, const struct volume_directory *directory,
		      void **ret_data, size_t *ret_size);
/* What is remembered under a name, or NULL. */
const struct volume_record *volume_index_find(const struct volume_index *index, const char *name);
/* The checksum as it should be in such bytes, and is, unless they are torn. */
void volume_index_seal(void *data, size_t size);

/* The index of a pool, with nothing in it when there is none that is any good. */
void volume_index_read(const struct volume_place *place, struct volume_index *ret);
/* Replace it if there is something new to remember, or to forget. Who can't write it has none: that
 * is no error. */
void volume_index_update(const struct volume_place *place, const struct volume_index *index,
			 struct cow_volume *const *volumes);

static inline void base_cleanup_index(struct volume_index *index)
{
	free(index->data);
}

#endif

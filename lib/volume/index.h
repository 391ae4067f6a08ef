/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_INDEX_H
#define VOLUME_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/temp.h"
#include "volume/volume.h"

/*
 * What was found in the files of a pool, so that a file that is still the same need not be opened
 * again. It is a cache: one file per pool, read as a whole, replaced as a whole, and made anew
 * whenever it is missing, torn, forged or of another version. Nothing but speed depends on it. What
 * follows from the place or from the policy is not in it.
 */

/* One file, and when it is still the same: as it lies in the index, the next one right behind it.
 */
struct volume_record {
	uint64_t inode, size, capacity;
	int64_t modified, changed, born; /* seconds */
	uint32_t modified_ns, changed_ns, born_ns;
	uint32_t format_version;
	uint32_t backing_size; /* of the texts, with their NUL; 0: there is no backing file */
	uint16_t name_size;
	uint8_t format, backing_format, encrypted, capacity_known, how;
	struct volume_facts facts;
	char texts[]; /* the name, and the backing file as the header has it */
};

/* All of it, up to the next one. */
uint64_t volume_record_size(const struct volume_record *record);
const char *volume_record_backing(const struct volume_record *record); /* or NULL */

/* What an index is of, that its records don't say: a directory of a filesystem. */
struct volume_directory {
	uint64_t filesystem, inode;
};

/* Its records, sorted by name. */
struct volume_index {
	void *data;              /* all of it, or NULL: nothing is remembered */
	const char *begin, *end; /* of the records */
	const char *at;          /* the first whose name was not reached yet */
};

/* Take over the bytes of an index, which may be anything: 0, or -EBADMSG with the data freed. */
int volume_index_take(void *data, size_t size, const struct volume_directory *directory,
		      struct volume_index *ret);
/* What is remembered under a name, or NULL. Names are asked for in their order. */
const struct volume_record *volume_index_find(struct volume_index *index, const char *name);
/* The head of such bytes as it should be, and is, unless they are torn or of another version; but
 * for the directory and the size. */
void volume_index_seal(void *data, size_t size);

static inline void base_cleanup_index(struct volume_index *index)
{
	free(index->data);
}

/* An index on its way into a file; records come in the order of their names. */
struct volume_writer {
	FILE *file; /* NULL: it is not open */
	struct XXH3_state_s *sum;
	struct volume_directory directory;
};

/* Into an empty file. @return 0 or -errno. */
int volume_writer_open(struct volume_writer *writer, int fd,
		       const struct volume_directory *directory);
void volume_writer_add(struct volume_writer *writer, const struct volume_made *made);
/* Records as they are in another index. */
void volume_writer_copy(struct volume_writer *writer, const void *records, uint64_t size);
/* @return 0, or -EIO when anything of it could not be written. */
int volume_writer_close(struct volume_writer *writer);

/* The index of a pool, with nothing in it when there is none that is any good. */
void volume_index_read(const struct volume_place *place, struct volume_index *ret);

/* What replaces it. As long as nothing is new or missing the new one is the old one up to here, and
 * nothing is written. Who can't write it has none: that is no error. */
struct volume_renewal {
	const struct volume_place *place;
	const struct volume_index *old;
	const char *same; /* how far the old one goes without a change */
	bool begun;       /* from there on records are written, if they can be */
	int dirfd;
	struct base_temp temp;
	struct volume_writer writer;
};

void volume_renewal_begin(struct volume_renewal *renewal, const struct volume_place *place,
			  const struct volume_index *old);
/* The next volume, and what the old index has of it. */
void volume_renewal_add(struct volume_renewal *renewal, const struct volume_made *made,
			const struct volume_record *known);
/* That was the last one: replace the old index. */
void volume_renewal_commit(struct volume_renewal *renewal);
/* In any case. */
void volume_renewal_end(struct volume_renewal *renewal);

#endif

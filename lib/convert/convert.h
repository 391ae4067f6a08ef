/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_CONVERT_H
#define CONVERT_CONVERT_H

#include <limits.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include <cow/convert.h>
#include <cow/image.h>

#include "base/fd.h"
#include "convert/hold.h"
#include "convert/journal.h"
#include "image/copy.h"
#include "image/flight.h"
#include "image/ranges.h"

/* One conversion. docs/convert.md numbers the steps and says what a crash leaves at each. */
struct convert {
	int dirfd;        /* borrowed */
	const char *name; /* within dirfd, borrowed */
	const struct cow_convert_options *options;
	struct cow_convert_result *result;

	int original; /* O_RDONLY: a read lease can be had on no other */
	int copy;     /* O_RDWR, unnamed until it is complete */
	struct stat before;
	uint32_t flags;             /* of the original */
	struct cow_extents extents; /* of the original; zero where there is no map */
	struct convert_hold original_hold, copy_hold;
	struct convert_live *live; /* a guest has it open, NULL: nobody has */
	char unasked[128];         /* why libvirt could not tell of its guests, or "" */
	int shelf;                 /* unnamed file that has the metadata meanwhile, -1: none */
	int watch; /* tells who wrote to a copy that has a name from the beginning, -1: none */

	ino_t copy_inode;
	char kept[NAME_MAX + 1]; /* what the original is called when it is kept, "" if too long */
	struct convert_journal journal;
	char temp[CONVERT_JOURNAL_NAME_MAX]; /* what the copy is called, "" while it has no name */
	char away[CONVERT_JOURNAL_NAME_MAX]; /* what the original is called while it is moved, or ""
					      */
	bool resumed;                        /* the copy has data already */
	bool recovered;                      /* something left by another run was settled */
	bool low_space;                      /* there is room for one image only */
	uint64_t total;                      /* bytes in data ranges, to copy and to read back */
	uint64_t left;                       /* bytes that a run would clear up, but no dry run */
	uint64_t allocated;                  /* bytes that the copy will have allocated */
	bool nocow;                          /* the flag that the copy is to have */
	struct image_copy engine;
	uint64_t compared;
};

/* Give the old image the name it is to be kept under, or remove it. @return 0 or -errno. */
int convert_retire(struct convert *c, const char *temp, bool keep);

/* Steps 1 to 3, and everything that can be known beforehand. When there is nothing to do, the
 * outcome says so. */
int convert_prepare(struct convert *c, struct cow_error *err);
/* Is a file overwritten in place because its filesystem has no copy-on-write? */
bool convert_is_in_place(int fd);
/* The same of the image, which is without the flag. */
void convert_find_in_place(struct convert *c);
/* The error for somebody else having it open, and the lease on it given up at once. */
int convert_fail_when_used(struct convert *c, struct cow_error *err);

/* Refuse what would not be safe or can't be had. */
int convert_check(struct convert *c, struct cow_error *err);
/* Of these what no lease and no time tells, to be asked again in the end: is it bind-mounted? */
int convert_check_mounts(struct convert *c, struct cow_error *err);
/* Of what can be interrupted, in a directory in which others may make up names: it can't be `what`.
 */
int convert_check_private(const struct convert *c, const char *what, struct cow_error *err);
int convert_check_space(struct convert *c, struct cow_error *err);
/* How much is free, looked at again where it is less than needed. @return 0 or -errno. */
int convert_find_room(int fd, uint64_t need, uint64_t *ret);
/* The error for too little of it; `how` is "free", or what else is said of what there is. */
int convert_fail_room(const char *name, uint64_t need, const char *why, uint64_t available,
		      const char *how, struct cow_error *err);
/* -ENOSPC when less is free; `why` follows the size in the message. */
int convert_check_room(const struct convert *c, uint64_t need, const char *why,
		       struct cow_error *err);
#define CONVERT_LOW_SPACE_MIN (8u << 20)
/* Whether moving it bit by bit would do, with less. */
int convert_check_low_space(const struct convert *c, struct cow_error *err);
/* Was that asked for, and does it need less than a copy? It does not where Btrfs frees nothing
 * before all of a large extent is moved, or where others share the image's blocks. */
bool convert_is_to_move(const struct convert *c);
/* Is it room that was missing, on the filesystem or by a quota? Then add what would help. */
bool convert_is_no_room(int r);
int convert_advise_room(const struct convert *c, int r, struct cow_error *err);
int convert_sum_data(struct convert *c, struct cow_error *err);
/* Name somebody who has the file open, for a message; "" when nobody is to be seen. Of a block
 * device: who has it open to write, or its disk, or a partition of it. */
void convert_find_holder(const struct stat *st, char *buffer, size_t size);
/* Has anybody a lease on this inode of the filesystem that fd is on? Found without opening it. */
bool convert_is_leased(int fd, ino_t inode);
/* The same of flock(2), which a conversion has on a copy that others may look at. */
bool convert_is_locked(int fd, ino_t inode);
/* Is a run at work on this file, one of the two that the journal is about? */
bool convert_is_at_work(int dirfd, const struct convert_journal *journal, ino_t inode);
/* Does QEMU write to it, by its lock bytes? */
bool convert_is_written(int fd, ino_t inode);
/* The error for a name that a conversion made: what it names is no image, or not all of one. */
int convert_refuse_leftover(int dirfd, const char *name, struct cow_error *err);
/* Is this file itself a mount point's source, here or (for root) in another mount namespace? */
bool convert_find_mount(const struct stat *st, const char *name, char *buffer, size_t size);
/* What all sources of such mounts are called. @return 0 or -errno */
struct base_names;
int convert_list_mounted(struct base_names *ret);
/* Refuse a file that is mounted over another one: no name can be exchanged there, and the directory
 * is of another filesystem perhaps. */
int convert_check_mount_point(const struct convert *c, struct cow_error *err);
/* True when the path, as seen from dirfd, is this file. Never waits for a network filesystem. */
bool convert_is_file(int dirfd, const char *path, const struct stat *wanted);

/* One more thing that the result has to tell. */
void convert_note(struct convert *c, const char *format, ...) BASE_PRINTF(2, 3);

/* Seconds of a clock that nobody sets. */
double convert_now(void);
/* Tell progress; -ECANCELED when the caller wants to stop, -EBUSY when the original was opened
 * for writing. */
int convert_step(struct convert *c, enum cow_convert_phase phase, uint64_t done,
		 struct cow_error *err);

/* Allocate a part of a file, whose size stays. @return 0 or -errno. */
int convert_allocate(int fd, const struct image_range *part);
/* What is allocated in a part of the image is so in the copy, in as few pieces as can be. What is
 * data and nothing else is left to whoever copies it. */
int convert_layout_allocate(const struct convert *c, uint64_t start, uint64_t end,
			    struct cow_error *err);
/* The next window at or after `from` in which there is any of that, or data in the copy alone.
 * @return 1, 0 when there is none, -errno */
int convert_layout_next(struct convert *c, uint64_t from, struct image_range *ret,
			struct cow_error *err);
/* The bytes of all of it. */
int convert_layout_sum(struct convert *c, uint64_t *ret, struct cow_error *err);
/* Of these what lies beyond the end, all of which goes with the last window. @return 0 or -errno.
 */
int convert_layout_sum_tail(const struct convert *c, uint64_t *ret);

/* Also what is redone when a conversion is resumed. */
#define CONVERT_WINDOW ((uint64_t)128 << 20)
/* All the data, in windows: each is copied, on disk, and read back while the next one is copied. So
 * little has to be noted, however large the image, and the page cache is left as it was found. */
int convert_transfer(struct convert *c, struct cow_error *err);
void convert_transfer_begin(struct convert *c);
int convert_transfer_window(struct convert *c, uint64_t start, uint64_t end, struct cow_error *err);
/* Bytes a second, by converting some of it into a copy that nobody will see; 0: not known. */
int convert_measure(struct convert *c, uint64_t *ret, struct cow_error *err);

/* A part of the copy, on disk, that is read back and compared with what was read of the original by
 * its checksums; what has none, with the original. */
struct convert_compare {
	struct convert *c;
	const struct image_sums *sums;
	struct image_known *known; /* of the original */
	uint64_t end;
	struct image_range range; /* what is left of the one that is being cut */
	uint64_t before;          /* bytes compared of earlier parts */
	_Atomic uint64_t at;      /* where the first difference is, UINT64_MAX: there is none */
	struct image_flight flight;
};

/* Begin with it, perhaps while the caller copies what comes next. */
void convert_compare_begin(struct convert_compare *compare, struct convert *c,
			   struct image_sums *sums, struct image_known *known, uint64_t start,
			   uint64_t end);
/* Wait for the end of it. */
int convert_compare_end(struct convert_compare *compare, bool *ret_same, struct cow_error *err);
/* Or give it up; also one that was never begun. */
void convert_compare_stop(struct convert_compare *compare);
/* The error for a copy that is not the same. */
int convert_compare_fail(const struct convert_compare *compare, struct cow_error *err);

/* Give the copy owner, mode and attributes while it is empty, to find out early what can't be kept:
 * writing to it may take some of them away again. */
int convert_try_metadata(struct convert *c, struct cow_error *err);
int convert_copy_metadata(struct convert *c, struct cow_error *err);
/* True when the original still has the metadata that the copy was given. */
bool convert_metadata_is_same(const struct convert *c);
/* Of these the extended attributes. */
int convert_copy_xattrs(const struct convert *c, struct cow_error *err);
bool convert_xattrs_are_same(const struct convert *c);
/* Does the image lose its compression, or get what its directory hands down? */
bool convert_leaves_compression(const struct convert *c);
/* Live: the flags alone, read back. */
int convert_copy_flags(struct convert *c, struct cow_error *err);
/* Keep the metadata of the file behind fd, and give it to another one. */
int convert_shelve(struct convert *c, int fd, struct cow_error *err);
int convert_give_shelved(struct convert *c, int fd, struct cow_error *err);
/* Take the marks away by which libvirt counts who uses the file. */
void convert_forget_users(int fd);

/* Put the complete copy in the original's place. On failure the original is there. */
int convert_swap(struct convert *c, struct cow_error *err);
/* Exchange the two names, and see that it was the inode meant that left the path. */
int convert_exchange(const struct convert *c, const char *temp, ino_t leaves);
bool convert_names(const struct convert *c, const char *name, ino_t inode);
void convert_wait_us(long us);
int convert_sync_directory(const struct convert *c, struct cow_error *err);

/* Give the copy a name, or another one, that says how far things have come; c->temp. */
int convert_name_copy(struct convert *c, enum convert_journal_kind kind, uint64_t position,
		      struct cow_error *err);

/* What a dry run says of it. */
int convert_plan(struct convert *c, struct cow_error *err);
/* Of a move that was interrupted, how much there is left to move, or to move back; c->total. */
int convert_plan_rest(struct convert *c, struct cow_error *err);

/* In how many pieces the copy lies, for the result. */
void convert_note_pieces(struct convert *c);

/* Nothing of the original has changed since it was opened, not even its attributes. */
bool convert_is_unchanged(const struct convert *c);
int convert_fail_changed(const struct convert *c, struct cow_error *err);

/* Clear up after an earlier conversion of the same image that was killed. What can be gone on with
 * is left, with its names in c: c->temp alone, or c->away as well. */
int convert_recover(struct convert *c, struct cow_error *err);

/* Where there is too little room for two images: the data is moved window by window.
 * docs/convert.md says what holds at each instant. */
#define CONVERT_MOVE_UNIT ((uint64_t)1 << 20) /* of positions, but for the one at the end */
int convert_move_begin(struct convert *c, struct cow_error *err);
/* The same when the room that there seemed to be for a copy was not there after all. What a move
 * needs is tried first, by allocating it: one that gets stuck half way leaves no image at the path.
 */
int convert_try_low_space(struct convert *c, struct cow_error *err);
int convert_move_instead(struct convert *c, struct cow_error *err);
/* Open the two files of a move that was interrupted. */
int convert_move_open(struct convert *c, struct cow_error *err);
int convert_move_on(struct convert *c, struct cow_error *err);
int convert_move_back(struct convert *c, struct cow_error *err);

#endif

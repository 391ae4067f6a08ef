/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_UNSHARE_H
#define COW_UNSHARE_H

/**
 * @file
 * Make an image whose overwrites are copied once overwrite in place again, in its own inode.
 *
 * What is shared with a snapshot or a clone, and on Btrfs what is not newer than the last snapshot
 * or balance, is written once more, with the bytes that it has: that is the one overwrite that is
 * copied, and it need not be a guest's. Nobody may have the image open; whoever comes in the middle
 * is let in between two pieces, and ends it. Content, name, inode and times stay as they are, so
 * a crash at any instant leaves the same image, more or less of which is shared: docs/unshare.md.
 */

#include <cow/error.h>
#include <cow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cow_unshare_outcome {
	COW_UNSHARE_UNKNOWN = 0,
	COW_UNSHARE_UNSHARED,
	COW_UNSHARE_ALREADY, /**< overwrites stay in place, nothing was done */
	COW_UNSHARE_PLANNED, /**< dry run: it would be unshared */
	COW_UNSHARE_REFUSED, /**< it would not be safe, or would not help; nothing was done */
	COW_UNSHARE_FAILED,  /**< it was begun; the image is whole, and in part still shared */
};

const char *cow_unshare_outcome_name(enum cow_unshare_outcome outcome);

/** Called often. @return 0 to go on, anything else to stop. */
typedef int (*cow_unshare_progress)(uint64_t done, uint64_t total, void *data);

/* Flags. */
#define COW_UNSHARE_DRY_RUN 0x1u /**< all checks, no change */

struct cow_unshare_options {
	unsigned flags;
	cow_unshare_progress progress; /**< or NULL */
	void *progress_data;
	uint64_t spare[4];
};

struct cow_unshare_result {
	enum cow_unshare_outcome outcome;
	enum cow_answer history_known; /**< no: what is shared is known, but not what is older than
					    a snapshot (on Btrfs that needs root) */
	char reason[512];              /**< one line */
	char remedy[256];              /**< or "" */
	uint64_t bytes;                /**< the price: to be written once more ... */
	uint64_t bytes_shared;         /**< ... of which this much will take new space for good */
	uint64_t bytes_rewritten;
	uint64_t runs_before, runs_after; /**< physically discontiguous runs */
	uint64_t rows_before, rows_after; /**< extent rows */
	double seconds;
	uint64_t spare[8];
};

/** Unshare the regular file `name` in the directory `dirfd` (no symlink is followed). `ret` is
 * always filled. A refusal is an outcome and an error.
 *  @return 0 for unshared, already and planned; negative errno for refused and failed. */
int cow_unshare_at(int dirfd, const char *name, const struct cow_unshare_options *options,
		   struct cow_unshare_result *ret, struct cow_error *err);

#ifdef __cplusplus
}
#endif
#endif

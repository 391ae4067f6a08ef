/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_CONVERT_H
#define COW_CONVERT_H

/**
 * @file
 * Turn an existing image from CoW to NOCOW or back without losing a byte.
 *
 * NOCOW can't be set on a file that has data, so the image is copied into a new inode that is born
 * right, verified, and put in its place. docs/convert.md gives the protocol step by step with what
 * a crash leaves behind at each; in short: nobody may have the image open (a lease says so and
 * goes on saying so), the copy is unnamed until it is complete, verified and on disk, the names are
 * exchanged in one step and exchanged back if anybody came in between.
 *
 * Takes leases and QEMU's lock bytes on the image while it works. The lease signal is SIGURG,
 * which is ignored unless the program handles it.
 */

#include <cow/error.h>
#include <cow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cow_convert_outcome {
	COW_CONVERT_UNKNOWN = 0,
	COW_CONVERT_CONVERTED,
	COW_CONVERT_ALREADY, /**< it is as wanted, nothing was done */
	COW_CONVERT_PLANNED, /**< dry run: it would be converted */
	COW_CONVERT_REFUSED, /**< it would not be safe, or can't be had here; nothing was done */
	COW_CONVERT_FAILED,  /**< it was tried and undone; the image is as it was */
	COW_CONVERT_INTERRUPTED, /**< for cow_convert_list_interrupted(); never a result */
};

const char *cow_convert_outcome_name(enum cow_convert_outcome outcome);

enum cow_convert_phase {
	COW_CONVERT_PHASE_UNKNOWN = 0,
	COW_CONVERT_PHASE_COPY,
	COW_CONVERT_PHASE_VERIFY,
	COW_CONVERT_PHASE_COMMIT,
};

/** Called often from within cow_convert_at(); total is 0 while it is not known.
 *  @return 0 to go on, anything else to stop: the image is then left as it was. */
typedef int (*cow_convert_progress)(enum cow_convert_phase phase, uint64_t done, uint64_t total,
				    void *data);

/* Flags. RESUME and LOW_SPACE leave something behind when they are interrupted, even by a crash:
 * what cow_convert_list_interrupted() finds, the next conversion goes on with, and UNDO takes back.
 */
#define COW_CONVERT_DRY_RUN       0x1u /**< all checks, no change */
#define COW_CONVERT_PREALLOCATE   0x2u /**< allocate the whole size, for hot images */
#define COW_CONVERT_KEEP_ORIGINAL 0x4u /**< leave the old image beside it as NAME.orig */
#define COW_CONVERT_NO_VERIFY     0x8u /**< don't read the copy back */
#define COW_CONVERT_REWRITE                                                                        \
	0x10u /**< copy it even if it is as wanted: in one piece again, and nothing shared */

#define COW_CONVERT_RESUME                                                                         \
	0x20u /**< keep the copy when interrupted, and go on with the one that was kept; like      \
		 LOW_SPACE only in a directory where nobody but root and the caller can create     \
		 files */
#define COW_CONVERT_LOW_SPACE                                                                      \
	0x40u /**< where there is no room for a copy, move the data bit by bit, for which the      \
		 image is not at its path until the move is complete; not with PREALLOCATE,        \
		 KEEP_ORIGINAL or NO_VERIFY */
#define COW_CONVERT_SKIP_SHARED                                                                    \
	0x100u /**< leave an image that shares blocks (a golden image, its clones) as it is */
#define COW_CONVERT_UNDO 0x80u /**< take back what was interrupted, and do nothing else */
/** If a running guest has the image as its disk, let it mirror the disk to the copy and go on with
 *  that; see `qmp` and `connect`. What nobody has open is converted as without this flag. */
#define COW_CONVERT_LIVE 0x200u

/** With DRY_RUN: copy and verify up to 64 MiB of the image into an unnamed file, to find out how
 * long the whole takes. */
#define COW_CONVERT_ESTIMATE 0x400u

/** What is found out once for many images, when it is first asked for: what interrupted conversions
 * have left in a directory, as long as no name comes to it or leaves it; and for dry runs, what is
 * bind-mounted. For one thread at a time. */
struct cow_convert_survey;
int cow_convert_survey_new(struct cow_convert_survey **ret, struct cow_error *err);
void cow_convert_survey_free(struct cow_convert_survey *survey);

struct cow_convert_options {
	enum cow_policy to; /**< COW_POLICY_OFF or COW_POLICY_ON */
	unsigned flags;
	cow_convert_progress progress; /**< or NULL */
	void *progress_data;
	uint64_t bandwidth;  /**< bytes a second to copy and to verify at most; 0: no limit */
	const char *qmp;     /**< live: socket of the monitor of a QEMU without libvirt, or NULL */
	const char *connect; /**< live: the libvirt to ask, "qemu:///system"; NULL: that one, then
				the session's */
	uint64_t reserve;    /**< bytes of the free space to leave alone; with DRY_RUN, what is to
				be done before takes for good */
	struct cow_convert_survey *survey; /**< the same for all images, or NULL */
};

struct cow_convert_result {
	enum cow_convert_outcome outcome;
	enum cow_answer from_nocow; /**< the flag before; but see in_place */
	char reason[512];           /**< refused, failed, already: why; one line */
	char remedy[256];           /**< or "" */
	char note[256];             /**< something dropped on purpose (compression), or "" */
	uint64_t bytes_copied;
	uint64_t bytes_holes; /**< left as holes */
	bool verified;  /**< read back past the page cache and compared with what was read before,
			   by checksums of 128 bits */
	bool live;      /**< a guest had it open, and goes on with the copy */
	double seconds; /**< in all */
	double seconds_verify;            /**< of these, reading back */
	uint64_t runs_before, runs_after; /**< physically discontiguous runs */
	uint64_t rows_before, rows_after; /**< extent rows */
	char original[256];               /**< name the old image was kept under, or "" */
	uint64_t bytes_needed;            /**< free space that it takes, for as long as it lasts */
	/** What is shared or compressed now and will not be, in the image's own bytes. */
	uint64_t bytes_shared, bytes_compressed;
	uint64_t bytes_per_second; /**< as ESTIMATE measured it, verified or not; 0: not known */
	uint64_t bytes_grown;      /**< of bytes_needed, what is not free again afterwards */
	bool in_place; /**< the filesystem overwrites in place, whatever the flag, before and after
			*/
	uint64_t spare[2];
};

/** Convert the regular file `name` in the directory `dirfd` (no symlink is followed). A file that
 * an interrupted conversion left is refused, as it is by cow_clone_at() and cow_unshare_at(). `ret`
 * is always filled. A refusal is an outcome and an error (so that a caller who looks at either
 * can't miss it).
 *  @return 0 for converted, already and planned; negative errno for refused and failed. */
int cow_convert_at(int dirfd, const char *name, const struct cow_convert_options *options,
		   struct cow_convert_result *ret, struct cow_error *err);

enum cow_convert_state {
	COW_CONVERT_STATE_UNKNOWN = 0,
	COW_CONVERT_STATE_COPYING,    /**< the image is at its path; RESUME goes on, anything else
					 begins    anew */
	COW_CONVERT_STATE_EXCHANGING, /**< a complete image is at the path; the next run clears up
				       */
	COW_CONVERT_STATE_MOVING, /**< the image is not at its path; the next run goes on, UNDO goes
				     back. Of two files both are needed */
	COW_CONVERT_STATE_MIRRORING, /**< a guest's disk is being copied */
};

const char *cow_convert_state_name(enum cow_convert_state state);

/** What an interrupted conversion left in a directory. */
struct cow_convert_interrupted {
	char image[256]; /**< name of the image */
	char temp[256];  /**< name of the copy; of the old file, if that is all there is */
	enum cow_convert_state state;
	enum cow_answer running; /**< yes: it was not interrupted, somebody is at it */
	uint64_t size;           /**< bytes of the image */
	uint64_t bytes_done;     /**< bytes allocated to the copy, or moved */
	const char *remedy;      /**< what ends it, one line; "" while it is running */
	enum cow_answer whole;   /**< yes: a whole image is at its path; no: `temp` may be the only
				    one, or part of it; unknown: a file that has nothing to do with
				    this one has the image's name, and it is not being moved */
	bool cut; /**< the name has over 128 bytes, and no file that there is: `image` is what the
		     journal has of it, cut and ending in a hash */
	bool second; /**< of the two files of a move the one that is left out of a list, for the
			other one tells more */
	uint64_t spare[2];
};

/** Whether a conversion made this name in a directory, and what it tells. Opens no file. @return
 *  false also when it is gone. */
bool cow_convert_interrupted_read(int dirfd, const char *name, struct cow_convert_interrupted *ret);

/** Whether it is a conversion of an image of this name, also where `image` had to be cut. */
bool cow_convert_interrupted_is_of(const struct cow_convert_interrupted *item, const char *image);

/** Call `each` for every conversion that was begun in a directory and not ended; it ends when that
 *  returns anything but 0. Opens none of them. @return 0, what `each` returned, or negative errno.
 */
int cow_convert_list_interrupted(int dirfd,
				 int (*each)(const struct cow_convert_interrupted *item,
					     void *data),
				 void *data, struct cow_error *err);

/** The names of temporary files a conversion makes begin like this; an audit reports left ones,
 *  the next conversion of the same image clears them. */
#define COW_CONVERT_TEMP_PREFIX ".cowctl-"

#ifdef __cplusplus
}
#endif
#endif

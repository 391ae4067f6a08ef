/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_PROBE_H
#define COW_PROBE_H

/**
 * @file
 * What an overwrite does under a path, and what can change it.
 *
 * A directory is measured: an unnamed temporary file is written, mapped with FIEMAP, overwritten
 * and mapped again; on the same file the NOCOW flag is tried and read back. No name ever exists
 * and the directory's times do not change. A file is not written to: its own flag, its sharing
 * and (root, Btrfs) its age against the last snapshot are read. Then the layers underneath
 * (cow/stack.h) are folded in: the worst known layer is the verdict, and a layer that is unknown
 * is never taken for a good one.
 */

#include <cow/error.h>
#include <cow/image.h>
#include <cow/stack.h>
#include <cow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Flags for cow_probe_new(). */
#define COW_PROBE_NO_MEASURE 0x1u /**< write nothing at all, not even an unnamed file */
/** Where the filesystem has no unnamed files (NILFS2, GFS2, OCFS2, NTFS and others), measure with a
 *  file that is made under a new name beginning with ".cowctl-" and loses it at once, before
 *  anything is written to it. The directory's times change. */
#define COW_PROBE_NAMED 0x2u

/** The verdict on one path. Made and freed by the library; new fields come at the end. */
struct cow_probe {
	const char *path;   /**< as asked */
	const char *probed; /**< what was looked at: path, or its nearest existing parent */
	bool exists;        /**< path itself exists; false: probed is a parent */

	enum cow_overwrite overwrite; /**< through all layers, for what was looked at */
	enum cow_switch cow_switch;   /**< what could switch copying off in the top layer */
	enum cow_evidence evidence;
	const char *reason; /**< one line: which layer decided, and why */
	const char *remedy; /**< what would help, or NULL */

	/** The top layer alone: what its filesystem does, without what lies underneath. */
	enum cow_overwrite own_overwrite;
	enum cow_evidence own_evidence;

	/** What a file created here (in the directory, or beside the file) would get. */
	enum cow_overwrite new_files_overwrite; /**< in the top layer */
	enum cow_answer new_files_nocow;        /**< would carry the NOCOW flag */

	enum cow_answer nocow;            /**< what was looked at carries the NOCOW flag */
	enum cow_answer compress;         /**< it carries a compression flag (c or m) */
	enum cow_answer settable;         /**< NOCOW can be set on a new empty file here */
	enum cow_answer flagged_in_place; /**< with the flag, an overwrite was seen to stay */

	const struct cow_stack *stack; /**< owned by the probe */
};

/** Probe a path. A path that does not exist is answered for its nearest existing parent.
 *  What could not be measured is not an error: the verdict is then reported, inferred or unknown.
 */
int cow_probe_new(const char *path, unsigned flags, struct cow_probe **ret, struct cow_error *err);
void cow_probe_free(struct cow_probe *probe);

/** How one existing regular file stands in its own filesystem. Only ever read from the file. */
struct cow_file_state {
	enum cow_answer nocow;        /**< carries NOCOW */
	enum cow_overwrite overwrite; /**< in the filesystem it is on */
	enum cow_evidence evidence;
	enum cow_answer history_known; /**< yes: age against the last snapshot could be read, or
					    does not matter on this filesystem */
	uint64_t rows;                 /**< extent rows, as `filefrag -v` lists */
	uint64_t runs;                 /**< physically discontiguous runs, as filefrag counts */
	uint64_t shared_bytes;         /**< in extents marked shared */
	uint64_t old_bytes;       /**< older than the last snapshot or balance of its subvolume;
				       valid when history_known is yes */
	uint64_t unwritten_bytes; /**< preallocated, never written */
	uint64_t encoded_bytes;   /**< compressed or encrypted extents */
	enum cow_answer mapped;   /**< the filesystem could map its extents */
	char reason[160];         /**< one line, for people */
};

/** Read the state of an open file. `layer` is the filesystem it is on, as cow_stack_top() gives
 *  it for the file, its directory or any other file of that filesystem: only what holds for the
 *  whole filesystem is taken from it. Data not yet written out has no extents yet: the map is of
 *  what is on disk. */
int cow_file_state_read(int fd, const struct cow_layer *layer, struct cow_file_state *ret,
			struct cow_error *err);

/* What a policy means here. */

enum cow_action {
	COW_ACTION_UNKNOWN = 0, /**< can't be decided: something that matters is unknown */
	COW_ACTION_SET_NOCOW,   /**< make new files and directories NOCOW */
	COW_ACTION_CLEAR_NOCOW, /**< make new files and directories CoW */
	COW_ACTION_LEAVE,  /**< nothing to do: it is as wanted, or there is no switch to turn */
	COW_ACTION_REFUSE, /**< the policy can't be met here */
};

/** A policy held against a probe. */
struct cow_decision {
	enum cow_policy policy;    /**< as asked */
	enum cow_policy effective; /**< OFF or ON: what auto came to; UNKNOWN when refused or
				      when a server decides */
	enum cow_action action;
	enum cow_code code; /**< COW_ACTION_REFUSE: why, as an error code */
	char reason[256];   /**< one line: why this action */
	char warning[256];  /**< the price of it, to be said once, or "" */
	char remedy[256];   /**< what would allow it, or "" */
	uint64_t spare[4];
};

const char *cow_action_name(enum cow_action action);

/** The decision table, pure: no file is touched.
 *  off:  in place anyway -> leave; attribute settable -> set (warn on a redundant data profile);
 *        compression in the way -> refuse as a conflict; no switch -> refuse.
 *  on:   clear NOCOW if it is there; a nodatacow mount -> refuse; otherwise leave.
 *  auto: in place anyway -> leave; Btrfs data single or raid0 -> set; a redundant profile -> leave
 *        CoW on, and so with an unknown one, but NOCOW that is set already is not taken away then;
 *        compression or no switch -> leave CoW on; a server decides -> leave; each with its
 *        reason. */
void cow_policy_decide(enum cow_policy policy, const struct cow_probe *probe,
		       struct cow_decision *ret);

/** The same for one new file in a directory, and what follows for the file: how much NOCOW matters,
 *  and which way. Where a compression flag of the directory is in the way, the file goes without;
 *  where it is the mount option nodatacow, the file's own flag is cleared. */
void cow_policy_decide_file(enum cow_policy policy, const struct cow_probe *probe,
			    struct cow_decision *ret, enum cow_wish *ret_wish, bool *ret_nocow);

/** Carry a decision out on an open directory or an empty file, and read it back.
 *  COW_ACTION_REFUSE and COW_ACTION_UNKNOWN come back as the error they stand for. */
int cow_decision_apply(const struct cow_decision *decision, int fd, struct cow_error *err);

#ifdef __cplusplus
}
#endif
#endif

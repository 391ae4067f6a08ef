/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_AUDIT_H
#define COW_AUDIT_H

/**
 * @file
 * Find the images in a tree and hold them against a policy.
 *
 * An image may have a policy of its own, in the extended attribute user.cow.policy ("off", "on",
 * "auto"): what <nocow/> in a volume's XML leaves. It counts before that of any directory.
 *
 * Only ever reads: nothing is written, no flag is set, not even for a test. Follows no symlink and
 * stays on the filesystem it started on (Btrfs subvolumes of it included) unless told otherwise.
 * What could not be read is an item of its own with an error, never left out.
 *
 * In a directory of many files several are looked at at once, by threads with all signals blocked
 * that live until cow_audit_free(); a process that forks meanwhile frees the audit in the parent
 * only.
 */

#include <cow/error.h>
#include <cow/image.h>
#include <cow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cow_severity {
	COW_SEVERITY_UNKNOWN = 0,
	COW_SEVERITY_INFO,    /**< worth knowing; compliance is not touched */
	COW_SEVERITY_WARNING, /**< will hurt; compliance is not touched */
	COW_SEVERITY_ERROR,   /**< the policy is not met, or the image can't be used as it is */
};

const char *cow_severity_name(enum cow_severity severity);

/** What one rule has to say about one image. */
struct cow_finding {
	const struct cow_finding *next;
	const char *rule; /**< stable name: "cow-image", "shared-extents", ... */
	enum cow_severity severity;
	const char *message; /**< one line */
	const char *remedy;  /**< one line or NULL */
};

/** One image, or one thing that could not be read. Made and freed by the library; new fields come
 *  at the end. */
struct cow_audit_item {
	const char *path;
	struct cow_error error; /**< error.message[0] != 0: this could not be read, and only path
				   holds */
	enum cow_format format;
	uint32_t format_version;
	uint64_t size;      /**< of the file, bytes */
	uint64_t allocated; /**< on disk, bytes */
	enum cow_answer nocow;
	enum cow_overwrite overwrite; /**< in the filesystem it is on */
	enum cow_evidence evidence;
	enum cow_answer mapped;        /**< extents, runs, shared hold */
	uint64_t extents;              /**< extent rows */
	uint64_t runs;                 /**< physically discontiguous runs */
	uint64_t shared;               /**< bytes */
	const struct cow_chain *chain; /**< the image first, then what it is backed by; NULL when
					    its header names no backing file */
	const char *pool;              /**< name or NULL */
	enum cow_policy policy;        /**< as asked, or of its own */
	enum cow_policy effective;     /**< what it came to here, OFF or ON */
	enum cow_compliance compliance;
	const struct cow_finding *findings;
	const char *reason;      /**< one line: why it overwrites and complies like that */
	enum cow_answer history; /**< old holds */
	uint64_t old;            /**< bytes not newer than the last snapshot or balance */
};

struct cow_audit_summary {
	uint64_t images; /**< seen; what an interrupted conversion left is none */
	uint64_t ok;     /**< compliance ok or not-applicable */
	uint64_t drifted;
	uint64_t unknown; /**< could not be judged */
	uint64_t errors;  /**< could not be read */
};

/* Flags. */
#define COW_AUDIT_CROSS_DEVICE 0x1u /**< go on into other filesystems mounted below */
#define COW_AUDIT_ALL_FILES    0x2u /**< judge every regular file, not only images */
#define COW_AUDIT_OVERRULE     0x4u /**< images with a policy of their own as all others */

struct cow_audit;

/** Begin an audit. A raw image has no header, so among the files nothing else was recognised in,
 *  those count as images whose size is a multiple of 512 and at least 1 MiB; a file named directly
 *  always counts. */
int cow_audit_new(unsigned flags, struct cow_audit **ret, struct cow_error *err);
void cow_audit_free(struct cow_audit *audit);

/** Add a file or a directory tree to look at, with the policy to hold it against.
 *  `pool` is a name to report, or NULL. Nothing is read yet. */
int cow_audit_add(struct cow_audit *audit, const char *path, enum cow_policy policy,
		  const char *pool, struct cow_error *err);

/** Hold all that lies in a directory, however the audit comes to it, against another policy: that
 * of a pool. Of several directories above an image the nearest one counts, and of several calls for
 *  the same directory the first; what is in none of them is held against the policy it was added
 *  with. A directory that isn't there is no error. To be called before the first cow_audit_next().
 */
int cow_audit_set_policy(struct cow_audit *audit, const char *directory, enum cow_policy policy,
			 const char *pool, struct cow_error *err);

/** The next item, in the order of the tree, names sorted bytewise within a directory. A file that
 *  is deleted between reading its directory and opening it is left out.
 *  @param ret_item owned by the caller, to be freed with cow_audit_item_free().
 *  @return 1 an item, 0 the end, negative errno when the audit itself can't go on. */
int cow_audit_next(struct cow_audit *audit, struct cow_audit_item **ret_item,
		   struct cow_error *err);
void cow_audit_item_free(struct cow_audit_item *item);

/** Counts so far. */
void cow_audit_get_summary(const struct cow_audit *audit, struct cow_audit_summary *ret);

#ifdef __cplusplus
}
#endif
#endif

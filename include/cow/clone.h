/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_CLONE_H
#define COW_CLONE_H

/**
 * @file
 * A second image with the content of a first one.
 *
 * Where the two sides allow it, the clone shares the blocks of its source and is made in an
 * instant. On Btrfs they allow it only if both have checksums or neither has: a NOCOW file shares
 * with NOCOW files alone. Otherwise the data is copied, holes left out, and the result says why and
 * what would have made sharing possible.
 *
 * Sharing has a price where overwrites stay in place: each shared block is copied once, on its next
 * overwrite, in the source as well as in the clone. cow_unshare_at() takes that back.
 *
 * The source has to keep still meanwhile. A read lease on it says so, which readers such as guests
 * that are backed by it don't disturb; where no lease can be had (another one's file, a network
 * filesystem), QEMU's lock bytes and the file's times are looked at, and the result says that.
 * The lease signal is SIGURG, which is ignored unless the program handles it.
 *
 * Runs qemu-img(1) when the name of a qcow2 backing file has to be written anew.
 */

#include <cow/error.h>
#include <cow/image.h>
#include <cow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cow_reflink {
	COW_REFLINK_AUTO = 0, /**< share, or else copy and say why */
	COW_REFLINK_ALWAYS,   /**< share, or fail with the reason */
	COW_REFLINK_NEVER,    /**< copy */
};

/** How a clone came by its data. */
enum cow_clone_method {
	COW_CLONE_UNKNOWN = 0,
	COW_CLONE_SHARED, /**< "shared" */
	COW_CLONE_COPIED, /**< "copied" */
};

const char *cow_clone_method_name(enum cow_clone_method method);

/** Called often while data is copied.
 *  @return 0 to go on, anything else to stop: there is no clone then. */
typedef int (*cow_clone_progress)(uint64_t done, uint64_t total, void *data);

/* Flags. */
#define COW_CLONE_DRY_RUN 0x1u /**< all checks, down to an unnamed file, and no clone */
#define COW_CLONE_MATCH                                                                            \
	0x2u /**< NOCOW as the source has it, where that can matter: on its own filesystem. `wish` \
		and `nocow` are left out of account then */
#define COW_CLONE_NO_FOLLOW 0x4u /**< a source that is a symbolic link is refused */

struct cow_clone_options {
	enum cow_reflink reflink;
	enum cow_wish wish;     /**< how much nocow is wanted */
	bool nocow;             /**< which way */
	enum cow_format format; /**< what the source is; COW_FORMAT_UNKNOWN: find out. To say that
				     it is raw keeps what a guest wrote there from being taken for
				     a header */
	unsigned flags;
	cow_clone_progress progress; /**< or NULL */
	void *progress_data;
	enum cow_policy own; /**< the clone gets this policy of its own (cow/audit.h), or unknown */
	const char *label;   /**< SELinux label of the clone; NULL: as a new file gets it there */
	uint64_t spare[2];
};

struct cow_clone_result {
	enum cow_clone_method method;
	enum cow_format format;
	uint64_t virtual_size; /**< bytes the guest sees; 0 when the header doesn't say */
	enum cow_answer source_nocow;
	enum cow_answer nocow;   /**< of the clone, as read back */
	enum cow_answer held;    /**< yes: a lease proved that nobody wrote to the source */
	char reason[512];        /**< why it was shared, or copied; one line */
	char remedy[256];        /**< copied: what would let the two share, or "" */
	char unmet[256];         /**< COW_WISH_PREFER: why the wish failed, or "" */
	char backing[1024];      /**< name of the backing file as written in the clone, or "" */
	bool backing_is_renamed; /**< it is not the name that the source has */
	uint64_t bytes_shared;   /**< mapped bytes it has in common with the source */
	uint64_t bytes_copied;
	uint64_t bytes_holes; /**< copied: left as holes */
	double seconds;
	uint64_t spare[8];
};

/** Make `to` in the directory `to_dirfd` a clone of the regular file `from` in `from_dirfd`, of
 *  which symbolic links are followed, unless a flag forbids that.
 *
 *  The clone appears under its name only when it is complete, flagged, read back and on disk; on
 * any failure nothing is left behind. An existing name is never replaced (-EEXIST). It has the
 * source's permission bits, whatever the umask, and if the caller may do that the source's owner
 * and group; ACLs and other attributes are those that a new file gets there.
 *
 *  A qcow2 image keeps its internal snapshots and its backing file; nothing is flattened. A
 * relative name of a backing file leads elsewhere from another directory: it is written anew as an
 * absolute one there. Images that keep data in other files are refused, for both would write to
 * those.
 *
 *  @return 0; -ENOSPC there is no room for a copy, -EBUSY somebody has the source open for writing;
 * with COW_REFLINK_ALWAYS also -EXDEV (other filesystem), -EINVAL (COW_CODE_CONFLICT: one has
 * checksums and the other hasn't) or -EOPNOTSUPP (the filesystem can't share). `ret` may be NULL.
 */
int cow_clone_at(int from_dirfd, const char *from, int to_dirfd, const char *to,
		 const struct cow_clone_options *options, struct cow_clone_result *ret,
		 struct cow_error *err);

#ifdef __cplusplus
}
#endif
#endif

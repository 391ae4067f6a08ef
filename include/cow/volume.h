/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_VOLUME_H
#define COW_VOLUME_H

/**
 * @file
 * Volumes: the images in a pool.
 *
 * A volume is a regular file or a subdirectory of the pool's directory, as libvirt has it. Its name
 * may hold any byte but '/' and NUL; its path is the pool's with the name behind it, and is its key
 * as well. A name that can't be looked into is a volume with a `problem`, and never keeps the
 * others from being listed: nor does a symlink, or what is mounted on a name, that leads where
 * nothing answers within two seconds. No volumes are devices, sockets, FIFOs, and this library's
 * own temporary files.
 *
 * A symlink is looked through, wherever it leads, as libvirt does; what it leads to is never
 * changed through it, and read by cow_volume_download() and cow_volume_create_from() only if root
 * or the caller made the link.
 *
 * A pool has to be started for its volumes to be reached: otherwise what is meant to be mounted on
 * its directory may not be there.
 */

#include <cow/clone.h>
#include <cow/error.h>
#include <cow/image.h>
#include <cow/pool.h>
#include <cow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cow_volume_type {
	COW_VOLUME_TYPE_UNKNOWN = 0, /**< could not be looked at */
	COW_VOLUME_TYPE_FILE,        /**< "file" */
	COW_VOLUME_TYPE_DIRECTORY,   /**< "dir": a policy point of its own */
};

const char *cow_volume_type_name(enum cow_volume_type type);

/** Since 1970. */
struct cow_time {
	int64_t seconds;
	uint32_t nanoseconds;
};

/** One volume as it was found. Made and freed by the library; new fields come at the end. */
struct cow_volume {
	const char *name;
	const char *path; /**< also its key */
	enum cow_volume_type type;
	bool symlink;        /**< the name is one, to the file described here */
	const char *problem; /**< why it could not be looked into, one line, or NULL; then only what
				comes before this holds, and sizes, owner and times where `seen` */
	bool seen;

	enum cow_format format;         /**< of files */
	uint32_t format_version;        /**< as in struct cow_header */
	enum cow_answer capacity_known; /**< some headers don't say */
	uint64_t capacity;              /**< bytes the guest sees */
	uint64_t allocation;            /**< bytes taken on the filesystem; of directories 0 */
	uint64_t physical;              /**< length of the file */
	const char *backing; /**< backing file, absolute where it is a file name, or NULL */
	enum cow_format backing_format; /**< as the header has it */
	enum cow_answer encrypted;

	enum cow_answer nocow;          /**< carries the NOCOW flag */
	enum cow_overwrite overwrite;   /**< through all layers, as in struct cow_probe; of
					   directories: what new files in it get */
	enum cow_evidence evidence;     /**< a list looks at the first extents of a file only: of a
					   scattered one in-place is then no more than inferred */
	enum cow_compliance compliance; /**< of its filesystem with its own policy or the pool's: no
					   policy reaches the layers below */
	const char *reason;             /**< of overwrite, one line; "" where there is none */

	uint32_t mode, owner, group;
	const char *label; /**< SELinux label, or NULL; not in a list */
	struct cow_time accessed, modified, changed;
	struct cow_time born;   /**< zero where the filesystem doesn't keep it */
	enum cow_encrypted how; /**< it is encrypted, where that is known */
	uint32_t cluster_size;  /**< qcow2: bytes; neither this nor what follows is in a list */
	bool lazy_refcounts;    /**< qcow2 */
	bool extended_l2;       /**< qcow2 */
	enum cow_policy own;    /**< policy of its own, which counts before the pool's: <nocow/>
				   is off; COW_POLICY_UNKNOWN where it has none; in a list, too */
};

/* Flags for cow_volume_list_new(). */
#define COW_VOLUME_LIST_NO_INDEX 0x1u /**< look into every file, also those already known */

struct cow_volume_list;

/** Begin to go through the volumes of a pool. Several are looked at at once, ahead of
 *  cow_volume_list_next(), by threads with all signals blocked that live until
 *  cow_volume_list_free(); a process that forks meanwhile frees the list in the parent only. A pool
 *  of many takes little more memory than their names and the index do.
 *
 *  What was found in a file is remembered in an index of the pool, and the file is not opened again
 *  while its inode, size and times stay the same. How it stands against the policy is judged anew
 *  each time. What it shares with a snapshot or clone can change unnoticed: where that matters
 *  `overwrite` is what it was, with no better evidence than COW_EVIDENCE_INFERRED, and `reason`
 *  says so. The index may be deleted or damaged at any time, or not be writable: it is then made
 *  again, or not used.
 *  @param store, pool have to outlive the list. */
int cow_volume_list_new(struct cow_pool_store *store, const struct cow_pool *pool, unsigned flags,
			struct cow_volume_list **ret, struct cow_error *err);
void cow_volume_list_free(struct cow_volume_list *list);

/** The next volume, names sorted bytewise. What was new is remembered when the end is reached.
 *  @param ret_volume owned by the caller, to be freed with cow_volume_free(); it may outlive the
 *  list.
 *  @return 1 a volume, 0 the end, negative errno when the list can't go on. */
int cow_volume_list_next(struct cow_volume_list *list, struct cow_volume **ret_volume,
			 struct cow_error *err);

/** How the volumes of a pool stand, counted. */
struct cow_volume_counts {
	uint64_t volumes;
	uint64_t ok, drifted, not_applicable, unknown; /**< by compliance: together all of them */
	uint64_t problems; /**< could not be looked into, or are damaged */
	uint64_t spare[2];
};
/** Counts so far. */
void cow_volume_list_get_counts(const struct cow_volume_list *list, struct cow_volume_counts *ret);

/** One volume by its name; looked at more closely than in a list: all extents of it, and what
 *  snapshots left. What is there but can't be looked into is no error here either.
 *  @return 0, or -ENOENT. */
int cow_volume_lookup(struct cow_pool_store *store, const struct cow_pool *pool, const char *name,
		      struct cow_volume **ret, struct cow_error *err);
/** The same by path or key, in whichever started pool of the store has it.
 *  @param ret_pool that pool; may be NULL. */
int cow_volume_lookup_path(struct cow_pool_store *store, const char *path,
			   struct cow_pool **ret_pool, struct cow_volume **ret,
			   struct cow_error *err);
void cow_volume_free(struct cow_volume *volume);

/** A volume as libvirt's volume XML; free() it. A name that XML can't express is -EINVAL. */
int cow_volume_dump_xml(const struct cow_volume *volume, char **ret_xml, struct cow_error *err);

/* Making volumes. */

/* Flags of struct cow_volume_create_options. */
#define COW_VOLUME_CREATE_DRY_RUN 0x1u /**< check everything, create nothing */
#define COW_VOLUME_CREATE_OWNED   0x2u /**< owner and group hold; else those of the pool, if any */
#define COW_VOLUME_CREATE_EMPTY   0x4u /**< a capacity of 0 is meant, without a backing file */
#define COW_VOLUME_CREATE_MODE    0x8u /**< a mode of 0 is meant */

/** allocation: as much as capacity. */
#define COW_VOLUME_ALLOCATE_ALL UINT64_MAX

struct cow_volume_create_options {
	const char *name;
	enum cow_volume_type type; /**< COW_VOLUME_TYPE_DIRECTORY: a subdirectory, which takes no
				      more than the policy and whom it belongs to from here */
	enum cow_format format;    /**< COW_FORMAT_UNKNOWN: raw */
	uint64_t capacity;         /**< 0: that of the backing file */
	uint64_t allocation;       /**< raw: bytes that are allocated at once, from the beginning */
	enum cow_preallocation preallocation; /**< as in cow/image.h, instead of allocation */
	const char *backing;                  /**< as it should be written, or NULL */
	enum cow_format backing_format;       /**< required with backing */
	bool nocow;            /**< <nocow/>: this volume wants policy off, whatever the pool's */
	bool lazy_refcounts;   /**< qcow2 */
	bool extended_l2;      /**< qcow2 */
	uint32_t version;      /**< qcow2: 2 or 3; 0 means 3 */
	uint32_t cluster_size; /**< qcow2: bytes; 0 means 64 KiB */
	uint32_t mode;         /**< 0 means 0600, for a directory 0711 */
	uint32_t owner, group;
	unsigned flags;
	const struct cow_encryption *encryption; /**< raw, which becomes LUKS, and qcow2; or NULL */
	const struct cow_progress *progress;     /**< while it is preallocated, or NULL */
	const char *label;            /**< SELinux label; NULL: that of the pool, if any */
	const char *from_secret_file; /**< of the other one, for cow_volume_create_from() */
};

/** How a new volume came out. */
struct cow_volume_created {
	enum cow_policy policy;    /**< the pool's, or off by the volume's own wish */
	enum cow_policy effective; /**< what it came to */
	enum cow_answer nocow;     /**< as read back */
	char reason[256];          /**< why */
	char warning[256];         /**< its price, or "" */
	char unmet[256];           /**< with the policy auto: what could not be had, or "" */
	uint64_t spare[4];
};

/** Make a volume. It appears under its name only when it is complete, right by the policy, read
 * back and on disk; on any failure, or by SIGKILL, nothing is there. A name that is taken is
 * -EEXIST. Runs qemu-img(1) for all formats but raw. `ret` may be NULL. */
int cow_volume_create(struct cow_pool_store *store, const struct cow_pool *pool,
		      const struct cow_volume_create_options *options,
		      struct cow_volume_created *ret, struct cow_error *err);

/** The same, with the content of another volume, of whatever pool and format: qemu-img(1) converts
 *  it. Capacity is at least that of the other one. A raw one is sparse if the other one is not
 *  allocated as a whole, unless a part of it was asked for. With a backing file it has what differs
 *  from that; a backing file of the other one must be the same. What is encrypted, as a raw volume
 *  or preallocated, and bigger than the other one, is not zeros behind that. Preallocated and
 *  encrypted it is written as a whole, and its metadata alone is -EINVAL. Refused while somebody
 *  writes to the other one; -ESTALE in the end, and not made, if somebody has done so meanwhile.
 *  @param format of the other one; COW_FORMAT_UNKNOWN: found out by its content, of which a guest
 *  may have written a raw one. Then other files that its content names are not read (-EINVAL), but
 *  for the backing file that the new one has as well. The format of a backing file has to be known
 *  from the header, or as that of the new one's. */
int cow_volume_create_from(struct cow_pool_store *store, const struct cow_pool *pool,
			   const struct cow_volume_create_options *options,
			   const struct cow_pool *from_pool, const char *from,
			   enum cow_format format, struct cow_volume_created *ret,
			   struct cow_error *err);

/** A wish for a volume, read out of libvirt's volume XML. Made and freed by the library. */
struct cow_volume_definition {
	struct cow_volume_create_options options;
	struct cow_encryption encryption; /**< where options has it: the caller names the secret */
};
/** Sizes are scaled, elements without a meaning here passed over; without <allocation> a raw volume
 *  is allocated as a whole, as libvirt does it. A <capacity> of 0 is COW_VOLUME_CREATE_EMPTY;
 *  without one there must be a backing file, or another volume, that gives it. Encryption other
 *  than LUKS is COW_CODE_UNSUPPORTED. */
int cow_volume_definition_new_xml(const char *xml, size_t size, struct cow_volume_definition **ret,
				  struct cow_error *err);
/** As cow_pool_validate_xml(), of a volume. */
int cow_volume_validate_xml(const char *xml, size_t size, struct cow_error *err);
void cow_volume_definition_free(struct cow_volume_definition *definition);

/** Make one more volume with the content of another, as cow_clone_at() does it: blocks are shared
 * where they can be. NOCOW is as the pool's policy has it, but what is NOCOW has clones that are:
 * that is a wish of its own, as `nocow` of struct cow_volume_create_options. Without a `label` it
 * has that of the pool, if any. Of the options `wish` and `nocow` are left out of account. A
 * directory (-EISDIR) or a symbolic link (-ELOOP) is not cloned. */
int cow_volume_clone(struct cow_pool_store *store, const struct cow_pool *pool, const char *name,
		     const char *new_name, const struct cow_clone_options *options,
		     struct cow_clone_result *ret, struct cow_error *err);

/* Changing volumes. Only files in the pool itself are changed, never what a symlink leads to or
 * what is mounted on a name, and none that anybody has open (-EBUSY), by a lease or by QEMU's lock
 * bytes, nor by anybody but the file's owner and root (-EACCES), who alone can have a lease, and so
 * be sure of that. One that is empty becomes NOCOW before it is resized or uploaded to, if the
 * policy wants that and it can be had; how one with data stands is left as it is. */

/** Remove a file, a symlink, or an empty subdirectory. */
int cow_volume_delete(struct cow_pool_store *store, const struct cow_pool *pool, const char *name,
		      struct cow_error *err);

/** Called often during long work; total is 0 while it is not known.
 *  @return 0 to go on, anything else to stop: -ECANCELED. */
typedef int (*cow_volume_progress)(uint64_t done, uint64_t total, void *data);

/* Flags for cow_volume_resize(), named as in libvirt. */
#define COW_VOLUME_RESIZE_ALLOCATE 0x1u /**< allocate what is added */
#define COW_VOLUME_RESIZE_DELTA    0x2u /**< by this much, not to this much */
#define COW_VOLUME_RESIZE_SHRINK   0x4u /**< to less; with DELTA, by this much less */

struct cow_volume_resize_options {
	uint64_t capacity;
	unsigned flags;
	const char *secret_file; /**< as of struct cow_encryption, or NULL */
	enum cow_format format;  /**< what it is; COW_FORMAT_UNKNOWN: found out by its content, of
				    which a guest may have written a raw one */
	uint64_t spare[3];
};

/** Change what the guest sees. Less than now needs SHRINK; less than what is allocated is refused
 *  always, and so is what keeps its data in other files. A backing file is not changed; without
 *  `format` it has to be a file. Runs qemu-img(1) for all formats but raw and LUKS. Encrypted
 * images of other formats need their secret. Of LUKS a wrong one is refused; QEMU's old encryption
 * doesn't know it.
 *  @param ret_capacity what it is now; may be NULL. */
int cow_volume_resize(struct cow_pool_store *store, const struct cow_pool *pool, const char *name,
		      const struct cow_volume_resize_options *options, uint64_t *ret_capacity,
		      struct cow_error *err);

#define COW_VOLUME_TRANSFER_SPARSE 0x1u /**< zeros are holes where the target can have them */
#define COW_VOLUME_TRANSFER_REPLACE                                                                \
	0x2u /**< download: cut off what the file has from there on, just                          \
		before the first byte is written */

struct cow_volume_transfer {
	uint64_t offset; /**< in the volume */
	uint64_t length; /**< 0: to the end of what is read */
	unsigned flags;
	cow_volume_progress progress; /**< or NULL */
	void *data;
	uint64_t spare[4];
};

/** Write what `fd` has, from where it stands, into a volume, bytes as they are; it stands behind
 * them then. Longer data makes the volume longer. When it fails on the way, what is written stays
 * written.
 *  @param ret_bytes how many, holes included; may be NULL. */
int cow_volume_upload(struct cow_pool_store *store, const struct cow_pool *pool, const char *name,
		      int fd, const struct cow_volume_transfer *transfer, uint64_t *ret_bytes,
		      struct cow_error *err);
/** Write a volume's bytes to `fd`, where it stands. Refused while somebody writes to the volume,
 * and when `fd` is the volume, as an upload is; -ESTALE at the end if somebody has written to it
 * meanwhile. What is a file or a block device is on disk in the end; one that a guest has open is
 * refused (-EBUSY), and so is a device that is mounted or part of another one. */
int cow_volume_download(struct cow_pool_store *store, const struct cow_pool *pool, const char *name,
			int fd, const struct cow_volume_transfer *transfer, uint64_t *ret_bytes,
			struct cow_error *err);

/** What is written over the data of a volume, pass by pass; names are libvirt's. */
enum cow_wipe {
	COW_WIPE_UNKNOWN = 0,
	COW_WIPE_ZERO,
	COW_WIPE_NNSA,
	COW_WIPE_DOD,
	COW_WIPE_BSI,
	COW_WIPE_GUTMANN,
	COW_WIPE_SCHNEIER,
	COW_WIPE_PFITZNER7,
	COW_WIPE_PFITZNER33,
	COW_WIPE_RANDOM,
	COW_WIPE_TRIM, /**< nothing is written: the space is given back, and the old data may still
			  be on the disk */
};

const char *cow_wipe_name(enum cow_wipe algorithm);
enum cow_wipe cow_wipe_from_name(const char *name); /**< NULL is COW_WIPE_ZERO, as in libvirt */

/** Overwrite all data of a volume, and what is preallocated or zeroed without having been
 * overwritten; its length stays, and so do holes of 64 KiB and more. Each pass is on disk before
 * the next begins. What keeps its data in other files is refused.
 *  @param format COW_FORMAT_RAW: the bytes of the file, whatever they say; COW_FORMAT_UNKNOWN.
 *  @param ret_overwrite what an overwrite does there: where it is not COW_OVERWRITE_IN_PLACE, the
 * old data is out of the file but may still be on the disk. May be NULL. */
int cow_volume_wipe(struct cow_pool_store *store, const struct cow_pool *pool, const char *name,
		    enum cow_format format, enum cow_wipe algorithm, cow_volume_progress progress,
		    void *data, enum cow_overwrite *ret_overwrite, struct cow_error *err);

#ifdef __cplusplus
}
#endif
#endif

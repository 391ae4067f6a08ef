/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_IMAGE_H
#define COW_IMAGE_H

/**
 * @file
 * Disk images: what they are, where they lie, how a new one is made right from birth.
 *
 * Formats are recognised by content, never by file name. Headers are parsed as pure functions
 * over a buffer and may be hostile. What has a
 * header is written by qemu-img(1) only.
 */

#include <cow/error.h>
#include <cow/types.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Names are QEMU's. */
enum cow_format {
	COW_FORMAT_UNKNOWN = 0,
	COW_FORMAT_RAW,   /**< nothing else was recognised */
	COW_FORMAT_QCOW,  /**< "qcow": version 1 */
	COW_FORMAT_QCOW2, /**< "qcow2": versions 2 and 3 */
	COW_FORMAT_VMDK,
	COW_FORMAT_VDI,
	COW_FORMAT_VPC, /**< "vpc": VHD */
	COW_FORMAT_VHDX,
	COW_FORMAT_QED,
	COW_FORMAT_LUKS,
	COW_FORMAT_ISO, /**< ISO 9660 or UDF; "iso" */
};

const char *cow_format_name(enum cow_format format);
enum cow_format cow_format_from_name(const char *name); /**< "vhd" is taken for "vpc" */

/** Ways to encrypt, named as in libvirt. */
enum cow_encrypted {
	COW_ENCRYPTED_UNKNOWN = 0,
	COW_ENCRYPTED_QCOW, /**< QEMU's old way, no protection worth the name */
	COW_ENCRYPTED_LUKS,
	COW_ENCRYPTED_LUKS2,
};

const char *cow_encrypted_name(enum cow_encrypted how);

/** What a header says. Filled by the caller's leave: zero it first; free with _clear(). */
struct cow_header {
	enum cow_format format;
	uint32_t version;      /**< qcow2: 2 or 3; LUKS: 1 or 2; 0 where it says nothing */
	uint64_t virtual_size; /**< bytes the guest sees; 0 when the header doesn't say */
	char *backing;         /**< backing file or parent as written, not resolved; or NULL */
	enum cow_format backing_format; /**< as written; COW_FORMAT_UNKNOWN when it is not */
	enum cow_answer encrypted;
	uint32_t snapshots;       /**< internal snapshots, qcow2 */
	enum cow_answer damaged;  /**< yes: the magic is there, but the rest makes no sense,
				      or it is marked as corrupt */
	enum cow_answer external; /**< yes: data of the disk lies in other files, which the header
				       names (a qcow2 data file, the extents of a VMDK) */
	enum cow_encrypted how;   /**< in which way it is encrypted, where that is known */
	uint32_t cluster_size;    /**< qcow2: bytes */
	bool lazy_refcounts;      /**< qcow2 */
	bool extended_l2;         /**< qcow2: parts of a cluster are allocated by themselves */
	uint64_t spare[2];
};

/** Bytes of the beginning that decide every format, and of the end (VHD footers). */
#define COW_HEADER_HEAD 69632
#define COW_HEADER_TAIL 512

/** Recognise and parse a header. Pure: reads only the two buffers, which may be shorter than
 *  the sizes above when the file is. */
int cow_header_parse(const void *head, size_t head_size, const void *tail, size_t tail_size,
		     uint64_t file_size, struct cow_header *ret);
/** The same for an open regular file. Leaves its offset alone. */
int cow_header_read(int fd, struct cow_header *ret, struct cow_error *err);
void cow_header_clear(struct cow_header *header);

/** One step of a backing chain, the image itself first. */
struct cow_chain {
	const struct cow_chain *next; /**< what this one is backed by */
	const char *path;             /**< resolved path, or the reference as written */
	enum cow_format format;
	const char *problem; /**< why the chain ends here although it shouldn't ("not found",
				"loop", "a network name", ...), or NULL */
};

/** Follow backing files from an image. Names are resolved as QEMU does: relative to the directory
 *  of the file that names them. Stops at 200 steps, at a loop, and at names that are not files. */
int cow_chain_new(const char *path, struct cow_chain **ret, struct cow_error *err);
void cow_chain_free(struct cow_chain *chain);

/** Where a file's data lies, in numbers. From FIEMAP: for reports and estimates; never to decide
 *  which bytes to copy. Physical addresses on Btrfs are its own logical ones. */
struct cow_extents {
	uint64_t rows;            /**< extent rows as the filesystem lists them */
	uint64_t runs;            /**< physically discontiguous runs: what filefrag(8) counts */
	uint64_t bytes;           /**< mapped bytes, unwritten ones included */
	uint64_t shared_bytes;    /**< in extents that somebody else refers to as well */
	uint64_t unwritten_bytes; /**< preallocated, never written */
	uint64_t encoded_bytes;   /**< compressed or encrypted */
	uint64_t inline_bytes;    /**< kept in metadata */
};

/** Flags for cow_extents_read(). */
#define COW_EXTENTS_SYNC                                                                           \
	0x1u /**< write dirty data out first; without it, data not yet allocated                   \
		is not counted. Never used while auditing */

/** @return 0; -EOPNOTSUPP (COW_CODE_UNSUPPORTED) where the filesystem has no FIEMAP. */
int cow_extents_read(int fd, unsigned flags, struct cow_extents *ret, struct cow_error *err);

/** Bytes of a Btrfs file whose next overwrite is copied once because they are not newer than the
 *  last snapshot or balance of their subvolume, whether or not that snapshot still exists.
 *  @return 0; -EPERM without CAP_SYS_ADMIN; -ENOTTY when the file is not on Btrfs. */
int cow_extents_read_history(int fd, uint64_t *ret_old_bytes, struct cow_error *err);

enum cow_wish {
	COW_WISH_LEAVE = 0, /**< take what the directory gives */
	COW_WISH_PREFER,    /**< try, and say in the result if it failed */
	COW_WISH_REQUIRE,   /**< fail, leaving nothing behind, if it can't be had */
};

enum cow_preallocation {
	COW_PREALLOCATION_OFF = 0,
	COW_PREALLOCATION_METADATA, /**< qcow2 only */
	COW_PREALLOCATION_FALLOC,
	COW_PREALLOCATION_FULL, /**< zeros are written */
};

/** Encryption of a new image, LUKS version 1. The algorithms have QEMU's names ("aes-256", "xts",
 *  "sha256", "plain64"), and NULL is QEMU's choice. */
struct cow_encryption {
	const char *secret_file; /**< all of it is the passphrase, 1 byte to 8 MiB, a newline as
				      well; no pipe: it is read by qemu-img alone, but more than
				      once */
	const char *cipher;
	const char *mode;
	const char *hash;
	const char *ivgen;
	const char *ivgen_hash;
	uint64_t spare[2];
};

/** Long work, as it goes on. */
struct cow_progress {
	/** Called often; total is 0 while it is not known.
	 *  @return 0 to go on, anything else to stop: -ECANCELED. */
	int (*report)(uint64_t done, uint64_t total, void *data);
	void *data;
};

/** Flags for cow_image_create_options. */
#define COW_IMAGE_CREATE_DRY_RUN                                                                   \
	0x1u /**< check everything, down to the flag of an unnamed file, and create nothing */
#define COW_IMAGE_CREATE_EMPTY 0x2u /**< a size of 0 is meant, where there is no backing file */
#define COW_IMAGE_CREATE_MODE  0x4u /**< a mode of 0 is meant */

struct cow_image_create_options {
	enum cow_format format; /**< raw, qcow2, qcow, qed, vmdk, vdi, vpc or luks */
	uint64_t size;          /**< bytes the guest will see; 0: those of the backing file */
	mode_t mode;            /**< permissions, umask not applied; 0 means 0600 */
	enum cow_wish wish;     /**< how much nocow is wanted */
	bool nocow;             /**< which way */
	enum cow_preallocation preallocation;
	const char *backing; /**< qcow2, qcow, qed: backing file as it should be written, or NULL */
	enum cow_format backing_format; /**< required with backing; of a block device raw */
	unsigned flags;
	uint32_t version;                        /**< qcow2: 2 or 3; 0 means 3 */
	uint32_t cluster_size;                   /**< qcow2: bytes; 0 means 64 KiB */
	bool lazy_refcounts;                     /**< qcow2, version 3 */
	bool extended_l2;                        /**< qcow2, version 3, clusters from 16 KiB */
	const struct cow_encryption *encryption; /**< luks, which needs it, and qcow2; or NULL */
	const struct cow_progress *progress;     /**< while it is preallocated, or NULL */
};

/** What came of it. */
struct cow_image_created {
	enum cow_answer nocow; /**< as read back */
	char unmet[256];       /**< COW_WISH_PREFER: why the wish failed, or "" */
	uint64_t spare[4];
};

/** Make a new image. It appears under its name only when it is complete, flagged, read back and
 *  on disk; on any failure nothing is left behind. An existing name is never replaced (-EEXIST).
 *  Runs qemu-img(1) for all but raw. `ret` may be NULL. */
int cow_image_create_at(int dirfd, const char *name, const struct cow_image_create_options *options,
			struct cow_image_created *ret, struct cow_error *err);

#ifdef __cplusplus
}
#endif
#endif

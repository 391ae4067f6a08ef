/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_ATTR_H
#define COW_ATTR_H

/**
 * @file
 * Inode flags: read, set, and read back.
 *
 * FS_IOC_SETFLAGS lies. On a Btrfs file that has data it returns 0 and changes nothing; f2fs,
 * nilfs2, jfs and ocfs2 accept NOCOW and drop it always. Only what FS_IOC_GETFLAGS says
 * afterwards counts, so that is all these functions report (docs/kernel-facts.md, K1).
 *
 * Descriptors may be O_RDONLY but not O_PATH. Only regular files and directories have flags:
 * other types give -EINVAL before any ioctl, for device drivers reuse ioctl numbers.
 * Setting needs the file's owner or CAP_FOWNER.
 */

#include <cow/error.h>
#include <cow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The flags this library speaks of, numbered as in the kernel (linux/fs.h). */
#define COW_ATTR_COMPRESS   0x00000004u /**< chattr +c */
#define COW_ATTR_SYNC       0x00000008u /**< chattr +S */
#define COW_ATTR_IMMUTABLE  0x00000010u /**< chattr +i */
#define COW_ATTR_APPEND     0x00000020u /**< chattr +a */
#define COW_ATTR_NODUMP     0x00000040u /**< chattr +d */
#define COW_ATTR_NOATIME    0x00000080u /**< chattr +A */
#define COW_ATTR_NOCOMPRESS 0x00000400u /**< chattr +m */
#define COW_ATTR_DIRSYNC    0x00010000u /**< chattr +D */
#define COW_ATTR_NOCOW      0x00800000u /**< chattr +C */

/** Read the flags of an open file or directory.
 *  @return 0, or -ENOTTY/-EOPNOTSUPP where the filesystem has none (COW_CODE_UNSUPPORTED). */
int cow_attr_get(int fd, uint32_t *ret_flags, struct cow_error *err);

/** Set and clear flags, then read back that they took. Flags in neither mask are left alone.
 *  @return 0 when the flags now read as asked;
 *    -ENOTEMPTY, COW_CODE_NOT_HONOURED: NOCOW accepted but not there, the file has data;
 *    -EOPNOTSUPP, COW_CODE_NOT_HONOURED: accepted but not there, the filesystem drops it;
 *    -EINVAL, COW_CODE_CONFLICT: NOCOW against COMPRESS or NOCOMPRESS (Btrfs);
 *    other negative errno: COW_CODE_UNSUPPORTED, COW_CODE_PERMISSION, COW_CODE_READ_ONLY, ... */
int cow_attr_change(int fd, uint32_t set, uint32_t clear, struct cow_error *err);

/** cow_attr_change() for the one flag this library is about. */
int cow_attr_set_nocow(int fd, bool nocow, struct cow_error *err);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_ERROR_H
#define COW_ERROR_H

/**
 * @file
 * How libcow fails.
 *
 * Functions return 0 or a positive value on success and a negative errno on failure. The last
 * argument is a struct cow_error that the caller owns; it may be NULL. It is filled only on
 * failure, allocates nothing and needs no clean-up, so reporting an error cannot fail.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the caller can do about it. */
enum cow_code {
	COW_CODE_UNKNOWN = 0,  /**< nothing more is known than errnum */
	COW_CODE_USAGE,        /**< correct the call */
	COW_CODE_NOT_FOUND,    /**< name something that exists */
	COW_CODE_EXISTS,       /**< choose another name, or remove what is there */
	COW_CODE_PERMISSION,   /**< be the owner, or root */
	COW_CODE_BUSY,         /**< close it (or shut the guest down), then try again */
	COW_CODE_CHANGED,      /**< it changed meanwhile: try again */
	COW_CODE_NO_SPACE,     /**< make room */
	COW_CODE_READ_ONLY,    /**< remount, or pick another place */
	COW_CODE_UNSUPPORTED,  /**< this filesystem can't: an unmet wish */
	COW_CODE_CONFLICT,     /**< another setting stands against it: remove that one first */
	COW_CODE_NOT_HONOURED, /**< was accepted, but did not read back: an unmet wish */
	COW_CODE_REFUSED,      /**< would be unsafe; the remedy says what to do */
	COW_CODE_CORRUPT,      /**< the data is damaged: restore it */
	COW_CODE_TOOL,         /**< a program that is needed is missing or failed */
	COW_CODE_CANCELLED,    /**< the caller asked to stop */
	COW_CODE_NO_MEMORY,    /**< out of memory */
};

struct cow_error {
	int errnum;         /**< positive errno, 0 where no system call failed */
	enum cow_code code; /**< what the caller can do */
	char message[512];  /**< operation and 'operand', one line, lower case, no strerror text */
	char remedy[256];   /**< what would help, or "" */
	uint64_t spare[4];  /**< zero; room for later fields */
};

/** The code's name as in JSON: "usage", "not-found", ... */
const char *cow_code_name(enum cow_code code);

/** The exit status a command should end with: 1 unmet wish, 2 could not finish, 3 usage. */
int cow_code_exit_status(enum cow_code code);

#ifdef __cplusplus
}
#endif
#endif

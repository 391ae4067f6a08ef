/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_TYPES_H
#define COW_TYPES_H

/**
 * @file
 * The words of libcow: closed vocabularies, the same in C, JSON, XML and the manual.
 *
 * In every enumeration 0 means "not known". Unknown is a value of its own: it is never a "no",
 * it is printed as "unknown" and it is null or "unknown" in JSON.
 *
 * Every `_name` function returns a static string and takes any value: one outside the vocabulary
 * is "unknown". All sizes in libcow are bytes unless a name says otherwise.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What overwriting bytes that are already written does to the place where they lie.
 *  Ordered: of two known values, the greater one is the worse one for a VM image. */
enum cow_overwrite {
	COW_OVERWRITE_UNKNOWN = 0,
	COW_OVERWRITE_IN_PLACE,    /**< "in-place": the blocks stay where they are */
	COW_OVERWRITE_COPIED_ONCE, /**< "copied-once": in place, but blocks that are shared or older
				      than a snapshot go elsewhere on their next write */
	COW_OVERWRITE_COPIED,      /**< "copied": every overwrite goes elsewhere */
};

/** What can make overwrites stay in place. */
enum cow_switch {
	COW_SWITCH_UNKNOWN = 0,
	COW_SWITCH_ATTRIBUTE,    /**< "attribute": NOCOW on an empty file or a directory */
	COW_SWITCH_MOUNT_OPTION, /**< "mount-option": for the whole filesystem only */
	COW_SWITCH_NONE,         /**< "none": this layer has no switch */
	COW_SWITCH_NOT_NEEDED,   /**< "not-needed": it overwrites in place anyway */
};

/** How something is known, best first (0 is: not at all). */
enum cow_evidence {
	COW_EVIDENCE_NONE = 0,
	COW_EVIDENCE_MEASURED, /**< wrote, mapped, overwrote, mapped again */
	COW_EVIDENCE_REPORTED, /**< an ioctl, sysfs, a table or mount options said so */
	COW_EVIDENCE_INFERRED, /**< only a type name or a naming rule says so */
};

/** What is wanted of a directory, a pool or an image. */
enum cow_policy {
	COW_POLICY_UNKNOWN = 0,
	COW_POLICY_OFF,  /**< overwrite in place; an error where that can't be had */
	COW_POLICY_ON,   /**< keep copy-on-write, with its checksums and snapshots */
	COW_POLICY_AUTO, /**< decided by cow_policy_decide(), with its reason */
};

/** How something stands against its policy. */
enum cow_compliance {
	COW_COMPLIANCE_UNKNOWN = 0,
	COW_COMPLIANCE_OK,
	COW_COMPLIANCE_DRIFTED,
	COW_COMPLIANCE_NOT_APPLICABLE,
};

/** A yes-or-no question that may be unanswered. */
enum cow_answer {
	COW_ANSWER_UNKNOWN = 0,
	COW_ANSWER_NO,
	COW_ANSWER_YES,
};

const char *cow_overwrite_name(enum cow_overwrite value);
const char *cow_switch_name(enum cow_switch value);
const char *cow_evidence_name(enum cow_evidence value); /**< 0 is "none" */
const char *cow_policy_name(enum cow_policy value);
const char *cow_compliance_name(enum cow_compliance value);
const char *cow_answer_name(enum cow_answer value); /**< "yes", "no", "unknown" */

/** "off", "on" or "auto" to its value; COW_POLICY_UNKNOWN for anything else, NULL included. */
enum cow_policy cow_policy_from_name(const char *name);

/** Read a size such as "4096", "64K" or "10GiB" into bytes.
 *  Suffixes are powers of 1024 as in qemu-img(1): K, M, G, T, P, E, each also as KiB and so on; as
 *  KB and so on they are powers of 1000, as in libvirt. In letters of either case;
 *  "10.5G" is taken, as long as it comes out as whole bytes.
 *  @return 0, -EINVAL (not a size) or -ERANGE (does not fit 63 bits). */
int cow_size_parse(const char *text, uint64_t *ret_bytes);

/** Write a size as people read it ("1.5G", "512B"), powers of 1024, at most one decimal.
 *  @param buffer at least COW_SIZE_TEXT_MAX bytes.
 *  @return buffer. */
char *cow_size_format(uint64_t bytes, char *buffer, size_t size);
#define COW_SIZE_TEXT_MAX 16

/** Write a file name as one printable line: a name may hold any byte but '/' and NUL.
 *  Control characters, backslashes and bytes that are not UTF-8 become \n, \t, \\ or \xNN.
 *  A text too long for the buffer is cut and ends in "...".
 *  @return buffer. */
char *cow_name_escape(const char *name, char *buffer, size_t size);

/** True when the text is well-formed UTF-8 (such a path can be put in JSON as it is). */
bool cow_text_is_utf8(const char *text);

/** The version of the library that is running, such as "0.1.0". */
const char *cow_version(void);

#ifdef __cplusplus
}
#endif
#endif

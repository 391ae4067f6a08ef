/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_RECOVER_PAIR_H
#define CONVERT_RECOVER_PAIR_H

#include "convert/convert.h"
#include "convert/journal.h"

/* The two files of an interrupted live conversion: who has which of them open, and what that tells.
 */

/* One of the two files. While it is not open it is held, and nobody can open it. */
struct side {
	int fd;
	bool open;
	struct convert_hold hold;
	struct stat st;
};

struct pair {
	struct side image, temp;
	struct side *old, *copy; /* which is which */
};

/* Refuses files that are not those of the journal. Close the pair, whatever comes of it. */
int pair_open(const struct convert *c, const char *temp, const struct convert_journal *journal,
	      struct pair *pair, struct cow_error *err);
void pair_close(struct pair *pair);

/* Has the guest gone on without the original, which nobody wrote to since? */
bool pair_was_left(const struct pair *pair, const struct convert_journal *journal);

/* The copy, mirrored, is at the path, and nobody has the original open: does the guest write to the
 * copy, or has it had that last? */
bool pair_guest_is_on_copy(const struct pair *pair, const struct convert_journal *journal);

/* Neither file is open, but somebody may have gone on with the copy: a guest that was pivoted by
 * hand, or whoever found the copy at the path after a crash in L5 to L7. Then it was written to
 * long after the original; and it has as much data, or, at the path, more than could be copied by
 * then. */
bool pair_was_gone_on_with(const struct convert *c, const struct convert_journal *journal,
			   const struct pair *pair);

/* The guest writes to both, so nobody has gone on with the copy alone; though while it is idle a
 * mirror does write to the copy alone. */
bool pair_is_mirrored(const struct pair *pair);

/* The guest is or was on the copy, and somebody reads the original. There is no mirror to be ended:
 * QEMU's locks say that it does not write to the original. */
bool pair_is_read(const struct convert_journal *journal, const struct pair *pair);

/* Has the guest changed to the copy after all, when the names had been exchanged back? By QEMU's
 * locks: the original may be open still, for reading. */
bool pair_is_ahead(const struct convert *c, const struct convert_journal *journal,
		   const struct pair *pair);

/* Has a guest that stands still for it something else open than the original? */
bool pair_is_astray(const struct convert *c, const struct convert_journal *journal,
		    const struct pair *pair);

/* Does it go on in the guest? Only whoever runs one that QEMU's locks show can tell whether it
 * stands still for this. */
bool pair_goes_on(const struct convert *c, const struct convert_journal *journal,
		  const struct pair *pair);

/* Somebody else has had the guest change over, which QEMU does when both files are the same. One
 * that stands still may rather have an incomplete copy open, by an end of the mirror in L6. */
bool pair_is_ahead_unmarked(const struct convert *c, const struct convert_journal *journal,
			    const struct pair *pair);

#endif

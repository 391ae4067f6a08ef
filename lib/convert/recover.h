/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_RECOVER_H
#define CONVERT_RECOVER_H

#include "convert/convert.h"
#include "convert/journal.h"

/* What an offline conversion left, under a name that is about the image.
 * @return 1 when it was dealt with, 0 when it is gone, -errno */
int convert_recover_offline(struct convert *c, const char *temp,
			    const struct convert_journal *journal, ino_t inode,
			    const struct stat *image, struct cow_error *err);

/* What recover-offline.c and recover-live.c share. */
int recover_refuse(const struct convert *c, const char *temp, const char *why,
		   struct cow_error *err);
int recover_fail_at_work(const struct convert *c, struct cow_error *err);
/* Nobody may have the file open that is going to be removed or moved. */
int recover_open_alone(const struct convert *c, const char *name, struct convert_hold *hold,
		       struct cow_error *err);
int recover_finish(struct convert *c, const char *temp, const struct convert_journal *journal,
		   struct cow_error *err);
int recover_remove_copy(struct convert *c, const char *temp, struct cow_error *err);
/* Nobody but us and root can create names here. */
bool recover_is_private(const struct convert *c);
/* What would make it so, for a remedy. */
const char *recover_make_private(const struct convert *c);

#endif

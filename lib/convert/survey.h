/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_SURVEY_H
#define CONVERT_SURVEY_H

#include <stdbool.h>
#include <sys/stat.h>

#include <cow/convert.h>

#include "base/names.h"

/* What is found out once for many images. */
struct cow_convert_survey {
	struct base_names leftovers; /* all that begin like those that a conversion makes */
	bool lasting;                /* they hold as long as the directory is as it was then */
	struct stat directory;       /* before it was read */
	struct base_names mounted;   /* the last parts of the sources of all mounts */
	bool mounted_known;
};

/* What conversions left in a directory, unless it is known. @return 0 or -errno. */
int survey_read_leftovers(struct cow_convert_survey *survey, int dirfd);
/* Is there a mount of anything that is called so, or was there when that was first asked? */
bool survey_is_mounted(struct cow_convert_survey *survey, const char *name);
void survey_clear(struct cow_convert_survey *survey);

#endif

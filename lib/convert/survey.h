/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_SURVEY_H
#define CONVERT_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cow/convert.h>

/* Names, one behind the other, each with its NUL. */
struct survey_names {
	char *texts;
	size_t size, room;
};

/* @return 0 or -ENOMEM */
int survey_names_add(struct survey_names *names, const char *name);
/* The one after `last`, NULL: the first. @return NULL when there is none. */
const char *survey_names_next(const struct survey_names *names, const char *last);

/* What is found out once for many images. */
struct cow_convert_survey {
	struct survey_names leftovers; /* all that begin like those that a conversion makes */
	bool lasting;                  /* they hold as long as the directory is as it was then */
	struct stat directory;         /* before it was read */
	struct survey_names mounted;   /* the last parts of the sources of all mounts */
	bool mounted_known;
};

/* What conversions left in a directory, unless it is known. @return 0 or -errno. */
int survey_read_leftovers(struct cow_convert_survey *survey, int dirfd);
/* Is there a mount of anything that is called so, or was there when that was first asked? */
bool survey_is_mounted(struct cow_convert_survey *survey, const char *name);
void survey_clear(struct cow_convert_survey *survey);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To read a directory for each image in it, and all mounts, takes minutes where there are many
 * images. */
#include <fcntl.h>
#include <time.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/survey.h"
#include "stack/filesystem.h"

/* A change may have come so many seconds after its time: the clock for that stands still between
 * its ticks, and some filesystems count whole seconds. */
#define TICK 2

COW_EXPORT int cow_convert_survey_new(struct cow_convert_survey **ret, struct cow_error *err)
{
	struct cow_convert_survey *survey = calloc(1, sizeof(*survey));

	if (!survey)
		return base_fail(err, ENOMEM, "begin to convert");
	*ret = survey;
	return 0;
}

void survey_clear(struct cow_convert_survey *survey)
{
	free(survey->leftovers.texts);
	free(survey->mounted.texts);
}

COW_EXPORT void cow_convert_survey_free(struct cow_convert_survey *survey)
{
	if (survey)
		survey_clear(survey);
	free(survey);
}

static int read_directory(struct base_names *leftovers, int dirfd)
{
	BASE_CLEANUP(directory)
	DIR *directory =
		base_directory_stream(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *entry;
	int r = 0;

	if (!directory)
		return -errno;
	leftovers->size = 0;
	while (r == 0 && (errno = 0, entry = readdir(directory)))
		if (base_starts(entry->d_name, COW_CONVERT_TEMP_PREFIX))
			r = base_names_add(leftovers, entry->d_name);
	return r < 0 ? r : -errno;
}

/* Each name that comes or goes changes the directory. */
static bool is_as_it_was(const struct stat *then, const struct stat *now)
{
	return base_same_file(then, now) &&
	       !memcmp(&then->st_ctim, &now->st_ctim, sizeof(now->st_ctim));
}

int survey_read_leftovers(struct cow_convert_survey *survey, int dirfd)
{
	time_t began = time(NULL);
	struct stat now;
	int r;

	if (fstat(dirfd, &now) < 0)
		return -errno;
	if (survey->lasting && is_as_it_was(&survey->directory, &now))
		return 0;
	r = read_directory(&survey->leftovers, dirfd);
	/* What is known here of a server's directory may be old. */
	survey->lasting = r == 0 && now.st_ctim.tv_sec < began - TICK && !stack_is_served(dirfd);
	survey->directory = now;
	return r;
}

bool survey_is_mounted(struct cow_convert_survey *survey, const char *name)
{
	const char *mounted = NULL;

	if (!survey->mounted_known && convert_list_mounted(&survey->mounted) < 0)
		return true;
	survey->mounted_known = true;
	while ((mounted = base_names_next(&survey->mounted, mounted)))
		if (base_equal(mounted, name))
			return true;
	return false;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library says about an image, KEY=VALUE lines:
 *	image extents FILE	where it lies
 *	image sync FILE		the same after dirty data was written out
 *	image chain FILE	FORMAT PATH[: PROBLEM] lines, the image itself first */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cow/image.h>

static int fail(const struct cow_error *err)
{
	fprintf(stderr, "%s: %s\n", err->message, strerror(err->errnum));
	return 1;
}

static int extents(const char *path, unsigned flags)
{
	struct cow_error err = {0};
	struct cow_extents e;
	uint64_t old;
	int fd = open(path, O_RDONLY), r = cow_extents_read(fd, flags, &e, &err);

	if (r < 0)
		return fail(&err);
	printf("rows=%" PRIu64 "\nruns=%" PRIu64 "\nbytes=%" PRIu64 "\nshared=%" PRIu64 "\n",
	       e.rows, e.runs, e.bytes, e.shared_bytes);
	printf("unwritten=%" PRIu64 "\nencoded=%" PRIu64 "\ninline=%" PRIu64 "\n",
	       e.unwritten_bytes, e.encoded_bytes, e.inline_bytes);
	if (cow_extents_read_history(fd, &old, &err) < 0)
		printf("old=%s\n", cow_code_name(err.code));
	else
		printf("old=%" PRIu64 "\n", old);
	close(fd);
	return 0;
}

static int chain(const char *path)
{
	struct cow_error err = {0};
	struct cow_chain *chain = NULL;

	if (cow_chain_new(path, &chain, &err) < 0)
		return fail(&err);
	for (const struct cow_chain *step = chain; step; step = step->next)
		printf("%s %s%s%s\n", cow_format_name(step->format), step->path,
		       step->problem ? ": " : "", step->problem ? step->problem : "");
	cow_chain_free(chain);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc == 3 ? argv[1] : "";

	if (!strcmp(verb, "extents"))
		return extents(argv[2], 0);
	if (!strcmp(verb, "sync"))
		return extents(argv[2], COW_EXTENTS_SYNC);
	if (!strcmp(verb, "chain"))
		return chain(argv[2]);
	fprintf(stderr, "usage: image extents|sync|chain FILE\n");
	return 3;
}

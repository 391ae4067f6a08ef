/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Run a fuzz target over every file of the directories given: what each build can do, with any
 * compiler. Each input is in memory of exactly its size, so that a sanitizer sees every step too
 * far. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "target.h"

static void replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long size;

	FUZZ_CHECK(file && fseek(file, 0, SEEK_END) == 0);
	size = ftell(file);
	rewind(file);
	FUZZ_CHECK(size >= 0 && (data = malloc((size_t)size + !size)));
	FUZZ_CHECK(fread(data, 1, (size_t)size, file) == (size_t)size);
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
}

int main(int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *directory = opendir(argv[i]);

		for (struct dirent *entry; directory && (entry = readdir(directory));) {
			char path[4096];

			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			puts(path); /* the last one printed is the one that crashed */
			fflush(stdout);
			replay(path);
			n++;
		}
		if (directory)
			closedir(directory);
	}
	return n ? EXIT_SUCCESS : EXIT_FAILURE; /* no corpus found: nothing was tested */
}

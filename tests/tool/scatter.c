/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest does to its disk, for tests, ./demo and bench/run.
 *
 *	scatter FILE COUNT [SEED]   overwrite COUNT random 4 KiB blocks within the file's size
 *	scatter --fill FILE BYTES   write that many bytes one after the other
 *
 * Deterministic: the same seed writes the same bytes at the same places. The writes are real: every
 * SYNC_EVERY blocks are forced out, or the page cache would put them in order again and CoW would
 * look harmless.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 4096, SYNC_EVERY = 64, FILL = 1 << 20 };

/* splitmix64: small, good, and the same everywhere. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void fill(unsigned char *buffer, size_t size, uint64_t *state)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		uint64_t word = next(state);

		memcpy(buffer + at, &word, sizeof(word));
	}
}

static void die(const char *what)
{
	fprintf(stderr, "scatter: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_at(int fd, const void *buffer, size_t size, off_t offset)
{
	if (pwrite(fd, buffer, size, offset) != (ssize_t)size)
		die("write");
}

static void write_all(int fd, uint64_t bytes)
{
	static unsigned char buffer[FILL];
	uint64_t state = bytes;

	for (uint64_t at = 0; at < bytes; at += FILL) {
		uint64_t left = bytes - at;

		fill(buffer, sizeof(buffer), &state);
		write_at(fd, buffer, left < FILL ? left : FILL, (off_t)at);
	}
}

static void scatter(int fd, uint64_t count, uint64_t seed)
{
	unsigned char buffer[BLOCK];
	struct stat st;

	if (fstat(fd, &st) < 0)
		die("stat");
	if (st.st_size < BLOCK) {
		errno = EINVAL;
		die("smaller than one block");
	}
	for (uint64_t i = 1; i <= count; i++) {
		off_t block = (off_t)(next(&seed) % (uint64_t)(st.st_size / BLOCK));

		fill(buffer, sizeof(buffer), &seed);
		write_at(fd, buffer, sizeof(buffer), block * BLOCK);
		if (i % SYNC_EVERY == 0 && fdatasync(fd) < 0)
			die("sync");
	}
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (!*text || *end) {
		errno = EINVAL;
		die(text);
	}
	return value;
}

int main(int argc, char **argv)
{
	int filling = argc == 4 && !strcmp(argv[1], "--fill");
	int fd;

	if (argc < 3 || argc > 4) {
		fputs("usage: scatter FILE COUNT [SEED] | scatter --fill FILE BYTES\n", stderr);
		return 3;
	}
	fd = open(argv[filling ? 2 : 1], O_RDWR | O_CLOEXEC | (filling ? O_CREAT : 0), 0666);
	if (fd < 0)
		die(argv[filling ? 2 : 1]);
	if (filling)
		write_all(fd, number(argv[3]));
	else
		scatter(fd, number(argv[2]), argc == 4 ? number(argv[3]) : 1);
	if (fsync(fd) < 0 || close(fd) < 0)
		die("sync");
	return 0;
}

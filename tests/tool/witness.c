/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * See for oneself what an overwrite does, at the very bottom: by looking for the bytes.
 *
 *	witness write FILE            fill 1 MiB of a file or block device with marked blocks
 *	witness judge FILE PLACE...   overwrite them twice, and say where they went: in-place,
 *	                              copied-once, copied, or unseen
 *
 * After each write the command in $WITNESS_SETTLE is run: it makes caches and journals above the
 *places bring home what they hold. The places are the files or disks that all bytes end in, beneath
 *every layer: they are searched for the marks. Where none is found (encryption), the sectors that
 *change are compared instead. Nothing here is shared with the library, and no filesystem is asked
 *for addresses.
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#define BLOCK  4096
#define SECTOR 512
#define BLOCKS 256
#define CHUNK  (1 << 20)
#define SUMS   ((size_t)1 << 21)

/* At the start of each marked block; one mark for all blocks that are written at once. */
struct mark {
	uint64_t mark, number;
};

/* Where each block was seen: in a RAID in several places, in a journal as well. */
#define SEEN_MAX 8
struct sight {
	uint64_t mark;
	unsigned count[BLOCKS];
	uint64_t at[BLOCKS][SEEN_MAX];
	size_t sectors; /* of all places */
	uint64_t *sums; /* of the first SUMS of them */
};

static void check(bool good, const char *what)
{
	if (!good)
		error(1, errno, "%s", what);
}

static uint64_t fill(int fd)
{
	const char *settle = getenv("WITNESS_SETTLE");
	static unsigned char data[BLOCKS][BLOCK];
	struct mark mark = {0};

	for (size_t done = 0; done < sizeof(data);) {
		ssize_t n = getrandom((char *)data + done, sizeof(data) - done, 0);

		check(n > 0, "random bytes");
		done += (size_t)n;
	}
	memcpy(&mark.mark, data, sizeof(mark.mark));
	for (; mark.number < BLOCKS; mark.number++)
		memcpy(data[mark.number], &mark, sizeof(mark));
	check(pwrite(fd, data, sizeof(data), 0) == sizeof(data), "write");
	check(fsync(fd) == 0, "fsync");
	sync();
	check(!settle || system(settle) == 0, settle);
	return mark.mark;
}

static uint64_t sum(const unsigned char *sector)
{
	uint64_t words[SECTOR / 8], value = 0xcbf29ce484222325u;

	memcpy(words, sector, sizeof(words));
	for (size_t i = 0; i < SECTOR / 8; i++)
		value = (value ^ words[i]) * 0x100000001b3u;
	return value;
}

static void look_at(struct sight *sight, const unsigned char *sector)
{
	struct mark mark;

	memcpy(&mark, sector, sizeof(mark));
	if (mark.mark == sight->mark && mark.number < BLOCKS &&
	    sight->count[mark.number] < SEEN_MAX)
		sight->at[mark.number][sight->count[mark.number]++] = sight->sectors;
	if (sight->sectors < SUMS)
		sight->sums[sight->sectors] = sum(sector);
	sight->sectors++;
}

/* Holes are skipped over, but counted, so that a sector keeps its number. */
static void search_place(struct sight *sight, const char *path)
{
	static unsigned char chunk[CHUNK];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END), at = 0;

	check(size >= 0, path);
	/* A device's own cache knows nothing of what a filesystem wrote to it. */
	(void)ioctl(fd, BLKFLSBUF, 0);
	while (at < size) {
		off_t data = lseek(fd, at, SEEK_DATA);
		ssize_t n;

		data = data < 0 ? (errno == ENXIO ? size : at) : data / SECTOR * SECTOR;
		sight->sectors += (size_t)(data - at) / SECTOR;
		at = data;
		n = pread(fd, chunk, sizeof(chunk), at);
		check(n >= 0, path);
		for (ssize_t i = 0; i + SECTOR <= n; i += SECTOR)
			look_at(sight, chunk + i);
		at += n ? n : size - at;
	}
	close(fd);
}

static void search(uint64_t mark, char *const *places, struct sight *ret)
{
	ret->mark = mark;
	ret->sums = calloc(SUMS, sizeof(*ret->sums));
	check(ret->sums != NULL, "memory");
	for (; *places; places++)
		search_place(ret, *places);
}

static bool is_seen(const struct sight *sight)
{
	for (size_t i = 0; i < BLOCKS; i++)
		if (!sight->count[i])
			return false;
	return true;
}

static bool share_a_place(const struct sight *a, const struct sight *b, size_t block)
{
	for (unsigned i = 0; i < a->count[block]; i++)
		for (unsigned j = 0; j < b->count[block]; j++)
			if (a->at[block][i] == b->at[block][j])
				return true;
	return false;
}

static bool stayed(const struct sight *before, const struct sight *after)
{
	for (size_t i = 0; i < BLOCKS; i++)
		if (!share_a_place(before, after, i))
			return false;
	return true;
}

/* The same sectors changed both times, and no more of them than were written twice over. */
static bool same_changed(const struct sight *a, const struct sight *b, const struct sight *c)
{
	size_t changed = 0, n = a->sectors;

	if (b->sectors != n || c->sectors != n || n > SUMS)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool first = a->sums[i] != b->sums[i];

		if (first != (b->sums[i] != c->sums[i]))
			return false;
		changed += first;
	}
	return changed >= BLOCKS * BLOCK / SECTOR && changed <= 4 * BLOCKS * BLOCK / SECTOR;
}

static const char *judge(int fd, char *const *places)
{
	static struct sight sights[3];
	struct mark mark;

	check(pread(fd, &mark, sizeof(mark), 0) == sizeof(mark), "read");
	search(mark.mark, places, &sights[0]);
	search(fill(fd), places, &sights[1]);
	search(fill(fd), places, &sights[2]);
	for (size_t i = 0; i < 3; i++)
		if (!is_seen(&sights[i]))
			return same_changed(&sights[0], &sights[1], &sights[2]) ? "in-place"
										: "unseen";
	if (!stayed(&sights[1], &sights[2]))
		return "copied";
	return stayed(&sights[0], &sights[1]) ? "in-place" : "copied-once";
}

int main(int argc, char **argv)
{
	bool writes = argc == 3 && !strcmp(argv[1], "write");
	int fd;

	if (!writes && (argc < 4 || strcmp(argv[1], "judge") != 0))
		error(3, 0, "usage: witness write FILE | witness judge FILE PLACE...");
	fd = open(argv[2], writes ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDWR | O_CLOEXEC, 0644);
	check(fd >= 0, argv[2]);
	if (writes)
		fill(fd);
	else
		puts(judge(fd, argv + 3));
	return 0;
}

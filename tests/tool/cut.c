/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Power cuts, from a log of all that was written to a disk and when it was flushed, as QEMU's
 * blklogwrites records it.
 *
 *	cut list LOG COUNT SEED			so many points: "FLUSH SEED END" lines
 *	cut disk LOG BASE DISK FLUSH SEED	the disk as a cut at that point leaves it
 *
 * A point lies after its flush and before the next one, which begins at END in the log. What was
 * written before the flush is on the disk; of what came later nothing is (seed 0), or each write
 * is or isn't, as the seed has it. BASE is the disk as it was when the log began. All flushes are
 * listed with seed 0 before any is listed a second time.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC  0x6a736677736872u
#define SECTOR 512u
enum { FLUSH = 1, FUA = 2 };

struct super {
	uint64_t magic, version, entries;
	uint32_t sector_size;
};

struct entry {
	uint64_t sector, sectors, flags, unused;
};

struct log {
	const unsigned char *data;
	uint64_t size, entries;
	uint64_t at, left; /* the next entry, and how many there are */
};

static void die(const char *what)
{
	fprintf(stderr, "cut: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void damaged(void)
{
	errno = EBADMSG;
	die("log");
}

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void log_rewind(struct log *log)
{
	log->at = SECTOR;
	log->left = log->entries;
}

static void log_open(struct log *log, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct super *super;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	log->size = (uint64_t)st.st_size;
	if (log->size < SECTOR)
		damaged();
	log->data = mmap(NULL, log->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (log->data == MAP_FAILED)
		die(path);
	close(fd);
	super = (const void *)log->data;
	if (le64toh(super->magic) != MAGIC || le32toh(super->sector_size) != SECTOR)
		damaged();
	log->entries = le64toh(super->entries);
	log_rewind(log);
}

/* @return where the next entry begins, or 0 at the end; `data` is what it writes. */
static uint64_t log_next(struct log *log, struct entry *ret, const void **data)
{
	const struct entry *raw = (const void *)(log->data + log->at);
	uint64_t begin = log->at;

	if (!log->left--)
		return 0;
	if (log->size - log->at < SECTOR)
		damaged();
	ret->sector = le64toh(raw->sector);
	ret->sectors = le64toh(raw->sectors);
	ret->flags = le64toh(raw->flags);
	if (ret->flags & ~(uint64_t)(FLUSH | FUA) ||
	    ret->sectors > (log->size - log->at) / SECTOR - 1)
		damaged();
	*data = log->data + log->at + SECTOR;
	log->at += (1 + ret->sectors) * SECTOR;
	return begin;
}

static void list(struct log *log, uint64_t count, uint64_t seed)
{
	uint64_t *ends = NULL, flushes = 0, at;
	struct entry entry;
	const void *data;

	/* The first point is before any flush. */
	while ((at = log_next(log, &entry, &data))) {
		if (!(entry.flags & FLUSH))
			continue;
		ends = realloc(ends, (flushes + 2) * sizeof(*ends));
		if (!ends)
			die("list");
		ends[flushes++] = at;
	}
	if (!flushes)
		damaged();
	ends[flushes++] = log->size;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t flush = i;
		uint64_t drops = 0;

		if (count < flushes) {
			flush = i * flushes / count;
		} else if (i >= flushes) {
			flush = next_random(&seed) % flushes;
			drops = next_random(&seed) >> 1 | 1;
		}
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", flush, drops, ends[flush]);
	}
	free(ends);
}

static void copy_sparse(const char *from, int out)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	struct stat st;
	off_t data = 0, hole;

	if (in < 0 || fstat(in, &st) < 0 || ftruncate(out, st.st_size) < 0)
		die(from);
	while ((data = lseek(in, data, SEEK_DATA)) >= 0) {
		hole = lseek(in, data, SEEK_HOLE);
		if (lseek(out, data, SEEK_SET) < 0)
			die(from);
		while (data < hole)
			if (sendfile(out, in, &data, (size_t)(hole - data)) <= 0)
				die(from);
	}
	close(in);
}

static void cut(struct log *log, int disk, uint64_t flush, uint64_t seed)
{
	struct entry entry;
	const void *data;
	uint64_t flushes = 0, bytes;

	while (log_next(log, &entry, &data)) {
		bool lasts = flushes < flush || entry.flags & FUA;

		if (entry.flags & FLUSH && ++flushes > flush)
			return;
		if (!lasts && (!seed || next_random(&seed) & 1))
			continue;
		bytes = entry.sectors * SECTOR;
		if (pwrite(disk, data, bytes, (off_t)(entry.sector * SECTOR)) != (ssize_t)bytes)
			die("write");
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
	struct log log;
	int disk;

	if (argc == 5 && !strcmp(argv[1], "list")) {
		log_open(&log, argv[2]);
		list(&log, number(argv[3]), number(argv[4]));
	} else if (argc == 7 && !strcmp(argv[1], "disk")) {
		log_open(&log, argv[2]);
		disk = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (disk < 0)
			die(argv[4]);
		copy_sparse(argv[3], disk);
		cut(&log, disk, number(argv[5]), number(argv[6]));
	} else {
		fputs("usage: cut list LOG COUNT SEED | cut disk LOG BASE DISK FLUSH SEED\n",
		      stderr);
		return 3;
	}
	return 0;
}

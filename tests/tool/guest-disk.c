/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest-disk IMAGE ORIGINAL: how many writes of the guest in tests/live/guest.S a raw image holds,
 * in one line.
 *
 * The guest's writes come one after the other, and always in the same order; so an image that has
 * the last of them has to have all, as the original has to be everywhere else. If not, that is
 * said, and the status is 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* As in guest.S. */
#define SLOTS        256u
#define SLOT_SHIFT   17 /* bytes from one to the next */
#define SECTOR       512u
#define SEED         12345u
#define SECTOR_WORDS (SECTOR / sizeof(uint32_t))

struct disk {
	const unsigned char *data;
	size_t size;
};

static void die(const char *what)
{
	fprintf(stderr, "guest-disk: %s: %s\n", what, strerror(errno));
	exit(2);
}

static struct disk disk_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct disk disk;
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		die(path);
	close(fd);
	disk.data = data;
	disk.size = (size_t)st.st_size;
	return disk;
}

/* The sector that the guest writes with this number. */
static void make_sector(uint32_t number, uint32_t slot, uint32_t sector[SECTOR_WORDS])
{
	for (size_t i = 0; i < SECTOR_WORDS; i++)
		sector[i] = number;
	sector[1] = slot << (SLOT_SHIFT - 9);
}

/* @return the number of the write that a slot holds, 0 for none. */
static uint32_t number_in(const struct disk *disk, uint32_t slot)
{
	uint32_t sector[SECTOR_WORDS], number;
	const unsigned char *data = disk->data + ((size_t)slot << SLOT_SHIFT);

	memcpy(&number, data, sizeof(number));
	make_sector(number, slot, sector);
	return memcmp(data, sector, SECTOR) == 0 ? number : 0;
}

/* The number of the last write to each slot, after so many. */
static void replay(uint32_t writes, uint32_t last[SLOTS])
{
	uint32_t random = SEED;

	memset(last, 0, SLOTS * sizeof(*last));
	for (uint32_t number = 1; number <= writes; number++) {
		random = random * 1664525u + 1013904223u;
		last[random >> 16 & (SLOTS - 1)] = number;
	}
}

static int fail(size_t at, uint32_t writes)
{
	printf("after %u writes of the guest, byte %zu is wrong\n", writes, at);
	return 1;
}

static int compare(const struct disk *image, const struct disk *original, uint32_t writes)
{
	uint32_t last[SLOTS], sector[SECTOR_WORDS];

	replay(writes, last);
	for (size_t at = 0; at < image->size; at += SECTOR) {
		uint32_t slot = (uint32_t)(at >> SLOT_SHIFT);
		const void *wanted = original->data + at;

		if (slot < SLOTS && at == (size_t)slot << SLOT_SHIFT && last[slot]) {
			make_sector(last[slot], slot, sector);
			wanted = sector;
		}
		if (memcmp(image->data + at, wanted, SECTOR) != 0)
			return fail(at, writes);
	}
	printf("%u\n", writes);
	return 0;
}

int main(int argc, char **argv)
{
	struct disk image, original;
	uint32_t writes = 0;

	if (argc != 3) {
		errno = EINVAL;
		die("needs IMAGE and ORIGINAL");
	}
	image = disk_open(argv[1]);
	original = disk_open(argv[2]);
	if (image.size != original.size || image.size % SECTOR != 0 ||
	    image.size < (size_t)SLOTS << SLOT_SHIFT) {
		printf("%zu bytes long\n", image.size);
		return 1;
	}
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		uint32_t number = number_in(&image, slot);

		writes = number > writes ? number : writes;
	}
	return compare(&image, &original, writes);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state FILE...: all that is to be kept of each, in one line, without changing it:
 *
 *	INODE cow|nocow MODE UID:GID SIZE ATIME MTIME FLAGS HASH NAME=VALUE...
 *
 * One program, because tests that cut the power or kill a thousand times have no time for five.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* What a conversion changes: compression excludes NOCOW, and ext4 chooses its own extents. */
#define NOT_KEPT (FS_NOCOW_FL | FS_COMPR_FL | FS_NOCOMP_FL | FS_EXTENT_FL)

static void die(const char *what)
{
	fprintf(stderr, "state: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* FNV-1a by words: quick, and nobody here is out for a collision. */
static uint64_t hash(int fd, const char *path)
{
	static uint64_t buffer[1 << 17];
	uint64_t value = 0xcbf29ce484222325u;
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		memset((char *)buffer + n, 0, -(size_t)n % sizeof(*buffer));
		for (ssize_t i = 0; i * (ssize_t)sizeof(*buffer) < n; i++) {
			value = (value ^ buffer[i]) * 0x100000001b3u;
			value ^= value >> 29;
		}
	}
	if (n < 0)
		die(path);
	return value;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_attributes(int fd, const char *path)
{
	char list[65536], value[65536], *names[256];
	ssize_t size = flistxattr(fd, list, sizeof(list));
	size_t n = 0;

	if (size < 0)
		die(path);
	for (char *name = list; name < list + size && n < 256; name += strlen(name) + 1)
		names[n++] = name;
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(names[i], "btrfs.compression"))
			continue;
		size = fgetxattr(fd, names[i], value, sizeof(value));
		if (size < 0)
			die(path);
		printf(" %s=", names[i]);
		for (ssize_t k = 0; k < size; k++)
			printf("%02x", (unsigned char)value[k]);
	}
}

static void print_state(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOATIME | O_CLOEXEC);
	unsigned flags = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		die(path);
	printf("%ju %s %o %u:%u %jd %jd.%09ld %jd.%09ld %x %016" PRIx64, (uintmax_t)st.st_ino,
	       flags & FS_NOCOW_FL ? "nocow" : "cow", st.st_mode, st.st_uid, st.st_gid,
	       (intmax_t)st.st_size, (intmax_t)st.st_atime, st.st_atim.tv_nsec,
	       (intmax_t)st.st_mtime, st.st_mtim.tv_nsec, flags & ~(unsigned)NOT_KEPT,
	       hash(fd, path));
	print_attributes(fd, path);
	putchar('\n');
	close(fd);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		print_state(argv[i]);
	return argc < 2 ? 3 : 0;
}

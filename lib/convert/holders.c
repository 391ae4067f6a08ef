/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has it open? Of a file only for the message: the lease has decided already, and it sees more
 * than /proc shows (mappings without a descriptor, descriptors in flight, other containers). No
 * lease is to be had on a block device. */
#include <blkid.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "stack/mount.h"

/* The disk that a partition is of; any other device itself. */
static dev_t disk_of(dev_t device)
{
	dev_t disk;

	return blkid_devno_to_wholedisk(device, NULL, 0, &disk) == 0 ? disk : device;
}

/* Have two block devices bytes in common: one and the same, or a disk and its partition? */
static bool overlap(dev_t one, dev_t two)
{
	return one == two || disk_of(one) == two || disk_of(two) == one;
}

/* A device has many nodes, in containers for instance. */
bool convert_is_file(int dirfd, const char *path, const struct stat *wanted)
{
	struct statx st;

	if (statx(dirfd, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO, &st) <
	    0)
		return false;
	if (S_ISBLK(wanted->st_mode))
		return S_ISBLK(st.stx_mode) &&
		       overlap(makedev(st.stx_rdev_major, st.stx_rdev_minor), wanted->st_rdev);
	return st.stx_ino == wanted->st_ino &&
	       makedev(st.stx_dev_major, st.stx_dev_minor) == wanted->st_dev;
}

/* Programs that watch over disks keep them open to read: multipathd(8), for one. */
static bool minds(int fds, const char *name, const struct stat *wanted)
{
	struct stat st;

	return !S_ISBLK(wanted->st_mode) ||
	       (fstatat(fds, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mode & S_IWUSR);
}

/* Does one of this process's descriptors refer to it? */
static bool process_holds(int proc, const char *pid, const struct stat *wanted)
{
	BASE_CLEANUP(free) char *path = base_format("%s/fd", pid);
	int fd = path ? openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	BASE_CLEANUP(directory) DIR *fds = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (fds && (entry = readdir(fds)))
		if (convert_is_file(fd, entry->d_name, wanted) && minds(fd, entry->d_name, wanted))
			return true;
	return false;
}

static void find_process(const struct stat *wanted, char *buffer, size_t size)
{
	BASE_CLEANUP(directory) DIR *proc = opendir("/proc");
	const struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		BASE_CLEANUP(free) char *path = NULL;
		BASE_CLEANUP(free) char *command = NULL;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    atol(entry->d_name) == (long)getpid() ||
		    !process_holds(dirfd(proc), entry->d_name, wanted))
			continue;
		path = base_format("%s/comm", entry->d_name);
		if (!path || base_read_text(dirfd(proc), path, &command) < 0)
			command = NULL;
		base_copy_format(buffer, size, "%s (process %s)",
				 command ? BASE_QUOTE(command) : "a program", entry->d_name);
		return;
	}
}

static void find_loop(const struct stat *wanted, char *buffer, size_t size)
{
	BASE_CLEANUP(directory) DIR *block = opendir("/sys/block");
	const struct dirent *entry;

	while (block && (entry = readdir(block))) {
		BASE_CLEANUP(free) char *path = base_format("%s/loop/backing_file", entry->d_name);
		BASE_CLEANUP(free) char *file = NULL;

		if (path && base_read_text(dirfd(block), path, &file) == 0 &&
		    convert_is_file(AT_FDCWD, file, wanted)) {
			base_copy_format(buffer, size, "the loop device /dev/%s", entry->d_name);
			return;
		}
	}
}

/* /proc/swaps writes blanks and such as \ooo. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *p = text; *p; out++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3]) {
			*out = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*out = *p++;
		}
	}
	*out = '\0';
}

static void find_swap(const struct stat *wanted, char *buffer, size_t size)
{
	BASE_CLEANUP(free) char *swaps = NULL;
	char *rest;

	if (base_read_text(AT_FDCWD, "/proc/swaps", &swaps) < 0)
		return;
	for (char *line = strtok_r(swaps, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		line[strcspn(line, " \t")] = '\0';
		unescape(line);
		if (convert_is_file(AT_FDCWD, line, wanted))
			base_copy(buffer, size, "the kernel, as swap space");
	}
}

void convert_find_holder(const struct stat *st, char *buffer, size_t size)
{
	static void (*const finders[])(const struct stat *, char *, size_t) = {find_swap, find_loop,
									       find_process};

	buffer[0] = '\0';
	for (size_t i = 0; !buffer[0] && i < BASE_ARRAY_SIZE(finders); i++)
		finders[i](st, buffer, size);
}

/* /proc/locks names the device of the filesystem, which on Btrfs is not the one that stat(2) names
 * (K12), but the one in mountinfo. */
static void name_in_locks(int fd, ino_t inode, char *buffer, size_t size)
{
	BASE_CLEANUP(mount) struct stack_mount mount = {0};
	BASE_CLEANUP(fd) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct stack_edge edge = {.root = root};

	if (root < 0 || stack_mount_find(&edge, fd, &mount) < 0)
		snprintf(buffer, size, ":%llu ", (unsigned long long)inode);
	else
		snprintf(buffer, size, " %02x:%02x:%llu ", major(mount.device), minor(mount.device),
			 (unsigned long long)inode);
}

/* "101 103", or "0 EOF" */
static bool overlaps(const char *range, long first, long last)
{
	long start = 0, end = 0;
	int n = sscanf(range, "%ld %ld", &start, &end);

	return start <= last && (n < 2 || end >= first);
}

static bool is_in_locks(int fd, ino_t inode, const char *kind, long first, long last)
{
	BASE_CLEANUP(file) FILE *locks = fopen("/proc/locks", "re");
	char wanted[64], line[256];

	name_in_locks(fd, inode, wanted, sizeof(wanted));
	while (locks && fgets(line, sizeof(line), locks)) { /* of which there may be very many */
		const char *file = strstr(line, wanted);

		if (file && strstr(line, kind) && overlaps(file + strlen(wanted), first, last))
			return true;
	}
	return false;
}

bool convert_is_leased(int fd, ino_t inode)
{
	return is_in_locks(fd, inode, " LEASE ", 0, LONG_MAX);
}

bool convert_is_locked(int fd, ino_t inode)
{
	return is_in_locks(fd, inode, " FLOCK ", 0, LONG_MAX);
}

bool convert_is_written(int fd, ino_t inode)
{
	return is_in_locks(fd, inode, " OFDLCK ", CONVERT_HOLD_WRITES, CONVERT_HOLD_RESIZES);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Somebody who keeps using an image while it is being converted.
 *
 *	opener FILE SLOT PAUSE-MS [qemu]
 *
 * Until it gets SIGTERM: opens the file for writing, reads its own counter, compares it with what
 *it wrote last, writes the next one and closes it, over and over. A counter that is not the last
 *one written means that a write went to a file that has since lost its name: lost. With "qemu" it
 *takes QEMU's lock bytes first, and goes away when it can't have them, as QEMU does. Says "WRITES
 *LOST"; ends with 1 when anything was lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOT_SIZE = 65536 };

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* Shared locks on what it uses and on what nobody else may do, then a look whether anybody stands
 * against it: the order QEMU has. */
static int lock_as_qemu(int fd)
{
	static const short own[] = {100, 101, 201}, others[] = {200, 201, 101};

	for (int i = 0; i < 3; i++) {
		struct flock lock = {.l_type = F_RDLCK, .l_start = own[i], .l_len = 1};

		if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++) {
		struct flock lock = {.l_type = F_WRLCK, .l_start = others[i], .l_len = 1};

		if (fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK)
			return -1;
	}
	return 0;
}

/* @return 1 when the last write is there, 0 when it isn't, -1 when it kept away. */
static int use(const char *path, off_t at, uint64_t *counter, int qemu)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), result = 1;
	uint64_t seen;

	if (fd < 0)
		die("open");
	if (qemu && lock_as_qemu(fd) < 0) {
		close(fd);
		return -1;
	}
	if (pread(fd, &seen, sizeof(seen), at) != sizeof(seen))
		die("read");
	if (seen != *counter) {
		fprintf(stderr, "expected %llu, found %llu\n", (unsigned long long)*counter,
			(unsigned long long)seen);
		*counter = seen;
		result = 0;
	}
	++*counter;
	if (pwrite(fd, counter, sizeof(*counter), at) != sizeof(*counter))
		die("write");
	close(fd);
	return result;
}

int main(int argc, char **argv)
{
	uint64_t counter = 0, writes = 0, lost = 0;
	struct sigaction action = {.sa_handler = stop, .sa_flags = SA_RESTART};
	int qemu = argc > 4 && !strcmp(argv[4], "qemu");
	off_t at;

	if (argc < 4)
		return 2;
	at = (off_t)atoi(argv[2]) * SLOT_SIZE;
	sigaction(SIGTERM, &action, NULL);
	while (!stopped) {
		int result = use(argv[1], at, &counter, qemu);

		writes += result >= 0;
		lost += result == 0;
		/* a different rhythm for each, so that they meet the converter everywhere */
		usleep((unsigned)atoi(argv[3]) * 250 * (unsigned)(1 + (writes + (uint64_t)at) % 7));
	}
	/* The last write of all counts too. */
	if (use(argv[1], at, &counter, 0) == 0)
		lost++;
	printf("%llu %llu\n", (unsigned long long)writes, (unsigned long long)lost);
	return lost != 0;
}

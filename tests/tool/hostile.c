/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostile snapshots|- ROUNDS SEED COMMAND...: in the current directory, run a converter of the
 * image "disk" in each round, and do something to the image at some moment of it.
 *
 * Nobody else changes anything here, so it is known at each moment what the image has to be: its
 * blocks, size and mode. It is looked at through its name after each action and when the converter
 * has ended, and must be just that: then no write went to a file that was dropped, and no torn
 * image was at the path. With "snapshots" the directory is a Btrfs subvolume, and is snapshotted as
 * well. What converters say is added to ../said.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/btrfs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, MAX_BLOCKS = 96, CONVERTERS = 2 };

/* What the image has to be. A block holds its stamp over and over. */
static struct {
	uint64_t stamps[MAX_BLOCKS];
	unsigned blocks;
	mode_t mode;
} model;

static struct {
	uint64_t random, round;
	const char *action;
	char **command;
	pid_t converters[CONVERTERS];
	bool snapshots, gone, moved, linked, killed, replaced;
	unsigned long converted, refused, turned_away, kept;
} run;

__attribute__((noreturn, format(printf, 1, 2))) static void bad(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "round %ju, %s: ", (uintmax_t)run.round, run.action);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, " (%s)\n", strerror(errno));
	exit(1);
}

/* splitmix64 */
static uint64_t pick(uint64_t below)
{
	uint64_t z = run.random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int open_image(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		bad("open %s", path);
	return fd;
}

static void look(const char *path)
{
	int fd = open_image(path, O_RDONLY);
	uint64_t block[BLOCK / sizeof(uint64_t)];
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size != (off_t)model.blocks * BLOCK)
		bad("%s has %jd bytes, not %u blocks", path, (intmax_t)st.st_size, model.blocks);
	if ((st.st_mode & 07777) != model.mode)
		bad("%s has mode %o, not %o", path, st.st_mode & 07777, model.mode);
	for (unsigned i = 0; i < model.blocks; i++) {
		if (read(fd, block, BLOCK) != BLOCK)
			bad("read %s", path);
		for (size_t k = 0; k < BLOCK / sizeof(uint64_t); k++)
			if (block[k] != model.stamps[i])
				bad("%s: block %u has %jx, not %jx", path, i, (uintmax_t)block[k],
				    (uintmax_t)model.stamps[i]);
	}
	close(fd);
}

static void write_block(int fd, unsigned i)
{
	uint64_t block[BLOCK / sizeof(uint64_t)];

	model.stamps[i] = pick(UINT64_MAX);
	for (size_t k = 0; k < BLOCK / sizeof(uint64_t); k++)
		block[k] = model.stamps[i];
	if (pwrite(fd, block, BLOCK, (off_t)i * BLOCK) != BLOCK)
		bad("write");
}

static void make_new(const char *path)
{
	int fd = open_image(path, O_RDWR | O_CREAT | O_EXCL);

	model.blocks = MAX_BLOCKS / 2;
	model.mode = 0600;
	for (unsigned i = 0; i < model.blocks; i++)
		write_block(fd, i);
	close(fd);
}

static void log_output(void)
{
	int said = open_image("../said", O_WRONLY | O_CREAT | O_APPEND);

	dup2(said, STDOUT_FILENO);
	dup2(said, STDERR_FILENO);
}

static void convert(void)
{
	for (int i = 0; i < CONVERTERS; i++) {
		if (run.converters[i])
			continue;
		run.converters[i] = fork();
		if (run.converters[i] < 0)
			bad("fork");
		if (run.converters[i] == 0) {
			log_output();
			execvp(run.command[0], run.command);
			_exit(127);
		}
		return;
	}
}

/* --- what is done to it
 * --------------------------------------------------------------------------*/

static void read_it(void)
{
	look("disk");
}

static void write_it(void)
{
	int fd = open_image("disk", O_RDWR);

	write_block(fd, (unsigned)pick(model.blocks));
	close(fd);
}

/* Writes as long as a guest would. */
static void hold_it(void)
{
	int fd = open_image("disk", O_RDWR);

	for (unsigned i = 0; i < 20; i++) {
		write_block(fd, (unsigned)pick(model.blocks));
		usleep((unsigned)pick(3000));
	}
	close(fd);
}

/* A real QEMU opens it, or is turned away by the converter's locks and writes nothing. */
static void write_by_qemu(void)
{
	unsigned i = (unsigned)pick(model.blocks), byte = 1 + (unsigned)pick(255);
	char command[64];
	int status;
	pid_t pid;

	snprintf(command, sizeof(command), "write -P %u %u %d", byte, i * BLOCK, BLOCK);
	pid = fork();
	if (pid == 0) {
		log_output();
		execlp("qemu-io", "qemu-io", "-f", "raw", "-c", command, "disk", (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		bad("QEMU");
	if (WEXITSTATUS(status) == 0)
		memset(&model.stamps[i], (int)byte, sizeof(model.stamps[i]));
	else
		run.turned_away++;
}

static void truncate_it(void)
{
	unsigned blocks = 1 + (unsigned)pick(MAX_BLOCKS);

	if (truncate("disk", (off_t)blocks * BLOCK) < 0)
		bad("truncate");
	for (unsigned i = model.blocks; i < blocks; i++)
		model.stamps[i] = 0;
	model.blocks = blocks;
}

static void chmod_it(void)
{
	model.mode = 0600 | (mode_t)pick(0200);
	if (chmod("disk", model.mode) < 0)
		bad("chmod");
}

static void link_it(void)
{
	if (link("disk", "other") < 0)
		bad("link");
	run.linked = true;
}

static void rename_it(void)
{
	if (rename("disk", "moved") < 0)
		bad("rename");
	look("moved");
	run.moved = true;
}

static void replace_it(void)
{
	make_new("new");
	if (rename("new", "disk") < 0)
		bad("replace");
	run.replaced = true;
}

static void unlink_it(void)
{
	if (unlink("disk") < 0)
		bad("unlink");
	run.gone = true;
}

static void kill_it(void)
{
	kill(run.converters[0], SIGKILL);
	run.killed = true;
}

static void snapshot_it(void)
{
	struct btrfs_ioctl_vol_args create = {.fd = open_image(".", O_RDONLY), .name = "snapshot"};
	struct btrfs_ioctl_vol_args destroy = {.name = "snapshot"};
	int parent = open_image("..", O_RDONLY);

	if (ioctl(parent, BTRFS_IOC_SNAP_CREATE, &create) < 0)
		bad("snapshot");
	look("../snapshot/disk");
	if (ioctl(parent, BTRFS_IOC_SNAP_DESTROY, &destroy) < 0)
		bad("remove the snapshot");
	close((int)create.fd);
	close(parent);
}

static const struct {
	const char *name;
	void (*act)(void);
} actions[] = {
	{"read", read_it},         {"write", write_it},       {"hold", hold_it},
	{"QEMU", write_by_qemu},   {"truncate", truncate_it}, {"chmod", chmod_it},
	{"link", link_it},         {"rename", rename_it},     {"replace", replace_it},
	{"unlink", unlink_it},     {"kill", kill_it},         {"convert", convert},
	{"snapshot", snapshot_it},
};

/* --- a round
 * -------------------------------------------------------------------------------------*/

static void wait_for_converters(void)
{
	for (int i = 0; i < CONVERTERS; i++) {
		int status;

		if (!run.converters[i])
			continue;
		if (waitpid(run.converters[i], &status, 0) < 0)
			bad("wait");
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			run.converted++;
		else if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
			run.refused++;
		else if (!run.killed || !WIFSIGNALED(status))
			bad("a converter ended with status %x", (unsigned)status);
		run.converters[i] = 0;
	}
}

/* When the image itself is gone, what it was exchanged with is kept. */
static void look_for_left_overs(void)
{
	glob_t found;

	if (glob(".cowctl-*", 0, NULL, &found) != 0)
		return;
	run.kept += found.gl_pathc;
	if (!run.gone && !run.moved && !run.replaced)
		bad("%s is left", found.gl_pathv[0]);
	for (size_t i = 0; i < found.gl_pathc; i++)
		unlink(found.gl_pathv[i]);
	globfree(&found);
}

static void settle(void)
{
	struct stat a, b;

	wait_for_converters();
	if (run.killed) { /* the next one clears up */
		convert();
		wait_for_converters();
	}
	if (run.moved && renameat2(AT_FDCWD, "moved", AT_FDCWD, "disk", RENAME_NOREPLACE) < 0)
		bad("something is where the image was moved from");
	if (run.gone && access("disk", F_OK) == 0)
		bad("the removed image is back");
	look_for_left_overs();
	if (run.gone)
		make_new("disk");
	look("disk");
	if (run.linked) {
		look("other");
		if (stat("disk", &a) < 0 || stat("other", &b) < 0 || a.st_ino != b.st_ino)
			bad("the two names are not of one file any more");
		unlink("other");
	}
	run.moved = run.gone = run.linked = run.killed = run.replaced = false;
}

/* An action at some moment of a conversion, which takes about so long. */
static void play(uint64_t takes_us)
{
	size_t i = pick(sizeof(actions) / sizeof(*actions) - !run.snapshots);

	run.action = actions[i].name;
	convert();
	usleep((unsigned)pick(takes_us));
	actions[i].act();
	settle();
}

int main(int argc, char **argv)
{
	uint64_t rounds, begin, takes;

	if (argc < 5) {
		fputs("usage: hostile snapshots|- ROUNDS SEED COMMAND...\n", stderr);
		return 3;
	}
	run.snapshots = !strcmp(argv[1], "snapshots");
	rounds = strtoull(argv[2], NULL, 10);
	run.random = strtoull(argv[3], NULL, 10);
	run.command = argv + 4;
	run.action = "nothing";
	make_new("disk");
	begin = now_us();
	convert();
	settle();
	takes = now_us() - begin;
	if (!run.converted)
		bad("not even undisturbed");
	for (run.round = 1; run.round <= rounds; run.round++)
		play(takes);
	printf("%lu conversions, %lu refused, QEMU turned away %lu times, %lu files kept aside\n",
	       run.converted, run.refused, run.turned_away, run.kept);
	return 0;
}

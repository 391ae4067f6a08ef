/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Uses of a file that no shell can make. Each says "ready" and stays until its input ends.
 *	hold map FILE		a shared mapping, with no descriptor left
 *	hold flight FILE	a descriptor that is on its way through a socket
 *	hold socket PATH	a socket of that name
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int map(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 || mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED
		       ? -1
		       : close(fd);
}

static int flight(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), pair[2];
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(fd))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(fd)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	char byte = 0;
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(pair[0], &message, 0) == 1 ? close(fd) : -1;
}

static int name_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	return bind(fd, (const struct sockaddr *)&address, sizeof(address));
}

int main(int argc, char **argv)
{
	const char *use = argc == 3 ? argv[1] : "";
	int (*begin)(const char *) = !strcmp(use, "map")      ? map
				     : !strcmp(use, "flight") ? flight
				     : !strcmp(use, "socket") ? name_socket
							      : NULL;

	if (!begin) {
		fputs("usage: hold map|flight|socket FILE\n", stderr);
		return 3;
	}
	if (begin(argv[2]) < 0) {
		perror("hold");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

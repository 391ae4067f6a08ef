/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slow-open FILE MS COMMAND...: run a command, while every open of FILE takes so many milliseconds
 * longer, as behind an on-access scanner. Needs root. Ends as the command does; 77: no fanotify
 * here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/wait.h>
#include <unistd.h>

static int serve(int group, unsigned delay_us)
{
	struct pollfd waiting = {.fd = group, .events = POLLIN};
	struct fanotify_response answer = {.response = FAN_ALLOW};
	struct fanotify_event_metadata event;

	if (poll(&waiting, 1, 20) <= 0)
		return 0;
	/* Reading the event opens the file too, so the wait comes first: it is not us who shall
	 * meet the lease. */
	usleep(delay_us);
	if (read(group, &event, sizeof(event)) != sizeof(event))
		return -1;
	answer.fd = event.fd;
	if (write(group, &answer, sizeof(answer)) < 0)
		return -1;
	close(event.fd);
	return 0;
}

int main(int argc, char **argv)
{
	int group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_NONBLOCK);
	int status = 0;
	pid_t pid;

	if (argc < 4)
		return 2;
	if (group < 0 || fanotify_mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, argv[1]) < 0) {
		perror("fanotify");
		return 77;
	}
	pid = fork();
	if (pid == 0) {
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0)
		if (serve(group, (unsigned)atoi(argv[2]) * 1000) < 0)
			return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

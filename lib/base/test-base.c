/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cow/error.h>
#include <cow/types.h>

#include "base/error.h"
#include "base/run.h"
#include "base/temp.h"
#include "base/text.h"
#include "unit.h"

static void sizes_are_read_as_qemu_img_and_libvirt_read_them(void)
{
	static const struct {
		const char *text;
		int result;
		uint64_t bytes;
	} cases[] = {
		{"0", 0, 0},
		{"4096", 0, 4096},
		{"64K", 0, 65536},
		{"64k", 0, 65536},
		{"10GiB", 0, 10737418240},
		{"10gib", 0, 10737418240},
		{"10GB", 0, 10000000000},
		{"1.5kb", 0, 1500},
		{"9EB", 0, 9000000000000000000},
		{"3bytes", 0, 3},
		{"1.5G", 0, 1610612736},
		{"512B", 0, 512},
		{"7E", 0, 8070450532247928832},
		{"8E", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 G", -EINVAL, 0},
		{"1Gi", -EINVAL, 0},
		{"1Gbit", -EINVAL, 0},
		{"1.", -EINVAL, 0},
		{"1.1B", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(cases); i++) {
		uint64_t bytes = 0;

		CHECK_NUMBER(cow_size_parse(cases[i].text, &bytes), cases[i].result);
		CHECK_NUMBER(bytes, cases[i].bytes);
	}
}

static void sizes_are_written_for_people(void)
{
	char text[COW_SIZE_TEXT_MAX];

	CHECK_TEXT(cow_size_format(0, text, sizeof(text)), "0B");
	CHECK_TEXT(cow_size_format(1023, text, sizeof(text)), "1023B");
	CHECK_TEXT(cow_size_format(1536, text, sizeof(text)), "1.5K");
	CHECK_TEXT(cow_size_format(10737418240, text, sizeof(text)), "10G");
	CHECK_TEXT(cow_size_format(UINT64_MAX, text, sizeof(text)), "15.9E");
}

static void names_become_one_printable_line(void)
{
	char text[64], small[8];

	CHECK_TEXT(cow_name_escape("plain name.raw", text, sizeof(text)), "plain name.raw");
	CHECK_TEXT(cow_name_escape("a\nb\tc\\d", text, sizeof(text)), "a\\nb\\tc\\\\d");
	CHECK_TEXT(cow_name_escape("\xff\x1b[0m", text, sizeof(text)), "\\xff\\x1b[0m");
	CHECK_TEXT(cow_name_escape("gr\xc3\xbc\xc3\x9f", text, sizeof(text)), "gr\xc3\xbc\xc3\x9f");
	CHECK_TEXT(cow_name_escape("\xc2\x9b", text, sizeof(text)), "\\xc2\\x9b");
	CHECK_TEXT(cow_name_escape("12345678", small, sizeof(small)), "1234...");
	CHECK_TEXT(cow_name_escape("1234567", small, sizeof(small)), "1234567");
	CHECK_TEXT(cow_name_escape("12345\n\n", small, sizeof(small)), "1234...");
}

static void only_well_formed_utf8_is_utf8(void)
{
	CHECK(cow_text_is_utf8(""));
	CHECK(cow_text_is_utf8("\xf0\x9f\x90\xae"));
	CHECK(!cow_text_is_utf8("\xc0\xaf"));
	CHECK(!cow_text_is_utf8("\xed\xa0\x80"));
	CHECK(!cow_text_is_utf8("\xe2\x82"));
	CHECK(!cow_text_is_utf8("\xf4\x90\x80\x80"));
}

static void an_error_says_what_can_be_done(void)
{
	struct cow_error err;

	CHECK_NUMBER(base_fail(&err, ENOSPC, "write %s", BASE_QUOTE("a\nb")), -ENOSPC);
	CHECK_TEXT(err.message, "write 'a\\nb'");
	CHECK_NUMBER(err.code, COW_CODE_NO_SPACE);
	CHECK_TEXT(cow_code_name(err.code), "no-space");
	CHECK_NUMBER(cow_code_exit_status(err.code), 2);
	CHECK_NUMBER(cow_code_exit_status(COW_CODE_USAGE), 3);
	CHECK_NUMBER(cow_code_exit_status(COW_CODE_UNSUPPORTED), 1);
	CHECK_NUMBER(base_fail(NULL, EIO, "no one listens"), -EIO);
	CHECK_TEXT(cow_code_name((enum cow_code)999), "unknown");
}

static void a_cause_is_kept_and_the_place_said_in_front(void)
{
	struct cow_error cause = {0}, err = {0};

	base_remedy(&cause, base_fail(&cause, EACCES, "open it"), "be root");
	CHECK_NUMBER(base_fail_in(&err, -EACCES, &cause, "pool %d", 7), -EACCES);
	CHECK_TEXT(err.message, "pool 7: open it");
	CHECK_TEXT(err.remedy, "be root");
	CHECK_NUMBER(err.errnum, EACCES);
	CHECK_NUMBER(err.code, COW_CODE_PERMISSION);
	memset(cause.message, 'x', sizeof(cause.message) - 1);
	base_fail_in(&err, -EACCES, &cause, "pool");
	CHECK_NUMBER(strlen(err.message), sizeof(err.message) - 1);
	CHECK_NUMBER(base_fail_in(NULL, -1, &cause, "pool"), -1);
}

static void vocabularies_begin_with_unknown(void)
{
	CHECK_TEXT(cow_overwrite_name(0), "unknown");
	CHECK_TEXT(cow_overwrite_name(COW_OVERWRITE_COPIED_ONCE), "copied-once");
	CHECK_TEXT(cow_overwrite_name((enum cow_overwrite)77), "unknown");
	CHECK_TEXT(cow_evidence_name(0), "none");
	CHECK_NUMBER(cow_policy_from_name("off"), COW_POLICY_OFF);
	CHECK_NUMBER(cow_policy_from_name("nocow"), COW_POLICY_UNKNOWN);
	CHECK_NUMBER(cow_policy_from_name(NULL), COW_POLICY_UNKNOWN);
}

static void a_program_is_run_and_heard(void)
{
	static const char *const says[] = {"sh", "-c", "echo out; echo $LC_ALL", NULL};
	static const char *const fails[] = {"sh", "-c", "echo one >&2; echo sh: two >&2; exit 3",
					    NULL};
	static const char *const missing[] = {"cowctl-no-such-program", NULL};
	static const char *const hangs[] = {"sleep", "600", NULL};
	struct cow_error err;
	char *output = NULL;

	CHECK_NUMBER(base_run(says, -1, 0, &output, &err), 0);
	CHECK_TEXT(output, "out\nC\n");
	free(output);
	CHECK_NUMBER(base_run(fails, -1, 0, NULL, &err), -EIO);
	CHECK_TEXT(err.message, "sh failed: two");
	CHECK_NUMBER(err.errnum, 0);
	CHECK_NUMBER(err.code, COW_CODE_TOOL);
	CHECK_NUMBER(base_run(missing, -1, 0, NULL, &err), -ENOENT);
	CHECK_TEXT(err.remedy, "install it");
	CHECK_NUMBER(base_run(hangs, -1, 50, NULL, &err), -ETIMEDOUT);
}

/* fd 9 is a pipe that is open in the program alone: it ends with it. */
static void a_program_ends_with_who_started_it(int namespaces)
{
	static const char *const hangs[] = {"sh", "-c", "echo >&9; exec sleep 600", NULL};
	struct pollfd end = {.events = POLLIN};
	int fds[2];
	pid_t pid;
	char byte;

	CHECK_NUMBER(pipe2(fds, O_CLOEXEC), 0);
	end.fd = fds[0];
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 9);
		close(fds[1]);
		unshare(namespaces); /* which not everybody may */
		base_run(hangs, 9, 0, NULL, NULL);
		_exit(1);
	}
	close(fds[1]);
	CHECK_NUMBER(read(fds[0], &byte, 1), 1);
	CHECK_NUMBER(kill(pid, SIGKILL), 0);
	CHECK_NUMBER(waitpid(pid, NULL, 0), pid);
	CHECK_NUMBER(poll(&end, 1, 60000), 1);
	CHECK_NUMBER(end.revents & POLLHUP, POLLHUP);
	close(fds[0]);
}

static int stop_at_the_third(void *data)
{
	int *count = data;

	return ++*count == 3;
}

static void a_program_is_watched_and_stopped(void)
{
	static const char *const hangs[] = {"sleep", "600", NULL};
	static const char *const ends[] = {"true", NULL};
	int count = 0;
	const struct base_watch watch = {stop_at_the_third, &count};
	struct cow_error err;

	CHECK_NUMBER(base_run_watched(hangs, -1, 0, &watch, NULL, &err), -ECANCELED);
	CHECK_NUMBER(err.code, COW_CODE_CANCELLED);
	CHECK_NUMBER(count, 3);
	CHECK_NUMBER(base_run_watched(ends, -1, 0, &watch, NULL, &err), 0);
}

static void a_program_is_given_its_input(void)
{
	static const char *const copies[] = {"cat", NULL};
	int fds[2], count = INT_MIN;
	const struct base_watch watch = {stop_at_the_third, &count, fds};
	char *output = NULL;

	CHECK_NUMBER(pipe2(fds, O_CLOEXEC), 0);
	CHECK_NUMBER(write(fds[1], "in", 2), 2);
	close(fds[1]);
	CHECK_NUMBER(base_run_watched(copies, -1, 0, &watch, &output, NULL), 0);
	CHECK_TEXT(output, "in");
	free(output);
	close(fds[0]);
}

static void a_temporary_file_is_there_only_when_committed(void)
{
	char directory[] = "/tmp/cowctl-unit-XXXXXX";
	struct base_temp temp;
	struct stat st;
	int dirfd = mkdtemp(directory) ? open(directory, O_RDONLY | O_DIRECTORY) : -1;

	CHECK(dirfd >= 0);
	CHECK_NUMBER(base_temp_open(&temp, dirfd, 0640, NULL), 0);
	CHECK_NUMBER(write(temp.fd, "one", 3), 3);
	CHECK_NUMBER(fstatat(dirfd, "file", &st, 0), -1);
	CHECK_NUMBER(base_temp_commit(&temp, "file", false, NULL), 0);
	base_temp_close(&temp);
	CHECK_NUMBER(fstatat(dirfd, "file", &st, 0), 0);
	CHECK_NUMBER(st.st_mode & 07777, 0640);

	CHECK_NUMBER(base_temp_open(&temp, dirfd, 0600, NULL), 0);
	CHECK_NUMBER(base_temp_commit(&temp, "file", false, NULL), -EEXIST);
	CHECK_NUMBER(base_temp_commit(&temp, "file", true, NULL), 0);
	base_temp_close(&temp);
	CHECK_NUMBER(fstatat(dirfd, "file", &st, 0), 0);
	CHECK_NUMBER(st.st_size, 0);

	CHECK_NUMBER(unlinkat(dirfd, "file", 0), 0);
	close(dirfd);
	CHECK_NUMBER(rmdir(directory), 0);
}

int main(void)
{
	sizes_are_read_as_qemu_img_and_libvirt_read_them();
	sizes_are_written_for_people();
	names_become_one_printable_line();
	only_well_formed_utf8_is_utf8();
	an_error_says_what_can_be_done();
	a_cause_is_kept_and_the_place_said_in_front();
	vocabularies_begin_with_unknown();
	a_program_is_run_and_heard();
	a_program_ends_with_who_started_it(0);
	a_program_ends_with_who_started_it(CLONE_NEWUSER | CLONE_NEWPID);
	a_program_is_watched_and_stopped();
	a_program_is_given_its_input();
	a_temporary_file_is_there_only_when_committed();
	return unit_status();
}

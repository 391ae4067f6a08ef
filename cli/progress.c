/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define INTERVAL 0.1 /* seconds between two updates */

#define OVERDUE_SECONDS 5

/* The one thing a signal handler can do. */
static volatile sig_atomic_t interrupted, overdue;

struct cli_progress_state {
	bool json, bar;
	bool drawn;
	bool finished; /* the end of the phase has been shown */
	char phase[32];
	double began, last;  /* seconds */
	uint64_t began_done; /* where the phase was when it was first seen */
};

/* What hangs, as a libvirtd may that is asked something, can't be told. */
static void complain(int signal_number)
{
	static const char text[] =
		"cowctl: still waiting for what is under way; interrupted once more, "
		"it is left to the next run to clear up\n";
	int errnum = errno;

	(void)signal_number;
	overdue = 1;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		errnum = errno; /* nor is there anybody to be told */
	errno = errnum;
}

/* One who is impatient within these seconds does no harm. */
static void handle(int signal_number)
{
	if (overdue) {
		signal(signal_number, SIG_DFL);
		raise(signal_number);
	}
	if (!interrupted)
		alarm(OVERDUE_SECONDS);
	interrupted = 1;
}

void cli_interrupt_catch(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
	const struct sigaction late = {.sa_handler = complain, .sa_flags = SA_RESTART};

	sigaction(SIGALRM, &late, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction old;

		/* nohup(1) and shells ignore some on purpose. */
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

bool cli_interrupted(void)
{
	return interrupted;
}

void cli_interrupt_forget(void)
{
	alarm(0);
	interrupted = overdue = 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct cli_progress_state *state_of(struct cli_call *call)
{
	const char *mode;

	if (call->progress)
		return call->progress;
	mode = cli_value(call, "progress");
	call->progress = cli_allocate(sizeof(*call->progress));
	call->progress->json = mode && !strcmp(mode, "json");
	call->progress->bar = (!mode || !strcmp(mode, "auto")) && isatty(STDERR_FILENO);
	return call->progress;
}

static void print_json(const char *subject, const char *phase, uint64_t done, uint64_t total,
		       double rate)
{
	json_t *line = json_object(), *progress = json_object();
	char *text CLI_CLEANUP(text) = NULL;

	json_object_set_new(line, "progress", progress);
	cli_json_path(progress, "path", subject);
	json_object_set_new(progress, "phase", json_string(phase));
	json_object_set_new(progress, "done", json_integer((json_int_t)done));
	json_object_set_new(progress, "total",
			    total ? json_integer((json_int_t)total) : json_null());
	json_object_set_new(progress, "bytes_per_second",
			    rate > 0 ? json_integer((json_int_t)rate) : json_null());
	json_object_set_new(progress, "seconds_left",
			    rate > 0 && total
				    ? json_integer((json_int_t)((double)(total - done) / rate))
				    : json_null());
	text = json_dumps(line, JSON_COMPACT);
	fprintf(stderr, "%s\n", text ? text : "");
	json_decref(line);
}

/* "0:04", "1:20:00"; more than 99 hours are no prediction. */
static void format_left(double seconds, char *buffer, size_t size)
{
	int s = seconds < 360000 ? (int)(seconds + 0.5) : -1;

	if (s < 0)
		snprintf(buffer, size, "-:--");
	else if (s < 3600)
		snprintf(buffer, size, "%d:%02d", s / 60, s % 60);
	else
		snprintf(buffer, size, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
}

/* "copying win10.img [#####.....]  48%  1.2G/2.5G   310M/s   0:04" */
static void print_bar(const char *subject, const char *phase, uint64_t done, uint64_t total,
		      double rate)
{
	struct winsize window = {0};
	int columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) ? 0 : window.ws_col;
	const char *slash = strrchr(subject, '/');
	char name[28], tail[80], bar[41] = "", left[16];
	int width, filled;

	cow_name_escape(slash && slash[1] ? slash + 1 : subject, name, sizeof(name));
	/* Of one width from beginning to end, so that the bar keeps still. */
	format_left(rate > 0 ? (double)(total - done) / rate : 1e9, left, sizeof(left));
	if (total)
		snprintf(tail, sizeof(tail), "%3d%% %5s/%s %6s/s %6s",
			 (int)((double)done * 100 / (double)total), CLI_SIZE(done), CLI_SIZE(total),
			 CLI_SIZE((uint64_t)rate), left);
	else
		snprintf(tail, sizeof(tail), "%s %s/s", CLI_SIZE(done), CLI_SIZE((uint64_t)rate));
	width = (columns ? columns : 80) - (int)(strlen(phase) + strlen(name) + strlen(tail)) - 6;
	width = width > 40 ? 40 : width;
	if (width > 4 && total) {
		filled = (int)((double)done * width / (double)total);
		memset(bar, '.', (size_t)width);
		memset(bar, '#', (size_t)filled);
	}
	/* Back to the start, the line, wipe what the last one left. */
	fprintf(stderr, "\r%s %s %s%s%s%s\033[K", phase, name, *bar ? "[" : "", bar,
		*bar ? "] " : "", tail);
	fflush(stderr);
}

void cli_progress(struct cli_call *call, const char *subject, const char *phase, uint64_t done,
		  uint64_t total)
{
	struct cli_progress_state *state = state_of(call);
	double time = now(), elapsed, rate;
	bool finished;

	if (!state->json && !state->bar)
		return;
	if (strcmp(state->phase, phase) || done < state->began_done) {
		snprintf(state->phase, sizeof(state->phase), "%s", phase);
		state->began = time;
		state->began_done = done;
		state->finished = false;
	}
	if (total && done > total)
		done = total;
	finished = total && done == total;
	if (time - state->last < INTERVAL && (!finished || state->finished))
		return;
	state->finished = finished;
	elapsed = time - state->began;
	rate = elapsed > 0 ? (double)(done - state->began_done) / elapsed : 0;
	if (state->json)
		print_json(subject, phase, done, total, rate);
	else
		print_bar(subject, phase, done, total, rate);
	state->last = time;
	state->drawn = state->bar;
}

int cli_progress_show(uint64_t done, uint64_t total, void *data)
{
	const struct cli_shown *shown = data;

	cli_progress(shown->call, shown->subject, shown->phase, done, total);
	return cli_interrupted();
}

void cli_progress_clear(struct cli_call *call)
{
	if (!call->progress || !call->progress->drawn)
		return;
	fputs("\r\033[K", stderr);
	call->progress->drawn = false;
}

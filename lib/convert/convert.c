/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of things. Each step is a function that leaves the original as it was when it fails;
 * what a crash leaves behind at each is written in docs/convert.md. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>

#include <cow/image.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/live.h"
#include "convert/open.h"

#define KEPT_SUFFIX ".orig"

COW_EXPORT const char *cow_convert_outcome_name(enum cow_convert_outcome outcome)
{
	static const char *const names[] = {"unknown", "converted", "already",    "planned",
					    "refused", "failed",    "interrupted"};

	return BASE_NAME(names, outcome);
}

void convert_note(struct convert *c, const char *format, ...)
{
	struct cow_convert_result *result = c->result;
	size_t used = strlen(result->note);
	va_list args;

	used += (size_t)snprintf(result->note + used, sizeof(result->note) - used, "%s",
				 used ? "; " : "");
	va_start(args, format);
	if (used < sizeof(result->note))
		vsnprintf(result->note + used, sizeof(result->note) - used, format, args);
	va_end(args);
}

double convert_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int convert_fail_when_used(struct convert *c, struct cow_error *err)
{
	convert_hold_release(&c->original_hold);
	return base_remedy(err, convert_fail_in_use(c->name, &c->before, err),
			   c->options->qmp ? "no running guest has it as its disk: close the image"
			   : c->options->flags & COW_CONVERT_LIVE
				   ? "no running guest has it as its disk (--connect asks another "
				     "libvirt): close the image"
				   : "shut the guest down, close the image, or convert while the "
				     "guest runs (--live)");
}

int convert_step(struct convert *c, enum cow_convert_phase phase, uint64_t done,
		 struct cow_error *err)
{
	const struct cow_convert_options *options = c->options;

	if (!c->live && !convert_hold_intact(&c->original_hold))
		return convert_fail_when_used(c, err);
	if (options->progress && options->progress(phase, done, c->total, options->progress_data))
		return base_fail_code(err, ECANCELED, COW_CODE_CANCELLED, "convert %s",
				      BASE_QUOTE(c->name));
	return 0;
}

static void name_kept(struct convert *c)
{
	if (strlen(c->name) + strlen(KEPT_SUFFIX) <= NAME_MAX)
		sprintf(c->kept, "%s" KEPT_SUFFIX, c->name);
}

/* From here on the copy has a name, and outlives this run. */
static int keep_copy(struct convert *c, struct cow_error *err)
{
	int r;

	if (c->temp[0])
		return 0;
	/* Not a lease: a libvirt pool that refreshes would find a volume blocked and go inactive.
	 */
	if (flock(c->copy, LOCK_EX | LOCK_NB) < 0)
		return base_fail(err, errno, "lock the copy of %s", BASE_QUOTE(c->name));
	c->watch = convert_hold_watch(c->copy);
	r = convert_name_copy(c, CONVERT_JOURNAL_COPYING, 0, err);
	if (r < 0)
		return r;
	return convert_sync_directory(c, err);
}

static int carry_out_live(struct convert *c, struct cow_error *err)
{
	int r = convert_live_carry_out(c, err);

	if (r == 0)
		c->result->outcome = COW_CONVERT_CONVERTED;
	return r;
}

void convert_note_pieces(struct convert *c)
{
	struct cow_extents after = {0};

	cow_extents_read(c->copy, 0, &after, NULL);
	c->result->runs_after = after.runs;
	c->result->rows_after = after.rows;
}

static int move_on(struct convert *c, struct cow_error *err)
{
	int r = convert_move_on(c, err);

	if (r == 0)
		convert_note_pieces(c);
	return r;
}

static int move(struct convert *c, int (*begin)(struct convert *, struct cow_error *),
		struct cow_error *err)
{
	int r = begin(c, err);

	return r < 0 ? r : move_on(c, err);
}

/* Room can't be foretold where there are quotas, or others who take it. */
static int do_with_less(struct convert *c, int r, struct cow_error *err)
{
	return convert_is_to_move(c) ? move(c, convert_move_instead, err)
				     : convert_advise_room(c, r, err);
}

/* Steps 4 to 12. */
static int carry_out(struct convert *c, struct cow_error *err)
{
	int r;

	if (c->live)
		return carry_out_live(c, err);
	r = c->options->flags & COW_CONVERT_RESUME ? keep_copy(c, err) : 0;
	if (r == 0)
		r = convert_transfer(c, err);
	if (convert_is_no_room(r))
		return do_with_less(c, r, err);
	if (r == 0)
		r = convert_copy_metadata(c, err);
	if (r == 0)
		r = convert_step(c, COW_CONVERT_PHASE_COMMIT, c->total, err);
	if (r < 0)
		return r;
	convert_note_pieces(c);
	r = convert_check_mounts(c, err);
	if (r == 0)
		r = convert_swap(c, err);
	if (r == 0)
		c->result->outcome = COW_CONVERT_CONVERTED;
	return r;
}

/* A move has no second copy: what it frees of the first must be right. */
static int check_moving(const struct cow_convert_options *options, struct cow_error *err)
{
	const unsigned not_moving =
		COW_CONVERT_PREALLOCATE | COW_CONVERT_KEEP_ORIGINAL | COW_CONVERT_NO_VERIFY;

	if (!(options->flags & not_moving))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EINVAL, COW_CODE_USAGE,
				       "of what is moved bit by bit all is verified, and nothing "
				       "preallocated or kept"),
			   "leave out --preallocate, --keep-original and --no-verify");
}

static int check_options(const struct cow_convert_options *options, struct cow_error *err)
{
	const unsigned known = 2 * COW_CONVERT_ESTIMATE - 1;

	if (options->to != COW_POLICY_OFF && options->to != COW_POLICY_ON)
		return base_fail(err, EINVAL, "convert: say off or on");
	if (options->flags & ~known)
		return base_fail(err, EINVAL, "convert: unknown flags 0x%x", options->flags);
	if (options->to == COW_POLICY_ON && (options->flags & COW_CONVERT_PREALLOCATE))
		return base_fail(err, EINVAL,
				 "preallocating serves nothing where every overwrite is copied");
	return options->flags & COW_CONVERT_LOW_SPACE ? check_moving(options, err) : 0;
}

/* A move that was interrupted: there is no image until it is complete, or taken back. */
static int go_on_moving(struct convert *c, struct cow_error *err)
{
	int r = check_moving(c->options, err);

	if (r == 0)
		r = convert_move_open(c, err);
	if (r == 0)
		r = convert_plan_rest(c, err);
	if (r < 0)
		return r;
	if (c->options->flags & COW_CONVERT_DRY_RUN)
		return convert_plan(c, err);
	return c->options->flags & COW_CONVERT_UNDO ? convert_move_back(c, err) : move_on(c, err);
}

static int take_back(struct convert *c, struct cow_error *err)
{
	if (!c->recovered)
		return base_refuse(err, ENOENT, COW_CODE_REFUSED,
				   "no conversion of %s was interrupted", BASE_QUOTE(c->name));
	if (c->options->flags & COW_CONVERT_DRY_RUN) {
		c->result->outcome = COW_CONVERT_PLANNED;
		return 0;
	}
	c->result->outcome = COW_CONVERT_ALREADY;
	base_copy(c->result->reason, sizeof(c->result->reason), "cleared up");
	return 0;
}

/* What could have been gone on with serves nobody where nothing is to be done. */
static int clear_up(struct convert *c, struct cow_error *err)
{
	int r;

	convert_hold_release_lease(&c->copy_hold);
	if (c->copy >= 0)
		close(c->copy);
	c->copy = -1;
	c->temp[0] = '\0';
	r = convert_recover(c, err);
	if (r < 0)
		c->result->outcome = COW_CONVERT_REFUSED;
	return r;
}

static int run(struct convert *c, struct cow_error *err)
{
	int r = check_options(c->options, err);

	name_kept(c);
	if (r == 0 && c->options->flags & COW_CONVERT_LIVE)
		r = convert_live_attach(c, err);
	c->result->live = c->live;
	if (r == 0)
		r = convert_recover(c, err);
	if (r == 0 && c->away[0])
		return go_on_moving(c, err);
	if (r == 0 && c->options->flags & COW_CONVERT_UNDO)
		return take_back(c, err);
	if (r == 0)
		r = convert_prepare(c, err);
	if (r == 0 && c->result->outcome && c->temp[0])
		return clear_up(c, err);
	if (r < 0 || c->result->outcome)
		return r;
	if (c->options->flags & COW_CONVERT_DRY_RUN)
		return convert_plan(c, err);
	c->result->outcome = COW_CONVERT_FAILED;
	r = c->low_space ? move(c, convert_move_begin, err) : carry_out(c, err);
	if (r < 0 && c->temp[0] && c->journal.kind == CONVERT_JOURNAL_COPYING)
		convert_note(c, "what was copied is kept: --resume goes on with it");
	return r;
}

COW_EXPORT int cow_convert_at(int dirfd, const char *name,
			      const struct cow_convert_options *options,
			      struct cow_convert_result *ret, struct cow_error *err)
{
	BASE_CLEANUP(fd) int directory = -1;
	struct convert c = {
		.name = name,
		.options = options,
		.result = ret,
		.original = -1,
		.copy = -1,
		.watch = -1,
		.shelf = -1,
		.original_hold = {.fd = -1, .lease = F_UNLCK},
		.copy_hold = {.fd = -1, .lease = F_UNLCK},
	};
	struct cow_error own = {0};
	double start = convert_now();
	int r;

	memset(ret, 0, sizeof(*ret));
	/* One directory all along, whatever AT_FDCWD comes to mean meanwhile. */
	directory = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	c.dirfd = directory;
	r = directory < 0 ? base_fail(&own, errno, "open the directory of %s", BASE_QUOTE(name))
			  : run(&c, &own);
	if (r == -EBUSY && c.unasked[0])
		base_remedy(&own, r, "libvirt could not be asked whether a guest uses it: %s",
			    c.unasked);
	if (r < 0 && !ret->outcome)
		ret->outcome = COW_CONVERT_REFUSED;
	if (r < 0)
		convert_tell(&own, ret->reason, ret->remedy, err);
	/* Closing gives up leases and locks. */
	if (c.copy >= 0)
		close(c.copy);
	if (c.original >= 0)
		close(c.original);
	if (c.watch >= 0)
		close(c.watch);
	if (c.shelf >= 0)
		close(c.shelf);
	convert_live_free(c.live);
	ret->seconds = convert_now() - start;
	return r;
}

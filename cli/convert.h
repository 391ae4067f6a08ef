/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_CONVERT_H
#define CLI_CONVERT_H

#include <sys/types.h>

#include "cli.h"

/* What the parts of cowctl convert share: cmd-convert.c and convert-*.c. */

/* One image with what came of it: a row of the table. */
struct converted {
	const char *path;
	const char *original; /* path of the kept one, or NULL */
	enum cow_policy to;
	const struct cow_convert_result *result;
	double seconds_needed; /* of one that is planned; 0: not known */
	const struct cow_convert_interrupted *interrupted; /* with --status, else NULL */
};

extern const struct cli_column cli_convert_columns[];
#define CLI_CONVERT_STATUS_COLUMNS "PATH,STATE,RUNNING,COPIED,SIZE,WHOLE,REMEDY"

/* What a run of the verb carries along. */
struct cli_convert_job {
	struct cli_call *call;
	struct cli_table *table;
	struct cow_convert_options options;
	const char *subject; /* path now worked on */
	uint64_t rate; /* dry run: bytes a second as measured with another image; 0: not yet */
	struct {
		uint64_t outcomes[COW_CONVERT_INTERRUPTED + 1];
		uint64_t images, bytes_copied;
		double seconds_needed;
		bool seconds_unknown;  /* of one at least */
		uint64_t bytes_needed; /* at a time: one is done after the other */
		uint64_t bytes_grown;  /* for good */
	} total;
	struct cow_pool *pool;   /* whose images are converted, or NULL */
	struct cow_pool **pools; /* all whose policies count, or whose images are none of its */
	dev_t device;            /* where the last image was */
	uint64_t grown;          /* what was done there takes for good */
};

/* What is done next is done at this path, with the room that is left there. */
void cli_convert_go_to(struct cli_convert_job *job, const char *path);
void cli_convert_one(struct cli_convert_job *job, const char *path);
/* All images below a directory; without --cow those of a pool as its policy has it. */
void cli_convert_directory(struct cli_convert_job *job, const char *directory);
/* All images of a pool; without --cow as its policy has it. */
void cli_convert_pool(struct cli_convert_job *job, const char *name);
void cli_convert_sum_up(struct cli_convert_job *job);
/* What the library puts behind the name of an image that is kept. */
#define CLI_CONVERT_KEPT ".orig"
/* Call `each` for every image below a directory, unless the job is about interrupted conversions
 * only, and with `item` for every file that one left: path is its image's then. `to` is what it is
 * to be converted to: an image with a policy of its own follows that one, unless --cow is given.
 * What is left out on purpose is said once. */
typedef void cli_convert_found(const char *path, enum cow_policy to,
			       const struct cow_convert_interrupted *item, void *data);
void cli_convert_find(struct cli_convert_job *job, const char *directory, cli_convert_found *each,
		      void *data);
/* The images of a pool are those in its directory that are no other pool's, until it is closed.
 * @return 0, or an exit status after the error was said. Closed in any case. */
int cli_convert_open_pool(struct cli_convert_job *job, const char *name);
/* The same for the pools that images of any directory may be in, where their policies matter. */
int cli_convert_open_directory(struct cli_convert_job *job);
void cli_convert_close_pool(struct cli_convert_job *job);
/* What was interrupted, of one image, in a directory, or below one or in a pool. */
void cli_convert_status(struct cli_convert_job *job, const char *path);

#endif

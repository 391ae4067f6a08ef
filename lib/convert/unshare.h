/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_UNSHARE_H
#define CONVERT_UNSHARE_H

#include <sys/stat.h>

#include <cow/unshare.h>

#include "convert/hold.h"
#include "convert/spans.h"
#include "image/copy.h"

struct unshare;

/* A way to renew a part that is held, which gives up the lease as soon as may be. */
struct unshare_engine {
	int (*renew)(struct unshare *u, uint64_t at, size_t size);
	size_t piece;
	bool reads; /* into u->buffer */
};

struct unshare {
	int dirfd; /* borrowed */
	const char *name;
	const struct cow_unshare_options *options;
	struct cow_unshare_result *result;

	int fd; /* O_RDONLY while looking, then O_RDWR; the only one, for a write lease */
	struct stat before;  /* with the time of the last write that was not this run's */
	struct timespec own; /* when this run wrote last */
	int watch;           /* tells of writers that came and went while there was no lease */
	struct convert_hold hold;
	struct convert_spans spans; /* whose next overwrite would be copied */

	const struct unshare_engine *engine;
	void *buffer;
	uint64_t flushed; /* bytes of bytes_rewritten that are on their way to disk */
};

/* Whether it makes sense; the outcome says so where it doesn't. */
int convert_unshare_look(struct unshare *u, struct cow_error *err);
/* u->spans, as they are on disk now. */
int convert_unshare_find_spans(struct unshare *u, struct cow_error *err);
/* These, and what it takes to renew them; -ENOSPC where there is less room. */
int convert_unshare_plan(struct unshare *u, struct cow_error *err);
void convert_unshare_count(struct unshare *u, uint64_t *ret_runs, uint64_t *ret_rows);
/* Nobody has the image open, and nobody can open it until the lease is given up: not for long, for
 * an O_NONBLOCK open() (a libvirt pool that refreshes) fails meanwhile. Waits for readers in
 * passing.
 * @return 0, -EBUSY and others with the error filled. */
int convert_unshare_hold(struct unshare *u, struct cow_error *err);
/* Write all spans once more, and onto the disk. */
int convert_unshare_renew(struct unshare *u, struct cow_error *err);

#endif

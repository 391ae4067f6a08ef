/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_LIVE_H
#define CONVERT_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cow/convert.h>
#include <cow/image.h>

#include "convert/journal.h"

struct convert;
struct convert_live;

struct convert_live_job {
	uint64_t done, total;
	bool ready; /* from now on every write of the guest goes to both files before it is told so
		     */
};

/* Whoever runs the guest, and mirrors a disk of it. Nothing here touches names: live.c does. */
struct convert_live_backend {
	/* Find the guest that has this file as a disk, fill in `guest`, `id`, `path`, `format`,
	 * `size`.
	 * @return 1, 0 when there is none, -errno. */
	int (*attach)(struct convert_live *live, const struct stat *image, struct cow_error *err);
	/* Refuse what can't be mirrored; nothing of an earlier run is left by now. */
	int (*check)(struct convert_live *live, struct cow_error *err);
	/* Have the copy opened, which is at `path` now. */
	int (*open)(struct convert_live *live, struct cow_error *err);
	/* That begins the mirror as well, as slowly as can be; so the guest has to stand still. */
	bool open_mirrors;
	/* Mirror the disk to it, no faster than the options say. */
	int (*start)(struct convert_live *live, struct cow_error *err);
	/* @return 1, 0 when there is no job (any more), -errno when that can't be known. */
	int (*look)(struct convert_live *live, struct convert_live_job *ret, struct cow_error *err);
	/* @return 1 when the guest runs, 0 when it stands still and nobody is at it, -errno. */
	int (*runs)(struct convert_live *live, struct cow_error *err);
	/* Stop the guest with all its requests done, or let it go on. */
	int (*pause)(struct convert_live *live, struct cow_error *err);
	int (*resume)(struct convert_live *live, struct cow_error *err);
	/* End the job, the guest being on the copy; on failure either may be the case. */
	int (*pivot)(struct convert_live *live, struct cow_error *err);
	/* Have the guest defined as it was before that, if it isn't; NULL: it is nowhere defined.
	 * It may take seconds. */
	void (*keep_definition)(struct convert_live *live);
	/* End the job, the guest being on the original, and let go of the copy. Without a job that
	 * is no failure. */
	int (*cancel)(struct convert_live *live, struct cow_error *err);
	/* With `open_mirrors`: have the image opened again that is at `path`, by a mirror to this
	 * file, which is ended at once. A guest that is gone is no failure. */
	int (*reopen)(struct convert_live *live, const char *scratch, struct cow_error *err);
	void (*detach)(struct convert_live *live);
};

extern const struct convert_live_backend convert_live_libvirt, convert_live_qmp;

/* Names the job in the guest: by the copy, on the filesystem of this file. */
static inline uint64_t convert_live_job_of(const struct stat *image, ino_t copy)
{
	return (uint64_t)image->st_dev << 40 ^ copy;
}

struct convert_live {
	const struct convert_live_backend *backend;
	const struct cow_convert_options *options; /* borrowed */
	void *data;                                /* the backend's own */
	char *guest;                               /* for messages: the domain's name */
	uint64_t id;            /* tells the guest from others: of its UUID, or QEMU's process */
	int lock;               /* -1: not held */
	char *path;             /* what the guest's definition calls the image */
	char unasked[128];      /* why libvirt could not be asked; "" */
	enum cow_format format; /* as the guest reads it, whatever it has written there */
	uint64_t size;          /* of the guest's disk, as the guest sees it */
	bool exchanged;         /* from then on anybody may have opened the copy */
	bool paused;            /* by us */
	bool astray;            /* it may have an incomplete copy open, and must not go on */
	bool shallow;           /* there is a backing file, which is left as it is */
	uint64_t job;           /* names the job: the copy's device and inode */
};

/* Find the guest, as the options say. c->live stays NULL when none has the image. */
int convert_live_attach(struct convert *c, struct cow_error *err);
void convert_live_free(struct convert_live *live);

/* Refuse what a mirror would lose. */
int convert_live_check(struct convert *c, struct cow_error *err);
/* Of these what is in the image itself, which may have changed when the mirror is ready. */
int convert_live_check_image(struct convert *c, struct cow_error *err);
/* Make the empty copy an image that can be mirrored to. */
int convert_live_prepare_copy(struct convert *c, struct cow_error *err);
/* Give the copy of a raw image the space that the image has: in one piece before it is written to,
 * and again when the mirror has made holes of what was preallocated. */
int convert_live_allocate(struct convert *c, struct cow_error *err);
/* From before it is looked whether the guest runs until it goes on: another run, which converts
 * another disk of it, waits. Once it is held, that is no failure. */
int convert_live_hold(struct convert_live *live, struct cow_error *err);
void convert_live_hold_no_more(struct convert_live *live);
/* Stop the guest, and remember it; one that is stopped anyway stays so. Only under a journal by
 * which the next run would let it go on. */
int convert_live_pause(struct convert_live *live, const struct convert_journal *journal,
		       struct cow_error *err);
/* The error for a guest that somebody else let go on. */
int convert_live_fail_running(const struct convert_live *live, struct cow_error *err);
/* Let it go on, if it was stopped by us and nothing can be lost by it, and hold it no more. */
int convert_live_resume(struct convert *c, struct cow_error *err);
/* L4: give the copy a name, which is the journal. */
int convert_live_name(struct convert *c, struct convert_journal *journal,
		      char temp[CONVERT_JOURNAL_NAME_MAX], struct cow_error *err);
/* L5 to L7: have the guest's disk mirrored to it. */
int convert_live_begin(struct convert *c, struct convert_journal *journal,
		       char temp[CONVERT_JOURNAL_NAME_MAX], struct cow_error *err);
/* Exchange the names of the two, of which this one leaves the path. */
int convert_live_exchange(struct convert *c, const char *temp, ino_t leaves, struct cow_error *err);
/* Have the original opened again by a guest that stands still and has the copy open instead. */
int convert_live_reopen(struct convert *c, ino_t original, struct cow_error *err);
/* Have all of a copy on disk. */
int convert_live_sync(const struct convert *c, int fd, struct cow_error *err);
/* The error for a mirror that is no more. */
int convert_live_fail_ended(const struct convert *c, struct cow_error *err);
/* The journal's next kind, or the one that keeps the original, and the copy's name with it. */
int convert_live_mark(struct convert *c, struct convert_journal *journal,
		      enum convert_journal_kind kind, char temp[CONVERT_JOURNAL_NAME_MAX],
		      struct cow_error *err);
/* From the empty copy to the end. */
int convert_live_carry_out(struct convert *c, struct cow_error *err);

/* Deal with what an interrupted live conversion left, whether or not the guest still runs.
 * @return 1, or -errno. */
int convert_recover_live(struct convert *c, const char *temp, const struct convert_journal *journal,
			 struct cow_error *err);

#endif

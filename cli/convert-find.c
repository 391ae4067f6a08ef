/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is to convert below a directory: images, and what interrupted conversions left. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "convert.h"
#include "pool.h"

CLI_DEFINE_CLEANUP(audit, struct cow_audit *, cow_audit_free)
CLI_DEFINE_CLEANUP(item, struct cow_audit_item *, cow_audit_item_free)

/* Images that nobody wants converted: what they are, how many, and one of them. */
struct left_out {
	const char *what;
	uint64_t n;
	char *first;
};

struct find {
	struct cli_convert_job *job;
	cli_convert_found *each;
	void *data;
	bool read_only;        /* all of it: then that is why, for each of them */
	bool interrupted_only; /* no images */
	struct left_out snapshots, originals, others, discs, undecided;
};

static void leave_out(struct left_out *left, const char *path)
{
	if (!left->n++)
		left->first = cli_copy(path);
}

static void say_left_out(struct cli_call *call, struct left_out *left)
{
	if (left->n)
		cli_warn(call, "%ju %s left as they are, such as %s", (uintmax_t)left->n,
			 left->what, CLI_QUOTE(left->first));
	free(left->first);
}

/* Also when it is the subvolume alone, as a snapshot may be. */
static bool is_read_only(const char *directory)
{
	return faccessat(AT_FDCWD, directory, W_OK, 0) < 0 && errno == EROFS;
}

/* "disk.raw.orig" where there is "disk.raw": whoever keeps it wants it as it was. */
static bool is_original(const char *path)
{
	size_t length = strlen(path), suffix = strlen(CLI_CONVERT_KEPT);
	char *image CLI_CLEANUP(text) = NULL;

	if (length <= suffix || path[length - suffix - 1] == '/' ||
	    strcmp(path + length - suffix, CLI_CONVERT_KEPT) != 0)
		return false;
	image = cli_format("%.*s", (int)(length - suffix), path);
	return cli_is_there(image);
}

/* What an interrupted conversion left: its image is what it is about. */
static void found_leftover(struct find *find, const char *directory, const char *name,
			   enum cow_policy to)
{
	int dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *path CLI_CLEANUP(text) = NULL;
	struct cow_convert_interrupted item;

	if (dirfd >= 0 && cow_convert_interrupted_read(dirfd, name, &item)) {
		path = cli_format("%s%s", directory, item.image);
		find->each(path, to, &item, find->data);
	}
	if (dirfd >= 0)
		close(dirfd);
}

static void found(struct find *find, const char *path, enum cow_policy to)
{
	const char *name = strrchr(path, '/') + 1; /* below a directory, so there is one */
	char *directory CLI_CLEANUP(text) = cli_format("%.*s", (int)(name - path), path);
	bool leftover = !strncmp(name, COW_CONVERT_TEMP_PREFIX, strlen(COW_CONVERT_TEMP_PREFIX));

	if (find->interrupted_only && !leftover)
		return;
	if (!find->read_only && is_read_only(directory))
		leave_out(&find->snapshots, path);
	else if (leftover)
		found_leftover(find, directory, name, to);
	else if (is_original(path))
		leave_out(&find->originals, path);
	else
		find->each(path, to, NULL, find->data);
}

int cli_convert_open_pool(struct cli_convert_job *job, const char *name)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	int status = cli_pool_find_mounted(job->call, name, &store, &job->pool);

	return status ? status : cli_pool_list(job->call, store, &job->pools);
}

int cli_convert_open_directory(struct cli_convert_job *job)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_error err = {0};
	int r;

	if (cli_given(job->call, "cow") || cli_given(job->call, "undo"))
		return 0;
	r = cow_pool_store_new(cli_scope(job->call), &store, &err);
	if (r == -ENOENT) /* without a home there are none */
		return 0;
	return r < 0 ? cli_error(job->call, &err) : cli_pool_list(job->call, store, &job->pools);
}

void cli_convert_close_pool(struct cli_convert_job *job)
{
	cow_pool_list_free(job->pools);
	cow_pool_free(job->pool);
	job->pools = NULL;
	job->pool = NULL;
}

/* Have each image say whose it is, and what that pool's policy comes to. The first to name a
 * directory wins. One that doesn't answer now may do so when the images are looked at. */
static int know_pools(const struct cli_convert_job *job, struct cow_audit *audit,
		      struct cow_error *err)
{
	const struct cow_pool *own = job->pool;
	int r = own ? cow_audit_set_policy(audit, own->path, job->options.to, own->name, err) : 0;

	for (struct cow_pool **pool = job->pools; r == 0 && pool && *pool; pool++) {
		r = cow_pool_check_mounted(*pool, err);
		if (r == -ETIMEDOUT && !own) {
			snprintf(err->remedy, sizeof(err->remedy), "say --cow");
			return r;
		}
		r = r < 0 ? 0
			  : cow_audit_set_policy(audit, (*pool)->path,
						 own ? job->options.to : (*pool)->policy,
						 (*pool)->name, err);
	}
	return r;
}

static bool is_others(const struct find *find, const struct cow_audit_item *item)
{
	return find->job->pool && item->pool && strcmp(item->pool, find->job->pool->name) != 0;
}

/* A CD image is copied on no overwrite, for there is none: an audit has nothing against it. */
static bool is_disc(const struct find *find, const struct cow_audit_item *item)
{
	return item->format == COW_FORMAT_ISO && item->overwrite == COW_OVERWRITE_COPIED &&
	       item->compliance == COW_COMPLIANCE_NOT_APPLICABLE && !find->interrupted_only &&
	       !(find->job->options.flags & COW_CONVERT_REWRITE);
}

/* What could not be read is said. */
static void take(struct find *find, const struct cow_audit_item *item)
{
	if (item->error.message[0])
		cli_error(find->job->call, &item->error);
	else if (is_others(find, item))
		leave_out(&find->others, item->path);
	else if (is_disc(find, item))
		leave_out(&find->discs, item->path);
	else if (!item->effective)
		leave_out(&find->undecided, item->path);
	else
		found(find, item->path, item->effective);
}

/* Go through all of them. */
static void walk(struct find *find, const char *directory)
{
	struct cow_audit *audit CLI_CLEANUP(audit) = NULL;
	struct cow_error err = {0};
	int r = cow_audit_new(cli_flag(find->job->call, "cow", COW_AUDIT_OVERRULE), &audit, &err);

	if (r == 0)
		r = cow_audit_add(audit, directory, find->job->options.to, NULL, &err);
	if (r == 0)
		r = know_pools(find->job, audit, &err);
	r = r < 0 ? r : 1;
	while (r > 0 && !cli_interrupted()) {
		struct cow_audit_item *item CLI_CLEANUP(item) = NULL;

		r = cow_audit_next(audit, &item, &err);
		if (r > 0)
			take(find, item);
	}
	if (r < 0)
		cli_error(find->job->call, &err);
}

void cli_convert_find(struct cli_convert_job *job, const char *directory, cli_convert_found *each,
		      void *data)
{
	struct find find = {
		.job = job,
		.each = each,
		.data = data,
		.read_only = is_read_only(directory),
		.interrupted_only =
			cli_given(job->call, "status") || job->options.flags & COW_CONVERT_UNDO,
		.snapshots = {.what = "images in read-only subvolumes are"},
		.originals = {.what = "kept originals (NAME" CLI_CONVERT_KEPT ") are"},
		.others = {.what = "images of other pools are"},
		.discs = {.what = "images of CDs, which are never overwritten, are"},
		.undecided = {.what = "images whose policy comes to nothing known are"},
	};

	walk(&find, directory);
	say_left_out(job->call, &find.snapshots);
	say_left_out(job->call, &find.originals);
	say_left_out(job->call, &find.others);
	say_left_out(job->call, &find.discs);
	if (find.undecided.n)
		cli_status(job->call, CLI_EXIT_FAILED);
	say_left_out(job->call, &find.undecided);
}

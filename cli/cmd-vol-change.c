/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl vol resize, upload, download, wipe. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "verbs.h"
#include "vol.h"

#define CLI_VOL_AND(operand)                                                                       \
	.operands = "VOL " operand, .operands_min = 2, .operands_max = 2,                          \
	.complete = CLI_COMPLETE_VOLUME
#define CLI_VOL_AND_FILE                                                                           \
	.operands = "VOL FILE|-", .operands_min = 2, .operands_max = 2,                            \
	.complete = CLI_COMPLETE_VOLUME | CLI_COMPLETE_FILE

/* The volume as it is now, and whether it follows the policy: of one that was empty that was up to
 * this call. One that is NOCOW may be so by a wish of its own. */
static int show_again(struct cli_call *call, struct cli_vol *vol)
{
	int status = cli_vol_json_again(call, vol);
	const struct cow_volume *volume = vol->volume;
	enum cow_policy own = volume->own;

	if (volume->compliance != COW_COMPLIANCE_DRIFTED ||
	    (!own && volume->nocow == COW_ANSWER_YES))
		return status;
	cli_warn(call, "volume %s has drifted from the policy of its %s, %s: %s",
		 CLI_QUOTE(volume->path), own ? "own" : "pool",
		 cow_policy_name(own ? own : vol->pool->policy), volume->reason);
	return cli_status(call, CLI_EXIT_FINDINGS);
}

/* --- resize ----------------------------------------------------------------------------------- */

static const struct cli_option resize_options[] = {
	CLI_VOL_POOL_OPTION,
	CLI_VOL_FORMAT_OPTION,
	{"allocate", 0, NULL, NULL, "allocate what is added", 0, false},
	{"delta", 0, NULL, NULL, "by this much, not to this much", 0, false},
	{"shrink", 0, NULL, NULL, "to less; with delta, by this much less", 0, false},
	{"secret-file", 0, "FILE", NULL, "the secret of an encrypted volume; all of FILE is it",
	 CLI_COMPLETE_FILE, false},
	{0},
};

/* As in virsh: a size below zero is another way to say by how much less. */
static int parse_capacity(struct cli_call *call, struct cow_volume_resize_options *ret)
{
	const unsigned less = COW_VOLUME_RESIZE_DELTA | COW_VOLUME_RESIZE_SHRINK;
	const char *text = call->operands[1];

	if (*text == '-' && (ret->flags & less) != less)
		return cli_usage(call, "a negative size needs --delta and --shrink");
	if (cow_size_parse(text + (*text == '-'), &ret->capacity) < 0)
		return cli_usage(call, "%s is not a size", CLI_QUOTE(text));
	return 0;
}

static int resize(struct cli_call *call)
{
	struct cli_vol vol CLI_VOL_CLEANUP = {0};
	struct cow_error err = {0};
	uint64_t size = 0;
	struct cow_volume_resize_options options = {
		.flags = cli_flag(call, "allocate", COW_VOLUME_RESIZE_ALLOCATE) |
			 cli_flag(call, "delta", COW_VOLUME_RESIZE_DELTA) |
			 cli_flag(call, "shrink", COW_VOLUME_RESIZE_SHRINK),
		.secret_file = cli_value(call, "secret-file"),
		.format = cow_format_from_name(cli_value(call, "format")),
	};
	int status = parse_capacity(call, &options);

	if (!status)
		status = cli_vol_open(call, &vol);
	if (status)
		return status;
	if (cow_volume_resize(vol.store, vol.pool, vol.volume->name, &options, &size, &err) < 0)
		return cli_error(call, &err);
	fprintf(call->out, "resized volume %s to %s\n", CLI_QUOTE(vol.volume->path),
		CLI_SIZE(size));
	return show_again(call, &vol);
}

const struct cli_verb cli_verb_vol_resize = {
	.name = "vol resize",
	CLI_VOL_AND("CAPACITY"),
	.summary = "change how big a volume is to the guest",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = resize_options,
	.run = resize,
};

/* --- upload and download ---------------------------------------------------------------------- */

static const struct cli_option transfer_options[] = {
	CLI_VOL_POOL_OPTION,
	{"offset", 0, "SIZE", NULL, "where in the volume to begin (0 if not given)", 0, false},
	{"length", 0, "SIZE", NULL, "how much (all if not given)", 0, false},
	{"sparse", 0, NULL, NULL, "leave holes where there are zeros", 0, false},
	{0},
};

static int parse_transfer(struct cli_call *call, struct cow_volume_transfer *ret)
{
	const char *offset = cli_value(call, "offset"), *length = cli_value(call, "length");

	if (offset && cow_size_parse(offset, &ret->offset) < 0)
		return cli_usage(call, "%s is not a size", CLI_QUOTE(offset));
	if (length && (cow_size_parse(length, &ret->length) < 0 || !ret->length))
		return cli_usage(call, "%s is not a length", CLI_QUOTE(length));
	ret->flags = cli_flag(call, "sparse", COW_VOLUME_TRANSFER_SPARSE);
	return 0;
}

typedef int transfer_function(struct cow_pool_store *store, const struct cow_pool *pool,
			      const char *name, int fd, const struct cow_volume_transfer *transfer,
			      uint64_t *ret_bytes, struct cow_error *err);

struct transfer {
	struct cli_vol vol;
	struct cow_volume_transfer options;
	bool standard; /* the other side is "-" */
};

static void end(struct transfer *transfer)
{
	cli_vol_close(&transfer->vol);
}
#define TRANSFER_CLEANUP __attribute__((cleanup(end)))

/* All that can be wrong with the call, before any file is opened. */
static int begin(struct cli_call *call, struct transfer *ret)
{
	int status = parse_transfer(call, &ret->options);

	ret->standard = !strcmp(call->operands[1], "-");
	return status ? status : cli_vol_open(call, &ret->vol);
}

static int copy(struct cli_call *call, struct transfer *transfer, int fd,
		transfer_function *function, uint64_t *ret_bytes)
{
	struct cli_vol *vol = &transfer->vol;
	struct cow_error err = {0};
	struct cli_shown shown = {.call = call, .phase = "copying", .subject = vol->volume->path};
	int r;

	transfer->options.progress = cli_progress_show;
	transfer->options.data = &shown;
	cli_interrupt_catch();
	r = function(vol->store, vol->pool, vol->volume->name, fd, &transfer->options, ret_bytes,
		     &err);
	cli_progress_clear(call);
	return r < 0 ? cli_error(call, &err) : 0;
}

static void report(struct cli_call *call, const struct transfer *transfer, const char *done,
		   uint64_t bytes)
{
	fprintf(call->out, "%s %s, volume %s\n", done, CLI_SIZE(bytes),
		CLI_QUOTE(transfer->vol.volume->path));
	if (call->json)
		cli_json_value(call->json, "bytes", cli_bytes(bytes));
}

static int upload(struct cli_call *call)
{
	struct transfer transfer TRANSFER_CLEANUP = {0};
	const char *name = call->operands[1];
	int status = begin(call, &transfer), fd = STDIN_FILENO;
	uint64_t bytes = 0;

	if (status)
		return status;
	if (!transfer.standard)
		fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cli_error_system(call, errno, "open %s", CLI_QUOTE(name));
	status = copy(call, &transfer, fd, cow_volume_upload, &bytes);
	if (!transfer.standard)
		close(fd);
	if (status)
		return status;
	report(call, &transfer, "uploaded", bytes);
	return show_again(call, &transfer.vol);
}

const struct cli_verb cli_verb_vol_upload = {
	.name = "vol upload",
	CLI_VOL_AND_FILE,
	.summary = "write a file into a volume",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE | CLI_WITH_PROGRESS,
	.options = transfer_options,
	.run = upload,
};

/* What a file has is gone only when the first byte of the volume can be written into it, and a new
 * one is left only when all of it is there. */
static int download_to(struct cli_call *call, struct transfer *transfer, uint64_t *ret_bytes)
{
	const char *name = call->operands[1];
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), status;
	bool made = fd >= 0;

	if (fd < 0 && errno == EEXIST)
		fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return cli_error_system(call, errno, "open %s", CLI_QUOTE(name));
	transfer->options.flags |= COW_VOLUME_TRANSFER_REPLACE;
	status = copy(call, transfer, fd, cow_volume_download, ret_bytes);
	if (status && made)
		unlink(name);
	if (close(fd) < 0 && !status)
		status = cli_error_system(call, errno, "write %s", CLI_QUOTE(name));
	return status;
}

static int download(struct cli_call *call)
{
	struct transfer transfer TRANSFER_CLEANUP = {0};
	int status = begin(call, &transfer);
	uint64_t bytes = 0;

	if (status)
		return status;
	/* Standard output is the volume's then, and has nothing else. */
	if (transfer.standard && call->json)
		return cli_usage(call, "standard output can't be both the volume and JSON");
	if (transfer.standard)
		return copy(call, &transfer, STDOUT_FILENO, cow_volume_download, &bytes);
	status = download_to(call, &transfer, &bytes);
	if (status)
		return status;
	report(call, &transfer, "downloaded", bytes);
	return cli_vol_json_again(call, &transfer.vol);
}

const struct cli_verb cli_verb_vol_download = {
	.name = "vol download",
	CLI_VOL_AND_FILE,
	.summary = "write a volume into a file",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE | CLI_WITH_PROGRESS,
	.options = transfer_options,
	.run = download,
};

/* --- wipe ------------------------------------------------------------------------------------- */

static const struct cli_option wipe_options[] = {
	CLI_VOL_POOL_OPTION,
	CLI_VOL_FORMAT_OPTION,
	{"algorithm", 0, "HOW",
	 "zero|nnsa|dod|bsi|gutmann|schneier|pfitzner7|pfitzner33|random|trim",
	 "what is written (zero if not given)", 0, false},
	{0},
};

static int wipe(struct cli_call *call)
{
	enum cow_wipe algorithm = cow_wipe_from_name(cli_value(call, "algorithm"));
	enum cow_overwrite overwrite = COW_OVERWRITE_UNKNOWN;
	struct cli_vol vol CLI_VOL_CLEANUP = {0};
	struct cli_shown shown = {.call = call, .phase = "wiping"};
	struct cow_error err = {0};
	int status = cli_vol_open(call, &vol), r;

	if (status)
		return status;
	shown.subject = vol.volume->path;
	cli_interrupt_catch();
	r = cow_volume_wipe(vol.store, vol.pool, vol.volume->name,
			    cow_format_from_name(cli_value(call, "format")), algorithm,
			    cli_progress_show, &shown, &overwrite, &err);
	cli_progress_clear(call);
	if (r < 0)
		return cli_error(call, &err);
	fprintf(call->out, "wiped volume %s: %s\n", CLI_QUOTE(vol.volume->path),
		cow_wipe_name(algorithm));
	if (call->json)
		cli_json_value(call->json, "overwrite", cli_text(cow_overwrite_name(overwrite)));
	status = cli_vol_json_again(call, &vol);
	if (algorithm == COW_WIPE_TRIM) {
		cli_warn(call,
			 "the space of %s is given back, and nothing is overwritten: what was "
			 "there may still be on the disk",
			 CLI_QUOTE(vol.volume->path));
		return cli_status(call, CLI_EXIT_FINDINGS);
	}
	if (overwrite == COW_OVERWRITE_IN_PLACE)
		return status;
	cli_warn(call,
		 "an overwrite of %s is %s: what was there may still be on the disk, outside "
		 "of the volume",
		 CLI_QUOTE(vol.volume->path), cow_overwrite_name(overwrite));
	return cli_status(call, overwrite ? CLI_EXIT_FINDINGS : CLI_EXIT_FAILED);
}

const struct cli_verb cli_verb_vol_wipe = {
	.name = "vol wipe",
	CLI_VOL_OPERAND,
	.summary = "overwrite the data of a volume",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE | CLI_WITH_PROGRESS,
	.options = wipe_options,
	.run = wipe,
};

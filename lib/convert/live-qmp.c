/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A QEMU without libvirt, by its own monitor. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/live.h"
#include "convert/qmp.h"

#define NODE_MAX 32 /* QEMU's own limit */

/* One name for the job and for the node of the copy. */
static const char *job_name(const struct convert_live *live, char name[NODE_MAX])
{
	snprintf(name, NODE_MAX, "cowctl-%" PRIx64, live->job);
	return name;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static uint64_t number_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static int query_nodes(struct convert_live *live, json_t **ret, struct cow_error *err)
{
	return qmp_execute(live->data, "query-named-block-nodes", json_pack("{s:b}", "flat", 1),
			   ret, err);
}

/* QEMU may see other names than we do: relative ones, and those of a container. */
static bool names_image(const struct convert_live *live, const char *file, const struct stat *image)
{
	BASE_CLEANUP(free)
	char *path = base_format("/proc/%ld/%s/%s", (long)qmp_peer(live->data),
				 file[0] == '/' ? "root" : "cwd", file);

	return file[0] && path && convert_is_file(AT_FDCWD, path, image);
}

static enum cow_format format_of(const json_t *node)
{
	enum cow_format format = cow_format_from_name(text_of(node, "drv"));

	return format == COW_FORMAT_RAW || format == COW_FORMAT_QCOW2 ? format : COW_FORMAT_UNKNOWN;
}

/* libvirt would go on with nodes that are no more; and what a conversion by libvirt has left is for
 * such a one to clear up. */
static int refuse_of_libvirt(const struct convert_live *live, const json_t *node,
			     struct cow_error *err)
{
	if (!base_starts(text_of(node, "node-name"), "libvirt-"))
		return 0;
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_REFUSED,
				       "%s is a disk of a guest of libvirt",
				       BASE_QUOTE(live->path)),
			   "use --live, not --qmp");
}

static int attach(struct convert_live *live, const struct stat *image, struct cow_error *err)
{
	BASE_CLEANUP(json) json_t *nodes = NULL;
	struct qmp *qmp = NULL;
	json_t *node;
	size_t i;
	int r = qmp_open(live->options->qmp, &qmp, err);

	if (r < 0)
		return r;
	live->data = qmp;
	r = query_nodes(live, &nodes, err);
	if (r < 0)
		return r;
	json_array_foreach(nodes, i, node)
	{
		if (format_of(node) && !json_is_true(json_object_get(node, "ro")) &&
		    names_image(live, text_of(node, "file"), image)) {
			live->path = strdup(text_of(node, "file"));
			live->format = format_of(node);
			live->guest = strdup("QEMU");
			live->id = (uint64_t)qmp_peer(qmp);
			live->size = number_of(json_object_get(node, "image"), "virtual-size");
			if (!live->path || !live->guest)
				return base_fail(err, ENOMEM, "look at QEMU's disks");
			r = refuse_of_libvirt(live, node, err);
			return r < 0 ? r : 1;
		}
	}
	return 0;
}

/* The node to mirror; there can be more than one only where somebody mirrors already. */
static int find_source(const struct convert_live *live, const json_t *nodes, json_t **ret,
		       struct cow_error *err)
{
	char name[NODE_MAX];
	json_t *node;
	size_t i, n = 0;

	json_array_foreach(nodes, i, node)
	{
		if (format_of(node) && base_equal(text_of(node, "file"), live->path) &&
		    !base_equal(text_of(node, "node-name"), job_name(live, name))) {
			*ret = node;
			n++;
		}
	}
	if (n != 1)
		return base_refuse(err, EBUSY, COW_CODE_REFUSED,
				   "QEMU has %s open %zu times, not once", BASE_QUOTE(live->path),
				   n);
	if (json_array_size(json_object_get(*ret, "dirty-bitmaps")))
		return base_refuse(err, EBUSY, COW_CODE_REFUSED,
				   "%s has dirty bitmaps, which a mirror loses",
				   BASE_QUOTE(live->path));
	return 0;
}

/* Caching as the original has it. Zeros and discards make holes, or the copy would be filled. */
static json_t *describe_copy(const struct convert_live *live, const json_t *source)
{
	char name[NODE_MAX];
	json_t *cache = json_object_get(source, "cache");

	return json_pack("{s:s, s:s, s:s, s:s, s:{s:b, s:b}, s:{s:s, s:s}}", "driver",
			 cow_format_name(live->format), "node-name", job_name(live, name),
			 "discard", "unmap", "detect-zeroes", text_of(source, "detect_zeroes"),
			 "cache", "direct", json_is_true(json_object_get(cache, "direct")),
			 "no-flush", json_is_true(json_object_get(cache, "no-flush")), "file",
			 "driver", "file", "filename", live->path);
}

static int delete_node(const struct convert_live *live, const char *node, struct cow_error *err)
{
	return qmp_execute(live->data, "blockdev-del", json_pack("{s:s}", "node-name", node), NULL,
			   err);
}

/* Is this node what a device of the guest has? Those below a filter can't be mirrored. */
static int check_root(const struct convert_live *live, const char *node, struct cow_error *err)
{
	BASE_CLEANUP(json) json_t *devices = NULL;
	json_t *device;
	size_t i;
	int r = qmp_execute(live->data, "query-block", NULL, &devices, err);

	if (r < 0)
		return r;
	json_array_foreach(devices, i, device)
	{
		if (base_equal(text_of(json_object_get(device, "inserted"), "node-name"), node))
			return 0;
	}
	return base_refuse(err, EBUSY, COW_CODE_REFUSED,
			   "%s lies below another node of QEMU, not directly below a device",
			   BASE_QUOTE(live->path));
}

static int check(struct convert_live *live, struct cow_error *err)
{
	BASE_CLEANUP(json) json_t *nodes = NULL;
	json_t *source = NULL;
	int r = query_nodes(live, &nodes, err);

	if (r == 0)
		r = find_source(live, nodes, &source, err);
	return r < 0 ? r : check_root(live, text_of(source, "node-name"), err);
}

/* With synchronous writes the guest makes nothing dirty that is copied already, so that a mirror
 * ends however slow it is. */
static json_t *describe_job(const struct convert_live *live, const json_t *source)
{
	char name[NODE_MAX];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "job-id", job_name(live, name), "device",
			 text_of(source, "node-name"), "target", name, "sync",
			 live->shallow ? "top" : "full", "copy-mode", "write-blocking", "speed",
			 (json_int_t)live->options->bandwidth);
}

/* A command whose arguments follow from the node that is mirrored. */
static int execute_on_source(struct convert_live *live, const char *command,
			     json_t *(*describe)(const struct convert_live *live,
						 const json_t *source),
			     struct cow_error *err)
{
	BASE_CLEANUP(json) json_t *nodes = NULL;
	json_t *source = NULL;
	int r = query_nodes(live, &nodes, err);

	if (r == 0)
		r = find_source(live, nodes, &source, err);
	return r < 0 ? r : qmp_execute(live->data, command, describe(live, source), NULL, err);
}

/* Without auto-read-only: it is opened once, for writing. */
static int open_copy(struct convert_live *live, struct cow_error *err)
{
	return execute_on_source(live, "blockdev-add", describe_copy, err);
}

static int start(struct convert_live *live, struct cow_error *err)
{
	return execute_on_source(live, "blockdev-mirror", describe_job, err);
}

static int look(struct convert_live *live, struct convert_live_job *ret, struct cow_error *err)
{
	BASE_CLEANUP(json) json_t *jobs = NULL;
	char name[NODE_MAX];
	json_t *job;
	size_t i;
	int r = qmp_execute(live->data, "query-block-jobs", NULL, &jobs, err);

	if (r == -ECONNRESET || r == -EPIPE)
		return 0; /* QEMU is gone, and the job with it */
	if (r < 0)
		return r;
	json_array_foreach(jobs, i, job)
	{
		if (!base_equal(text_of(job, "device"), job_name(live, name)))
			continue;
		ret->done = number_of(job, "offset");
		ret->total = number_of(job, "len");
		ret->ready = json_is_true(json_object_get(job, "ready")) && ret->done == ret->total;
		return 1;
	}
	return 0;
}

static int wait_for_end(struct convert_live *live, struct cow_error *err)
{
	struct convert_live_job job;
	int r;

	while ((r = look(live, &job, err)) > 0)
		convert_wait_us(20000);
	return r;
}

/* Is the copy what the guest has now? */
static int check_pivoted(struct convert_live *live, struct cow_error *err)
{
	BASE_CLEANUP(json) json_t *devices = NULL;
	char name[NODE_MAX];
	json_t *device;
	size_t i;
	int r = qmp_execute(live->data, "query-block", NULL, &devices, err);

	if (r < 0)
		return r;
	json_array_foreach(
		devices, i,
		device) if (base_equal(text_of(json_object_get(device, "inserted"), "node-name"),
				       job_name(live, name))) return 0;
	return base_refuse(err, EIO, COW_CODE_TOOL, "QEMU did not change to the copy of %s",
			   BASE_QUOTE(live->path));
}

/* What was added to QEMU as a node of its own stays open when the guest has left it. First those of
 * the format, then what lay below them; what belongs to another is not deleted, and says so. */
static void close_original(struct convert_live *live)
{
	BASE_CLEANUP(json) json_t *nodes = NULL;
	char name[NODE_MAX];
	json_t *node;
	size_t i;

	if (query_nodes(live, &nodes, NULL) < 0)
		return;
	for (int below = 0; below < 2; below++)
		json_array_foreach(
			nodes, i,
			node) if (base_equal(text_of(node, "file"), live->path) &&
				  !base_equal(text_of(node, "node-name"), job_name(live, name)) &&
				  base_equal(text_of(node, "drv"), "file") == below)
			delete_node(live, text_of(node, "node-name"), NULL);
}

static int runs(struct convert_live *live, struct cow_error *err)
{
	BASE_CLEANUP(json) json_t *status = NULL;
	int r = qmp_execute(live->data, "query-status", NULL, &status, err);

	return r < 0 ? r : json_is_true(json_object_get(status, "running"));
}

static int pause_guest(struct convert_live *live, struct cow_error *err)
{
	return qmp_execute(live->data, "stop", NULL, NULL, err);
}

static int resume_guest(struct convert_live *live, struct cow_error *err)
{
	return qmp_execute(live->data, "cont", NULL, NULL, err);
}

static int pivot(struct convert_live *live, struct cow_error *err)
{
	char name[NODE_MAX];
	int r = qmp_execute(live->data, "job-complete",
			    json_pack("{s:s}", "id", job_name(live, name)), NULL, err);

	if (r == 0)
		r = wait_for_end(live, err);
	if (r == 0)
		r = check_pivoted(live, err);
	if (r == 0)
		close_original(live);
	return r;
}

static int cancel(struct convert_live *live, struct cow_error *err)
{
	struct convert_live_job job;
	char name[NODE_MAX];
	int r = look(live, &job, err);

	if (r > 0) {
		qmp_execute(live->data, "block-job-cancel",
			    json_pack("{s:s, s:b}", "device", job_name(live, name), "force", 1),
			    NULL, NULL);
		r = wait_for_end(live, err);
	}
	if (r < 0)
		return r;
	/* A pivot that was asked for may have come first. */
	if (check_pivoted(live, NULL) == 0)
		close_original(live);
	else
		delete_node(live, job_name(live, name), NULL);
	return 0;
}

static void detach(struct convert_live *live)
{
	qmp_close(live->data);
}

const struct convert_live_backend convert_live_qmp = {
	.attach = attach,
	.check = check,
	.open = open_copy,
	.start = start,
	.look = look,
	.runs = runs,
	.pause = pause_guest,
	.resume = resume_guest,
	.pivot = pivot,
	.cancel = cancel,
	.detach = detach,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/text.h"
#include "stack/block.h"
#include "stack/filesystem.h"

/* sysfs gives the path as the reader sees it; in a container or another mount namespace it can name
 * another file. Who may open the device can compare the inode.
 * @return YES the same file, NO another one, UNKNOWN not permitted to ask. */
static enum cow_answer is_same_file(const struct stack_builder *builder,
				    const struct stack_device *device, int file)
{
	BASE_CLEANUP(fd) int loop = stack_edge_open(&builder->edge, device->path, O_RDONLY);
	struct loop_info64 info;
	struct stat st;

	if (loop < 0 || fstat(loop, &st) < 0 || st.st_rdev != device->number ||
	    ioctl(loop, LOOP_GET_STATUS64, &info) < 0 || fstat(file, &st) < 0)
		return COW_ANSWER_UNKNOWN;
	return stack_answer(info.lo_device == st.st_dev && info.lo_inode == st.st_ino);
}

/* What lies under a file that is known by its name only is no more than inferred. */
static struct cow_layer *probe_file(struct stack_builder *builder, int file, bool verified,
				    const struct stack_trail *trail)
{
	bool doubtful = builder->doubtful;
	struct cow_layer *layer;
	struct stat st;

	builder->doubtful |= !verified;
	if (fstat(file, &st) == 0 && S_ISBLK(st.st_mode))
		layer = stack_block_probe(builder, st.st_rdev, trail);
	else
		layer = stack_filesystem_probe(builder, file, trail);
	builder->doubtful = doubtful;
	return layer;
}

static struct cow_layer *probe_host(struct stack_builder *builder, struct cow_layer *loop,
				    const struct stack_device *device, const char *backing,
				    const struct stack_trail *trail)
{
	BASE_CLEANUP(fd) int file = stack_edge_open(&builder->edge, backing, O_PATH);
	enum cow_answer same = COW_ANSWER_UNKNOWN;

	if (file >= 0)
		same = is_same_file(builder, device, file);
	stack_detail_answer(builder, loop, "verified", same);
	if (file < 0)
		return stack_layer_unknown(builder, "unknown", "?",
					   "the backing file can't be reached by its path");
	if (same == COW_ANSWER_NO)
		return stack_layer_unknown(builder, "unknown", "?",
					   "the backing file's path names another file here");
	return probe_file(builder, file, same == COW_ANSWER_YES, trail);
}

struct cow_layer *stack_loop_probe(struct stack_builder *builder, const struct stack_device *device,
				   const struct stack_trail *trail)
{
	static const char deleted[] = " (deleted)";
	BASE_CLEANUP(free) char *backing = stack_read(device->sysfs, "loop/backing_file");
	struct cow_layer *layer;
	size_t length;

	if (!backing)
		return stack_layer_unknown(builder, "loop", device->path,
					   "no file is attached to this loop device");
	layer = stack_layer_new(builder, "loop", device->path);
	stack_layer_judge(builder, layer, COW_OVERWRITE_IN_PLACE, COW_SWITCH_NOT_NEEDED,
			  COW_EVIDENCE_REPORTED, "passed on to its backing file");
	stack_detail_text(builder, layer, "backing_file", backing);
	length = strlen(backing);
	/* A file whose name really ends so is still there under it. */
	if (length >= strlen(deleted) && !strcmp(backing + length - strlen(deleted), deleted) &&
	    !stack_exists(builder->edge.root, backing + strspn(backing, "/")))
		stack_layer_put_below(layer,
				      stack_layer_unknown(builder, "unknown", "?",
							  "the backing file has been deleted"));
	else
		stack_layer_put_below(layer, probe_host(builder, layer, device, backing, trail));
	return layer;
}

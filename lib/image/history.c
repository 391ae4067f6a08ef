/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Btrfs overwrites an extent of a NOCOW file in place only if it is newer than the last snapshot
 * or balance of its subvolume: the generation of the extent is held against last_snapshot in the
 * subvolume's root item, which deleting the snapshot does not reset (K7, K8). FIEMAP
 * can't tell, for nothing is shared any more. */
#include <endian.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cow/image.h>

#include "base/error.h"
#include "image/history.h"

#define SEARCH_BUFFER (256u << 10)
/* The tree that the descriptor is in, to the search ioctls. */
#define OWN_TREE 0

/* All items of one object and type in one tree, and who looks at them. */
struct search {
	uint64_t tree, objectid;
	uint32_t type;
	void (*item)(uint64_t offset, const void *item, size_t size, void *data);
	void *data;
};

/* Hand out one answer's items. Keys are one linear space, in which a range may take in items of
 * other objects and types as well. @return the offset of the last key seen. */
static uint64_t search_walk(const struct search *search,
			    const struct btrfs_ioctl_search_args_v2 *args)
{
	const uint8_t *at = (const uint8_t *)args->buf, *end = at + SEARCH_BUFFER;
	struct btrfs_ioctl_search_header header = {0};

	for (uint32_t i = 0; i < args->key.nr_items; i++) {
		if ((size_t)(end - at) < sizeof(header))
			break;
		memcpy(&header, at, sizeof(header));
		at += sizeof(header);
		if ((size_t)(end - at) < header.len)
			break;
		if (header.objectid == search->objectid && header.type == search->type)
			search->item(header.offset, at, header.len, search->data);
		at += header.len;
	}
	return header.offset;
}

static int search_run(int fd, const struct search *search)
{
	BASE_CLEANUP(free)
	struct btrfs_ioctl_search_args_v2 *args = malloc(sizeof(*args) + SEARCH_BUFFER);
	uint64_t offset = 0;

	if (!args)
		return -ENOMEM;
	for (;;) {
		uint64_t last;

		args->key = (struct btrfs_ioctl_search_key){
			.tree_id = search->tree,
			.min_objectid = search->objectid,
			.max_objectid = search->objectid,
			.min_offset = offset,
			.max_offset = UINT64_MAX,
			.max_transid = UINT64_MAX,
			.min_type = search->type,
			.max_type = search->type,
			.nr_items = UINT32_MAX,
		};
		args->buf_size = SEARCH_BUFFER;
		if (ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, args) < 0)
			return -errno;
		if (!args->key.nr_items)
			return 0;
		last = search_walk(search, args);
		if (last < offset || last == UINT64_MAX)
			return 0;
		offset = last + 1;
	}
}

struct root {
	uint64_t last_snapshot;
	bool found;
};

static void see_root(uint64_t offset, const void *item, size_t size, void *data)
{
	struct root *root = data;
	uint64_t value;

	(void)offset;
	if (size < offsetof(struct btrfs_root_item, last_snapshot) + sizeof(value))
		return;
	memcpy(&value, (const char *)item + offsetof(struct btrfs_root_item, last_snapshot),
	       sizeof(value));
	root->last_snapshot = le64toh(value);
	root->found = true;
}

struct old {
	uint64_t last_snapshot;
	void (*each)(uint64_t start, uint64_t end, bool unwritten, void *data);
	void *data;
};

static void see_extent(uint64_t offset, const void *item, size_t size, void *data)
{
	struct btrfs_file_extent_item extent;
	const struct old *old = data;

	/* An inline extent ends where its data begins, a hole lies nowhere. */
	if (size < sizeof(extent))
		return;
	memcpy(&extent, item, sizeof(extent));
	if (extent.type == BTRFS_FILE_EXTENT_INLINE || !extent.disk_bytenr)
		return;
	if (le64toh(extent.generation) <= old->last_snapshot)
		old->each(offset, offset + le64toh(extent.num_bytes),
			  extent.type == BTRFS_FILE_EXTENT_PREALLOC, old->data);
}

int image_history_each(int fd,
		       void (*each)(uint64_t start, uint64_t end, bool unwritten, void *data),
		       void *data)
{
	/* Tree 0 with objectid 256 asks which subvolume this is, and is free to everybody. */
	struct btrfs_ioctl_ino_lookup_args subvolume = {.objectid = BTRFS_FIRST_FREE_OBJECTID};
	struct root root = {0};
	struct old old = {.each = each, .data = data};
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &subvolume) < 0)
		return -errno;
	r = search_run(fd, &(struct search){.tree = BTRFS_ROOT_TREE_OBJECTID,
					    .objectid = subvolume.treeid,
					    .type = BTRFS_ROOT_ITEM_KEY,
					    .item = see_root,
					    .data = &root});
	if (r < 0)
		return r;
	if (!root.found)
		return -ENODATA;
	old.last_snapshot = root.last_snapshot;
	return search_run(fd, &(struct search){.tree = OWN_TREE,
					       .objectid = st.st_ino,
					       .type = BTRFS_EXTENT_DATA_KEY,
					       .item = see_extent,
					       .data = &old});
}

static void add(uint64_t start, uint64_t end, bool unwritten, void *data)
{
	uint64_t *bytes = data;

	(void)unwritten;
	*bytes += end - start;
}

COW_EXPORT int cow_extents_read_history(int fd, uint64_t *ret_old_bytes, struct cow_error *err)
{
	uint64_t bytes = 0;
	int r = image_history_each(fd, add, &bytes);

	if (r == -EPERM)
		return base_remedy(err, base_fail(err, -r, "read the age of extents"),
				   "it needs root");
	if (r < 0)
		return base_fail(err, -r, "read the age of extents");
	*ret_old_bytes = bytes;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a clone refers to. QEMU takes a relative name of a backing file as seen from the directory
 * that the image is in, so in another directory it has to become an absolute one. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "convert/clone.h"
#include "image/chain.h"
#include "image/qemu.h"

/* qemu-img changes nothing but the header. */
#define TIMEOUT_MS 120000

static int read_header(struct clone *c, struct cow_error *err)
{
	enum cow_format stated = c->options->format;
	int r;

	if (stated == COW_FORMAT_RAW) {
		c->header.format = stated;
		c->header.virtual_size = (uint64_t)c->before.st_size;
		return 0;
	}
	r = cow_header_read(c->source, &c->header, err);
	if (r == 0 && stated && stated != c->header.format)
		return base_refuse(err, EINVAL, COW_CODE_CORRUPT, "%s is no %s image",
				   BASE_QUOTE(c->from), cow_format_name(stated));
	return r;
}

static int check_external(const struct clone *c, struct cow_error *err)
{
	if (c->header.external != COW_ANSWER_YES)
		return 0;
	/* QEMU, if it is not told what the image is, would read what the guest names there. */
	return base_remedy(
		err,
		base_refuse(err, EINVAL, COW_CODE_REFUSED,
			    "%s keeps its data in other files, which the clone would "
			    "write to as well, by a header that a guest may have written",
			    BASE_QUOTE(c->from)),
		"if it is raw all the same, say so: --format raw; or make a whole copy: "
		"qemu-img convert -f %s",
		cow_format_name(c->header.format));
}

static bool is_same_directory(const struct clone *c)
{
	struct stat from, to;

	return fstat(c->from_dirfd, &from) == 0 && fstat(c->to_dirfd, &to) == 0 &&
	       base_same_file(&from, &to);
}

static bool is_relative(const struct clone *c)
{
	const char *name = c->header.backing;

	return name && !image_protocol_problem(name) && image_file_name(name)[0] != '/';
}

void convert_clone_find_path(const struct clone *c, char path[PATH_MAX])
{
	ssize_t n = readlink(BASE_FD_PATH(c->source), path, PATH_MAX - 1);

	if (n > 0 && path[0] == '/')
		path[n] = '\0';
	else
		base_copy(path, PATH_MAX, c->from);
}

/* Whoever opens an image by the name of a link to it looks for the backing file beside the link. A
 * clone could only repeat that, wherever it is. */
static int check_link(const struct clone *c, struct cow_error *err)
{
	char path[PATH_MAX];
	struct stat st;

	if (!is_relative(c) ||
	    faccessat(c->from_dirfd, image_file_name(c->header.backing), F_OK, 0) == 0 ||
	    fstatat(c->from_dirfd, c->from, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode))
		return 0;
	convert_clone_find_path(c, path);
	return base_remedy(err,
			   base_refuse(err, ENOENT, COW_CODE_REFUSED,
				       "%s is a symbolic link, beside which there is no backing "
				       "file %s",
				       BASE_QUOTE(c->from), BASE_QUOTE(c->header.backing)),
			   "name what it leads to: %s", BASE_QUOTE(path));
}

static int fail_rename(const struct clone *c, const char *why, const char *remedy,
		       struct cow_error *err)
{
	return base_remedy(err,
			   base_refuse(err, EINVAL, COW_CODE_REFUSED,
				       "the backing file %s of %s has a relative name, which leads "
				       "elsewhere from another directory, and %s",
				       BASE_QUOTE(c->header.backing), BASE_QUOTE(c->from), why),
			   "clone it into the directory it is in%s", remedy);
}

static int rename_backing(struct clone *c, struct cow_error *err)
{
	BASE_CLEANUP(free) char *directory = NULL;

	if (c->header.format != COW_FORMAT_QCOW2)
		return fail_rename(c, "only in qcow2 images can it be changed", "", err);
	if (!c->header.backing_format)
		return fail_rename(c, "its format is not on record",
				   ", or put that on record: qemu-img rebase -u -b NAME -F FORMAT",
				   err);
	if (c->header.encrypted == COW_ANSWER_YES)
		return fail_rename(c, "it is encrypted: qemu-img would ask for its secret", "",
				   err);
	directory = base_fd_place(c->from_dirfd);
	if (!directory)
		return base_fail(err, errno, "find the directory of %s", BASE_QUOTE(c->from));
	c->backing = base_format("%s/%s", directory, image_file_name(c->header.backing));
	if (!c->backing)
		return base_fail(err, ENOMEM, "clone %s", BASE_QUOTE(c->from));
	if (strlen(c->backing) >= sizeof(c->result->backing))
		return fail_rename(c, "the absolute one is longer than qcow2 takes", "", err);
	c->result->backing_is_renamed = true;
	return 0;
}

int convert_clone_look_inside(struct clone *c, struct cow_error *err)
{
	struct cow_clone_result *result = c->result;
	int r;

	if ((r = read_header(c, err)) < 0 || (r = check_external(c, err)) < 0)
		return r;
	result->format = c->header.format;
	result->virtual_size = c->header.virtual_size;
	if ((r = check_link(c, err)) < 0)
		return r;
	if (is_relative(c) && !is_same_directory(c) && (r = rename_backing(c, err)) < 0)
		return r;
	if (c->header.backing)
		base_copy(result->backing, sizeof(result->backing),
			  c->backing ? c->backing : c->header.backing);
	return 0;
}

/* qemu-img said yes; what it wrote is what counts. */
static int check_written(const struct clone *c, struct cow_error *err)
{
	struct cow_header header = {0};
	int r = cow_header_read(c->copy.fd, &header, err);

	if (r < 0)
		return r;
	if (header.format != COW_FORMAT_QCOW2 || header.damaged == COW_ANSWER_YES ||
	    !base_equal(header.backing, c->backing) ||
	    header.backing_format != c->header.backing_format ||
	    header.virtual_size != c->header.virtual_size)
		r = base_fail_code(err, EIO, COW_CODE_TOOL,
				   "qemu-img did not change the backing file of %s as it was asked "
				   "to",
				   BASE_QUOTE(c->to));
	cow_header_clear(&header);
	return r;
}

/* Unsafe mode (-u): the content of the backing file is the same, only its name is another, and it
 * is not opened. The clone has no name yet, so qemu-img gets it as a descriptor. */
int convert_clone_keep_backing(struct clone *c, struct cow_error *err)
{
	const char *argv[] = {"qemu-img",
			      "rebase",
			      "-q",
			      "-u",
			      "-f",
			      "qcow2",
			      "-b",
			      c->backing,
			      "-F",
			      cow_format_name(c->header.backing_format),
			      BASE_FD_PATH(c->copy.fd),
			      NULL};
	int r;

	if (!c->backing)
		return 0;
	r = image_qemu_run(argv, c->copy.fd, TIMEOUT_MS, NULL, err);
	return r < 0 ? r : check_written(c, err);
}

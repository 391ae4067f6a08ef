/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Headers as qemu-img writes them, held against what qemu-img says about them; and headers nobody
 * should write. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include <cow/image.h>

#include "base/macro.h"
#include "base/run.h"
#include "base/text.h"

#include "unit.h"

static char folder[] = "/tmp/cow-format-XXXXXX";

static int run(char **output, const char *const *argv)
{
	struct cow_error err = {0};
	int r = base_run(argv, -1, 60000, output, &err);

	if (r < 0)
		fprintf(stderr, "%s\n", err.message);
	return r;
}

#define RUN(output, ...) run(output, (const char *const[]){__VA_ARGS__, NULL})

static int read_header(const char *path, struct cow_header *header)
{
	struct cow_error err = {0};
	int fd = open(path, O_RDONLY), r = cow_header_read(fd, header, &err);

	if (r < 0)
		fprintf(stderr, "%s: %s\n", path, err.message);
	close(fd);
	return r;
}

/* What qemu-img and we make of one image. */
static void compare(const char *path, const char *format)
{
	int failures = unit_failures;
	struct cow_header header = {0};
	const char *name, *backing = NULL, *backing_format = NULL;
	json_int_t size = 0, snapshots = 0, cluster_size = 0;
	int lazy_refcounts = 0, extended_l2 = 0;
	json_t *info, *list = NULL;
	char *text = NULL;

	if (RUN(&text, "qemu-img", "info", "-f", format, "--output=json", path) < 0) {
		unit_failures++;
		return;
	}
	info = json_loads(text, 0, NULL);
	CHECK_NUMBER(json_unpack(info, "{s:s, s:I, s?s, s?s, s?o, s?I, s?{s?{s?b, s?b}}}", "format",
				 &name, "virtual-size", &size, "backing-filename", &backing,
				 "backing-filename-format", &backing_format, "snapshots", &list,
				 "cluster-size", &cluster_size, "format-specific", "data",
				 "lazy-refcounts", &lazy_refcounts, "extended-l2", &extended_l2),
		     0);
	snapshots = (json_int_t)json_array_size(list);
	CHECK_NUMBER(read_header(path, &header), 0);
	CHECK_TEXT(cow_format_name(header.format), name);
	if (header.virtual_size || header.format != COW_FORMAT_VHDX)
		CHECK_NUMBER(header.virtual_size, size);
	if (backing)
		CHECK_TEXT(header.backing, backing);
	else
		CHECK(!header.backing);
	if (backing_format)
		CHECK_TEXT(cow_format_name(header.backing_format), backing_format);
	CHECK_NUMBER(header.snapshots, snapshots);
	if (header.format == COW_FORMAT_QCOW2)
		CHECK_NUMBER(header.cluster_size, cluster_size);
	CHECK_NUMBER(header.lazy_refcounts, lazy_refcounts);
	CHECK_NUMBER(header.extended_l2, extended_l2);
	CHECK_NUMBER(header.damaged, COW_ANSWER_NO);
	CHECK_NUMBER(header.encrypted == COW_ANSWER_YES,
		     json_is_true(json_object_get(info, "encrypted")));
	if (unit_failures > failures)
		fprintf(stderr, "(last image: %s)\n%s", path, text);
	cow_header_clear(&header);
	json_decref(info);
	free(text);
}

static const struct {
	const char *format, *options;
} images[] = {
	{"raw", ""},
	{"qcow", ""},
	{"qcow2", ",compat=0.10"},
	{"qcow2", ",compat=1.1"},
	{"qcow2", ",cluster_size=512"},
	{"qcow2", ",cluster_size=2M"},
	{"qcow2", ",extended_l2=on,lazy_refcounts=on"},
	{"qcow2", ",encrypt.format=aes,encrypt.key-secret=key"},
	{"vmdk", ""},
	{"vmdk", ",compat6=on"},
	{"vmdk", ",subformat=monolithicFlat"},
	{"vmdk", ",subformat=streamOptimized"},
	{"vmdk", ",subformat=twoGbMaxExtentSparse"},
	{"vdi", ""},
	{"vdi", ",static=on"},
	{"vpc", ""},
	{"vpc", ",force_size=on"},
	{"vpc", ",subformat=fixed"},
	{"vhdx", ""},
	{"qed", ""},
	{"luks", ",key-secret=key,iter-time=200"},
};

/* 3 MiB and a bit: nothing that a geometry comes out at by chance. qemu-img gives up on LUKS when
 * its benchmark of the key function ends within one tick of the clock, hence the second try. */
static int create(const char *format, const char *more, const char *path)
{
	BASE_CLEANUP(free) char *options = base_format("size=3147264%s", more);
	int r = -1;

	for (int tries = 0; r < 0 && tries < 5; tries++)
		r = RUN(NULL, "qemu-img", "create", "-q", "--object", "secret,id=key,data=tset",
			"-f", format, "-o", options, path);
	return r;
}

static void every_format_qemu_img_writes_reads_as_qemu_img_says(void)
{
	for (size_t i = 0; i < BASE_ARRAY_SIZE(images); i++) {
		BASE_CLEANUP(free)
		char *path = base_format("%s/%zu.%s", folder, i, images[i].format);

		CHECK_NUMBER(create(images[i].format, images[i].options, path), 0);
		compare(path, images[i].format);
	}
}

static void data_in_other_files_is_told(void)
{
	static const struct {
		const char *format, *options;
		enum cow_answer external;
	} disks[] = {
		{"raw", "", COW_ANSWER_NO},
		{"qcow2", "", COW_ANSWER_NO},
		{"qcow2", ",data_file=%s/data", COW_ANSWER_YES},
		{"vmdk", "", COW_ANSWER_NO},
		{"vmdk", ",subformat=monolithicFlat", COW_ANSWER_YES},
		{"vmdk", ",subformat=twoGbMaxExtentSparse", COW_ANSWER_YES},
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(disks); i++) {
		BASE_CLEANUP(free) char *path = base_format("%s/whole-%zu", folder, i);
		BASE_CLEANUP(free) char *options = base_format(disks[i].options, folder);
		struct cow_header header = {0};

		CHECK_NUMBER(create(disks[i].format, options, path), 0);
		CHECK_NUMBER(read_header(path, &header), 0);
		CHECK_NUMBER(header.external, disks[i].external);
		cow_header_clear(&header);
	}
}

static void backing_files_are_found_as_written(void)
{
	static const struct {
		const char *format, *name, *base_format;
	} overlays[] = {
		{"qcow", "base name,with=all.qcow2", "qcow2"},
		{"qcow2", "base name,with=all.qcow2", "qcow2"},
		{"qed", "base name,with=all.qcow2", "qcow2"},
		{"qed", "base.raw", "raw"},
		{"qcow2", "base.raw", "raw"},
		{"qcow2", "base.vmdk", "vmdk"},
		{"vmdk", "base.vmdk", "vmdk"},
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(overlays); i++) {
		const char *format = overlays[i].format, *of = overlays[i].base_format;
		BASE_CLEANUP(free) char *base = base_format("%s/%s", folder, overlays[i].name);
		BASE_CLEANUP(free) char *path = base_format("%s/over-%zu", folder, i);

		CHECK_NUMBER(RUN(NULL, "qemu-img", "create", "-q", "-f", of, base, "4M"), 0);
		CHECK_NUMBER(RUN(NULL, "qemu-img", "create", "-q", "-f", format, "-F", of, "-b",
				 overlays[i].name, path),
			     0);
		compare(path, format);
	}
}

static void internal_snapshots_are_counted(void)
{
	BASE_CLEANUP(free) char *path = base_format("%s/snapshots.qcow2", folder);

	CHECK_NUMBER(RUN(NULL, "qemu-img", "create", "-q", "-f", "qcow2", path, "4M"), 0);
	CHECK_NUMBER(RUN(NULL, "qemu-img", "snapshot", "-c", "one", path), 0);
	CHECK_NUMBER(RUN(NULL, "qemu-img", "snapshot", "-c", "two", path), 0);
	compare(path, "qcow2");
}

/* No cut of a real image may be misread: it is what it was or it is damaged, and nothing is read
 * beyond its end (the buffers are exactly as big as they claim, for the sanitizer). */
static void a_header_cut_short_is_damaged_or_raw_but_never_wrong(void)
{
	for (size_t i = 1; i < BASE_ARRAY_SIZE(images); i++) {
		BASE_CLEANUP(free)
		char *path = base_format("%s/%zu.%s", folder, i, images[i].format);
		char whole[4096] = {0};
		int fd = open(path, O_RDONLY);
		ssize_t n = pread(fd, whole, sizeof(whole), 0);

		close(fd);
		for (ssize_t size = 0; size < n; size += size < 600 ? 1 : 97) {
			char *cut = malloc((size_t)size + 1);
			struct cow_header header = {0};

			memcpy(cut + 1, whole, (size_t)size);
			CHECK_NUMBER(cow_header_parse(cut + 1, (size_t)size, NULL, 0,
						      (uint64_t)size, &header),
				     0);
			CHECK(header.format == COW_FORMAT_RAW || header.damaged == COW_ANSWER_YES ||
			      base_equal(cow_format_name(header.format), images[i].format));
			cow_header_clear(&header);
			free(cut);
		}
	}
}

static struct cow_header parse(const void *bytes, size_t size)
{
	struct cow_header header = {0};

	CHECK_NUMBER(cow_header_parse(bytes, size, NULL, 0, size, &header), 0);
	return header;
}

static void names_outside_the_file_are_damage(void)
{
	/* qcow2 v2, backing name of 8 bytes at an offset that wraps around */
	unsigned char head[1024] = "QFI\xfb\0\0\0\2\xff\xff\xff\xff\xff\xff\xff\xfc\0\0\0\x8"
				   "\0\0\0\x10";
	struct cow_header header = parse(head, sizeof(head));

	CHECK_NUMBER(header.format, COW_FORMAT_QCOW2);
	CHECK_NUMBER(header.damaged, COW_ANSWER_YES);
	CHECK(!header.backing);
	cow_header_clear(&header);
}

static void a_size_that_no_file_can_have_is_none(void)
{
	unsigned char head[1024] = "QFI\xfb\0\0\0\3";
	struct cow_header header;

	head[23] = 16; /* the size of a cluster, its logarithm */
	memset(head + 24, 0xff, 8);
	header = parse(head, sizeof(head));
	CHECK_NUMBER(header.damaged, COW_ANSWER_YES);
	CHECK_NUMBER(header.virtual_size, 0);
	cow_header_clear(&header);
}

/* QEMU takes the descriptor in it for that of a whole disk, and opens the files named there. */
static void sparse_disks_without_a_size_have_data_elsewhere(void)
{
	unsigned char head[2048] = "KDMV";
	struct cow_header header;

	head[28] = head[36] = 1; /* the descriptor: offset and size */
	strcpy((char *)head + 512, "RW 8 FLAT \"/dev/sda\" 0\n");
	header = parse(head, sizeof(head));
	CHECK_NUMBER(header.external, COW_ANSWER_YES);
	cow_header_clear(&header);
	head[12] = 8;
	header = parse(head, sizeof(head));
	CHECK_NUMBER(header.external, COW_ANSWER_NO);
	cow_header_clear(&header);
}

/* Neither where the header says that the descriptor is, nor at the start of a line. */
static void a_parent_is_found_where_qemu_looks_for_it(void)
{
	static const char *const magics[] = {"KDMV", "COWD"};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(magics); i++) {
		unsigned char head[2048] = {0};
		struct cow_header header;

		memcpy(head, magics[i], 4);
		head[12] = 8; /* sectors */
		head[28] = 3;
		head[36] = 1;
		strcpy((char *)head + 512, "# parentFileNameHint=\"/srv/other\"\n");
		strcpy((char *)head + 1536, "CID=12345678\n");
		header = parse(head, sizeof(head));
		CHECK_TEXT(header.backing, "/srv/other");
		CHECK_NUMBER(header.backing_format, COW_FORMAT_VMDK);
		cow_header_clear(&header);
		*strrchr((char *)head + 512, '"') = ' ';
		header = parse(head, sizeof(head));
		CHECK_NUMBER(header.damaged, COW_ANSWER_YES);
		cow_header_clear(&header);
	}
}

static void extensions_that_run_over_their_end_are_damage(void)
{
	unsigned char head[1024] = "QFI\xfb\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10";
	struct cow_header header;

	memcpy(head + 72, "\xe2\x79\x2a\xca\xff\xff\xff\xfa", 8);
	header = parse(head, sizeof(head));
	CHECK_NUMBER(header.damaged, COW_ANSWER_YES);
	cow_header_clear(&header);
}

static void an_unknown_version_is_damage_not_another_format(void)
{
	unsigned char head[1024] = "QFI\xfb\0\0\0\x9";
	struct cow_header header = parse(head, sizeof(head));

	CHECK_NUMBER(header.format, COW_FORMAT_QCOW2);
	CHECK_NUMBER(header.version, 9);
	CHECK_NUMBER(header.damaged, COW_ANSWER_YES);
	cow_header_clear(&header);
}

static void discs_are_as_big_as_their_file(void)
{
	static unsigned char disc[COW_HEADER_HEAD];
	struct cow_header header;

	memcpy(disc + 32769, "CD001", 5);
	header = parse(disc, sizeof(disc));
	CHECK_NUMBER(header.format, COW_FORMAT_ISO);
	CHECK_NUMBER(header.virtual_size, sizeof(disc));
	memcpy(disc + 32769, "BEA01", 5);
	CHECK_NUMBER(parse(disc, sizeof(disc)).format, COW_FORMAT_ISO);
}

static void a_footer_a_guest_forged_badly_leaves_a_disk_raw(void)
{
	char tail[512] = "conectix";
	struct cow_header header = {0};

	CHECK_NUMBER(cow_header_parse(tail + 8, 504, tail, 512, 1 << 20, &header), 0);
	CHECK_NUMBER(header.format, COW_FORMAT_RAW);
	CHECK_NUMBER(header.virtual_size, 1 << 20);
}

static void an_empty_file_is_raw(void)
{
	CHECK_NUMBER(parse(NULL, 0).format, COW_FORMAT_RAW);
}

static void names_go_both_ways(void)
{
	for (int i = COW_FORMAT_UNKNOWN; i <= COW_FORMAT_ISO; i++)
		CHECK_NUMBER(cow_format_from_name(cow_format_name((enum cow_format)i)), i);
	CHECK_NUMBER(cow_format_from_name("vhd"), COW_FORMAT_VPC);
	CHECK_NUMBER(cow_format_from_name("nonsense"), COW_FORMAT_UNKNOWN);
	CHECK_NUMBER(cow_format_from_name(NULL), COW_FORMAT_UNKNOWN);
	CHECK_TEXT(cow_format_name((enum cow_format)99), "unknown");
}

int main(void)
{
	names_outside_the_file_are_damage();
	a_size_that_no_file_can_have_is_none();
	sparse_disks_without_a_size_have_data_elsewhere();
	a_parent_is_found_where_qemu_looks_for_it();
	extensions_that_run_over_their_end_are_damage();
	an_unknown_version_is_damage_not_another_format();
	discs_are_as_big_as_their_file();
	a_footer_a_guest_forged_badly_leaves_a_disk_raw();
	an_empty_file_is_raw();
	names_go_both_ways();
	if (RUN(NULL, "qemu-img", "--version") < 0)
		UNIT_SKIP("no qemu-img");
	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	every_format_qemu_img_writes_reads_as_qemu_img_says();
	data_in_other_files_is_told();
	backing_files_are_found_as_written();
	internal_snapshots_are_counted();
	a_header_cut_short_is_damaged_or_raw_but_never_wrong();
	RUN(NULL, "rm", "-r", folder);
	return unit_status();
}

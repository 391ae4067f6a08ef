#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where everything is overwritten in place anyway, or where there is nothing to switch, nothing is
# done, and that is a success.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
for kind in ext4 xfs xfs-noreflink tmpfs; do
	FS_SIZE=512M make_fs "$kind" "$kind"
	make_image "$T/$kind/v.raw" 1M
	before=$(folder_of "$T/$kind")
	for dry in "" --dry-run; do
		expect_status 0 cowctl convert --json $dry "$T/$kind/v.raw"
		expect_json '.images[0] | .result == "already" and (.reason | length > 0)'
		expect_json '.images[0] | .bytes_copied == 0 and .verified != true and .from == "off"'
	done
	expect_status 0 cowctl convert --json --cow on "$T/$kind/v.raw"
	expect_json '.images[0] | .result == "already" and .from == "off" and
		(.reason | startswith("there is no copy-on-write to keep"))'
	expect_status 0 cowctl convert "$T/$kind/v.raw"
	expect_out already
	expect_equal "$(folder_of "$T/$kind")" "$before" "$kind"

	# Whoever uses it or knows it by another name is no matter then.
	ln "$T/$kind/v.raw" "$T/$kind/other.raw"
	exec 3<>"$T/$kind/v.raw"
	expect_status 0 cowctl convert --json --recursive "$T/$kind"
	expect_json '.images | length > 0 and all(.result == "already")'
	expect_status 2 cowctl convert --rewrite "$T/$kind/v.raw"
	exec 3<&-
done

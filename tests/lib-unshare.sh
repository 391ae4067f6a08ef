# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What tests of unshare share, after lib.sh.

# kept_of FILE: all that unshare leaves alone, as text.
kept_of() {
	stat --printf='%i %a %u:%g %s %h %y\n' -- "$1"
	sum_of "$1"
	lsattr -d -- "$1"
	getfattr --absolute-names --dump --match=- --encoding=hex -- "$1"
}

# sharing_of FILE: SHARED OLD, in bytes, as the kernel has it on disk
sharing_of() {
	"$COW_BUILD/tests/image" sync "$1" >"$T/extents"
	sed -n 's/^shared=//p; s/^old=//p' "$T/extents" | paste -sd' '
}

# expect_unshared IMAGE: it shares nothing afterwards, and is the same file.
expect_unshared() {
	local image=$1 before
	before=$(kept_of "$image")
	expect_status 0 cowctl unshare --json -- "$image"
	expect_json '.images | length == 1 and .[0].result == "unshared"'
	expect_json '.images[0] | .bytes > 0 and .bytes_rewritten == .bytes'
	expect_equal "$(kept_of "$image")" "$before" "what is kept of $image"
	"$COW_BUILD/tests/image" sync "$image" >"$T/extents"
	expect_text "$T/extents" shared=0
	! grep -q '^old=[1-9]' "$T/extents" || fail "$image is still old in part"
	expect_status 0 cowctl unshare --json -- "$image"
	expect_json '.images[0] | .result == "already" and .bytes == 0'
}

# expect_unshare_refused REASON IMAGE: and nothing is written to it.
expect_unshare_refused() {
	local before
	before=$(places_of "$2")
	expect_status 2 cowctl unshare --json -- "$2"
	expect_json '.images | length == 1 and .[0].result == "refused"'
	# shellcheck disable=SC2016 # jq's own variable
	expect_json '.images[0].reason | contains($reason)' --arg reason "$1"
	expect_equal "$(places_of "$2")" "$before" "places of $2"
}

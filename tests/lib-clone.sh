# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What tests of clones share, after lib.sh.

# expect_cloned shared|copied SRC DST [OPTION...]: DST is there with the content of SRC, and lies
# where SRC does only if it shares.
expect_cloned() {
	local method=$1 from=$2 to=$3 places
	shift 3
	expect_status 0 cowctl clone --json "$@" -- "$from" "$to"
	expect_json ".image | .result == \"cloned\" and .method == \"$method\""
	[ ! -d "$to" ] || to=$to/$(basename -- "$from")
	cmp -- "$from" "$to"
	expect_equal "$(stat -c %s -- "$to")" "$(stat -Lc %s -- "$from")" "size of $to"
	places=$(places_of "$from" || true) # tmpfs has none
	case $method in
	shared) expect_equal "$(places_of "$to")" "$places" "places of $to" ;;
	copied) [ -z "$places" ] || [ "$(places_of "$to")" != "$places" ] || fail "$to shares" ;;
	esac
}

# expect_not_cloned STATUS DIRECTORY CLONE-ARGUMENT...: and nothing is new or other in the directory.
expect_not_cloned() {
	local status=$1 directory=$2 before
	shift 2
	before=$(ls -Ai -- "$directory")
	expect_status "$status" cowctl clone "$@"
	expect_equal "$(ls -Ai -- "$directory")" "$before" "what is in $directory"
}

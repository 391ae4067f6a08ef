#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A table looks the same whether we lay it out, which is sooner, or libsmartcols, which alone can where a name
# is not ASCII.
. "$(dirname "$0")/../lib.sh"
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime LC_ALL=C.UTF-8
mkdir "$T/pool"
expect_status 0 cowctl pool define-as vms --session --target "$T/pool"
expect_status 0 cowctl pool start vms --session
truncate -s 10G "$T/pool/a longer name.raw"
truncate -s 1M "$T/pool/small.raw"
mkfifo "$T/pool/fifo"

list() {
	cowctl vol list vms --session "$@" 2>"$T/err"
}
all=$(cowctl vol list vms --session --json | jq -r '.volumes[0] | keys_unsorted | map(gsub("_"; "-")) | join(",")')
[[ $all = *,reason,*path* ]] || fail "columns: $all"
for options in "" --bytes --noheadings "--output $all" "--output capacity,name" "--output name,capacity" \
	"--output name,problem" "--output name --noheadings"; do
	# shellcheck disable=SC2086 # words
	list $options >"$T/ours"
	truncate -s 10G "$T/pool/ä longer name.raw"
	# shellcheck disable=SC2086
	list $options >"$T/theirs"
	rm "$T/pool/ä longer name.raw"
	diff "$T/ours" <(grep -v "ä longer" "$T/theirs") || fail "with $options"
done

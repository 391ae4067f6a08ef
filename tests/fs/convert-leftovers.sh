#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What an interrupted conversion left is no image: it can't be converted, cloned or unshared by its name,
# for that could take the only copy out of the reach of who goes on, or back.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../trace.sh"
need_root
without_sanitizers
require strace

# An image that is moved bit by bit: a part is in either file.
FS_SIZE=320M make_fs xfs x
mkdir -m 0755 "$T/x/d"
cd "$T/x/d"
make_image big.raw 24M
sum=$(sum_of big.raw)
leave_room 12 ../fill
trace_inject fallocate:signal=KILL:when=3 cowctl convert --low-space --rewrite big.raw && fail "not killed"
[ ! -e big.raw ] || fail "not moved in part"
expect_equal "$(litter_in . | wc -l)" 2 "files of the move"

# An audit says whose they are and what is to be done, and does not call it well.
expect_status 1 cowctl audit --json --cow on .
expect_json '.summary | .images == 0 and .ok == 0'
expect_json '[.images[].findings[] | select(.rule == "leftover" and .severity == "error")] | length == 2'
expect_json '[.images[].findings[]] | all(.message | contains("part of '"'big.raw'"'"))'
expect_json '[.images[].findings[]] | all(.remedy | contains("--undo goes back"))'

before=$(folder_of .)
expect_status 2 cowctl convert --rewrite .cowctl-*.raw
expect_err "is no image: it belongs to a conversion of 'big.raw' (converting the image again goes on, --undo goes back)"
expect_equal "$(grep -c "is no image" "$T/err")" 2 "refusals"
for file in .cowctl-*; do
	expect_status 2 cowctl convert --low-space --rewrite "$file"
	expect_status 2 cowctl unshare "$file"
	expect_err "is no image"
	expect_status 2 cowctl clone "$file" ../copy
	expect_err "is no image"
done
expect_equal "$(folder_of .)" "$before" "the folder"
expect_status 0 cowctl convert --undo big.raw
expect_equal "$(sum_of big.raw)" "$sum" "the image"

# A name that the journal had to cut is said as it is where the image is at its path, and understood where not.
long=$(printf '%0200d' 7).raw
mv big.raw "$long"
rm ../fill
trace_inject fdatasync:signal=KILL:when=1 cowctl convert --resume --rewrite "$long" && fail "not killed"
expect_status 1 cowctl convert --status --json .
expect_json '[.images[].path] == ["./" + $name]' --arg name "$long"
expect_status 1 cowctl convert --status --json "$long"
expect_status 0 cowctl convert --undo "$long"
leave_room 12 ../fill
trace_inject fallocate:signal=KILL:when=3 cowctl convert --low-space --rewrite "$long" && fail "not killed"
[ ! -e "$long" ] || fail "not moved in part"
expect_status 1 cowctl convert --status --json "$long"
expect_json '[.images[].path] == [$name]' --arg name "$long"
expect_status 2 cowctl convert -r --undo .
expect_err "its name is too long to be known"
cut=$(find . -name '.cowctl-*-o-*')
expect_status 2 cowctl convert --undo "${cut##*-o-}"
expect_err "is a name that was cut"
expect_status 0 cowctl convert --undo "$long"
expect_equal "$(sum_of "$long")" "$sum" "the image"
rm ../fill

# Half of it put at the path by hand is not the whole: what has the rest stays, and is known for what it is.
for kind in m o; do
	leave_room 12 ../fill
	trace_inject fallocate:signal=KILL:when=3 cowctl convert --low-space --rewrite "$long" &&
		fail "not killed"
	half=$(find . -name ".cowctl-*-$kind*-*")
	mv -- "$half" "$long"
	expect_status 1 cowctl audit --json --cow on .cowctl-*
	expect_json '.images[0].findings[0] | .severity == "error" and (.message | contains("part of"))'
	expect_status 2 cowctl convert --rewrite "$long"
	expect_err "which is not as it was left (remove nothing"
	mv -- "$long" "$half"
	expect_status 0 cowctl convert --undo "$long"
	expect_equal "$(sum_of "$long")" "$sum" "the image"
	rm ../fill
done

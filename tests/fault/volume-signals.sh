#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ctrl-C, SIGTERM and SIGHUP in long work on volumes, at a known call of it: what was to be made is not there and
# nothing else is left; what was to be changed is said to be changed in part. And it is shown how far it is.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
. "$(dirname "$0")/../trace.sh"
require strace qemu-img
FS_SIZE=2G make_fs btrfs b
make_fs ext4 e
make_pool vms "$T/b/vms" off
make_pool ext "$T/e/ext"
dir=$T/b/vms
make_image "$dir/image" 16M
chattr -C "$dir"
make_image "$dir/cow" 16M # which shares nothing with a NOCOW clone of it
chattr +C "$dir"
make_image "$T/file" 16M
: >"$T/e/ext/small"
sum=$(sum_of "$dir/image")
cow=$(sum_of "$dir/cow")
listing='cow image'

# stopped CALL N VERB ARGUMENT...: by each signal at this call; nothing is left
stopped() {
	local signal status call=$1 n=$2
	shift 2
	for signal in INT TERM HUP; do
		status=0
		trace_inject "$call:signal=$signal:when=$n" cowctl "$@" --json || status=$?
		expect_equal "$status" 2 "status of $* after SIG$signal at $call $n"
		expect_json '.error.code == "cancelled"'
		expect_equal "$(cd "$dir" && echo *)" "$listing" "what SIG$signal leaves of $*"
		expect_equal "$(find "$dir" "$T/e/ext" -name '.*' ! -path "$dir" ! -path "$T/e/ext")" "" "hidden names"
	done
}

for n in 60 80; do # some forty are those of the probe
	stopped pwrite64 $n vol create-as --session vms new 64M --preallocation full
	stopped pwrite64 $n create "$dir/new" 64M --preallocation full
done
stopped poll 1 vol create-as --session vms new 256M --format qcow2 --preallocation full
stopped ftruncate 1 vol clone --session --pool vms cow new
stopped pwrite64 4 vol download --session --pool vms image "$T/got"
[ ! -e "$T/got" ] || fail "a part of a download"
stopped pwrite64 4 vol wipe --session --pool vms image
expect_json '.error.message | startswith("stopped: part of volume")'
[ "$(sum_of "$dir/image")" != "$sum" ] || fail "nothing was wiped before it was stopped"
stopped pwrite64 4 vol upload --session --pool vms image "$T/file"
expect_equal "$(stat -c %s "$dir/image")" 16777216 "length after stopped uploads"
# a pipe that nobody writes to, and one that nobody reads
mkfifo "$T/pipe"
exec 7<>"$T/pipe"
stopped poll 1 vol upload --session --pool vms image "$T/pipe"
stopped poll 18 vol download --session --pool vms image "$T/pipe"
exec 7<&-
expect_equal "$(sum_of "$dir/cow")" "$cow" "what was cloned"

# what is downloaded is on disk in the end, be it behind what a file has already
for mode in '>' '>>'; do
	status=0
	eval 'traced -o /dev/null --inject=fsync:error=EIO -- "$COWCTL" vol download --session --pool vms image - \
		2>"$T/err" '"$mode"' "$T/got"' || status=$?
	expect_equal "$status" 2 "status when it can't be written to disk, by $mode"
	expect_err "write volume 'image' to disk: Input/output error"
	rm "$T/got"
done

# too large for the caller's limit is an error as any other
limited() {
	(
		ulimit -f 8192
		expect_status 2 cowctl "$@" --json
		expect_json '.error.message + .error.remedy | test("[Ff]ile too large|size is too large|overwritten")'
	)
	expect_equal "$(cd "$dir" && echo *)" "$listing" "what is left of $*"
}
limited vol download --session --pool vms image "$T/got"
[ ! -e "$T/got" ] || fail "a part of a download"
limited vol create-as --session vms new 64M --allocation 0
limited vol create-as --session vms new 64M --preallocation full
limited vol create-as --session vms new 64M --format qcow2 --preallocation full
limited create "$dir/new" 64M --preallocation falloc
limited vol clone --session --pool vms cow new
# also when that is in the middle of the first piece of an upload
(
	ulimit -f 512
	expect_status 2 cowctl vol upload --session --pool vms cow "$T/file" --json
	expect_json '.error.remedy == "part of it is overwritten"'
)
limited vol upload --session --pool ext small "$T/file"
limited vol resize --session --pool vms image 64M

# progress is JSON to a program, and comes to its end
shown() {
	expect_status "$1" "${@:2}" --progress=json
	jq -es 'length > 0 and all(.[]; .progress | .done <= .total and
		(.path | startswith("/")) and (.phase | endswith("ing"))) and
		(map(.progress | select(.done == .total)) | length > 0)' <(grep progress "$T/err") >/dev/null ||
		fail "progress of ${*:2}: $(cat "$T/err")"
}
shown 0 vol create-as vms full 64M --preallocation full
shown 0 cowctl create "$dir/created" 64M --preallocation full
shown 0 vol create-as ext full2 64M --format qcow2 --preallocation full
shown 0 vol clone --pool vms cow cloned
shown 0 vol upload --pool vms image "$T/file"
shown 0 vol download --pool vms image "$T/got"
cmp "$T/got" "$T/file"
shown 0 vol wipe --pool ext full2
# with what was never written between what was
fallocate -l 1M "$T/e/ext/gaps"
fragment "$T/e/ext/gaps" 60
shown 0 vol wipe --pool ext gaps --algorithm nnsa

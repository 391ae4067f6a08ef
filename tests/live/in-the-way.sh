#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A live conversion with somebody in its way: the guest is never left standing still, what can't be done is
# found out before any name is exchanged, and nothing is removed that somebody has open.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require strace jq flock
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime XDG_CACHE_HOME=$T/cache
make_guest
make_fs btrfs b
chmod 0755 "$T/b"
image=$T/b/disk
fallocate -l 80M "$image" # of which the half is never written
"$COW_BUILD/tests/scatter" --fill "$T/half" $((40 << 20))
dd if="$T/half" of="$image" bs=1M conv=notrunc status=none
libvirtd_start
domain_start raw "$image"
inode=$(stat -c %i "$image")

as_it_was() {
	expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
	expect_equal "$(ls -A "$T/b")" disk "what is there"
	expect_equal "$(virsh -q domstate guest)" "$1" "the guest"
}
# fails N: the exchange of L9 does, the Nth renaming, with the guest stopped
fails() {
	trace_inject renameat2:error=EIO:when="$1" cowctl convert --live "$image" && fail "not failed"
	expect_err "Input/output error"
}

# Whoever can read the image can lock it.
exec 5<"$image"
flock --shared 5
fails 5
as_it_was running
exec 5<&-
guest_goes_on

# A guest that was stopped before stays so.
virsh -q suspend guest
fails 4
as_it_was paused
virsh -q resume guest

# A file that is not as long as the guest's disk can't be mirrored; nor is it one of whole sectors.
refused() {
	truncate -s "$1" "$image"
	for option in '' --dry-run; do
		expect_status 2 cowctl convert --live ${option:+"$option"} "$image"
		expect_err "$2" "shut the guest down"
	done
	as_it_was running
}
size=$(stat -c %s "$image")
refused +1M "has $((size + (1 << 20))) bytes, and the guest's disk has $size"
refused $((size - 100)) "no multiple of 512"
truncate -s "$size" "$image"
guest_goes_on

# Somebody does something else with the guest, or with its disk.
at_work() {
	local option
	for option in '' --dry-run; do
		expect_status 2 cowctl convert --live ${option:+"$option"} "$image"
		expect_err "somebody copies, saves, moves or backs up $1 of the guest 'guest'" "virsh blockjob guest sdb"
	done
	as_it_was running
}
virsh -q blockcopy guest sdb --dest "$T/elsewhere" --format raw --transient-job
at_work "the disk"
virsh -q blockjob guest sdb --abort
cat >"$T/backup.xml" <<END
<domainbackup mode='pull'>
  <server transport='unix' socket='$T/nbd'/>
  <disks>
    <disk name='sda' backup='yes' type='file'><scratch file='$T/scratch'/></disk>
    <disk name='sdb' backup='no'/>
  </disks>
</domainbackup>
END
virsh -q backup-begin guest "$T/backup.xml"
at_work "all or a part"
virsh -q domjobabort guest

# Somebody ends the mirror when it is ready, and begins one of his own.
held renameat2:4 'virsh -q blockjob guest sdb --abort
	virsh -q blockcopy guest sdb --dest "$T/own" --format raw --transient-job --wait' --live
expect_equal "$status" 2 "status: $(cat "$T/err")"
expect_err "ended early"
as_it_was running
virsh -q blockjob guest sdb --abort
guest_goes_on

# Nor is his the one that a killed run has left, while somebody reads the copy that it has left as well.
trace_inject renameat2:signal=KILL:when=4 cowctl convert --live "$image" && fail "not killed"
virsh -q blockjob guest sdb --abort
virsh -q blockcopy guest sdb --dest "$T/own" --format raw --reuse-external --transient-job --wait
exec 5<"$(find "$T/b" -name '.cowctl-*')"
expect_status 2 cowctl convert --live "$image"
expect_err "the copy of 'disk' is still open in"
exec 5<&-
at_work "the disk"
virsh -q blockjob guest sdb --abort
guest_goes_on

# A guest that was stopped is let go on just before it would be stopped for the copy.
virsh -q suspend guest
held linkat:1 "virsh -q resume guest" --live
expect_equal "$status" 2 "status: $(cat "$T/err")"
expect_err "somebody let the guest 'guest' go on meanwhile"
as_it_was running
guest_goes_on

# Where others can create names, what a crash leaves could not be put right.
chmod 0775 "$T/b"
expect_status 2 cowctl convert --live "$image"
expect_err "others may create files" "chmod go-w"
chmod 0755 "$T/b"

# A pool is refreshed while it goes on: nothing was interrupted.
expect_status 0 cowctl pool define-as p --session --target "$T/b" --cow on
: >"$T/trace"
traced -o "$T/trace" --trace=renameat2 --inject=renameat2:signal=STOP:when=4 \
	-- "$COWCTL" convert --live --bandwidth 40M --json "$image" >"$T/converted" 2>"$T/said" &
converter=$!
wait_for "the converter" grep -q 'stopped by SIGSTOP' "$T/trace"
expect_status 0 cowctl pool start p --session
exec 5<"$image" # for longer than the guest has it
pkill -CONT -P "$(pgrep -P "$converter")"
wait "$converter" || fail "status $?: $(cat "$T/said")"

# The rate was kept to, and what was preallocated is.
jq -e '.images[0] | .result == "converted" and .seconds >= 0.9' "$T/converted"
[ "$(stat -c %b "$image")" -ge $((80 << 11)) ] || fail "it is no longer preallocated"
[ "$(runs_of "$image")" -le 4 ] || fail "$(runs_of "$image") pieces"
guest_goes_on

# Somebody had the old image open: it is still there, and goes with the next run.
expect_text "$T/said" "has the old image open" "until the next run"
[ -n "$(find "$T/b" -name '.cowctl-*')" ] || fail "what somebody had open was removed"
inode=$(stat -c %i "$image")
still_open() {
	expect_status 2 cowctl convert "$@" "$image"
	expect_err "the old image of 'disk' is still open"
	expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
}
still_open --live
virsh -q destroy guest
still_open
: >"$T/serial"
virsh -q start guest
wait_for "the guest" _has_dots 2
virsh -q suspend guest # by its user, for whom it stays so
exec 5<&-
chmod 0640 "$image" # which the old one was not
expect_status 0 cowctl convert --live "$image"
as_it_was paused
expect_equal "$(stat -c %a "$image")" 640 "its mode"
virsh -q resume guest
guest_goes_on

# Meanwhile the image may have been given an earlier time, as by who restores it.
exec 5<"$image"
expect_status 0 cowctl convert --live --rewrite "$image"
inode=$(stat -c %i "$image")
exec 5<&-
virsh -q destroy guest
touch -d "1 hour ago" "$image"
left=$(find "$T/b" -name '.cowctl-*')
touch -r "$left" "$T/time"
touch "$left" # as if that had been gone on with too
expect_status 2 cowctl convert "$image"
expect_err "compare the two"
touch -r "$T/time" "$left"
expect_status 0 cowctl convert "$image"
expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
expect_equal "$(ls -A "$T/b")" disk "what is there"

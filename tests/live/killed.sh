#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A live conversion is killed at each step. The guest goes on without a lost write, and the next run puts
# right what there is to, ends a mirror that was left, and converts.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require strace python3
make_guest_image
chattr +A "$image"
qemu_start -drive "file=$image,format=raw,if=ide,index=2"
to=on

# killed_at CALL [N]: before it makes this call for the Nth time; what is left then.
killed_at() {
	case $to in on) to=off ;; off) to=on ;; esac
	trace_inject "$1:signal=KILL:when=${2:-1}" cowctl convert --qmp "$T/qmp" --cow $to "$image" &&
		fail "not killed at $1"
	left=$(find "$T/b" -name '.cowctl-*')
	[ -f "$left" ] || fail "nothing left by a kill at $1: $(cat "$T/err")"
}
# inode_at_path old|new: which of the two the path names now.
inode_at_path() {
	local old new
	IFS=- read -r _ old new _ <<<"${left##*/.cowctl}"
	case $1 in old) new=$old ;; esac
	expect_equal "$(printf %x "$(stat -c %i "$image")")" "$new" "inode at the path"
}
again() {
	expect_status 0 cowctl convert --qmp "$T/qmp" --cow $to --json "$image"
	expect_json '.images[0] | .result == "converted" or .result == "already"'
	case $to in
	off) is_nocow "$image" || fail "not NOCOW" ;;
	on) ! is_nocow "$image" || fail "still NOCOW" ;;
	esac
	[[ $(lsattr "$image") = *A*[[:blank:]]* ]] || fail "its flags are lost: $(lsattr "$image")"
	expect_equal "$(ls -A "$T/b")" "${image##*/}" "what is there"
	expect_equal "$(find "/proc/$qemu/fd" -lname "$T/b/*" -exec stat -L -c %i {} +)" \
		"$(stat -c %i "$image")" "what QEMU has open"
	guest_goes_on
}

killed_at renameat2 1 # the copy has a name, and nothing else has happened
inode_at_path old
again
killed_at renameat2 2 # the copy is at the path, where the mirror has opened it
inode_at_path new
again
killed_at renameat2 3 # the mirror is ready
inode_at_path old
expect_status 2 cowctl convert --cow $to "$image"
expect_err "goes on in the guest" "--live or --qmp"
again
killed_at renameat2 4 # the name says that it is, and the guest stands still
inode_at_path old
expect_status 0 cowctl convert --qmp "$T/qmp" --cow $to "$image" # and goes on
again
killed_at fsync 7 # the copy is at the path, the guest not yet on it
inode_at_path new
expect_status 0 cowctl convert --qmp "$T/qmp" --cow $to "$image"
again
killed_at fsync 7 # and then it is, but what it was on is still open: nothing closes by itself what was added
inode_at_path new
end_mirror job-complete
again
killed_at unlinkat # the guest is on the copy
inode_at_path new
expect_status 0 cowctl convert --qmp "$T/qmp" --rewrite "$image"
again
killed_at renameat2 4 # the guest is on the copy, and the names are back as they were
inode_at_path old
expect_status 1 cowctl convert --status --json "$T/b"
expect_json '.images[0].whole == true'
end_mirror job-complete
expect_status 1 cowctl convert --status --json "$T/b"
expect_json '.images[0].whole == false'
expect_status 2 cowctl convert --cow $to "$image" # the guest stands still
expect_err "goes on in the guest" "--live or --qmp"
again

killed_at renameat2 3 # somebody else has the guest change over, before the name says that it can
inode_at_path old
qmp stop # QEMU 7.2 can die of a request meanwhile
end_mirror job-complete
qmp cont
expect_status 1 cowctl convert --status --json "$T/b"
expect_json '.images[0].whole == false'
expect_status 2 cowctl convert --cow $to "$image"
again

qmp stop # by its user, for whom it stays so
killed_at fsync 7
inode_at_path new
expect_status 0 cowctl convert --qmp "$T/qmp" --cow $to "$image"
expect_equal "$(qmp query-status | jq .running)" false "whether the guest runs"
qmp cont
again

# While a guest is idle the mirror writes to the copy alone.
qmp stop
touch -d "1 hour ago" "$image"
killed_at renameat2 3
inode_at_path old
expect_status 0 cowctl convert --qmp "$T/qmp" --cow $to "$image"
qmp cont
again

# The guest ends while nobody looks, once it had begun to use the copy and once before.
killed_at unlinkat
guest_goes_on
qemu_stop
expect_status 0 cowctl convert --cow $to --json "$image"
expect_json '.images[0].result == "already"'
qemu_start -drive "file=$image,format=raw,if=ide,index=2"
killed_at renameat2 3
qemu_stop
expect_status 0 cowctl convert --cow $to --json "$image"
expect_json '.images[0] | .result == "converted" and .mode == "offline"'
expect_equal "$(ls -A "$T/b")" disk.raw "what is there"
qemu_start -drive "file=$image,format=raw,if=ide,index=2"
qmp stop # idle, for long
touch -d "1 hour ago" "$image"
killed_at fsync 5 # the name says that both are the same
qemu_stop
expect_status 0 cowctl convert --cow $to "$image"
expect_equal "$(ls -A "$T/b")" disk.raw "what is there"

# Who has it change over before that, and ends the guest, has all of its writes in the copy alone. Nor is what
# somebody has put in the place of the copy removed, while that is at the path.
expect_kept() {
	expect_status 2 cowctl convert --cow $to "$image"
	expect_err "written to after the old one" "compare the two"
	[ -e "$left" ] || fail "removed"
}
# an_hour_later FILE THAN
an_hour_later() {
	touch -d "@$(($(stat -c %Y "$1") - 3600))" "$2"
}
qemu_start -drive "file=$image,format=raw,if=ide,index=2"
killed_at renameat2 3
qmp stop
end_mirror job-complete
qmp cont
guest_goes_on
qemu_stop
inode_at_path old
an_hour_later "$left" "$image"
expect_kept
mv "$left" "$image"
qemu_start -drive "file=$image,format=raw,if=ide,index=2"
guest_goes_on
killed_at renameat2 2
qemu_stop
inode_at_path new
cp --no-preserve=all "$left" "$image"
inode_at_path new
an_hour_later "$image" "$left"
expect_kept
rm "$left"

# A mirror that ends by itself leaves a guest on its image that does not have it opened again. Nor does somebody
# who looks at the copy, which is at the path, make that the one it was on.
qemu_start -blockdev "driver=file,filename=$image,node-name=p0" -blockdev driver=raw,file=p0,node-name=d0 \
	-device ide-hd,bus=ide.1,drive=d0
qmp stop
killed_at fsync 7
inode_at_path new
end_mirror job-cancel
qmp cont
guest_goes_on
qemu_stop
exec 5<"$image"
expect_status 2 cowctl convert --cow $to "$image"
exec 5<&-
inode_at_path new
expect_err "the new file is in use" "compare the two"
expect_status 0 cowctl convert --undo "$image"
inode_at_path old
expect_equal "$(ls -A "$T/b")" disk.raw "what is there"

# What of a qcow2 image was added to QEMU by itself stays open for writing when its guest has left it.
qemu-img convert -f raw -O qcow2 "$image" "$T/b/disk.qcow2"
rm "$image"
image=$T/b/disk.qcow2
chattr +A "$image"
qemu_start -blockdev "driver=file,filename=$image,node-name=p0" -blockdev driver=qcow2,file=p0,node-name=d0 \
	-device ide-hd,bus=ide.1,drive=d0
to=on # which the next one is from
killed_at fsync 7
inode_at_path new
end_mirror job-complete
again
killed_at renameat2 3
inode_at_path old
qmp stop
end_mirror job-complete
qmp cont
again

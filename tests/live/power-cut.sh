#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The power fails while the disk of a running guest is converted. Each of the guest's writes is on disk before
# it is told so (writethrough), and it makes one after the other; so whenever that is, the image has all
# up to the last one that is in it, which is none older than the guest was told of.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-cut.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
without_sanitizers
require setfattr strace
make_guest
COW_POINTS=$((COW_POINTS / 2))

make_disk() {
	chmod 0755 . # so that what is left is believed
	make_image disk 33M
	setfattr -n user.image -v kept disk
	chown 12:34 disk
	chmod 0640 disk
	[ -e "$T/original" ] || cp disk "$T/original"
}

# What the guest was told is on disk, and how long the log was then: "BYTES WRITES" lines.
note_writes() {
	local writes=$(($(dots) * 64))
	echo "$(stat -c %s "$T/ram/log") $writes" >>"$T/told"
}
note_all_writes() {
	while read -rt 0.02 <> <(:) || [ -e "$T/noting" ]; do
		note_writes
	done
}

# with_guest CACHE COMMAND: run it while the guest writes, which goes on afterwards.
with_guest() {
	local noting
	rm -f "$T/told"
	qemu_start -drive "file=$T/ram/fs/disk,format=raw,if=ide,index=2,cache=$1"
	touch "$T/noting"
	note_all_writes &
	noting=$!
	wait_for "the guest" _has_dots $(($(dots) + 4))
	"$2"
	guest_goes_on
	rm "$T/noting"
	wait "$noting"
	qemu_stop
}

# Between the first two exchanges the copy is at the path, incomplete, for as long as QEMU takes to open it. That
# and each other step is made a second longer, or hardly any cut would come then.
convert_slowly() {
	trace_inject renameat2:delay_enter=1000000 cowctl convert --qmp "$T/qmp" --cow off --rewrite disk ||
		fail "not converted: $(cat "$T/err")"
	returned disk
	new=$(stat -c %i disk)
}
convert_live() {
	with_guest writethrough convert_slowly
}

# disk_holds WHEN: all that it has to.
disk_holds() {
	local told writes
	told=$(awk -v end="$cut_end" '$1 <= end { told = $2 } END { print told + 0 }' "$T/told")
	writes=$("$COW_BUILD/tests/guest-disk" disk "$T/original") || fail "$1 $writes"
	[ "$writes" -ge "$told" ] || fail "$1 it has $writes writes of the guest, who was told of $told"
	expect_equal "$(stat -c '%u:%g %a' disk) $(getfattr --only-values -n user.image disk)" \
		"12:34 640 kept" "owner, mode and attribute $1"
}

# What is at the path is the copy that is being opened, which the journal says is not complete.
being_opened() {
	[ -e "$1" ] && [[ $1 == *-l-disk ]] &&
		[ "$(printf %x "$(stat -c %i disk)")" = "$(cut -d- -f3 <<<"$1")" ]
}
holds_all() {
	if being_opened .cowctl-*; then
		! had_returned disk || fail "it was converted, and is not"
		echo "being opened"
	else
		disk_holds "at the cut,"
		if [ "$(stat -c %i disk)" = "$new" ]; then
			echo new
		else
			! had_returned disk || fail "it was converted, and is not"
			echo old
		fi
	fi
	expect_status 0 cowctl convert --cow off --rewrite disk
	disk_holds "after the next run,"
	expect_equal "$(ls -A -I lost+found)" disk "what is there in the end"
}

# The control: a guest that is told too early.
lie() {
	guest_goes_on
	returned disk
	new=0
}
tell_lies() {
	with_guest unsafe lie
}
disk_holds_at_the_cut() {
	disk_holds "at the cut,"
}

for kind in xfs ext4 btrfs; do
	cut_disk "$kind" make_disk
	cut_record convert_live
	cut_everywhere holds_all
	for found in old new; do
		grep -qx "$found" "$T/ram/found" || fail "$found image never found"
	done
	if [ "$kind" = xfs ]; then
		cut_record tell_lies
		cut_caught disk_holds_at_the_cut
	fi
	rm "$T/ram/fs.img"
done

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The disk of a QEMU without libvirt is converted over its monitor, and back, however the disk was added;
# the guest loses no write, and QEMU goes on under the name it knew.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require python3
make_guest
make_fs btrfs b
chmod 0755 "$T/b"
cd "$T/b"
make_image disk.raw 40M
chown 12:34 disk.raw
chmod 0640 disk.raw
setfattr -n user.note -v kept disk.raw

there_and_back() {
	local to
	expect_status 2 cowctl convert disk.raw
	expect_err "in use" "--live"
	for to in off on; do
		expect_status 0 cowctl convert --qmp "$T/qmp" --cow $to --json disk.raw
		expect_json '.images[0] | .result == "converted" and .mode == "live"'
		guest_goes_on
	done
	expect_equal "$(stat -c '%u:%g %a' disk.raw)" "12:34 640"
	expect_equal "$(getfattr --only-values -n user.note disk.raw)" kept
	expect_equal "$(ls -A)" disk.raw "what is there"
	expect_equal "$(find "/proc/$qemu/fd" -lname "$T/b/*" -exec stat -L -c %i {} +)" \
		"$(stat -c %i disk.raw)" "what QEMU has open"
	qemu_stop
}
qemu_start -drive file=disk.raw,format=raw,if=ide,index=2
there_and_back
qemu_start -blockdev "driver=file,filename=$T/b/disk.raw,node-name=p0,cache.direct=on" \
	-blockdev driver=raw,file=p0,node-name=d0,cache.direct=on -device ide-hd,bus=ide.1,drive=d0
there_and_back

# One that has grown under its guest can't be mirrored.
qemu_start -drive file=disk.raw,format=raw,if=ide,index=2
truncate -s +1M disk.raw
expect_status 2 cowctl convert --qmp "$T/qmp" --cow off --dry-run disk.raw
expect_err "has 42991616 bytes, and the guest's disk has 41943040"
qemu_stop
truncate -s 40M disk.raw

# A mirror of what lies below another node can't be had: said before any name is exchanged.
qemu_start -object throttle-group,id=slow,x-iops-total=100000 \
	-blockdev "driver=file,filename=$T/b/disk.raw,node-name=p0" -blockdev driver=raw,file=p0,node-name=d0 \
	-blockdev driver=throttle,throttle-group=slow,file=d0,node-name=t0 -device ide-hd,bus=ide.1,drive=t0
inode=$(stat -c %i disk.raw)
expect_status 2 cowctl convert --qmp "$T/qmp" --cow off disk.raw
expect_err "lies below another node"
expect_equal "$(stat -c %i disk.raw) $(ls -A)" "$inode disk.raw" "what is there"
qemu_stop

# refused WHY OPTION...: the disk of a QEMU that is started so, in a dry run as well.
refused() {
	local why=$1 option
	shift
	qemu_start "$@"
	for option in '' --dry-run; do
		expect_status 2 cowctl convert --qmp "$T/qmp" --cow off ${option:+"$option"} disk.raw
		expect_err "$why" "shut the guest down"
	done
	expect_equal "$(stat -c %i disk.raw) $(ls -A)" "$inode disk.raw" "what is there"
	qemu_stop
}
# Who else may write to it would go on writing to the old file.
refused "lets others write to" \
	-drive file=disk.raw,format=raw,if=none,id=d -device ide-hd,bus=ide.1,drive=d,share-rw=on
# Nor is to be seen which of two files it is on, where it locks none.
refused "does not lock" -drive file=disk.raw,format=raw,if=ide,index=2,file.locking=off

# what nobody has open is converted as ever; another QEMU's image is not
qemu_start -drive file=disk.raw,format=raw,if=ide,index=2
make_image other.raw 1M
expect_status 0 cowctl convert --qmp "$T/qmp" --json other.raw
expect_json '.images[0] | .result == "converted" and .mode == "offline"'
expect_status 3 cowctl convert --qmp "$T/qmp" --connect qemu:///session other.raw
expect_status 2 cowctl convert --qmp "$T/none" disk.raw
expect_err "open the QMP monitor" "No such file or directory"

# Its monitor serves one at a time, and some wait already.
python3 - "$T/qmp" "$T/queued" <<-'END' &
	import signal, socket, sys
	clients = []
	try:
	    while True:
	        clients.append(socket.socket(socket.AF_UNIX))
	        clients[-1].setblocking(len(clients) == 1)
	        clients[-1].connect(sys.argv[1])
	        if len(clients) == 1:
	            clients[0].recv(1)
	except BlockingIOError:
	    open(sys.argv[2], "w").close()
	    signal.pause()
END
clients=$!
wait_for "a queue" [ -e "$T/queued" ]
expect_status 2 timeout --kill-after=5 30 "$COWCTL" convert --qmp "$T/qmp" disk.raw
expect_err "has it another client?"
kill "$clients"
wait "$clients" || true

exec 5<other.raw
expect_status 2 cowctl convert --qmp "$T/qmp" --cow on other.raw
expect_err "in use" "no running guest has it as its disk"
exec 5<&-

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A live conversion that is stopped, runs out of space or loses its guest leaves the image as it was, the
# guest on it, and nothing else.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../trace.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require strace python3
make_guest
FS_SIZE=512M make_fs btrfs b
chmod 0755 "$T/b"
image=$T/b/disk.raw
touch "$image"
chattr +C "$image" # so that the guest itself needs no space
make_image "$image" 40M
is_nocow "$image" || fail "the image is not NOCOW"
inode=$(stat -c %i "$image")
qemu_start -drive "file=$image,format=raw,if=ide,index=2"

as_it_was() {
	expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
	expect_equal "$(ls -A "$T/b")" disk.raw "what is there"
}

# The guest stands still while its mirror is ended, for QEMU 7.2 can die of a request then.
for signal in INT TERM; do
	status=0
	traced -o "$T/sent" --string-limit=80 --trace=renameat2,sendto --inject=renameat2:signal=$signal:when=2 \
		-- "$COWCTL" convert --qmp "$T/qmp" --cow on "$image" 2>"$T/err" || status=$?
	expect_equal "$status" 2 "status after SIG$signal"
	sent=$(sed -nE 's/.*execute[^a-z]+([a-z_-]+).*/\1/p' "$T/sent" | xargs)
	[[ $sent = *" stop "*"block-job-cancel "*" cont" ]] || fail "sent to QEMU: $sent"
	as_it_was
	guest_goes_on
done

# gives_up CALL:N COMMANDS: by what these do meanwhile.
gives_up() {
	held "$1" "$2" --qmp "$T/qmp" --cow on
	expect_equal "$status" 2 "status: $(cat "$T/err")"
}
# All but 20 MiB is taken, and for names there is room: their part of the filesystem is grown first.
fill() {
	local available
	mkdir "$T/b/small"
	make_image "$T/b/small/all" 12M
	split -a 4 -b 2000 "$T/b/small/all" "$T/b/small/x"
	sync -f "$T/b"
	rm -r "$T/b/small"
	sync -f "$T/b"
	available=$(($(stat -f -c "%a * %S" "$T/b")))
	fallocate -l $((available - (20 << 20))) "$T/b/full"
}

# with_somebody_between N COMMAND...: the guest is not let go on the first N times, and the image's owner is
# another one by then, as libvirt would make it; -1: who is between is gone by then. The monitor is $T/between.
with_somebody_between() {
	local refused=$1 between
	shift
	python3 - "$T/qmp" "$T/between" "$refused" "$image" <<-'END' &
		import os, socket, sys, threading
		server = socket.socket(socket.AF_UNIX)
		server.bind(sys.argv[2])
		server.listen()
		client = server.accept()[0]
		qemu = socket.socket(socket.AF_UNIX)
		qemu.connect(sys.argv[1])
		def answer():
		    for line in qemu.makefile("rb"):
		        client.sendall(line)
		threading.Thread(target=answer, daemon=True).start()
		left = int(sys.argv[3])
		for line in client.makefile("rb"):
		    if b'"cont"' in line and left < 0:
		        break
		    if b'"cont"' in line and left:
		        if left == int(sys.argv[3]):
		            os.chown(sys.argv[4], 1, 1)
		        left -= 1
		        line = line.replace(b'"cont"', b'"none"')
		    qemu.sendall(line)
	END
	between=$!
	wait_for "the monitor between" [ -S "$T/between" ]
	"$@"
	wait "$between"
	rm "$T/between"
	inode=$(stat -c %i "$image")
	expect_equal "$(stat -c %u:%g "$image")" 0:0 "its owner"
}
with_somebody_between 1 expect_status 0 cowctl convert --qmp "$T/between" --rewrite "$image"
as_it_was
guest_goes_on
# A guest that can't be let go on is by the next run.
for refused in 9 -1; do
	with_somebody_between "$refused" expect_status 2 cowctl convert --qmp "$T/between" --rewrite "$image"
	[ "$refused" = -1 ] || expect_err "refuses cont"
	expect_err "the guest may stand still until"
	expect_status 1 cowctl convert --status --json "$T/b"
	expect_json '.images[0] | .result == "interrupted" and (.remedy | test("lets its guest go on"))'
	expect_status 0 cowctl convert --qmp "$T/qmp" "$image"
	as_it_was
	guest_goes_on
done

# The mirror ends when it is ready already: before the names are exchanged once more.
gives_up renameat2:3 'qmp stop; end_mirror job-cancel; qmp cont'
expect_err "ended early"
as_it_was
guest_goes_on

# Somebody mounts the image elsewhere, or gives it another name, which would go on showing the old one.
touch "$T/point"
gives_up renameat2:3 'mount --bind "$image" "$T/point"'
umount "$T/point"
expect_err "bind-mounted on '$T/point'"
as_it_was
guest_goes_on
gives_up renameat2:3 'ln "$image" "$T/b/other"'
rm "$T/b/other"
expect_err "changed meanwhile"
as_it_was
guest_goes_on

gives_up renameat2:2 qemu_stop
as_it_was

# A raw image's space is there before the mirror begins. A qcow2 image grows, until there is none.
qcow2=$T/b/disk.qcow2
touch "$qcow2"
chattr +C "$qcow2"
qemu-img create -q -f qcow2 "$qcow2" 40M
qemu-img convert -n -f raw -O qcow2 "$image" "$qcow2"
rm "$image"
image=$qcow2
inode=$(stat -c %i "$image")
qemu_start -drive "file=$image,format=qcow2,if=ide,index=2,node-name=disk"
gives_up linkat:1 fill
rm -f "$T/b/full"
expect_err "ended early"
expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
expect_equal "$(ls -A "$T/b")" disk.qcow2 "what is there"
guest_goes_on

# A snapshot that is made meanwhile would be lost with the old image.
make_snapshot() {
	qmp snapshot-save '{"job-id": "save", "tag": "one", "vmstate": "disk", "devices": ["disk"]}'
	wait_for "the snapshot" eval '[ "$(qmp query-jobs | jq -r ".[] | select(.id == \"save\").status")" = concluded ]'
}
gives_up renameat2:3 make_snapshot
expect_err "has internal snapshots"
expect_equal "$(stat -c %i "$image")" "$inode" "inode at the path"
expect_equal "$(ls -A "$T/b")" disk.qcow2 "what is there"
expect_equal "$(qemu-img info -U --output=json "$image" | jq -r '.snapshots[].name')" one "its snapshots"
guest_goes_on

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A user converts the disk of a QEMU of their own, with neither a runtime directory nor a cache yet.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-live.sh"
need_root
require python3 setpriv
make_guest_image
mkdir "$T/home"
: >"$T/serial"
chown 65534:65534 "$T" "$T/home" "$T/serial" "$T/guest.img" "$T/b" "$image"
unset XDG_RUNTIME_DIR

# As qemu_start runs it: in a process of its own.
env() {
	exec setpriv --reuid=65534 --regid=65534 --clear-groups -- env "$@"
}
qemu_start -drive "file=$image,format=raw,if=ide,index=2"
unset -f env
for to in off on; do
	expect_status 0 as_nobody env HOME="$T/home" bash -c '"$COWCTL" "$@"' cowctl \
		convert --qmp "$T/qmp" --cow $to --json "$image"
	expect_json '.images[0] | .result == "converted" and .mode == "live"'
	guest_goes_on
done
expect_equal "$(stat -c %u:%a "$T/home/.cache/cowctl-guests.lock")" 65534:600 "who can lock guests"
qemu_stop

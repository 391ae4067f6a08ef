#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A volume being made, killed at every call that changes something: it is not there, or it is whole and
# right. A subdirectory being made leaves at most one that no list shows.
. "$(dirname "$0")/../lib.sh"
need_root
without_sanitizers
. "$(dirname "$0")/../lib-volume.sh"
. "$(dirname "$0")/../trace.sh"
require strace
make_fs btrfs b
make_pool vms "$T/b/vms" off
cd "$T/b/vms"
chattr -C . # so that there is something to do

# killed_everywhere ARGUMENT...: make volume "new" with these
killed_everywhere() {
	local call count n status
	trace_calls "$T/calls" cowctl vol create-as --session vms new "$@"
	rm -rf ./new
	while read -r call count; do
		for n in $(few "$count"); do
			status=0
			trace_inject "$call:signal=KILL:when=$n" cowctl vol create-as --session vms new "$@" ||
				status=$?
			expect_equal "$status" 137 "status at $call $n"
			expect_status 0 vol list vms --json
			expect_json '.volumes | length == 0 or
				(length == 1 and .[0].name == "new" and .[0].compliance == "ok" and .[0].nocow)'
			kills=$((kills + 1))
			rm -rf ./new
		done
	done <"$T/calls"
}

kills=0
killed_everywhere 1M
expect_equal "$(ls -A)" "" "what is left"
killed_everywhere --format dir
[ "$kills" -ge 15 ] || fail "only $kills kills"
expect_status 0 vol create-as vms new --format dir

# a program it was waiting for goes with it, and so nobody has open what it read any more
cd "$T"
chattr +C "$T/b/vms"
make_image "$T/b/vms/from" 1M
mkdir "$T/bin"
cat >"$T/bin/qemu-img" <<-END
	#!/bin/sh
	exec 8<"$T/b/vms/from"
	echo \$\$ >"$T/begun"
	exec sleep 600
END
chmod +x "$T/bin/qemu-img"
mkfifo "$T/begun"
echo "<volume><name>copy</name></volume>" >"$T/vol.xml"
PATH=$T/bin:$PATH "$COWCTL" vol create-from --session vms "$T/vol.xml" --inputpool vms from &
read -r program <"$T/begun"
kill -KILL $!
wait $! || :
timeout 60 sh -c "while [ -e /proc/$program/fd/8 ]; do :; done" || fail "it outlives what started it"
expect_status 0 vol resize --pool vms from 2M

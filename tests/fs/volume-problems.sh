#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file that can't be read is a volume with a problem: it is listed and counted, with its reason, and
# keeps neither the list nor the pool from working. It is looked at again each time.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
make_fs ext4 e
make_pool vms "$T/e/vms"
cd "$T/e/vms"

# counts TEXT: volumes, drifted, problems of the pool just shown
counts() {
	expect_equal "$(json "$T/out" '.pools[0].summary | "\(.volumes) \(.drifted) \(.problems)"')" "$1"
}

# a disk that fails: what lies in its last part is gone
truncate -s 300M filler && fallocate -l 300M filler
for name in a b c d; do
	make_image $name 8M
done
sync -f .
first=$(for name in a b c d; do
	filefrag -b4096 -v $name | awk -v name=$name '$1 == "0:" { print $4 + 0, name }'
done | sort -n | tail -n 1)
bad=${first#* }
good=$(printf '%s\n' a b c d | grep -vx "$bad" | xargs)
rm filler
printf 'QFI\xfb\0\0\0\3' >damaged
ln -s nowhere dangling
: >$'\xff'
mkfifo fifo
settle .
cd "$T"
umount e
mount -o noload "$T/e.img" "$T/e"
truncate -s $((${first% *} * 4096)) "$T/e.img"
losetup -c "$(loop_of "$T/e.img")"
cd "$T/e/vms"
cat "$bad" >"$T/quiet" 2>&1 && fail "the disk doesn't fail"

for attempt in 1 2; do
	expect_status 2 vol list vms --json
	expect_equal "$(volume "$bad" .problem)" "read its header: Input/output error" "attempt $attempt"
	expect_equal "$(volume damaged .problem)" "its header is damaged"
	expect_equal "$(volume dangling .problem)" "open it: No such file or directory"
	expect_equal "$(json "$T/out" '[.volumes[] | select(.problem == null and .name_bytes == null).name] | join(" ")')" \
		"$good"
	expect_err "volume '$T/e/vms/$bad': read its header: Input/output error"
	expect_status 0 cowctl pool info vms --session --json
	counts "7 0 3"
	expect_json '.pools[0] | .state == "active" and .summary.not_applicable == 5 and .summary.unknown == 2'
done
expect_status 2 cowctl pool refresh vms --session --json
counts "7 0 3"
expect_json '.pools[0].state == "active"'
expect_err "3 volumes of pool 'vms' have a problem (cowctl vol list)"
expect_status 2 vol info --pool vms "$bad" --json
expect_equal "$(volume "$bad" .problem)" "read its header: Input/output error"
expect_status 0 cowctl pool info vms --session
expect_out "Volumes:     7" "Problems:    3"

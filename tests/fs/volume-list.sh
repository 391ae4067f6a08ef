#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is in a pool is listed with format, sizes and backing file out of the headers, and with how it
# stands against the policy.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require qemu-img
make_fs btrfs b
make_pool vms "$T/b/vms" off
cd "$T/b/vms"

expect_status 0 vol list vms --json
expect_json '.volumes == []'

make_image right 1M
make_image "$T/b/wrong" 1M
mv "$T/b/wrong" wrong # a rename keeps the flag, and here it has none
qemu-img create -q -f qcow2 base.qcow2 1G
qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 overlay.qcow2
truncate -s 10G sparse
: >empty
mkdir sub "$T/b/plain"
mv "$T/b/plain" plain
mkfifo fifo
: >.cowctl-leftover
sync .

expect_status 0 vol list vms --json
expect_equal "$(json "$T/out" '[.volumes[].name] | join(" ")')" \
	"base.qcow2 empty overlay.qcow2 plain right sparse sub wrong"
expect_json 'all(.volumes[]; .problem == null and .path == $directory + "/" + .name)' \
	--arg directory "$T/b/vms"
expect_equal "$(volume base.qcow2 '"\(.format) \(.capacity) \(.type)"')" "qcow2 1073741824 file"
expect_equal "$(volume overlay.qcow2 .backing)" "$T/b/vms/base.qcow2"
expect_equal "$(volume sparse '"\(.format) \(.capacity) \(.allocation)"')" "raw 10737418240 0"
expect_equal "$(volume right .allocation)" $((1 << 20))
expect_equal "$(volume empty .capacity)" 0
expect_equal "$(volume sub '"\(.format) \(.type) \(.nocow) \(.capacity)"')" "dir dir true null"

# held against the policy of the pool, subdirectories too
expect_equal "$(volume right '"\(.nocow) \(.overwrite) \(.compliance)"')" "true in-place ok"
expect_equal "$(volume wrong '"\(.nocow) \(.overwrite) \(.compliance)"')" "false copied drifted"
expect_equal "$(volume sub .compliance)" ok
expect_equal "$(volume plain .compliance)" drifted

# the same of one volume, by name and by path
expect_status 0 vol info --pool vms wrong --json
expect_json '.pool == "vms" and .volumes[0].compliance == "drifted"'
expect_status 0 vol info ./wrong
expect_out "drifted" "NOCOW is not set"
expect_status 0 vol info --pool vms "$T/b/vms/wrong" --json
expect_json '.volumes[0] | .name == "wrong" and .physical > 0'
for verb in path key; do
	expect_status 0 vol $verb --pool vms wrong
	expect_equal "$(cat "$T/out")" "$T/b/vms/wrong"
done
expect_status 0 vol name ./wrong
expect_equal "$(cat "$T/out")" wrong
expect_status 0 vol pool ./wrong
expect_equal "$(cat "$T/out")" vms
expect_status 2 vol info --pool vms missing
expect_err "no volume 'missing' in pool 'vms'"
expect_status 2 vol info --pool vms ../vms/wrong
expect_status 2 vol info sub/wrong
expect_err "no pool has the volume"

# a scattered image takes no longer in a list, which says so; one alone is looked at as a whole
fragment right 3000

# without sysfs auto can't decide whether NOCOW is right: that is no success, and nothing is changed
make_pool auto "$T/b/auto" auto
make_image "$T/b/auto/image" 1M
mount -t tmpfs none /sys
expect_status 2 vol list auto --json
expect_equal "$(volume image .compliance)" unknown
expect_status 2 vol info --pool auto image
expect_status 2 cowctl pool refresh auto --session
expect_err "it is unknown how they stand"
is_nocow "$T/b/auto"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A volume with the content of another: across formats and pools, right by the policy of its own, as big as asked for
# or as the other; and what fails, or is stopped, leaves nothing.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
. "$(dirname "$0")/../trace.sh"
require qemu-img strace
make_fs btrfs b
make_fs ext4 e
make_pool from "$T/e/from"
make_pool to "$T/b/to" off
make_image "$T/e/from/raw" 8M
truncate -s 16M "$T/e/from/raw" # the second half is a hole
qemu-img convert -f raw -O qcow2 "$T/e/from/raw" "$T/e/from/qcow2"
qemu-img create -q -f qcow2 -b qcow2 -F qcow2 "$T/e/from/overlay"
chmod 0600 "$T/e/from/"*

# xml NAME FORMAT [CAPACITY]
xml() {
	cat >"$T/vol.xml" <<-END
		<volume><name>$1</name><capacity>${3:-0}</capacity><allocation>0</allocation>
		<target><format type='$2'/><permissions><mode>0640</mode></permissions></target></volume>
	END
}
for source in raw qcow2 overlay; do
	for format in raw qcow2 vmdk vdi vpc qed; do
		xml "$source-$format" $format
		expect_status 0 vol create-from to "$T/vol.xml" --inputpool from $source --json
		expect_json '.volumes[0] | .format == $format and .capacity == 16777216 and .compliance == "ok" and
			.backing == null' --arg format $format
		qemu-img compare -q -f raw -F $format "$T/e/from/raw" "$T/b/to/$source-$format" ||
			fail "$source to $format: another content"
		is_nocow "$T/b/to/$source-$format" || fail "$source to $format: CoW"
	done
done
expect_equal "$(stat -c %a "$T/b/to/raw-qcow2")" 640
[ "$(stat -c %b "$T/b/to/qcow2-raw")" -le $((9 << 11)) ] || fail "the hole is filled"

# bigger when asked for, never smaller; by its path; bytes a guest wrote are no header when it is said to be raw
xml bigger qcow2 33554432
expect_status 0 vol create-from to "$T/vol.xml" "$T/e/from/raw" --json
expect_json '.volumes[0].capacity == 33554432'
xml smaller raw 4096
expect_status 0 vol create-from to "$T/vol.xml" --inputpool from raw --json
expect_json '.volumes[0].capacity == 16777216'
xml bytes raw
expect_status 0 vol create-from to "$T/vol.xml" --inputpool from qcow2 --input-format raw
cmp -n "$(stat -c %s "$T/e/from/qcow2")" "$T/e/from/qcow2" "$T/b/to/bytes"

# refused, failed, planned, stopped
cd "$T/b/to"
before=$(echo * .*)
xml raw-raw raw
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from raw --json
expect_json '.error.code == "exists"'
xml new qcow2
expect_status 0 vol create-from to "$T/vol.xml" --inputpool from raw --dry-run
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from raw --input-format qcow2
expect_err 'is no qcow2 image'
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from none
exec 5<>"$T/e/from/raw"
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from raw --json
expect_json '.error.code == "busy"'
exec 5<&-
sed 's|</volume>|<backingStore><path>raw</path><format type="raw"/></backingStore></volume>|' "$T/vol.xml" >"$T/backed.xml"
expect_status 3 vol create-from to "$T/backed.xml" --inputpool from raw
status=0
trace_inject poll:signal=INT:when=1 cowctl vol create-from --session to "$T/vol.xml" --inputpool from raw || status=$?
expect_equal "$status" 2
expect_err 'stopped'
expect_equal "$(echo * .*)" "$before" "what is there"

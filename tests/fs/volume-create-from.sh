#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A volume with the content of another: across formats and pools, right by the policy of its own, as big as asked for
# or as the other; and what fails, or is stopped, leaves nothing.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
. "$(dirname "$0")/../trace.sh"
require qemu-img qemu-io strace
make_fs btrfs b
make_fs ext4 e
make_pool from "$T/e/from"
make_pool to "$T/b/to" off
make_image "$T/e/from/raw" 8M
truncate -s 16M "$T/e/from/raw" # the second half is a hole
qemu-img convert -f raw -O qcow2 "$T/e/from/raw" "$T/e/from/qcow2"
qemu-img create -q -f qcow2 -b qcow2 -F qcow2 "$T/e/from/overlay"
qemu-img create -q -f qcow2 -b qcow2 -F qcow2 "$T/e/from/changed"
qemu-io -f qcow2 -c 'write -P 1 1M 64k' -c 'write -z 2M 64k' "$T/e/from/changed" >"$T/info"
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
		expect_status 0 vol create-from to "$T/vol.xml" --inputpool from $source --json \
			--input-format "${source/overlay/qcow2}"
		expect_json '.volumes[0] | .format == $format and .capacity == 16777216 and .compliance == "ok" and
			.backing == null' --arg format $format
		qemu-img compare -q -f raw -F $format "$T/e/from/raw" "$T/b/to/$source-$format" ||
			fail "$source to $format: another content"
		is_nocow "$T/b/to/$source-$format" || fail "$source to $format: CoW"
	done
done
expect_equal "$(stat -c %a "$T/b/to/raw-qcow2")" 640
[ "$(stat -c %b "$T/b/to/qcow2-raw")" -le $((9 << 11)) ] || fail "the hole is filled"

# of a backing file that is a disk, with an image on it
truncate -s 16M "$T/disk.img"
disk=$(losetup --find --show "$T/disk.img")
at_end 'losetup --detach "$disk"'
qemu-img create -q -f qcow2 "$disk" 1M
qemu-io -f qcow2 -c 'write -P 1 0 64k' "$disk" >"$T/info"
qemu-img create -q -f qcow2 -b "$disk" -F qcow2 "$T/e/from/on-disk"
xml from-disk raw
expect_status 0 vol create-from to "$T/vol.xml" --inputpool from on-disk --input-format qcow2
qemu-img compare -q -f qcow2 -F raw "$disk" "$T/b/to/from-disk"

# of no capacity at all
for source in raw qcow2; do
	expect_status 0 vol create-as from "empty-$source" 0 --format $source
	echo "<volume><name>empty-$source</name><target><format type='qcow2'/></target></volume>" >"$T/vol.xml"
	expect_status 0 vol create-from to "$T/vol.xml" --inputpool from "empty-$source" --json
	expect_json '.volumes[0].capacity == 0'
done

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

# as sparse as the other one unless something else is said: its second half is a hole
echo "<volume><name>sparse</name></volume>" >"$T/vol.xml"
expect_status 0 vol create-from to "$T/vol.xml" --inputpool from raw
sed -i 's|sparse|whole|; s|</volume>|<allocation>16777216</allocation>&|' "$T/vol.xml"
expect_status 0 vol create-from to "$T/vol.xml" --inputpool from raw
[ "$(stat -c %b "$T/b/to/sparse")" -le $((9 << 11)) ] || fail "the hole is filled"
[ "$(stat -c %b "$T/b/to/whole")" -ge $((16 << 11)) ] || fail "it is not allocated as was asked"

# backed NAME FORMAT BACKING BACKING-FORMAT
backed() {
	xml "$1" "$2"
	sed -i "s|</volume>|<backingStore><path>$3</path><format type='$4'/></backingStore></volume>|" "$T/vol.xml"
}
# onto a backing file: what the other one has itself, or all of it; as it is named from where it will be
ln "$T/e/from/qcow2" "$T/e/from/same"
for backing in "$T/e/from/qcow2" "$T/e/from/same" ../../e/from/qcow2; do
	for source in changed raw; do
		backed onto qcow2 "$backing" qcow2
		expect_status 0 vol create-from to "$T/vol.xml" --inputpool from $source --json
		expect_json '.volumes[0] | .format == "qcow2" and .capacity == 16777216'
		qemu-img info --output=json "$T/b/to/onto" >"$T/info"
		expect_equal "$(json "$T/info" '."backing-filename" + " " + ."backing-filename-format"')" "$backing qcow2"
		qemu-img compare -q -f "${source/changed/qcow2}" -F qcow2 "$T/e/from/$source" "$T/b/to/onto" ||
			fail "$source onto $backing: another content"
		[ $source = raw ] || [ "$(stat -c %b "$T/b/to/onto")" -le 2048 ] || fail "what is in the backing file is copied"
		rm "$T/b/to/onto"
	done
done

# bigger than the other one, with zeros at the end; those of a longer backing file are none
backed longer qcow2 "$T/e/from/qcow2" qcow2
sed -i 's|<capacity>0<|<capacity>20971520<|' "$T/vol.xml"
expect_status 0 vol create-from to "$T/vol.xml" --inputpool from changed
qemu-io -r -f qcow2 -c 'read -P 0 16M 4M' "$T/b/to/longer" >"$T/info"
! grep -q 'verification failed' "$T/info" || fail "the end is not zeros"
truncate -s 8M "$T/e/from/short"
backed too-long qcow2 "$T/e/from/qcow2" qcow2
sed -i 's|<capacity>0<|<capacity>16777216<|' "$T/vol.xml"
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from short --dry-run
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from short
expect_err "would be that of its backing file" "resize it afterwards"
sed -i 's|<capacity>16777216<|<capacity>0<|' "$T/vol.xml"
expect_status 0 vol create-from to "$T/vol.xml" --inputpool from short
expect_status 0 vol resize --pool to too-long 16M
qemu-io -r -f qcow2 -c 'read -P 0 0 16M' "$T/b/to/too-long" >"$T/info"
! grep -q 'verification failed' "$T/info" || fail "the end shows the backing file"

# what has its name by the time it is read has no say
mkdir "$T/bin"
cat >"$T/bin/qemu-img" <<-END
	#!/bin/sh
	ln -sfn ../../secret "$T/e/from/swapped"
	exec $(command -v qemu-img) "\$@"
END
chmod +x "$T/bin/qemu-img"
make_image "$T/secret" 1M
for source in raw changed; do
	format=${source/changed/qcow2}
	cp --remove-destination "$T/e/from/$source" "$T/e/from/swapped"
	xml "swapped-$source" raw
	PATH=$T/bin:$PATH expect_status 0 vol create-from to "$T/vol.xml" --inputpool from swapped --input-format "$format"
	[ -L "$T/e/from/swapped" ] || fail "it was not swapped"
	qemu-img compare -q -f "$format" -F raw "$T/e/from/$source" "$T/b/to/swapped-$source" ||
		fail "what came in between was copied"
done

# refused, failed, planned, stopped
cd "$T/b/to"
before=$(echo * .*)
xml raw-raw raw
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from raw --json
expect_json '.error.code == "exists"'
xml new qcow2
expect_status 0 vol create-from to "$T/vol.xml" --inputpool from raw --dry-run
qemu-img create -q -f qcow2 "$T/e/from/head" 1M
qemu-img create -q -f qcow2 -b head -F qcow2 "$T/e/from/tail"
qemu-img rebase -u -b tail -F qcow2 "$T/e/from/head"
expect_status 2 timeout --signal=KILL 20 "$COWCTL" vol create-from --session to "$T/vol.xml" --inputpool from head \
	--input-format qcow2
expect_err "volume 'head' has a backing file" "a loop"
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from raw --input-format qcow2
expect_err 'is no qcow2 image'
qemu-img create -q -f vhdx "$T/e/from/vhdx" 8M
expect_status 1 vol create-from to "$T/vol.xml" --inputpool from vhdx
expect_err "how big volume 'vhdx' is" "qemu-img convert"
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from none
exec 5<>"$T/e/from/raw"
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from raw --json
expect_json '.error.code == "busy"'
exec 5<&-
backed new qcow2 "$T/e/from/raw" raw
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from changed
expect_err "has another backing file"
backed new qcow2 none qcow2
expect_status 2 vol create-from to "$T/vol.xml" --inputpool from raw --json
expect_json '.error.code == "not-found"'
backed new raw "$T/e/from/qcow2" qcow2
expect_status 3 vol create-from to "$T/vol.xml" --inputpool from raw
xml new qcow2
expect_status 3 vol create-from to "$T/vol.xml" --inputpool from raw --input-secret-file "$T/vol.xml"
expect_err "is not encrypted"
status=0
trace_inject poll:signal=INT:when=1 cowctl vol create-from --session to "$T/vol.xml" --inputpool from raw || status=$?
expect_equal "$status" 2
expect_err 'stopped'
expect_equal "$(echo * .*)" "$before" "what is there"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A new volume is right by the policy of its pool, in every format, out of options and out of XML; it
# is what was asked for, belongs to whom the pool belongs, and what fails leaves nothing.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require qemu-img
umask 0077
make_fs btrfs b
make_fs ext4 e
make_pool off "$T/b/off" off
make_pool on "$T/b/on" on
make_pool ext "$T/e/ext" off
chattr -C "$T/b/off" # drifted: the volumes are right all the same

# every format, in each kind of pool
for pool in off on ext; do
	for format in raw qcow2 qcow qed vmdk vdi vpc; do
		expect_status 0 vol create-as "$pool" "$format" 1000000000 --format "$format" --allocation 0 --json
		expect_json '.volumes[0] | .format == $format and .capacity == 1000000000 and
			.compliance == $compliance' --arg format "$format" \
			--arg compliance "$([ $pool = ext ] && echo not-applicable || echo ok)"
	done
done
is_nocow "$T/b/off/qcow2"
is_nocow "$T/b/off/raw"
! is_nocow "$T/b/on/raw" || fail "NOCOW in a pool that keeps CoW"
expect_equal "$(stat -c %a "$T/b/off/raw" "$T/b/off/qcow2" | sort -u)" 600
qemu-img info --output=json "$T/e/ext/vmdk" >"$T/info"
expect_equal "$(json "$T/info" '."virtual-size"')" 1000000000

# as in libvirt a disc is a raw image, until something is written there
expect_status 0 vol create-as off disc.iso 1M --format iso --json
expect_json '.volumes[0] | .format == "raw" and .capacity == 1048576'

# allocated as asked: all, some, none
expect_status 0 vol create-as ext all 4M
expect_status 0 vol create-as ext some 4M --allocation 1M
expect_status 0 vol create-as ext none 4M --allocation 0
expect_status 0 vol create-as ext full 4M --preallocation full
expect_equal "$(cd "$T/e/ext" && stat -c '%b %s' all some none full | xargs)" \
	"8192 4194304 2048 4194304 0 4194304 8192 4194304"

# on top of another volume, by its name
expect_status 0 vol create-as off overlay --format qcow2 --backing-vol qcow2 --backing-vol-format qcow2 --json
expect_json '.volumes[0] | .backing == $base and .capacity == 1000000000' --arg base "$T/b/off/qcow2"
expect_status 3 vol create-as off x --format qcow2 --backing-vol qcow2
expect_status 2 vol create-as off x --format qcow2 --backing-vol missing --backing-vol-format qcow2

# a subdirectory is a policy point of its own
expect_status 0 vol create-as off sub --format dir --json
expect_json '.volumes[0] | .type == "dir" and .compliance == "ok"'
is_nocow "$T/b/off/sub"

# a volume's own wish, where it means something and where it doesn't
expect_status 0 vol create-as on wish 1M --nocow --json
expect_json '.create.policy == "off" and .volumes[0].nocow'
expect_status 0 vol create-as ext wish 1M --nocow

# XML: units, permissions, features; what it says comes back
cat >"$T/volume.xml" <<END
<volume>
  <name>from-xml</name>
  <capacity unit='MiB'>3</capacity>
  <unknown><thing/></unknown>
  <target>
    <format type='qcow2'/>
    <compat>0.10</compat>
    <nocow/>
    <clusterSize unit='KiB'>4</clusterSize>
    <permissions><mode>0640</mode><owner>65534</owner><group>65533</group></permissions>
  </target>
</volume>
END
expect_status 0 vol create on "$T/volume.xml"
expect_equal "$(stat -c '%a %u %g' "$T/b/on/from-xml")" "640 65534 65533"
qemu-img info --output=json "$T/b/on/from-xml" >"$T/info"
expect_equal "$(json "$T/info" '"\(."virtual-size") \(."cluster-size") \(."format-specific".data.compat)"')" \
	"3145728 4096 0.10"
expect_status 0 vol dumpxml --pool on from-xml
expect_out "<nocow/>" "<compat>0.10</compat>" '<clusterSize unit="bytes">4096</clusterSize>'
sed "s|<mode>0640<|<mode>0<|; s|from-xml|shut|" "$T/volume.xml" >"$T/shut.xml"
expect_status 0 vol create on "$T/shut.xml"
sed "s|from-xml|shut-dir|; s|type='qcow2'|type='dir'|; s|<mode>0640<|<mode>0<|; /compat\|nocow\|cluster/d" "$T/volume.xml" >"$T/shut.xml"
expect_status 0 vol create on "$T/shut.xml"
expect_equal "$(stat -c '%a' "$T/b/on/shut" "$T/b/on/shut-dir" | xargs)" "0 0"

# no bytes at all are what is asked for where XML says so, and not where it says nothing
for format in raw qcow2; do
	echo "<volume><name>empty-$format</name><capacity>0</capacity><target><format type='$format'/></target></volume>" >"$T/empty.xml"
	expect_status 0 vol create ext "$T/empty.xml" --json
	expect_json '.volumes[0].capacity == 0'
	qemu-img info --output=json -f "$format" "$T/e/ext/empty-$format" >"$T/info"
	expect_equal "$(json "$T/info" '."virtual-size"')" 0
	sed 's|<capacity>0</capacity>||; s|<name>|&x|' "$T/empty.xml" >"$T/none.xml"
	expect_status 3 vol create ext "$T/none.xml"
	expect_err "the size of the image must be given"
done
expect_status 0 vol create-as ext empty-falloc 0 --preallocation falloc
expect_equal "$(stat -c '%s %b' "$T/e/ext/empty-raw" "$T/e/ext/empty-falloc" | xargs)" "0 0 0 0"
sed "s|</target>|&<backingStore><path>qcow2</path><format type='qcow2'/></backingStore>|; s|empty-qcow2|as-base|" "$T/empty.xml" >"$T/base.xml"
expect_status 0 vol create ext "$T/base.xml" --json
expect_json '.volumes[0].capacity == 1000000000'

# the pool's owner and group
cowctl pool dumpxml ext --session | sed 's/<uuid>.*//; s/<name>ext/<name>owned/; s|/ext<|/owned<|
	s|</path>|&<permissions><owner>65534</owner><group>65533</group></permissions>|' >"$T/owned.xml"
expect_status 0 cowctl pool define --session "$T/owned.xml"
expect_status 0 cowctl pool build owned --session
expect_status 0 cowctl pool start owned --session
expect_status 0 vol create-as owned file 1M
expect_status 0 vol create-as owned sub --format dir
expect_equal "$(stat -c '%a %u %g' "$T/e/owned/file" "$T/e/owned/sub" | xargs)" "600 65534 65533 711 65534 65533"

# what fails leaves nothing, and nothing that is there is touched
before=$(find "$T/b" "$T/e" | sort)
for call in '1M' '1M --dry-run' '--format dir' '--format dir --dry-run'; do
	# shellcheck disable=SC2086 # words
	expect_status 2 vol create-as off raw $call
	expect_err "File exists"
done
for name in '' . .. a/b ../x .cowctl-x "$(printf '%0256d' 0)"; do
	expect_status 3 vol create-as off "$name" 1M
done
expect_status 3 vol create-as off x
expect_status 3 vol create-as off x 1M --format vhdx
expect_status 2 vol create-as off x 0 --format vmdk # which qemu-img makes, and can't open then
expect_status 3 vol create-as off x 1M --format raw --preallocation metadata
expect_status 2 vol create-as ext x 1P
expect_status 0 vol create-as off x 1M --dry-run
expect_status 0 vol create-as off y --format dir --dry-run
expect_equal "$(find "$T/b" "$T/e" | sort)" "$before"
expect_status 0 cowctl pool stop off --session
expect_status 2 vol create-as off x 1M
expect_err "is not started"

# a value that means nothing is refused by its line
while IFS='|' read -r element why; do
	printf "<volume>\n<name>bad</name>\n%s\n</volume>\n" "$element" >"$T/bad.xml"
	expect_status 3 vol create on "$T/bad.xml"
	expect_err "line 3 of the definition: $why"
done <<END
<capacity>1M</capacity>|<capacity> '1M' is no size
<capacity unit="zz">1</capacity>|<capacity> '1' zz is no size
<target><format type="bochs"/></target>|'bochs' is no format
<target><format type="qcow2"/><compat>2</compat></target>|<compat> is 0.10 or 1.1, not '2'
END

# what would be passed over is refused by its line, if that is wanted
slip() {
	printf "<volume>\n<name>slip</name><capacity>0</capacity>\n%s\n</volume>\n" "$1" >"$T/slip.xml"
	expect_status 3 vol create on "$T/slip.xml" --validate
	expect_err "line 3 of the definition: "
	expect_status 0 vol create on "$T/slip.xml"
	expect_status 0 vol dumpxml --pool on slip
	cp "$T/out" "$T/dumped.xml"
	expect_status 0 vol delete --pool on slip
	expect_status 0 vol create on "$T/dumped.xml" --validate
	expect_status 0 vol delete --pool on slip
}
slip "<target><noocow/></target>"
slip "<target><permissions><mod>0700</mod></permissions></target>"
slip "<allocation units='KiB'>0</allocation>"

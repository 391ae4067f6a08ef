#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A volume made out of XML, or with the content of another, is allocated as --preallocation says, whatever the document
# has as its allocation; and what can't be preallocated so is refused.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require qemu-img filefrag
make_fs ext4 e
make_pool p "$T/e/p"
dir=$T/e/p
size=$((8 << 20))
make_image "$T/source" 1M
truncate -s $size "$T/source"
cp --sparse=always "$T/source" "$dir/source"
printf 'open sesame' >"$T/secret"

# xml NAME FORMAT [REST]
xml() {
	echo "<volume><name>$1</name><capacity>$size</capacity><allocation>${allocation-4096}</allocation>
		<target><format type='$2'/></target>${3-}</volume>" >"$T/vol.xml"
}
# taken NAME: nothing, a part of it, or all
taken() {
	local bytes=$(($(stat -c '%b * 512' "$dir/$1")))
	if [ $bytes -ge $size ]; then echo all; elif [ $bytes = 0 ]; then echo nothing; else echo part; fi
}
is_prepared() {
	[ "$(filefrag -v "$dir/$1" | grep -c unwritten)" -gt 0 ]
}
# clusters NAME: allocated in its tables, of how many
clusters() {
	qemu-img check -f qcow2 --output=json "$dir/$1" >"$T/info"
	json "$T/info" '"\(."allocated-clusters" // 0) of \(."total-clusters")"'
}

# empty ones: what the option says holds, not what the document says
for how in off falloc full; do
	xml "raw-$how" raw
	expect_status 0 vol create p "$T/vol.xml" --preallocation $how --json
	expect_json '.volumes[0].capacity == $size' --argjson size $size
done
for how in off metadata falloc full; do
	xml "qcow2-$how" qcow2
	expect_status 0 vol create p "$T/vol.xml" --preallocation $how
done
expect_equal "$(taken raw-off) $(taken raw-falloc) $(taken raw-full)" "nothing all all"
is_prepared raw-falloc || fail "falloc wrote zeros"
! is_prepared raw-full || fail "full wrote nothing"
expect_equal "$(taken qcow2-off) $(taken qcow2-metadata) $(taken qcow2-falloc) $(taken qcow2-full)" "part part all all"
expect_equal "$(clusters qcow2-off), $(clusters qcow2-metadata)" "0 of 128, 128 of 128"
xml document raw
expect_status 0 vol create p "$T/vol.xml"
expect_equal "$(stat -c %b "$dir/document")" 8

# with the content of another, of which seven of eight MiB are a hole
for how in off falloc full; do
	xml "copy-raw-$how" raw
	expect_status 0 vol create-from p "$T/vol.xml" --inputpool p source --preallocation $how
done
for how in off metadata falloc full; do
	xml "copy-qcow2-$how" qcow2
	expect_status 0 vol create-from p "$T/vol.xml" --inputpool p source --preallocation $how
done
for copy in "$dir"/copy-*; do
	format=${copy#*copy-}
	qemu-img compare -q -f raw -F "${format%-*}" "$T/source" "$copy" || fail "$copy: another content"
done
expect_equal "$(taken copy-raw-off) $(taken copy-raw-falloc) $(taken copy-raw-full)" "part all all"
is_prepared copy-raw-falloc || fail "falloc wrote zeros"
expect_equal "$(taken copy-qcow2-off) $(taken copy-qcow2-metadata) $(taken copy-qcow2-falloc) $(taken copy-qcow2-full)" \
	"part part all all"
expect_equal "$(clusters copy-qcow2-off), $(clusters copy-qcow2-metadata)" "16 of 128, 128 of 128"

# encrypted: zeros have to be written, or they would not be read as such
xml secret qcow2
expect_status 0 vol create-from p "$T/vol.xml" --inputpool p source --preallocation falloc --secret-file "$T/secret"
expect_equal "$(taken secret)" all
qemu-img compare -q --object "secret,id=s,file=$T/secret" --image-opts "driver=raw,file.filename=$T/source" \
	"driver=qcow2,encrypt.key-secret=s,file.filename=$dir/secret" || fail "secret: another content"

# what makes no sense, in a sentence, and nothing is left
before=$(ls -A "$dir")
# refused SENTENCE VERB OPTION...
refused() {
	expect_status 3 vol "$2" p "$T/vol.xml" "${@:3}"
	expect_err "$1"
}
xml x raw
refused "has no metadata to preallocate" create --preallocation metadata
refused "has no metadata to preallocate" create-from --inputpool p source --preallocation metadata
refused "takes off|metadata|falloc|full" create --preallocation much
for format in vmdk vdi vpc qed; do
	xml x $format
	refused "only qcow2 has preallocation" create --preallocation falloc
done
xml x qcow2 "<backingStore><path>source</path><format type='raw'/></backingStore>"
refused "with a backing file can't be preallocated" create --preallocation full
xml x qcow2
refused "metadata alone can't be preallocated" create-from --inputpool p source --preallocation metadata \
	--secret-file "$T/secret"
xml x dir
refused "a directory has nothing to preallocate" create --preallocation falloc
refused "neither encrypted nor on a backing file" create --secret-file "$T/secret"
expect_status 3 vol create-as p x --format dir --preallocation falloc
expect_equal "$(ls -A "$dir")" "$before" "what is there"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool capabilities writes what clients of libvirt read: by its schema, with its types.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-libvirt.sh"

types() {
	xmllint --xpath '//pool/@type' "$1" | xargs -n 1
}
expect_status 0 cowctl pool capabilities
cp "$T/out" "$T/ours.xml"
libvirt pool-capabilities >"$T/theirs.xml"
schema storagepoolcaps "$T/ours.xml"
expect_equal "$(types "$T/ours.xml")" "$(types "$T/theirs.xml")"
# what is said in both places is called the same
for list in poolOptions volOptions; do
	xmllint --xpath "//$list/enum/@name" "$T/ours.xml" | sort -u >"$T/names"
	xmllint --xpath "//pool[@type='fs']/$list/enum/@name" "$T/theirs.xml" | diff "$T/names" -
done
# and whatever libvirt takes as a source is taken here
for type in fs netfs; do
	for whose in ours theirs; do
		xmllint --xpath "//pool[@type='$type']/poolOptions/enum[@name='sourceFormatType']/value/text()" \
			"$T/$whose.xml" | sort >"$T/$whose"
	done
	expect_equal "$(comm -13 "$T/ours" "$T/theirs")" "" "formats of libvirt alone, type $type"
done

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pool capabilities says what is true: each type and format there is can be had, and no other.
. "$(dirname "$0")/../lib.sh"
require jq qemu-img xmllint
export XDG_CONFIG_HOME=$T/config XDG_RUNTIME_DIR=$T/runtime
expect_status 0 cowctl pool capabilities --json
cp "$T/out" "$T/capabilities"

# types, of which the others are known and refused
while read -r type supported; do
	echo "<pool type='$type'><name>$type</name><source><host name='h'/><dir path='/d'/><device path='/d'/></source>
		<target><path>/$type</path></target></pool>" >"$T/pool.xml"
	expect_status $((supported ? 0 : 1)) cowctl pool define --session "$T/pool.xml"
done < <(json "$T/capabilities" '.types[] | .type + " " + if .supported then "1" else "0" end')
expect_status 0 cowctl pool list --session --type "$(json "$T/capabilities" '[.types[].type] | join(",")')"
expect_status 3 cowctl pool list --session --type lvm
expect_err "$(json "$T/capabilities" '[.types[].type] | join(",")')"

# formats of a source
for type in fs netfs; do
	while read -r format; do
		expect_status 0 cowctl pool define-as "$type-$format" --session --type $type --source-format "$format" \
			--source-dev "/$format" --source-host h --source-path "/$format" --target "/$type-$format"
	done < <(json "$T/capabilities" ".types[] | select(.type == \"$type\") | .source_formats[]")
	expect_status 3 cowctl pool define-as other --session --type $type --source-format zfs \
		--source-dev /other --source-host h --source-path /other --target /other
done

# formats of a volume
expect_status 0 cowctl pool define-as p --session --target "$T/p"
expect_status 0 cowctl pool build p --session
expect_status 0 cowctl pool start p --session
while read -r format; do
	expect_status 0 cowctl vol create-as --session p "$format" 1M --format "$format"
done < <(json "$T/capabilities" '.types[0].volume_formats[]')
[ -d "$T/p/dir" ] || fail "no directory"
for format in vhdx luks; do
	json "$T/capabilities" '.types[].volume_formats[]' | grep -qx "$format" && fail "$format is said to be made"
	expect_status 3 cowctl vol create-as --session p "$format" 1M --format "$format"
done

# the XML says the same
expect_status 0 cowctl pool capabilities
for type in dir fs netfs zfs; do
	expect_equal "$(xmllint --xpath "concat(//pool[@type='$type']/@supported, '|',
		//pool[@type='$type']/poolOptions/defaultFormat/@type, '|',
		//pool[@type='$type']/volOptions/defaultFormat/@type, '|',
		count(//pool[@type='$type']/poolOptions/enum[@name='sourceFormatType']/value), '|',
		count(//pool[@type='$type']/volOptions/enum[@name='targetFormatType']/value))" "$T/out")" \
		"$(json "$T/capabilities" ".types[] | select(.type == \"$type\") | [if .supported then \"yes\" else \"no\" end,
			(.source_formats, .volume_formats | .[0] // \"\"),
			(.source_formats, .volume_formats | length | tostring)] | join(\"|\")")"
done

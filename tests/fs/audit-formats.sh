# SPDX-License-Identifier: LGPL-2.1-or-later
# Formats are told by content, whatever the name; chains are followed; what is no image is left out.
. "$(dirname "$0")/../lib.sh"
require jq qemu-img

cd "$T"
mkdir images other
new() {
	qemu-img create -q -f "$@"
}
new qcow2 -o compat=0.10 images/a.raw 16M
new qcow2 -o compat=1.1 images/b.iso 16M
new qcow images/c 16M
new vmdk images/d 16M
new vdi images/e 16M
new vpc images/f 16M
new vpc -o subformat=fixed images/g 16M
new vhdx images/h 16M
new qed images/i 16M
printf 'LUKS\xba\xbe\0\1' | dd of=images/j bs=1k conv=sync status=none
truncate -s 1M images/k
printf '\1CD001\1' | dd of=images/k bs=32768 seek=1 conv=notrunc status=none
truncate -s 1M images/l.qcow2

printf 'notes\n' >other/text
truncate -s 1000 other/short
truncate -s 2000001 other/odd
mkfifo other/fifo
ln -s ../images/l.qcow2 other/link

new qcow2 -b ../images/a.raw -F qcow2 other/top
new qcow2 -u -b gone -F raw other/orphan 16M
printf 'QFI\xfb\0\0\0\3' | dd of=other/torn bs=512 conv=sync status=none

status=0
"$COWCTL" audit --json images >"$T/out" || status=$?
[ "$status" -ne 3 ] || fail 'usage'
expect_equal "$(json "$T/out" '[.images[] | .format] | join(" ")')" \
	'qcow2 qcow2 qcow vmdk vdi vpc vpc vhdx qed luks iso raw'

expect_status 1 cowctl audit --json --cow on other
expect_equal "$(json "$T/out" '[.images[] | .path] | join(" ")')" 'other/orphan other/top other/torn'
expect_json '.images[0].chain[1].problem != null'
expect_json '.images[0].findings | any(.rule == "backing-missing" and .severity == "error")'
expect_json '.images[1].chain | length == 2 and .[1].format == "qcow2"'
expect_json '.images[1].chain[1].path | endswith("images/a.raw")'
expect_json '.images[2].findings | any(.rule == "damaged-header" and .severity == "error")'

# as text, what it is backed by is shown below it
"$COWCTL" audit --cow on other/top >"$T/out" 2>"$T/err" || true
expect_equal "$(grep -c -e 'other/top' -e '-.*a\.raw' "$T/out")" 2 'a tree of two lines'

# a file named directly counts whatever it is
status=0
"$COWCTL" audit --json other/text >"$T/out" || status=$?
expect_json '.images[0].format == "raw" and .images[0].size == 6'

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Backing chains are followed as QEMU follows them, and end with a reason where they should not.
. "$(dirname "$0")/../lib.sh"
require qemu-img

chain() {
	"$COW_BUILD/tests/image" chain "$1" >"$T/chain"
	expect_equal "$(cat "$T/chain")" "$2" "chain of $1"
}

# overlay NAME BACKING FORMAT: written as asked, whether or not the backing file is there
overlay() {
	qemu-img create -q -f qcow2 -u -b "$2" -F "$3" "$1" 1M
}

mkdir "$T/images" "$T/images/sub" "$T/links"
cd "$T/images"
qemu-img create -q -f raw base.raw 1M
overlay middle.qcow2 base.raw raw
overlay 'sub/top one.qcow2' ../middle.qcow2 qcow2

chain base.raw 'raw base.raw'
chain 'sub/top one.qcow2' 'qcow2 sub/top one.qcow2
qcow2 sub/../middle.qcow2
raw sub/../base.raw'
cd "$T"
chain "$T/images/middle.qcow2" "qcow2 $T/images/middle.qcow2
raw $T/images/base.raw"

# a symlink to an overlay moves what it is relative to
ln -s ../images/middle.qcow2 links/middle.qcow2
chain links/middle.qcow2 'qcow2 links/middle.qcow2
raw links/base.raw: not found'

cd images
overlay absolute.qcow2 "$T/images/base.raw" raw
chain absolute.qcow2 "qcow2 absolute.qcow2
raw $T/images/base.raw"

overlay missing.qcow2 gone.raw raw
chain missing.qcow2 'qcow2 missing.qcow2
raw gone.raw: not found'

overlay a.qcow2 b.qcow2 qcow2
overlay b.qcow2 a.qcow2 qcow2
chain a.qcow2 'qcow2 a.qcow2
qcow2 b.qcow2
qcow2 a.qcow2: a loop'

overlay network.qcow2 nbd://host/export raw
chain network.qcow2 'qcow2 network.qcow2
raw nbd://host/export: a network name'
overlay described.qcow2 'json:{"driver":"null-co"}' raw
chain described.qcow2 'qcow2 described.qcow2
raw json:{"driver":"null-co"}: a json: description, not a file name'

# nothing but a regular file is opened: a fifo would hang, and a device might act
mkfifo fifo
overlay fifo.qcow2 fifo raw
chain fifo.qcow2 'qcow2 fifo.qcow2
raw fifo: not a regular file'
overlay null.qcow2 /dev/null raw
chain null.qcow2 'qcow2 null.qcow2
raw /dev/null: not a regular file'

# what is stated to be raw is the guest's: a header in it leads nowhere
overlay trap.raw "$T/secret" raw
overlay trapped.qcow2 trap.raw raw
chain trapped.qcow2 'qcow2 trapped.qcow2
raw trap.raw'

overlay mistaken.qcow2 base.raw qcow2
chain mistaken.qcow2 'qcow2 mistaken.qcow2
raw base.raw: not of the format its overlay says it is'
printf 'QFI\373\0\0\0\11' >broken.qcow2
overlay over-broken.qcow2 broken.qcow2 qcow2
chain over-broken.qcow2 'qcow2 over-broken.qcow2
qcow2 broken.qcow2: its header is damaged'

# an end comes to the longest chain, too
overlay link 0000.img qcow2
for ((i = 1; i <= 210; i++)); do
	sed "s/0000.img/$(printf %04d $((i + 1))).img/" link >"$(printf %04d $i).img"
done
"$COW_BUILD/tests/image" chain 0001.img >"$T/chain"
expect_equal "$(wc -l <"$T/chain")" 201 'steps'
expect_equal "$(tail -n 1 "$T/chain")" 'qcow2 0201.img: beyond the longest chain QEMU takes'

expect_status 1 "$COW_BUILD/tests/image" chain nowhere
expect_err 'No such file'
expect_status 1 "$COW_BUILD/tests/image" chain fifo

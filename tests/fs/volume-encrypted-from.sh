#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Encrypted volumes made from others, others made from them, each with a secret of its own; their clones; and how they
# change their size. No secret is in a command line, and what the wrong one is given for stays as it is.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require qemu-img qemu-io cryptsetup strace
make_fs btrfs b
make_pool p "$T/b/p" off
dir=$T/b/p
one=$T/o,ne two=$T/two
printf 'open sesame' >"$one"
printf 'open barley' >"$two"
object() {
	echo "secret,id=$1,file=${2//,/,,}"
}

# What is read: keys that are quick to derive. QEMU may fail to find out how fast this machine is.
make_image "$T/plain" 4M
# fixture FORMAT PREFIX
fixture() {
	for ((i = 0; i < 9; i++)); do
		if qemu-img convert -f raw -O "$1" --object "$(object s "$one")" \
			-o "${2}key-secret=s,${2}iter-time=10" "$T/plain" "$dir/$1" 2>"$T/info"; then return; fi
	done
	cat "$T/info" >&2
	fail "no encrypted $1"
}
fixture luks ''
fixture qcow2 encrypt.format=luks,encrypt.
chmod 0600 "$dir/"*

# same NAME FORMAT [OPTION SECRET]: the content of the plain one
same() {
	qemu-img compare -q --object "$(object s "${4:-$one}")" --image-opts "driver=raw,file.filename=$T/plain" \
		"driver=$2,file.filename=$dir/$1${3:+,$3=s}" || fail "$1 has another content"
}
# from NAME FORMAT ENCRYPTION SOURCE OPTION...
from() {
	echo "<volume><name>$1</name><target><format type='$2'/>$3</target></volume>" >"$T/vol.xml"
	vol create-from p "$T/vol.xml" --inputpool p "$4" "${@:5}"
}
luks="<encryption format='luks'/>"

# encrypted to plain, of both kinds
for source in luks qcow2; do
	expect_status 3 from "of-$source" raw "" $source
	expect_err 'is encrypted, and needs its secret' '--input-secret-file'
	expect_status 2 from "of-$source" raw "" $source --input-secret-file "$two"
	expect_err 'Invalid password'
	expect_status 2 from "of-$source" raw "" $source --input-secret-file "$T/none"
	[ ! -e "$dir/of-$source" ] || fail "a volume without the secret"
	expect_status 0 from "of-$source" raw "" $source --input-secret-file "$one"
	cmp "$T/plain" "$dir/of-$source"
done
# all its bytes, when it is said to be raw
expect_status 0 from bytes raw "" luks --input-format raw
cmp "$dir/luks" "$dir/bytes"

# plain to encrypted, of both kinds, and from one secret to another
expect_status 3 from raw-luks raw "$luks" of-luks
expect_err '--secret-file'
expect_status 0 from raw-luks raw "$luks" of-luks --secret-file "$two" --json
expect_json '.volumes[0] | .format == "luks" and .capacity == 4194304 and .compliance == "ok"'
same raw-luks luks key-secret "$two"
cryptsetup isLuks --type luks1 "$dir/raw-luks"
expect_status 0 env ASAN_OPTIONS=detect_leaks=0 strace -f -s 9999 -e trace=execve,write -o "$T/trace" \
	"$COWCTL" vol create-from --session p <(sed 's/raw-luks/again/; s/raw/qcow2/' "$T/vol.xml") --inputpool p qcow2 \
	--input-secret-file "$one" --secret-file "$two" --json
same again qcow2 encrypt.key-secret "$two"
! grep -q 'open sesame\|open barley' "$T/trace" "$T/out" "$T/err" || fail "a secret is shown"
grep -q 'qemu-img.*convert.*secret,id=' "$T/trace" || fail "the trace shows no qemu-img"

# a clone has the secret of what it is a clone of
expect_status 0 vol clone --pool p qcow2 clone
same clone qcow2 encrypt.key-secret

# another size: with the secret, and with no other; of LUKS, whose header doesn't say how big it is, without one
for name in luks qcow2; do
	expect_status 2 vol resize --pool p $name 8M --secret-file "$two"
	expect_err 'Invalid password'
	expect_status 0 vol info --pool p $name --json
	expect_json '.volumes[0].capacity == 4194304'
	expect_status 0 vol resize --pool p $name 4M --delta --secret-file "$one" --json
	expect_json '.volumes[0].capacity == 8388608'
	expect_status 2 vol resize --pool p $name 1M --secret-file "$one"
	expect_err 'is larger than that' '--shrink'
done
expect_status 3 vol resize --pool p qcow2 9M
expect_err 'is encrypted, and needs its secret' '--secret-file'
expect_status 0 vol resize --pool p luks 4M --shrink
expect_status 0 vol resize --pool p qcow2 7M --shrink --secret-file "$one"
same luks luks key-secret
qemu-io -r -c 'read -q 4M 64k' --object "$(object s "$one")" --image-opts \
	"driver=qcow2,file.filename=$dir/qcow2,encrypt.key-secret=s" || fail "the end can't be read"
expect_status 3 vol resize --pool p of-luks 8M --secret-file "$one"
expect_err 'is not encrypted'

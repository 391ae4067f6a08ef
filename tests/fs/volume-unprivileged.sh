#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whether anybody has a volume open is known to its owner and to root alone: nobody else changes it, whoever may write
# to it. To read one it is enough that QEMU doesn't write to it, and that nobody does meanwhile.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require qemu-io
make_fs ext4 e
mkdir "$T/e/vms"
make_pool vms "$T/e/vms"
chown 65534:65534 "$T/e/vms"
chmod -R a+rwX "$T"
cd "$T/e/vms"
make_image theirs 1M
chmod 0666 theirs
head -c 5000 /dev/urandom >"$T/piece"
echo "<volume><name>copy</name></volume>" >"$T/vol.xml"
before=$(sum_of theirs)
their_vol() {
	as_nobody cowctl vol "$1" --session "${@:2}"
}

changes=('resize theirs 2M' "upload theirs $T/piece" 'wipe theirs' 'delete theirs')
for call in "${changes[@]}"; do
	IFS=' ' read -ra words <<<"$call"
	expect_status 2 their_vol "${words[0]}" --pool vms "${words[@]:1}" --json
	expect_json '.error | .code == "permission" and .remedy == "only its owner or root can be sure that nobody uses it"'
	expect_equal "$(sum_of theirs)" "$before" "theirs after $call"
done
expect_status 0 their_vol download --pool vms theirs "$T/e/vms/copy"
cmp theirs copy
rm copy
expect_status 0 their_vol create-from vms "$T/vol.xml" --inputpool vms theirs
cmp theirs copy

# what QEMU writes to is known to all, and not read
mkfifo "$T/stdin"
qemu-io -f raw theirs <"$T/stdin" >"$T/log" &
exec 7>"$T/stdin"
echo "read 0 512" >&7
until grep -q "read 512" "$T/log"; do
	[ -e "/proc/$!" ] || fail "no guest"
done
for call in "${changes[@]}" "download theirs $T/e/vms/none"; do
	IFS=' ' read -ra words <<<"$call"
	expect_status 2 their_vol "${words[0]}" --pool vms "${words[@]:1}" --json
	expect_json '.error.code == "busy"'
done
exec 7>&-
wait

# the owner may, and so may root
chown 65534:65534 theirs
expect_status 0 their_vol resize --pool vms theirs 2M
chown 0:0 theirs
expect_status 0 vol upload --pool vms theirs "$T/piece"
chown 1:1 theirs
expect_status 0 vol delete --pool vms theirs

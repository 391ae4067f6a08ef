#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Volumes are resized, uploaded, downloaded and wiped; the bytes are those that were asked for, and
# what is in use, or elsewhere, is not touched.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require qemu-img qemu-io
make_fs ext4 x
make_pool vms "$T/x/vms"
cd "$T/x/vms"
size_of() {
	stat -c %s "$1"
}

# resize: up, by, down only when that is meant, never into what is allocated
expect_status 0 vol create-as vms disk 1M --allocation 0
expect_status 0 vol resize --pool vms disk 4M
expect_equal "$(size_of disk)" 4194304
expect_status 0 vol resize --pool vms disk 2M --delta --allocate
expect_equal "$(size_of disk) $(($(stat -c %b disk) * 512))" "6291456 2097152"
expect_status 2 vol resize --pool vms disk 5M
expect_err "is larger than that"
expect_status 2 vol resize --pool vms disk 1M --shrink
expect_err "has more than that allocated"
expect_status 0 vol resize --pool vms disk 1M --delta --shrink
expect_equal "$(size_of disk)" 5242880
expect_status 0 vol resize --pool vms --delta --shrink -- disk -1048kb
expect_equal "$(size_of disk)" 4194880
expect_status 3 vol resize --pool vms --delta -- disk -1M
expect_err "a negative size needs --delta and --shrink"
expect_status 0 vol create-as vms disk.qcow2 1M --format qcow2
expect_status 0 vol resize --pool vms disk.qcow2 8M --json
expect_json '.volumes[0].capacity == 8388608'
expect_status 0 vol resize --pool vms disk.qcow2 4M --shrink --json
expect_json '.volumes[0].capacity == 4194304'
expect_status 0 vol resize --pool vms disk.qcow2 1001 --delta --json
expect_json '.volumes[0].capacity == 4195328' # in sectors, as libvirt does it
qemu-img check -q disk.qcow2
expect_status 2 vol resize --pool vms disk.qcow2 7E
expect_err "resize volume 'disk.qcow2': qemu-img failed: "
expect_status 0 vol create-as vms disk.vmdk 1M --format vmdk
expect_status 2 vol resize --pool vms disk.vmdk 2M
expect_err "resize volume 'disk.vmdk': qemu-img failed: " "create-from"
expect_status 3 vol resize --pool vms disk.qcow2 more

# what can't be allocated is not allocated in part
FS_SIZE=64M make_fs ext4 narrow
make_pool narrow "$T/narrow"
expect_status 0 vol create-as narrow disk 1M
before=$(stat -f -c %a "$T/narrow")
expect_status 2 vol resize --pool narrow disk 1G --allocate
expect_err "resize volume 'disk'"
expect_equal "$(size_of "$T/narrow/disk")" 1048576
sync -f "$T/narrow"
[ "$(stat -f -c %a "$T/narrow")" -ge $((before - 8)) ] || fail "what was allocated of it is not given back"

# upload and download: all, a part, from a pipe; with holes and without
make_image "$T/data" 3M
dd if=/dev/zero of="$T/data" bs=1M seek=1 count=1 conv=notrunc status=none
expect_status 0 vol create-as vms target 1M
expect_status 0 vol upload --pool vms target "$T/data" --json
expect_json '.bytes == 3145728 and .volumes[0].capacity == 3145728'
expect_equal "$(sum_of target)" "$(sum_of "$T/data")"
expect_equal "$(($(stat -c %b target) * 512))" 3145728
expect_status 0 vol upload --pool vms target "$T/data" --sparse
expect_equal "$(sum_of target)" "$(sum_of "$T/data")"
expect_equal "$(($(stat -c %b target) * 512))" 2097152
expect_status 0 vol download --pool vms target "$T/copy" --sparse
expect_equal "$(sum_of "$T/copy")" "$(sum_of "$T/data")"
expect_status 0 vol download --pool vms target "$T/part" --offset 1000 --length 4097
cmp "$T/part" <(tail -c +1001 "$T/data" | head -c 4097)
head -c 5000 /dev/urandom >"$T/piece"
cp "$T/data" "$T/expected"
dd if="$T/piece" of="$T/expected" bs=1 seek=1111 conv=notrunc status=none
"$COWCTL" vol upload --session --pool vms target - --offset 1111 <"$T/piece" >"$T/out"
expect_equal "$(sum_of target)" "$(sum_of "$T/expected")"
{ head -c 3M "$T/data" || :; } | "$COWCTL" vol upload --session --pool vms target - --length 2000 >"$T/out"
dd if="$T/data" of="$T/expected" bs=1 count=2000 conv=notrunc status=none
expect_equal "$(sum_of target)" "$(sum_of "$T/expected")"

# of standard input no more is taken than was asked for, be it a file or not: who reads on finds the rest
for flag in '' --sparse; do
	{
		# shellcheck disable=SC2086 # a flag or none
		"$COWCTL" vol upload --session --pool vms target - --length 2M $flag
		cat >"$T/rest"
	} <"$T/data" >"$T/out"
	cmp "$T/rest" <(tail -c +2097153 "$T/data")
done
expect_equal "$(sum_of target)" "$(sum_of "$T/data")"

# one that fails on the way says what is left of the volume
truncate -s 100M "$T/big"
expect_status 2 vol upload --pool narrow disk "$T/big"
expect_err "No space left" "part of it is overwritten, and it is longer than it was"
expect_status 0 vol delete --pool narrow disk

# a file that is there is replaced, and keeps what it has while anything is wrong; never a volume by itself, nor what a
# guest has open
make_image "$T/guest" 1M
before=$(sum_of "$T/guest")
mkfifo "$T/stdin"
qemu-io -f raw "$T/guest" <"$T/stdin" >"$T/log" &
exec 7>"$T/stdin"
echo "read 0 512" >&7
until grep -q "read 512" "$T/log"; do
	[ -e "/proc/$!" ] || fail "no guest"
done
expect_status 2 vol download --pool vms target "$T/guest"
expect_err "the file for volume 'target' is in use by 'qemu-io'" "shut the guest down"
exec 7>&-
wait
expect_equal "$(sum_of "$T/guest")" "$before"
expect_status 0 vol download --pool vms disk.qcow2 "$T/copy"
cmp "$T/copy" disk.qcow2
"$COWCTL" vol download --session --pool vms disk.qcow2 - >"$T/copy"
cmp "$T/copy" disk.qcow2
"$COWCTL" vol download --session --pool vms disk.qcow2 - | cmp - disk.qcow2
{
	"$COWCTL" vol download --session --pool vms disk.qcow2 -
	echo more
} >"$T/copy"
cmp "$T/copy" <(cat disk.qcow2 && echo more)
expect_status 3 vol download --pool vms disk.qcow2 - --json
status=0
(ulimit -f 1024 && "$COWCTL" vol download --session --pool vms target "$T/nothing" 2>"$T/err") || status=$?
expect_equal "$status" 2
expect_err "File too large"
[ ! -e "$T/nothing" ] || fail "a file is left of a download that was too long"
cp "$T/data" "$T/kept"
expect_status 2 vol download --pool vms missing "$T/kept"
expect_status 2 vol download --pool missing target "$T/kept"
expect_status 3 vol download --pool vms target "$T/kept" --offset bogus
expect_status 2 vol download --pool vms target "$T/kept" --offset 1G
expect_err "volume 'target' is shorter than that"
exec 7<>target
expect_status 2 vol download --pool vms target "$T/kept"
exec 7<&-
cmp "$T/kept" "$T/data"
before=$(sum_of target)
expect_status 2 vol download --pool vms target target
expect_err "is that file itself"
expect_status 2 vol upload --pool vms target target
expect_err "is that file itself"
expect_equal "$(sum_of target)" "$before"

# a hole over old data is a hole
truncate -s 3M "$T/hole"
expect_status 0 vol upload --pool vms target "$T/hole" --sparse
expect_equal "$(sum_of target)" "$(sum_of "$T/hole")"

# wipe: nothing is left of it, the length is
make_image target 3M
for algorithm in zero nnsa random trim; do
	make_image target 3M
	before=$(sum_of target)
	status=0
	[ $algorithm != trim ] || status=1
	expect_status $status vol wipe --pool vms target --algorithm $algorithm --json
	expect_json '.overwrite == "in-place"'
	expect_equal "$(size_of target)" 3145728
	[ "$(sum_of target)" != "$before" ] || fail "$algorithm left what was there"
	case $algorithm in
	random) ;;
	*) cmp -n 3145728 target /dev/zero ;;
	esac
done
expect_status 1 vol wipe --pool vms target --algorithm trim
expect_err "nothing is overwritten"
expect_status 3 vol wipe --pool vms target --algorithm eat

# nor of what a guest had zeroed, which ext4 does by noting that it was never written
head -c 3M < <(yes "what the guest has forgotten") >forgotten
sync forgotten
grep -qa forgotten "$T/x.img"
fallocate --zero-range --length 3M forgotten
expect_status 0 vol wipe --pool vms forgotten --algorithm nnsa
sync -f .
! grep -qa "guest has forgotten" "$T/x.img" || fail "what was zeroed is still on the disk"
expect_equal "$(filefrag -v forgotten | grep -c unwritten)" 0
: >forgotten
expect_status 0 vol wipe --pool vms forgotten

# not in use, not elsewhere
make_image "$T/x/outside" 1M
before=$(sum_of "$T/x/outside")
ln -s ../outside link
mkdir sub
exec 7<disk
for call in 'resize disk 9M' "upload disk $T/piece" 'wipe disk' 'resize link 9M' "upload link $T/piece" \
	'wipe link' 'resize sub 9M' 'wipe ../outside' 'wipe missing'; do
	IFS=' ' read -ra words <<<"$call"
	expect_status 2 vol "${words[0]}" --pool vms "${words[@]:1}"
done
expect_status 0 vol download --pool vms disk "$T/copy"
exec 7<&-
exec 7<>disk
expect_status 2 vol download --pool vms disk "$T/nothing"
expect_err "in use by"
[ ! -e "$T/nothing" ] || fail "a file is left of a download that failed"
exec 7<&-
expect_equal "$(sum_of "$T/x/outside")" "$before"

# what a symlink leads to is read, if root or the caller made it, and never copied onto itself
ln -s nowhere dangling
ln -s sub directory
echo "<volume><name>linked</name></volume>" >"$T/vol.xml"
expect_status 0 vol download --pool vms link "$T/copy"
cmp "$T/copy" "$T/x/outside"
expect_status 0 vol create-from vms "$T/vol.xml" --inputpool vms link
cmp linked "$T/x/outside"
expect_status 2 vol download --pool vms link "$T/x/outside"
expect_err "is that file itself"
expect_status 2 vol clone --pool vms link copy
expect_err "is a symbolic link" "create-from"
for link in dangling directory; do
	expect_status 2 vol download --pool vms $link "$T/nothing"
	expect_err "open what volume '$link' leads to"
done
chown -h 65534 link
expect_status 2 vol download --pool vms link "$T/nothing"
expect_err "is a symbolic link that user 65534 made"
[ ! -e "$T/nothing" ] || fail "a file is left of a download that failed"
expect_equal "$(sum_of "$T/x/outside")" "$before"

# where overwrites go elsewhere a wipe can't keep its promise, and says so
make_fs btrfs b
make_pool cow "$T/b/cow" on
make_image "$T/b/cow/image" 1M
sync "$T/b/cow/image"
expect_status 1 vol wipe --pool cow image
expect_err "may still be on the disk"
cmp -n 1048576 "$T/b/cow/image" /dev/zero

# nor what is mounted on a name, of which the pool's filesystem says nothing
: >"$T/x/vms/mounted"
mount --bind "$T/b/cow/image" "$T/x/vms/mounted"
for call in 'resize mounted 9M' "upload mounted $T/piece" 'wipe mounted' 'delete mounted'; do
	IFS=' ' read -ra words <<<"$call"
	expect_status 2 vol "${words[0]}" --pool vms "${words[@]:1}"
	expect_err "something else is mounted on volume 'mounted'"
done
expect_status 0 vol download --pool vms mounted "$T/copy"
cmp "$T/copy" "$T/b/cow/image"
umount "$T/x/vms/mounted"

# an overlay leaves what is in its lower directory where it is
mkdir "$T/x/lower" "$T/x/upper" "$T/x/work" "$T/over"
mkdir "$T/x/lower/vms"
make_image "$T/x/lower/vms/image" 1M
mount -t overlay -o "lowerdir=$T/x/lower,upperdir=$T/x/upper,workdir=$T/x/work" overlay "$T/over"
make_pool over "$T/over/vms"
expect_status 1 vol wipe --pool over image
expect_err "is copied-once" "may still be on the disk"
cmp -n 1048576 "$T/over/vms/image" /dev/zero
expect_status 0 vol wipe --pool over image

# what is empty follows the policy before it is written, whatever it was made by; what has data is said to have drifted
make_pool off "$T/b/off" off
cd "$T/b/off"
for call in 'upload empty -' 'resize empty 1M'; do
	IFS=' ' read -ra words <<<"$call"
	touch empty
	chattr -C empty
	expect_status 0 vol "${words[0]}" --pool off "${words[@]:1}" --json
	expect_json '.volumes[0] | .nocow and .compliance == "ok"'
	is_nocow empty || fail "$call: CoW"
	rm empty
done
touch drifted
chattr -C drifted
make_image drifted 64K
sync drifted
for call in "upload drifted $T/piece" 'resize drifted 1M'; do
	IFS=' ' read -ra words <<<"$call"
	expect_status 1 vol "${words[0]}" --pool off "${words[@]:1}" --json
	expect_json '.volumes[0] | .nocow == false and .compliance == "drifted"'
	expect_err "has drifted from the policy of its pool, off: NOCOW is not set"
done
# one that is NOCOW by its own wish stays so, and that is nothing to be said each time
expect_status 0 vol create-as cow wish 1M --nocow
expect_status 0 vol resize --pool cow wish 2M --json
expect_json '.volumes[0].nocow'

# The layers below the pool's filesystem have a say in what an overwrite does, as they have in probe. The policy is a
# matter of the filesystem: of the pool, of its volumes, and in audit.
truncate -s 64M "$T/b/disk.img"
mkfs.ext4 -q "$T/b/disk.img"
mkdir "$T/inner"
mount -o loop "$T/b/disk.img" "$T/inner"
for policy in off auto; do
	make_pool "inner-$policy" "$T/inner/$policy" $policy
	make_image "$T/inner/$policy/image" 1M
	for call in list "info image --pool"; do
		# shellcheck disable=SC2086 # words
		expect_status 0 vol $call "inner-$policy" --json
		expect_json '.volumes[0] | .overwrite == "copied" and .compliance == "not-applicable" and
			(.reason | startswith("btrfs: "))'
	done
	expect_status 0 cowctl pool refresh "inner-$policy" --session
	expect_status 0 cowctl audit --json --cow $policy "$T/inner/$policy"
	expect_json '.images[0] | .compliance == "not-applicable" and .findings[0].rule == "layer-below-copies"'
	expect_status 1 vol wipe --pool "inner-$policy" image
	expect_err "is copied" "may still be on the disk"
done

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image of more than half the filesystem is converted where there is no room for a copy: only when
# that is asked for, with everything kept, and not when moving would free nothing.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require setfattr setcap strace

make_fs btrfs-mixed b
image=$T/b/v.raw
# Not a whole number of mebibytes, a hole, and preallocation within and beyond.
truncate -s 400M "$image"
"$COW_BUILD/tests/scatter" --fill "$image" $((300 << 20))
fragment "$image" 500
dd if=/dev/urandom of="$image" bs=1M seek=320 count=1 conv=notrunc status=none
fallocate --offset 340M --length 8M --keep-size "$image"
truncate -s $(((400 << 20) + 12345)) "$image"
fallocate --offset 402M --length 2M --keep-size "$image"
setfattr -n user.mark -v kept "$image"
chown 12:34 "$image"
touch -d '2021-02-03 04:05:06.789' "$image"
sync "$image"

expect_refused "No space left" "$image"
expect_refused "others may create files" "$image" --low-space
chmod 0755 "$T/b"
for option in --preallocate --keep-original --no-verify; do
	expect_status 3 cowctl convert --low-space "$option" "$image" "$image"
	expect_equal "$(head -n 1 "$T/err")" "cowctl convert: --low-space does not go with $option"
done
# Writing to a file takes these away, and there is no second one to have them meanwhile.
setcap cap_net_raw+ep "$image"
expect_refused "has capabilities" "$image" --low-space
setcap -r "$image"
chmod u+s "$image"
expect_refused "has set-id bits" "$image" --low-space
chmod u-s "$image"
expect_status 0 cowctl convert --dry-run --low-space "$image"
expect_err "moved bit by bit" "not at its path"
before=$("$COW_BUILD/tests/image" extents "$image" | grep unwritten)
expect_converted off "$image" --low-space
expect_json '.images[0] | .runs_before >= .runs_after and .runs_after > 0 and .rows_after > 0'
expect_equal "$("$COW_BUILD/tests/image" extents "$image" | grep unwritten)" "$before" "preallocation"

# And back. With room for a copy, it is a copy.
expect_converted on "$image" --low-space
make_image "$T/b/small.raw" 1M
inode=$(stat -c %i "$T/b/small.raw")
expect_converted off "$T/b/small.raw" --low-space
[ "$(stat -c %i "$T/b/small.raw")" != "$inode" ] || fail "not copied"

# What a snapshot shares is not freed.
btrfs -q subvolume snapshot -r "$T/b" "$T/b/snapshot"
expect_refused "No space left" "$image" --low-space
expect_json '.error.remedy | contains("to be moved bit by bit it would need no less")'

# What is preallocated beyond the end can't be moved bit by bit: there has to be room for it.
FS_SIZE=500M make_fs xfs x
mkdir "$T/x/d"
image=$T/x/d/v.raw
make_image "$image" 8M
fallocate --offset 8M --length 60M --keep-size "$image"
leave_room 40 "$T/x/fill"
expect_refused "even so" "$image" --low-space --rewrite

# A copy that was to be resumed is cleared up before: a dry run counts its room as well.
rm "$T/x/fill" "$image"
make_image "$image" 140M
interrupt_copy 60 "$image" --rewrite
leave_room 5 "$T/x/fill"
expect_status 0 cowctl convert --dry-run --low-space --rewrite "$image"
expect_converted on "$image" --low-space --rewrite

# Btrfs frees none of an extent of 256 MiB before all of it is moved.
truncate -s 4G "$T/l.img"
mkfs.btrfs -q -K -m dup "$T/l.img" >"$T/log" 2>&1 # which has room for metadata from the beginning
mkdir "$T/l"
mount -o loop "$T/l.img" "$T/l"
mkdir "$T/l/d"
image=$T/l/d/v.raw
fallocate --length 600M "$image"
printf data | dd of="$image" bs=1M seek=599 conv=notrunc,fsync status=none
leave_room 320 "$T/l/fill"
fallocate --length 120M "$T/l/more"
expect_refused "even so" "$image" --low-space
rm "$T/l/more"
expect_converted off "$image" --low-space

# The power fails before the old file is removed, and the guest goes on with the new one: that is all there is.
ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null --trace=unlinkat --inject=unlinkat:signal=KILL:when=1 \
	"$COWCTL" convert --cow on --low-space "$image" 2>"$T/err" && fail "not killed"
cp --sparse=always "$T/l.img" "$T/cut.img"
umount "$T/l"
mount -o loop "$T/cut.img" "$T/l"
printf guest | dd of="$image" conv=notrunc,fsync status=none
expect_status 1 cowctl convert --status --json "$image"
expect_json '.images[0].whole'
expect_status 0 cowctl convert --cow on "$image"
expect_equal "$(litter_in "$T/l/d")" "" "what is left"
expect_equal "$(head -c 5 "$image")" guest

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A conversion that is to be resumed leaves its copy when it is killed, goes on with it, and believes
# none of it: what differs is copied again. Without --resume the copy is cleared up.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
require strace setfattr
FS_SIZE=2G make_fs btrfs b
mkdir "$T/b/d"
image=$T/b/d/v.raw
make_image "$image" 300M

# interrupt: kill it in the third window of 128 MiB.
interrupt() {
	interrupt_copy 275 "$image"
}

# What stands is listed, and changes nothing.
setfattr -n user.gone -v by-then "$image"
interrupt
expect_status 1 cowctl convert --json --status "$T/b/d"
expect_json '.images | length == 1 and .[0].result == "interrupted"'
expect_json '.images[0] | (.path | endswith("/d/v.raw")) and .bytes_copied >= 268435456'
expect_status 1 cowctl convert --status --output REASON "$image"
expect_out "copying"
expect_status 0 cowctl convert --status "$T/b"
expect_equal "$(litter_in "$T/b/d" | wc -l)" 1 "copies that are left"

# How long it takes is not known when it is not known of one of two.
make_image "$T/b/d/other.raw" 1M
expect_status 0 cowctl convert --dry-run --resume --json "$image" "$T/b/d/other.raw"
expect_json '.images[0].seconds_needed == null and .images[1].seconds_needed > 0'
expect_json '.summary.seconds_needed == null'
rm "$T/b/d/other.raw"

# It goes on where it was, without an attribute that the image has no more.
setfattr -x user.gone "$image"
expect_converted off "$image" --resume
expect_json '.images[0] | .bytes_copied <= 50000000 and .verified'
expect_status 0 cowctl convert --status "$image"
expect_status 0 cowctl convert --cow on "$image"

# What is wrong in the copy is found.
interrupt
dd if=/dev/urandom of="$(litter_in "$T/b/d")" bs=4096 seek=100 count=1 conv=notrunc status=none
expect_converted off "$image" --resume
expect_json '.images[0].bytes_copied > 134217728'
expect_status 0 cowctl convert --cow on "$image"

# Who writes to it after that was compared is noticed, and what he wrote is found by the next run.
HELD_AT=275 convert_held --resume --bandwidth 10G "$image"
dd if=/dev/urandom of="$(litter_in "$T/b/d")" bs=4096 seek=100 count=1 conv=notrunc status=none
convert_go 2
expect_text "$T/converter" "somebody wrote to the copy" "--resume goes on with it"
expect_converted off "$image" --resume
expect_status 0 cowctl convert --cow on "$image"

# The image was written to meanwhile: the copy is of no use.
interrupt
dd if=/dev/urandom of="$image" bs=4096 seek=1000 count=1 conv=notrunc status=none
expect_converted off "$image" --resume
expect_json '.images[0].bytes_copied > 300000000'
expect_status 0 cowctl convert --cow on "$image"

# Taken back, or begun anew.
interrupt
expect_status 0 cowctl convert --json --undo "$image"
expect_json '.images[0].result == "already"'
expect_equal "$(litter_in "$T/b/d")" "" "what is left"
expect_refused "was interrupted" "$image" --undo
interrupt
expect_converted off "$image"
expect_status 0 cowctl convert --cow on "$image"

# Whoever may write to the directory could have made the copy: none is gone on with there, or begun.
interrupt
for mode in 0775 0757; do
	chmod "$mode" "$T/b/d"
	expect_refused "can't be resumed: others may create files" "$image" --resume
	expect_err "(chmod go-w on the directory)"
done
chmod 0755 "$T/b/d"
chown 65534 "$T/b/d"
expect_refused "can't be resumed" "$image" --resume --dry-run
expect_err "(do it as the owner of the directory)"
expect_converted off "$image"
expect_refused "can't be resumed" "$image" --resume --cow on
expect_status 0 cowctl convert "$image" --resume # there is nothing to do
expect_status 0 cowctl convert --cow on "$image"
chown 0 "$T/b/d"

# A second one at the same time is refused, and does not stop the first.
cowctl convert --resume --bandwidth 100M "$image" >"$T/first" 2>&1 &
first=$!
until [ -n "$(litter_in "$T/b/d")" ]; do
	kill -0 "$first" || fail "the first is gone: $(cat "$T/first")"
done
expect_status 2 cowctl convert --resume "$image"
expect_err "v.raw"
expect_status 2 cowctl convert "$image"
expect_err "v.raw' is being converted"
expect_status 0 cowctl convert --status --output REASON "$image"
expect_out running
# which a libvirt pool that refreshes opens in this way, and goes inactive if it can't
dd if="$(litter_in "$T/b/d")" iflag=nonblock of=/dev/null bs=4096 count=1 status=none || fail "it can't be opened"
wait "$first" || fail "the first was disturbed: $(cat "$T/first")"
is_nocow "$image" || fail "not converted"

# What the copy has where the image has a hole goes; what is preallocated is so in the copy, also where
# nothing had to be copied.
image=$T/b/d/w.raw
rm "$T/b/d/v.raw"
make_image "$image" 300M
truncate -s 600M "$image"
fallocate --offset 400M --length 64M --keep-size "$image"
fallocate --offset 600M --length 8M --keep-size "$image"
unwritten() {
	"$COW_BUILD/tests/image" extents "$image" | grep unwritten
}
before=$(unwritten)
for verify in "" --no-verify; do
	interrupt
	dd if=/dev/urandom of="$(litter_in "$T/b/d")" bs=1M seek=500 count=1 conv=notrunc status=none
	# shellcheck disable=SC2086 # or none
	expect_converted off "$image" --resume $verify
	expect_equal "$(unwritten)" "$before" "preallocation"
	expect_status 0 cowctl convert --cow on "$image"
done

# A copy that was begun in the other direction is of no use.
interrupt
expect_refused "a copy for the opposite" "$image" --resume --rewrite --cow on
expect_err "convert without --resume to start again"
expect_status 0 cowctl convert --undo --resume "$image"
expect_equal "$(litter_in "$T/b/d")" "" "what is left"

# Where the flag can't be had, and isn't needed, it is not missed.
FS_SIZE=1G make_fs xfs x
mkdir "$T/x/d"
image=$T/x/d/v.raw
make_image "$image" 200M
before=$(state_of "$image")
interrupt_copy 190 "$image" --rewrite # of which a probe did some
expect_status 0 cowctl convert --json --resume --rewrite "$image"
expect_json '.images[0] | .result == "converted" and .bytes_copied <= 100000000'
expect_equal "$(state_of "$image")" "$before" "what is kept"
expect_equal "$(litter_in "$T/x/d")" "" "what is left"

# Where nothing is to be done, it serves nobody.
interrupt_copy 190 "$image" --rewrite
expect_status 0 cowctl convert --json --resume --dry-run "$image"
expect_equal "$(litter_in "$T/x/d" | wc -l)" 1 "copies after a dry run"
expect_status 0 cowctl convert --json --resume "$image"
expect_json '.images[0] | .result == "already"'
expect_equal "$(state_of "$image")" "$before" "what is kept"
expect_equal "$(litter_in "$T/x/d")" "" "what is left"

# When the rest has no room any more, what is there makes way for a move bit by bit.
interrupt_copy 190 "$image" --rewrite
leave_room 2 "$T/x/fill"
expect_refused "No space left" "$image" --resume --rewrite
expect_status 0 cowctl convert --resume --rewrite --low-space "$image"
expect_equal "$(state_of "$image")" "$before" "what is kept"
expect_equal "$(litter_in "$T/x/d")" "" "what is left"

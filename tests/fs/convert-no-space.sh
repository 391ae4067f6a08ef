#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# When there is no room for the copy, that is found out before anything is written.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
FS_SIZE=512M make_fs btrfs b
image=$T/b/v.raw
make_image "$image" 4M
fallocate -o 4M -l 300M "$image" # space that is to be kept too
sync -f "$T/b"
expect_refused "the copy of 'v.raw' needs 30" "$image"
expect_json '.images[0].reason | contains("are free") and contains("No space left")'
expect_json '.images[0].bytes_copied == 0 and .error.code == "no-space"'
expect_refused "are free" "$image" --dry-run

fallocate --punch-hole -o 4M -l 300M "$image"
sync -f "$T/b"
truncate -s 1G "$image"
expect_refused "needs 1G" "$image" --preallocate
truncate -s 4M "$image"
expect_converted off "$image"

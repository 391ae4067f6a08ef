# SPDX-License-Identifier: LGPL-2.1-or-later
# Where the filesystem overwrites in place anyway, no policy applies; only what is shared is told.
. "$(dirname "$0")/../lib.sh"
need_root
require jq

for kind in ext4 xfs xfs-noreflink tmpfs; do
	make_fs "$kind" "$kind"
	make_image "$T/$kind/image" 2M
	sync "$T/$kind/image"
	for cow in off on auto; do
		expect_status 0 cowctl audit --json --cow "$cow" "$T/$kind"
		expect_json '.images[0] | .compliance == "not-applicable" and .overwrite == "in-place"'
		expect_json '.images[0].findings == []'
	done
done

# tmpfs has no map of extents: that is unknown, not none
expect_json '.images[0] | .extents == null and .runs == null and .shared == null'

cp --reflink=always "$T/xfs/image" "$T/xfs/clone"
expect_status 0 cowctl audit --json --cow off "$T/xfs"
expect_json '.images[1] | .overwrite == "copied-once" and .shared == 2097152 and .nocow == false'
expect_json '.images[1] | .compliance == "not-applicable" and .findings[0].rule == "shared-extents"'

# a loop file on a copy-on-write host: in place above, copied below
FS_SIZE=400M make_fs btrfs host
truncate -s 300M "$T/host/inner.img"
mkfs.ext4 -q "$T/host/inner.img"
mkdir "$T/inner"
mount -o loop "$T/host/inner.img" "$T/inner"
make_image "$T/inner/image" 1M
sync "$T/inner/image"
expect_status 0 cowctl audit --json --cow off "$T/inner"
expect_json '.images[0] | .compliance == "not-applicable" and .findings[0].rule == "layer-below-copies"'

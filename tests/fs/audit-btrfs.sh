# SPDX-License-Identifier: LGPL-2.1-or-later
# What an audit says of images on Btrfs, by what was done to them.
. "$(dirname "$0")/../lib.sh"
need_root
require btrfs jq

# image NAME FILTER: true of the image of this name in the last audit.
image() {
	expect_json '.images[] | select("/" + .path | endswith("/" + $name)) | '"$2" --arg name "$1"
}

make_fs btrfs fs
cd "$T/fs"
mkdir plain good
chattr +C good
make_image plain/cow 4M
make_image good/nocow 4M
make_image good/shared 4M
cp --reflink=always good/shared good/clone
make_image plain/moved 4M
mv plain/moved good/moved # keeps what it is
btrfs -q subvolume create volume
chattr +C volume
make_image volume/old 4M
sync .
btrfs -q subvolume snapshot volume snapshot
btrfs -q subvolume delete --commit-after snapshot
btrfs subvolume sync . >/dev/null
mkdir packed
chattr +c packed
head -c 4M /dev/zero >packed/zlib
make_image plain/pieces 8M
fragment plain/pieces 1500
sync .

expect_status 1 cowctl audit --json --cow off .
image plain/cow '.compliance == "drifted" and .overwrite == "copied" and .nocow == false'
image good/nocow '.compliance == "ok" and .overwrite == "in-place" and .evidence == "reported"'
image good/nocow '.nocow == true and .shared == 0 and .findings == []'
image good/shared '.compliance == "ok" and .overwrite == "copied-once" and .shared == 4194304'
image good/shared '[.findings[] | .rule + " " + .severity] == ["shared-extents warning"]'
image good/shared '.findings[0].remedy | startswith("cowctl unshare")'
image good/moved '.compliance == "drifted" and [.findings[].rule] == ["cow-image"]'
image volume/old '.overwrite == "copied-once" and .shared == 0 and .old == 4194304'
image volume/old '[.findings[].rule] == ["older-than-snapshot"]'
image volume/old '.findings[0].remedy | startswith("cowctl unshare")'
image packed/zlib '[.findings[].rule] | index("cow-image") != null and index("compressed") != null'
image plain/pieces '[.findings[].rule] | index("fragmented") != null'
expect_equal "$(json "$T/out" '.images[] | select(.path == "./plain/pieces").runs')" \
	"$(runs_of plain/pieces)" 'runs against filefrag'
expect_json '.summary == {images: 8, ok: 4, drifted: 4, unknown: 0, errors: 0}'

# the other way round
expect_status 1 cowctl audit --json --cow on .
image plain/cow '.compliance == "ok"'
image good/nocow '.compliance == "drifted" and .findings[0].rule == "nocow-image"'

# what only root can see is unknown to others, and said
expect_status 0 as_nobody cowctl audit --json --cow off volume
image volume/old '.old == null and .findings[0].severity == "info"'
image volume/old '.findings[0].message | contains("needs root")'

# a right image in a wrong directory
make_image plain/born 1M
rm plain/*
touch plain/born
chattr +C plain/born
fallocate -l 1M plain/born
expect_status 0 cowctl audit --json --cow off plain
image plain/born '.compliance == "ok" and [.findings[].rule] == ["directory-cow"]'

# as text: a line each, and what was found below
expect_status 1 cowctl audit --cow off good
expect_out 'good/nocow' 'COMPLIANCE' 'error: cow-image:' 'cowctl convert --cow off'
expect_out '4 images: 3 ok, 1 drifted, 0 unknown; 0 unreadable'
expect_status 1 cowctl audit --cow off --noheadings --output PATH,COMPLIANCE good/moved
expect_equal "$(tr -s ' ' <"$T/out")" 'good/moved drifted'

# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Images that are converted in all ways while something goes wrong, and what must hold of them then.
. "$(dirname "$0")/../lib.sh"
. "$COW_TESTS/lib-cut.sh"
need_root
without_sanitizers
require setfattr

# An image for each way to convert, by the name of the way. Where NOCOW is not needed, on any
# filesystem but Btrfs, --rewrite goes the same way.
declare -A ways=(
	[plain]='--cow off'
	[kept]='--cow off --keep-original'
	[full]='--cow off --preallocate'
	[fast]='--cow off --no-verify'
	[resumed]='--cow off --resume'
	[back]='--cow on'
)
rewrite() {
	[ "$kind" = btrfs ] || echo --rewrite
}

# make_disk WAY FILE: with metadata, a hole, and an end in the midst of a block.
make_disk() {
	: >"$2"
	[ "$kind:$1" != btrfs:back ] || chattr +C "$2"
	make_image "$2" 1M
	fallocate --punch-hole --offset 256K --length 128K "$2"
	truncate -s 1050001 "$2"
	setfattr -n user.image -v "$1" "$2"
	chown 12:34 "$2"
	chmod 0640 "$2"
	touch -d '2021-02-03 04:05:06.789' "$2"
	touch -a -d '2037-12-31 23:59:58.765' "$2" # a time to come is what reading leaves alone
}

# state FILE...: "INODE cow|nocow WHAT-MUST-STAY" lines. Wait for its end (not "< <(state"), or it may stand in
# the way of an unmount.
state() {
	"$COW_BUILD/tests/state" "$@"
}

# is_as_wanted WAY FLAG
is_as_wanted() {
	case $kind:$1:$2 in
	btrfs:back:cow | btrfs:*:nocow | xfs:* | ext4:*) ;;
	*) fail "$1 is $2" ;;
	esac
}

# --- the power is cut -----------------------------------------------------------------------------

declare -A old new wanted

make_all() {
	local way
	chmod 0755 . # elsewhere none is resumed
	for way in "${!ways[@]}"; do
		make_disk "$way" "$way"
		read -r 'old[$way]' _ 'wanted[$way]' <<<"$(state "$way")"
	done
}

convert_all() {
	local way
	for way in "${!ways[@]}"; do
		# shellcheck disable=SC2046,SC2086 # several options
		expect_status 0 cowctl convert $(rewrite) ${ways[$way]} "$way"
		returned "$way"
		new[$way]=$(stat -c %i "$way")
	done
}

# Each image is complete, the old one or the new one, and the new one when the command had returned.
images_are_whole() {
	local way inode kept states
	states=$(state "${!ways[@]}") || fail "no image"
	for way in "${!ways[@]}"; do
		read -r inode _ kept
		expect_equal "$kept" "${wanted[$way]}" "$way"
		case $inode in
		"${new[$way]}") echo new ;;
		"${old[$way]}") ! had_returned "$way" || fail "$way was converted, and is not" && echo old ;;
		*) fail "$way is another file" ;;
		esac
	done <<<"$states"
}

# The next run puts all in order.
next_run_finishes() {
	local way flag kept names states
	expect_status 0 cowctl convert --cow off --resume resumed plain kept full fast
	expect_status 0 cowctl convert --cow on back
	states=$(state "${!ways[@]}") || fail "no image after the next run"
	for way in "${!ways[@]}"; do
		read -r _ flag kept
		expect_equal "$kept" "${wanted[$way]}" "$way after the next run"
		is_as_wanted "$way" "$flag"
	done <<<"$states"
	names=$(ls -A -I lost+found -I kept.orig)
	expect_equal "${names//$'\n'/ }" 'back fast full kept plain resumed' "what is there after the next run"
	for way in *.orig; do
		[ ! -e "$way" ] || expect_equal "$(state "$way")" "${old[kept]} cow ${wanted[kept]}" "$way"
	done
}

images_are_whole_and_finished() {
	images_are_whole
	next_run_finishes
}

# Stand-ins that forget something: the file's data, or that there has to be an image at every instant.
each_by() {
	local way
	for way in "${!ways[@]}"; do
		dd if="$way" of=".$way" bs=1M status=none # which can't be talked into sharing blocks
		cp --attributes-only --preserve=all "$way" ".$way"
		new[$way]=$(stat -c %i ".$way")
		"$1" "$way"
		sync .
		returned "$way"
	done
}
forget_data() {
	mv ".$1" "$1"
}
remove_first() {
	sync ".$1"
	rm "$1"
	sync .
	mv ".$1" "$1"
}
convert_forgetful() {
	each_by forget_data
}
convert_by_removing() {
	each_by remove_first
}

# cut_conversions KIND: conversions survive a cut at any point, and worse ones are caught.
cut_conversions() {
	local stand_in
	kind=$1
	cut_disk "$kind" make_all
	cut_record convert_all
	cut_everywhere images_are_whole_and_finished
	expect_equal "$(sort -u "$T/ram/found" | xargs)" "new old" "images found"
	for stand_in in convert_forgetful convert_by_removing; do
		cut_record "$stand_in"
		cut_caught images_are_whole
	done
}

# --- somebody interferes --------------------------------------------------------------------------

# interfere KIND: so many rounds (COW_ROUNDS), by a seed (COW_SEED), of a conversion on that filesystem
# and of tests/tool/hostile.c.
interfere() {
	local converted refused kept snapshots=-
	require qemu-io
	make_fs "$1" fs
	case $1 in
	btrfs) snapshots=snapshots && btrfs -q subvolume create "$T/fs/dir" ;;
	*) mkdir "$T/fs/dir" ;;
	esac
	cd "$T/fs/dir"
	echo "seed ${COW_SEED:=1}"
	"$COW_BUILD/tests/hostile" "$snapshots" "${COW_ROUNDS:-150}" "$COW_SEED" \
		"$COWCTL" convert --rewrite disk >"$T/summary" ||
		fail "last said: $(tail -n 3 ../said)"
	cat "$T/summary"
	read -r converted _ refused _ _ _ _ _ _ kept _ <"$T/summary"
	[ "$converted" -ge 20 ] || fail "only $converted conversions"
	[ "$refused" -ge 5 ] || fail "only $refused met anybody"
	expect_equal "$(grep -c 'therefore kept' ../said)" "$kept" "files said to be kept"
}

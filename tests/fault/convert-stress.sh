#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs that open, write and close an image all the time, and its conversions back and forth: not
# one write is lost unsaid, and some conversions get through. Half of the programs keep to QEMU's
# locks. In the rare case that both inodes were opened in the same instant, convert can only keep
# both files and say so; no run of this test has shown it, but it may.
. "$(dirname "$0")/../lib.sh"
need_root

make_fs btrfs fs
mkdir "$T/fs/dir"
image=$T/fs/dir/disk.raw
truncate -s 1M "$image"

# One open for each conversion that is left alone, on average: seldom enough that some get through
# on a slow machine, and often enough to meet them on a fast one.
start=${EPOCHREALTIME/./}
expect_status 0 cowctl convert "$image"
pause=$(((${EPOCHREALTIME/./} - start) / 1000))

openers=()
for slot in 0 1 2 3; do
	"$COW_BUILD/tests/opener" "$image" "$slot" "$((pause * 4))" \
		"$([ $((slot % 2)) -eq 0 ] || echo qemu)" >"$T/opener.$slot" &
	openers+=("$!")
done

converted=0 busy=0 kept=0 SECONDS=0
# At least so long, and until some got through, which takes longer on a busy machine.
while [ $SECONDS -lt 8 ] || [ "$converted" -lt 3 ]; do
	[ $SECONDS -lt 120 ] || fail "$converted conversions got through, $busy were busy"
	for to in off on; do
		status=0
		cowctl convert --cow "$to" --output RESULT "$image" >"$T/out" 2>"$T/err" || status=$?
		case $status in
		0) if grep -qw converted "$T/out"; then converted=$((converted + 1)); fi ;;
		2)
			busy=$((busy + 1))
			if grep -q 'therefore kept' "$T/err"; then
				kept=$((kept + 1))
				rm "$T"/fs/dir/.cowctl-*
			fi
			;;
		*) fail "status $status: $(cat "$T/err")" ;;
		esac
	done
done

kill "${openers[@]}"
for opener in "${openers[@]}"; do
	wait "$opener" || true
done
lost=$(awk '{n += $2} END {print n}' "$T"/opener.*)
[ "$lost" -le "$kept" ] || fail "$lost writes were lost, $kept were kept aside"
expect_equal "$(find "$T/fs/dir" -name '.cowctl-*' | wc -l)" 0 "left-overs"
echo "$converted conversions, $busy times busy, $kept kept aside"

# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# An image that is converted to and fro, while each time one system call is bent; after fault/lib.sh.
# It is never made anew: what thousands of faults do to it adds up.

# COW_FAULTS: about so many are tried by each script, spread evenly over all calls; "all": every call of
# every way with every fault. COW_SEED: which of them.
: "${COW_FAULTS:=60}" "${COW_SEED:=1}"
RANDOM=$COW_SEED

# In pairs: there and back again.
bend_ways=(
	'--cow off' '--cow on'
	'--cow off --keep-original' '--cow on --no-verify'
	'--cow off --preallocate' '--cow on --keep-original'
)

# bend_disk KIND: a filesystem with the image, in a folder of its own, which becomes the current one.
bend_disk() {
	kind=$1
	make_fs "$kind" fs
	mkdir "$T/fs/dir"
	cd "$T/fs/dir"
	make_disk plain image
	read -r _ _ wanted <<<"$(state image)"
}

# _bend SET N FAULT WAY: convert with that call bent; sets status, and bent to the call's name, or to
# how many there are.
_bend() {
	status=0
	# In a shell of its own, which keeps this one from reporting kills. Leak detection needs ptrace for
	# itself. Ways are several options.
	# shellcheck disable=SC2046,SC2086
	(ASAN_OPTIONS=detect_leaks=0 "$COW_BUILD/tests/bend" "$T/bent" "$1" "$2" "$3" "$COWCTL" convert $(rewrite) $4 image \
		>"$T/out" 2>"$T/err" </dev/null) || status=$?
	bent=$(cat "$T/bent")
}

# is_whole WAY WHEN: the image, and the original that was kept; sets flag to how the image is.
is_whole() {
	local file cow kept states files=(image)
	[ ! -e image.orig ] || files+=(image.orig)
	states=$(state "${files[@]}") || fail "no image $2"
	for file in "${files[@]}"; do
		read -r _ cow kept
		expect_equal "$kept" "$wanted" "$file $2"
		[ "$file" != image ] || flag=$cow
	done <<<"$states"
}

# is_converted WAY WHEN: by the flag just read
is_converted() {
	case $kind:$1:$flag in
	btrfs:--cow\ off*:nocow | btrfs:--cow\ on*:cow | xfs:* | ext4:*) ;;
	*) fail "the image is $flag $2" ;;
	esac
}

# What a kill may end with.
killed() {
	[ "$status" -eq 137 ] || [ "$status" -eq 0 ] || fail "status $status $2: $(cat "$T/err")"
}

# What a failure may end with: complete, or one line that says what is wrong.
said_or_done() {
	case $status in
	0) is_converted "$1" "$2" ;;
	1 | 2) expect_equal "$(wc -l <"$T/err")" 1 "lines of error $2" ;;
	*) fail "status $status $2: $(cat "$T/err")" ;;
	esac
}

# The next run finishes, and leaves nothing but the image and perhaps the original.
next_run() {
	local names
	# shellcheck disable=SC2086 # several options
	expect_status 0 cowctl convert ${1%%--keep*} image
	is_whole "$@"
	is_converted "$1" "after the run $2"
	rm -f image.orig
	names=$(ls -A)
	expect_equal "$names" image "what is there after the run $2"
}

# bend_all SET CHECK FAULT...: CHECK is told the way and which call was bent, and sees status.
bend_all() {
	local set=$1 check=$2 way fault i pair count total=0 most=0 step=1 status bent when flag
	shift 2
	for way in "${bend_ways[@]}"; do
		_bend "$set" 0 kill "$way"
		[ "$status" -eq 0 ] || fail "not even undisturbed: $(cat "$T/err")"
		next_run "$way" "that was not disturbed"
		total=$((total + bent * $#))
		[ "$bent" -lt "$most" ] || most=$bent
	done
	[ "$COW_FAULTS" = all ] || step=$((total / COW_FAULTS + 1))
	count=0
	for fault; do
		for pair in 0 2 4; do
			for ((i = 1 + RANDOM % step; i <= most; i += step)); do
				for way in "${bend_ways[@]:pair:2}"; do
					_bend "$set" "$i" "$fault" "$way"
					when="after $fault at call $i ($bent) of $way"
					is_whole "$way" "$when"
					"$check" "$way" "$when"
					next_run "$way" "$when"
					[ "$bent" -eq "$bent" ] 2>/dev/null || count=$((count + 1))
				done
			done
		done
	done
	[ "$COW_FAULTS" = all ] || [ $((count * 10)) -ge $((COW_FAULTS * 6)) ] || fail "only $count faults"
	echo "$kind: $count times $*, with $total calls of this kind in all ways"
}

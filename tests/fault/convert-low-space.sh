#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A move bit by bit is killed at each system call that changes anything, and goes on, or back. All the
# while there is either the whole image at its path, or no image there and a move that can be gone
# on with: nothing is lost, and no guest can start from half an image.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
. "$(dirname "$0")/../trace.sh"
need_root
without_sanitizers
require strace setfattr

# On XFS, where freed space is free at once and so a few small windows do. Too full for a copy.
FS_SIZE=320M make_fs xfs fs
mkdir "$T/fs/dir"
image=$T/fs/dir/disk.raw
template=$T/template
make_image "$template" 12M
truncate -s 13000000 "$template"

fill() {
	rm -f "$T/fs/fill"
	leave_room 12 "$T/fs/fill"
}

fresh_image() {
	rm -rf "$T/fs/dir" "$T/fs/fill"
	mkdir "$T/fs/dir"
	cp --sparse=always "$template" "$image"
	setfattr -n user.mark -v kept "$image"
	chown 12:34 "$image"
	chmod 0640 "$image"
	touch -d '2021-02-03 04:05:06.789' "$image"
	inode=$(stat -c %i "$image")
	fill
}
moved() {
	[ "$(stat -c %i "$image")" != "$inode" ]
}

# No half image is at the path, and nothing is there that nobody knows.
check_between() {
	local stray
	if [ -e "$image" ]; then
		expect_equal "$(state_of "$image")" "$state" "the image after $1"
	else
		expect_status 1 cowctl convert --status --output REASON "$image"
		expect_out moving
		away=$((away + 1))
	fi
	stray=$(find "$T/fs/dir" -mindepth 1 ! -path "$image" ! -name '.cowctl-*')
	expect_equal "$stray" "" "stray names after $1"
}

fresh_image
state=$(state_of "$image")
check_end() {
	expect_equal "$(state_of "$image")" "$state" "the image after $1"
	expect_equal "$(ls -A "$T/fs/dir")" disk.raw "what is left after $1"
}

killed=0 away=0
trace_calls "$T/calls" cowctl convert --low-space --rewrite "$image"
moved || fail "not converted"
check_end "no fault"
grep -q '^renameat2 [4-9]' "$T/calls" || fail "not moved in several windows: $(cat "$T/calls")"
while read -r call count; do
	for i in $(few "$count"); do
		fresh_image
		if trace_inject "$call:signal=KILL:when=$i" cowctl convert --low-space --rewrite "$image"; then
			moved || fail "$call $i: neither killed nor moved"
			check_end "$call $i" # fewer windows than the first time
			break
		fi
		killed=$((killed + 1))
		check_between "a kill at $call $i"
		if [ $((killed % 2)) -eq 0 ] && [ ! -e "$image" ]; then
			# On its way back it is killed as well.
			trace_inject "$call:signal=KILL:when=$((i / 2 + 1))" cowctl convert --undo "$image" ||
				true
			check_between "a kill at $call $i, and another on the way back"
			if [ ! -e "$image" ] || [ -n "$(litter_in "$T/fs/dir")" ]; then
				expect_status 0 cowctl convert --undo "$image"
			fi
			! moved || fail "not taken back after $call $i"
		else # if it was whole already, it is now rewritten once more
			expect_status 0 cowctl convert --low-space --rewrite "$image"
		fi
		check_end "a kill at $call $i"
	done
done <"$T/calls"
[ "$away" -ge 10 ] || fail "only $away kills while it was moved"
echo "$killed kills, $away while the image was away"

# Somebody made a file of that name in the meantime: nothing of it is touched, and the next run ends it.
fresh_image
last=$(sed -n 's/^renameat2 //p' "$T/calls")
trace_inject "renameat2:error=EEXIST:when=$last+" cowctl convert --low-space --rewrite "$image" &&
	fail "not refused"
expect_err "File exists" "move away what has that name now"
expect_status 0 cowctl convert --low-space --rewrite "$image"
moved || fail "not ended"
check_end "the name was taken"

# Without --low-space it goes on all the same, and as carefully: nothing goes that was not verified.
fresh_image
trace_inject renameat2:signal=KILL:when=4 cowctl convert --low-space --rewrite "$image" && fail "not killed"
[ ! -e "$image" ] || fail "not moved in part"
for option in --no-verify --keep-original --preallocate; do
	expect_status 3 cowctl convert --rewrite "$option" "$image"
	expect_err "all is verified, and nothing preallocated or kept (leave out"
	check_between "$option"
done
expect_status 0 cowctl convert --rewrite "$image"
check_end "a move that went on"

# Whatever fails when it is away already, that is said.
for i in $(few "$(sed -n 's/^fsync //p' "$T/calls")"); do
	fresh_image
	trace_inject "fsync:error=EIO:when=$i" cowctl convert --low-space --rewrite "$image" || true
	[ -e "$image" ] || expect_err "the same command goes on, --undo goes back"
	expect_status 0 cowctl convert --low-space --rewrite "$image"
	check_end "EIO from fsync $i"
done

# In the instant before it is moved away, somebody gives it another name, or that name to another file: either
# is as it was.
interfered() {
	fresh_image
	make_image "$T/fs/new" 1M
	changed_meanwhile '--low-space --rewrite' "$@"
	expect_equal "$(litter_in "$T/fs/dir")" "" "what is left after $1"
}
interfered ln "$image" "$T/fs/dir/other"
cmp "$image" "$template"
[ "$image" -ef "$T/fs/dir/other" ] || fail "not the same file any more"
interfered mv "$T/fs/new" "$image"
expect_equal "$(stat -c %s "$image")" $((1 << 20)) "size of what was moved there"

# Somebody made a clone of what is moved, so that nothing of it becomes free: there is a way back all the same.
fresh_image
trace_inject renameat2:signal=KILL:when=3 cowctl convert --low-space --rewrite "$image" && fail "not killed"
cp --reflink=always "$T/fs/dir"/.cowctl-*-o-disk.raw "$T/fs/clone"
leave_room 1 "$T/fs/more"
expect_status 2 cowctl convert --low-space --rewrite "$image"
expect_err "No space left" "with more room the same command goes on"
check_between "no room"
[ ! -e "$image" ] || fail "moved"
expect_status 0 cowctl convert --undo "$image"
! moved || fail "not taken back"
check_end "no room"
rm "$T/fs/clone" "$T/fs/more"

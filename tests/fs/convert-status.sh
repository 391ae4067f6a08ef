#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What stands in a directory is said of every kind of name that a conversion makes, with what ends it.
. "$(dirname "$0")/../lib.sh"
require jq
cd "$T"

# left KIND FILE [IMAGE]: a new file under the name that a conversion of the image gives it, as the new one of
# the two; of the old one's kinds, as that.
left() {
	local old new
	truncate -s 1M "$2"
	case $1 in
	o) old=$(stat -c %i "$2") new=999 ;;
	*) old=999 new=$(stat -c %i "$2") ;;
	esac
	if [ -e "${3:-none}" ]; then
		case $1 in
		o) new=$(stat -c %i "$3") ;;
		*) old=$(stat -c %i "$3") ;;
		esac
	fi
	mv "$2" "$(printf '.cowctl-%x-%x-0.0-%s-%s' "$old" "$new" "$1" "${3:-$2}")"
}

# expect_audit SEVERITY MESSAGE: of the one leftover, whose removal is never offered; no image is counted for it.
expect_audit() {
	local status=0
	[ "$1" != error ] || status=1
	expect_status "$status" cowctl audit --json --cow on .cowctl-*
	expect_json '.summary | .images == 0 and .ok == 0'
	# shellcheck disable=SC2016 # jq's own variables
	expect_json '.images | length == 1 and (.[0].findings[0] |
		.severity == $severity and (.message | contains($message)) and
		(.remedy // "" | contains("remove") | not))' --arg severity "$1" --arg message "$2"
}

for kind in r k c m0 l L d D; do
	truncate -s 1M disk.raw
	left "$kind" copy disk.raw
	expect_status 1 cowctl convert --status --output PATH,REASON .
	expect_out './disk.raw' ' of 1M done; '
	case $kind in
	c) expect_out 'copying, at most' '--resume goes on' ;;
	l | L) expect_out 'mirroring, at most' 'with the same options clears up' ;;
	*) expect_out 'converting the image again' ;;
	esac
	expect_audit warning "left over from an interrupted conversion of 'disk.raw'"
	rm .cowctl-* disk.raw
done

# Its table has what matters here; in JSON it is all there.
truncate -s 1M disk.raw
left m0 copy disk.raw # there was nothing moved yet
expect_status 1 cowctl convert --status .
expect_out STATE RUNNING SIZE WHOLE REMEDY exchanging
rm .cowctl-*
left o old disk.raw # all was moved
expect_status 1 cowctl convert --status --json disk.raw
expect_json '.images == [.images[] | select(.path == "disk.raw" and .result == "interrupted" and
	.state == "exchanging" and .running == false and .size == 1048576 and .whole == true)]'
rm .cowctl-* disk.raw

# The two files of a move are one line, with how far it is. One of them changes its name all the time: a look that
# misses it finds the other one, and what is gone from that.
truncate -s 8M old new
fallocate --keep-size --offset 6M --length 2M old
pair=$(printf '.cowctl-%x-%x-0.0' "$(stat -c %i old)" "$(stat -c %i new)")
mv old "$pair-o-disk.raw"
mv new "$pair-m500000-disk.raw"
expect_moving() {
	expect_status 1 cowctl convert --status --recursive --json .
	expect_json ".images == [.images[] | select(.path == \"./disk.raw\" and .state == \"moving\" and
		.whole == false and .bytes_copied == $1 and .size == 8388608)]"
}
expect_moving 5242880
: >disk.raw # somebody else's
expect_moving 5242880
expect_json '.images[0].remedy | contains("move that away")'
rm disk.raw "$pair-m500000-disk.raw"
expect_moving 6291456
rm .cowctl-*
truncate -s 1M disk.raw
left l copy disk.raw
exec 5<.cowctl-*
flock 5 # as who is at it has
expect_status 0 cowctl convert --status --json .
expect_json '.images[0] | .result == null and .state == "mirroring" and .mode == "live" and .running == true and .remedy == null'
expect_audit info "'disk.raw' is being converted" # and not what to do
# also among so many locks as a file server has
require python3
coproc SERVER {
	exec python3 -c 'import fcntl, sys
files = [open(name, "w") for name in sys.argv[1:]]
for file in files:
	for i in range(3000):
		fcntl.lockf(file, fcntl.LOCK_EX, 1, 2 * i)
print(flush=True)
sys.stdin.read()' {1..8}
}
read -r _ <&"${SERVER[0]}"
expect_status 0 cowctl convert --status --json .
expect_json '.images[0].running'
eval "exec ${SERVER[1]}>&-"
wait "$SERVER_PID"
rm {1..8}
exec 5<&-

# What is somewhere below is found with --recursive, what is nowhere is no good news.
mkdir sub
mv .cowctl-* disk.raw sub
expect_status 0 cowctl convert --status .
expect_status 1 cowctl convert --status --recursive --json .
expect_json '[.images[].path] == ["./sub/disk.raw"]'
expect_status 2 cowctl convert --status nothing.raw
expect_err "'nothing.raw'"
expect_status 2 cowctl convert --status --recursive no-pool
expect_status 3 cowctl convert --status --undo sub/disk.raw
expect_err "not with --undo"
rm -r sub

# A name that is too long for the journal is found again in the directory, or known to who says it.
long=$(printf '%0200d' 7).raw
truncate -s 1M "$long"
left m80000 copy "$long"
temp=$(find . -name '.cowctl-*')
cut=$(printf '%.111s~' "$long")
mv "$temp" "${temp%"$long"}$cut$(printf '%016x' 0)"
expect_status 1 cowctl convert --status --json . # somebody else's hash: none of this one
expect_json '.images[0].path | endswith("~0000000000000000")'
expect_status 0 cowctl convert --status --json "$long"
rm .cowctl-*
rm "$long"

# The image is not at its path: what is left may be all there is of it.
for kind in r k c d D; do
	left "$kind" copy
	expect_audit error "may be all there is of 'copy'"
	rm .cowctl-*
done
for kind in m80000 o; do
	left "$kind" disk.raw
	expect_audit error "holds part of 'disk.raw'"
	rm .cowctl-*
done
# A live conversion was cut off while its empty copy was at the path.
truncate -s 1M disk.raw
truncate -s 1M old
mv old "$(printf '.cowctl-%x-%x-0.0-l-disk.raw' "$(stat -c %i old)" "$(stat -c %i disk.raw)")"
expect_audit error "may be all there is of 'disk.raw'"
expect_out 'before its guest is started'
rm .cowctl-*
# The name is another file's by now.
left r copy
truncate -s 1M copy
expect_audit warning "is another file by now"
expect_out 'look for the image'
rm .cowctl-*
# It is no conversion's.
: >.cowctl-0123456789abcdef
expect_audit warning "was being made"

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

for kind in r k c m80000 l L d D; do
	truncate -s 1M disk.raw
	left "$kind" copy disk.raw
	expect_status 1 cowctl convert --status --output PATH,REASON .
	expect_out './disk.raw' ' of 1M done; '
	case $kind in
	c) expect_out copying '--resume goes on' ;;
	l | L) expect_out mirroring 'with the same options clears up' ;;
	*) expect_out 'converting the image again' ;;
	esac
	expect_audit warning "left over from an interrupted conversion of 'disk.raw'"
	rm .cowctl-* disk.raw
done

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

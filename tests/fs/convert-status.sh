#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What stands in a directory is said of every kind of name that a conversion makes, with what ends it.
. "$(dirname "$0")/../lib.sh"
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
	rm .cowctl-* disk.raw
done

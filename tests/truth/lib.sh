# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The truth table: what cowctl says of a configuration, beside what was seen at the bottom of it.
# A family of configurations is a script that begins with
#	. "$(dirname "$0")/lib.sh"
# and then need_root or need_lab, sets each up and calls truth. Its rows go to $COW_TRUTH/FAMILY, from
# where tools/truth makes docs/truth.md. A row in which the two disagree is a failure.
COW_TRUTH=${COW_TRUTH:-${COW_BUILD:?}/truth}
mkdir -p -- "$COW_TRUTH"
export COW_TRUTH
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
family=$(basename "$0" .sh)
rows=$COW_TRUTH/$family
disagree=0
: >"$rows"

witness() {
	"$COW_BUILD/tests/witness" "$@"
}

# truth_nobody NAME PATH PLACE...: the same asked by somebody who is not root.
truth_nobody() {
	who=as_nobody truth "$1, not root" "${@:2}"
}

# truth_named NAME PATH PLACE...: the same asked by who allows for a file that has a name.
truth_named() {
	how=--named truth "$1, --named" "${@:2}"
}

# truth_young NAME PATH PLACE...: the same where no block is shared or older than a snapshot (any more),
# which is known here, but not to whom only sees that the layer has snapshots.
truth_young() {
	young=1 truth "$@"
}

# truth_then NAME COMMANDS PATH PLACE...: the same, and the commands come between asking and looking.
truth_then() {
	then=$2 truth "$1" "${@:3}"
}

# look PATH PLACE...: what is seen of it, of a directory in a new file
look() {
	local file=$1
	if [ -d "$file" ]; then
		file+=/.witness
		rm -f -- "$file"
		witness write "$file"
	fi
	witness judge "$file" "${@:2}"
}

# truth NAME PATH PLACE...: PATH is a directory, in which a new file is looked at, or a file or block
# device that "witness write" filled. The bytes end in the places; none: they can't be seen anywhere.
truth() {
	local name=$1 path=$2 said seen=unseen agree=NO
	shift 2
	${who:-} cowctl probe --json ${how:+"$how"} "$path" >"$T/probe" || [ $? -eq 2 ] # unknown
	said=$(json "$T/probe" '.paths[0] | [.overwrite, .switch, .evidence] | join("|")')
	eval "${then:-}"
	if [[ $(touch -- "$path" 2>&1) == *'Read-only file system' ]]; then
		seen=read-only
	elif [ $# -gt 0 ]; then
		seen=$(look "$path" "$@")
	fi
	case $seen in
	unseen) agree='not seen' ;;
	read-only) [ "$(json "$T/probe" '.paths[0].layers[0].detail.read_only')" != true ] || agree=yes ;;
	"${said%%|*}") agree=yes ;;
	in-place) [ "${young:-}${said%%|*}" != 1copied-once ] || agree='yes, at most once' ;;
	esac
	case ${said%%|*} in unknown) agree="unknown: $(json "$T/probe" '.paths[0].reason')" ;; esac
	printf '%s|%s|%s|%s\n' "$name" "$said" "$seen" "$agree" | tee -a "$rows"
	[ "$agree" != NO ] || disagree=$((disagree + 1))
}

# The family is complete: to be called last.
truth_end() {
	[ -s "$rows" ] || fail "no configuration was tried"
	[ "$disagree" -eq 0 ] || fail "$disagree rows where cowctl and what was seen disagree"
}

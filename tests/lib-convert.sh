# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What tests of conversions share, after lib.sh.

# state_of FILE: all that a conversion keeps, as text. Looking does not change it.
state_of() {
	local flags
	stat --printf='mode %a owner %u:%g size %s links %h\natime %x\nmtime %y\n' -- "$1"
	flags=$(lsattr -d -- "$1")
	printf 'flags %s\n' "$(tr -d 'Ccm-' <<<"${flags%% *}")"
	getfattr --absolute-names --dump --match=- --encoding=hex -- "$1" |
		sed -e '/^# file/d' -e '/^$/d' -e '/^btrfs\.compression=/d'
	dd if="$1" iflag=noatime bs=1M status=none | sha256sum
}

# folder_of DIRECTORY: its files and its own times, so that a change, or litter, shows.
folder_of() {
	find "$1" -maxdepth 1 -printf '%i %n %s %m %T@ %C@ %p\n' | sort
	find "$1" -maxdepth 1 -type f -size -64M -exec sha256sum -- {} + | sort
}

# litter_in DIRECTORY: what a conversion left there.
litter_in() {
	find "$1" -name '.cowctl-*'
}

# leave_room MIB FILE: let FILE take all of its XFS but that. What was removed is free a little later, but not
# while the filesystem is frozen.
leave_room() {
	local point
	point=$(stat -c %m -- "$(dirname -- "$2")")
	fsfreeze --freeze "$point"
	fsfreeze --unfreeze "$point"
	fallocate -l $((($(stat -f -c '%a * %S >> 20' "$point")) - $1))M -- "$2"
}

# interrupt_copy N IMAGE [OPTION...]: kill a conversion that is to be resumed before its Nth write. With a rate,
# one MiB is written after the other.
interrupt_copy() {
	(ASAN_OPTIONS=detect_leaks=0 strace -o /dev/null --trace=pwrite64 --inject="pwrite64:signal=KILL:when=$1" \
		"$COWCTL" convert --resume --bandwidth 10G "${@:2}" 2>"$T/err" || true) 2>/dev/null
	expect_equal "$(litter_in "$(dirname -- "$2")" | wc -l)" 1 "copies that are left"
}

# expect_converted off|on IMAGE [OPTION...]: it is converted and still the same file.
expect_converted() {
	local to=$1 image=$2 before
	shift 2
	before=$(state_of "$image")
	expect_status 0 cowctl convert --json --cow "$to" "$@" -- "$image"
	expect_json '.images | length == 1 and .[0].result == "converted"'
	expect_equal "$(state_of "$image")" "$before" "what is kept"
	case $to in
	off) is_nocow "$image" || fail "$image is not NOCOW" ;;
	on) ! is_nocow "$image" || fail "$image is still NOCOW" ;;
	esac
	expect_equal "$(litter_in "$(dirname -- "$image")")" "" "what is left"
}

# expect_refused REASON IMAGE [OPTION...]: with this text as the reason, and nothing is changed.
expect_refused() {
	local reason=$1 image=$2 folder before
	shift 2
	folder=$(dirname -- "$image")
	before=$(folder_of "$folder")
	expect_status 2 cowctl convert --json "$@" -- "$image"
	expect_json '.images | length == 1 and .[0].result == "refused"'
	# shellcheck disable=SC2016 # jq's own variable
	expect_json '.images[0].reason | contains($reason)' --arg reason "$reason"
	expect_equal "$(folder_of "$folder")" "$before" "$folder"
}

# convert_held IMAGE [OPTION...]: begin a conversion that stands still when it has written the first bytes of the
# copy, or $HELD_AT pieces; convert_go STATUS lets it go on, to end with this status. What it says is in $T/converter.
convert_held() {
	: >"$T/trace"
	{
		# leak detection needs ptrace for itself
		ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -o "$T/trace" --trace=pwrite64 \
			--inject="pwrite64:signal=SIGSTOP:when=${HELD_AT:-1}" -- "$COWCTL" convert "$@" \
			>"$T/converter" 2>&1 || true
	} &
	held=$!
	disown # what stands still is ended by the end of the namespace
	until grep -q 'stopped by SIGSTOP' "$T/trace"; do
		[ -e "/proc/$held" ] || fail "not held: $(cat "$T/converter")"
	done
}
convert_go() {
	pkill -CONT -P "$(pgrep -P "$held")"
	tail --pid="$held" -f /dev/null
	expect_equal "$(tail -n1 "$T/trace")" "+++ exited with $1 +++" "the end: $(cat "$T/converter")"
}

# vm_start DRIVE...: a real QEMU that has the drives open and does not run; vm_stop ends it. When it
# does not start, $T/vm.err is what it said.
vm_start() {
	local drive line options=()
	for drive; do
		options+=(-drive "if=virtio,$drive")
	done
	rm -f -- "$T/vm.in" "$T/vm.out"
	mkfifo -- "$T/vm.in" "$T/vm.out"
	qemu-system-x86_64 -S -nodefaults -display none -machine q35,accel=tcg -m 64 -qmp stdio \
		"${options[@]}" <"$T/vm.in" >"$T/vm.out" 2>"$T/vm.err" &
	vm_pid=$!
	exec {vm_in}>"$T/vm.in" {vm_out}<"$T/vm.out"
	(printf '{"execute": "%s"}\n' qmp_capabilities query-status >&"$vm_in") 2>"$T/vm.pipe" || true
	while read -r line <&"$vm_out"; do # it answers once it has all drives open
		case $line in *prelaunch*) return ;; esac
	done
	exec {vm_in}>&- {vm_out}<&-
	wait "$vm_pid" && fail "QEMU ended"
	return 1
}
vm_stop() {
	printf '{"execute": "%s"}\n' quit >&"$vm_in"
	wait "$vm_pid"
	exec {vm_in}>&- {vm_out}<&-
}

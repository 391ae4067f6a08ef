#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A refresh that is stopped in its middle keeps nobody from anything; and what happens to a pool while
# it is listed, before a name that was read is looked at, is no failure.
. "$(dirname "$0")/../lib.sh"
need_root
. "$(dirname "$0")/../lib-volume.sh"
require strace
make_fs btrfs b
make_pool vms "$T/b/vms" off
cd "$T/b/vms"
seq -f 'disk-%02g' 30 | xargs truncate -s 1M # too few for threads: it is one that stops
settle .

# stop_at CALL PATH COMMAND...: in the background, until it has made that call there and stops; of what it runs itself
# nothing is seen with follow=-q
stop_at() {
	rm -f "$T/trace"
	ASAN_OPTIONS=detect_leaks=0 strace -qq "${follow--f}" -o "$T/trace" -P "$2" \
		-e inject="$1:signal=SIGSTOP:when=1" "$COWCTL" "${@:3}" >"$T/stopped" 2>"$T/err" </dev/null &
	tracer=$!
	for ((i = 0; i < 400; i++)); do
		if grep -qs 'stopped by SIGSTOP' "$T/trace"; then
			stopped=$(pgrep -P $tracer)
			return
		fi
		read -rt 0.05 <> <(:) || true
	done
	fail "it never stopped: $*"
}
# Whatever it had to say: its exit status.
go_on() {
	kill -CONT "$stopped"
	status=0
	wait $tracer || status=$?
}
# at_once COMMAND...: done while the other one stands still
at_once() {
	expect_status 0 timeout 20 "$COWCTL" "$@" --session
	grep -q '^State:.[Tt]' "/proc/$stopped/status" || fail "the other one went on"
}

# while files are looked into
stop_at openat disk-20 pool refresh vms --session
at_once vol info --pool vms disk-01
at_once vol path "$PWD/disk-02"
at_once vol list vms
at_once pool info vms
at_once pool refresh vms
at_once vol create-as vms new 1M --allocation 0
at_once vol delete --pool vms disk-03
go_on
expect_equal "$status" 0
expect_status 0 vol list vms --json
expect_json '.volumes | length == 30'

# while an index is written, and somebody else writes one
cache=$XDG_CACHE_HOME/cowctl/pools
settle .
rm "$cache"/*
stop_at linkat "$cache" vol list vms --session
at_once vol list vms
go_on
expect_equal "$status" 0
expect_status 0 vol list vms --json
expect_json '.volumes | length == 30 and all(.[]; .problem == null)'
expect_equal "$(find "$cache" -type f | wc -l)" 1 "files in the cache"

# killed there, it leaves nothing that matters
rm "$cache"/*
stop_at linkat "$cache" vol list vms --session
kill -KILL "$stopped"
wait $tracer || true
expect_status 0 vol list vms --json
expect_json '.volumes | length == 30'

# names are read, and then one vanishes, one becomes a directory, one a FIFO, one a symlink
stop_at statx disk-01 vol list vms --session --json --no-index
rm disk-10 disk-11 disk-12 disk-13
mkdir disk-11
mkfifo disk-12
ln -s disk-14 disk-13
go_on
cp "$T/stopped" "$T/out"
expect_equal "$status" 0
expect_json '[.volumes[] | select(.name | test("-1[0-4]")) | "\(.name) \(.type)"] ==
	["disk-11 dir", "disk-13 file", "disk-14 file"]'

# and one vanishes between the look at its inode and the opening of it
stop_at statx disk-20 vol list vms --session --json --no-index
rm disk-20 disk-21
go_on
cp "$T/stopped" "$T/out"
expect_equal "$status" 0
expect_json 'all(.volumes[]; .problem == null and .name != "disk-20" and .name != "disk-21")'

# who is in the way for a moment is waited for: somebody who looks at a volume, or changes it
# meanwhile CALL TEXT COMMAND...: the one call with that text fails once, as it does then
meanwhile() {
	local call=$1 text=$2 number
	shift 2
	ASAN_OPTIONS=detect_leaks=0 expect_status 0 strace -qq -o "$T/trace" -e trace="$call" "$COWCTL" "$@"
	number=$(grep -nF -- "$text" "$T/trace" | head -n 1)
	[ -n "$number" ] || fail "no such call: $call with $text"
	ASAN_OPTIONS=detect_leaks=0 expect_status 0 strace -qq -o "$T/trace" -e trace="$call" \
		-e inject="$call:error=EAGAIN:when=${number%%:*}" "$COWCTL" "$@"
	expect_text "$T/trace" "INJECTED"
}
meanwhile fcntl F_WRLCK vol resize --session --pool vms disk-01 1M
meanwhile openat2 disk-01 vol resize --session --pool vms disk-01 1M
meanwhile fcntl F_RDLCK vol download --session --pool vms disk-01 "$T/copy"
meanwhile openat '"disk-01"' vol info --session --pool vms disk-01
expect_out "disk-01"
for i in 1 2 3 4 5 6; do
	"$COWCTL" vol resize --session --pool vms disk-01 1M >"$T/one" 2>&1 &
	expect_status 0 vol resize --pool vms disk-01 1M
	wait $! || fail "one of two at once: $(cat "$T/one")"
done
exec 7<disk-01
expect_status 2 vol resize --pool vms disk-01 2M
expect_err "in use by 'bash'" "shut the guest down, or close it"
exec 7<&-

# what has the name of a volume by now, and may be in use, is not deleted for it
truncate -s 2M new-one
stop_at fcntl disk-04 vol delete --session --pool vms disk-04
mv new-one disk-04
go_on
expect_equal "$status" 2
expect_err "was replaced meanwhile"
expect_equal "$(stat -c %s disk-04)" 2097152

# what has become a symlink by now is not cloned, wherever it leads
echo "nobody's business" >"$T/b/secret"
stop_at newfstatat copy vol clone --session --pool vms disk-07 copy
mv disk-07 was-07
ln -s ../secret disk-07
go_on
expect_equal "$status" 2
expect_err "'disk-07' is a symbolic link"
[ ! -e copy ] || fail "it was cloned all the same"

# who writes to a volume in the middle of a download spoils it, which is said
stop_at pwrite64 "$T/copy" vol download --session --pool vms disk-05 "$T/copy"
truncate -s 3M disk-05
go_on
expect_equal "$status" 2
expect_err "changed meanwhile"

# and so does who writes to it while another one is made from it, which then is not there
printf '<volume><name>made</name><capacity>0</capacity></volume>' >"$T/made.xml"
follow=-q stop_at fcntl disk-06 vol create-from --session --inputpool vms vms "$T/made.xml" disk-06
truncate -s 3M disk-06
go_on
expect_equal "$status" 2
expect_err "volume 'disk-06' changed meanwhile"
[ ! -e made ] || fail "it was made all the same"

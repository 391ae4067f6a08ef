# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What tests of live conversions share, after lib.sh: a guest that notices a lost write
# (tests/live/guest.S), in a bare QEMU or in a domain of a libvirtd of the test's own.

# make_guest: the guest's boot disk as $T/guest.img. Its other disk is the image. /run is the test's own.
make_guest() {
	require as ld qemu-system-x86_64 qemu-img jq
	mkdir "$T/run"
	mount --bind "$T/run" /run
	as --32 -o "$T/guest.o" "$COW_TESTS/live/guest.S" 2>"$T/as" || skip "as is not for x86"
	ld -m elf_i386 --oformat binary -e 0 -Ttext 0x7c00 -o "$T/guest.img" "$T/guest.o"
	truncate -s 1M "$T/guest.img"
}

# make_guest_image: the same, and $image for it on a Btrfs where nobody else can make up a journal.
make_guest_image() {
	make_guest
	FS_SIZE=2G make_fs btrfs b # blocks of removed copies become free with the next commit only, half a minute later
	chmod 0755 "$T/b"
	image=$T/b/disk.raw
	make_image "$image" 40M
}

# wait_for WHAT COMMAND...: until it is true, for a minute.
wait_for() {
	local what=$1 end=$((SECONDS + 60))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "waited for $what in vain"
		read -rt 0.05 <> <(:) || true
	done
}

# How much the guest has written: dots on its serial port. It must not have found a lost write.
dots() {
	tr -dc . <"$T/serial" | wc -c
}
_has_dots() {
	! grep -q "[BE]" "$T/serial" || fail "the guest found a lost write: $(cat "$T/serial")"
	[ "$(dots)" -ge "$1" ]
}
# guest_goes_on: it has read each of its sectors again, in all likelihood, and found what it wrote.
# A slow disk may take a minute for that, but not for one dot.
guest_goes_on() {
	local end=$(($(dots) + 20))
	while ! _has_dots $end; do
		wait_for "the guest" _has_dots $(($(dots) + 1))
	done
}

# held CALL:N COMMANDS OPTION...: the commands are run while a conversion of $image, with these options, stands
# still before it makes that call for the Nth time; sets status. For this, source tests/trace.sh as well.
held() {
	local call=${1%:*} nth=${1#*:} commands=$2 converter
	shift 2
	status=0
	: >"$T/trace"
	traced -o "$T/trace" --trace="$call" --inject="$call:signal=STOP:when=$nth" \
		-- "$COWCTL" convert "$@" "$image" >"$T/out" 2>"$T/err" </dev/null &
	converter=$!
	wait_for "the converter" grep -q 'stopped by SIGSTOP' "$T/trace"
	eval "$commands"
	pkill -CONT -P "$(pgrep -P "$converter")"
	# shellcheck disable=SC2034 # for the test to look at
	wait "$converter" || status=$?
}

# QEMU may have died, and says of what.
fail() {
	tail -n 5 "$T/qemu.err" /var/log/libvirt/qemu/guest.log >&2 || :
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

# qemu_start OPTION...: a bare QEMU with the guest's boot disk, a monitor at $T/qmp and another, which
# stays the test's own, at $T/qmp2. The options add the image.
qemu_start() {
	: >"$T/serial"
	# What is freed is spoilt to find who goes on using it, among our own programs. QEMU 7.2 has died in its heap.
	env --unset=MALLOC_PERTURB_ qemu-system-x86_64 -machine pc,accel=tcg -m 64 -nodefaults -display none \
		-drive "file=$T/guest.img,format=raw,if=none,id=boot" -device ide-hd,drive=boot,bootindex=1 "$@" \
		-serial "file:$T/serial" -qmp "unix:$T/qmp,server=on,wait=off" \
		-qmp "unix:$T/qmp2,server=on,wait=off" 2>"$T/qemu.err" &
	qemu=$!
	wait_for "the guest" _has_dots 2
}
# qmp COMMAND [ARGUMENTS]: over the test's own monitor; prints what it returned.
qmp() {
	python3 - "$T/qmp2" "$@" <<-'END'
		import json, socket, sys
		monitor = socket.socket(socket.AF_UNIX)
		monitor.connect(sys.argv[1])
		lines = monitor.makefile("rw")
		arguments = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
		for command in {"execute": "qmp_capabilities"}, {"execute": sys.argv[2], "arguments": arguments}:
		    print(json.dumps(command), file=lines, flush=True)
		    answer = next(answer for answer in map(json.loads, lines) if "return" in answer or "error" in answer)
		print(json.dumps(answer["return"]))
	END
}
# end_mirror job-cancel|job-complete: by hand; the guest is on its image then, or on the copy.
end_mirror() {
	qmp "$1" "{\"id\": $(qmp query-block-jobs | jq '.[0].device')}"
	wait_for "the end of the mirror" eval '[ "$(qmp query-block-jobs)" = "[]" ]'
}
qemu_stop() {
	kill "$qemu"
	wait "$qemu" || true
}

# --- domains --------------------------------------------------------------------------------------

# libvirtd_start [LINE...]: a system daemon of the test's own: its folders are the test's, which is why
# the domains are. The lines go into qemu.conf, where the first of a kind counts.
libvirtd_start() {
	local folder kvm
	require libvirtd virsh
	kvm=$(stat -c %g /dev/kvm) || kvm=64056
	for folder in /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
		mkdir -p "$T/libvirt$folder" "$folder"
		mount --bind "$T/libvirt$folder" "$folder"
	done
	chmod 0755 "$T" # for QEMU as somebody else
	# Debian's defaults, which come with a package that brings a good deal more.
	{ cat /etc/passwd && echo "libvirt-qemu:x:64055:64055::/:/bin/false"; } >"$T/passwd"
	{ cat /etc/group && printf "%s\n" libvirt-qemu:x:64055: "kvm:x:$kvm:libvirt-qemu"; } >"$T/group"
	mount --bind "$T/passwd" /etc/passwd
	mount --bind "$T/group" /etc/group
	printf '%s\n' "$@" 'security_driver = "none"' 'cgroup_controllers = []' 'namespaces = []' \
		'user = "root"' 'group = "root"' 'stdio_handler = "file"' \
		>/etc/libvirt/qemu.conf
	printf '%s\n' 'auth_unix_rw = "none"' 'unix_sock_rw_perms = "0700"' >/etc/libvirt/libvirtd.conf
	export LIBVIRT_DEFAULT_URI=qemu:///system
	libvirtd_restart
}
libvirtd_restart() {
	if [ -n "${libvirtd:-}" ]; then
		kill "$libvirtd"
		wait "$libvirtd" || true
	fi
	libvirtd >>"$T/libvirtd" 2>&1 &
	libvirtd=$!
	wait_for libvirtd _libvirtd_answers
}
_libvirtd_answers() {
	virsh -q list >"$T/virsh" 2>&1
}

# _domain FORMAT IMAGE: the guest as the domain "guest".
_domain() {
	: >"$T/serial"
	cat >"$T/guest.xml" <<END
<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>$(command -v qemu-system-x86_64)</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='$T/guest.img'/>
      <target dev='sda' bus='sata'/>
      <boot order='1'/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='$1'/>
      <source file='$2'/>
      <target dev='sdb' bus='sata'/>
    </disk>
    <serial type='file'><source path='$T/serial'/></serial>
  </devices>
</domain>
END
}
# domain_define FORMAT IMAGE
domain_define() {
	_domain "$@"
	virsh -q define "$T/guest.xml"
}
# domain_start FORMAT IMAGE [--transient]
domain_start() {
	if [ "${3:-}" = --transient ]; then
		_domain "$@"
		virsh -q create "$T/guest.xml"
	else
		domain_define "$@"
		virsh -q start guest
	fi
	wait_for "the guest" _has_dots 2
}
# definition_of live|inactive: as libvirt has it; without the numbers that count what libvirt opened.
definition_of() {
	local option=''
	[ "$1" = live ] || option=--inactive
	virsh -q dumpxml guest $option | sed "s/ index='[0-9]*'//"
}

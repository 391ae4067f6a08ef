# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A real libvirtd, unprivileged, with its folders in the test's. Source tests/lib.sh before it, and
# call need_root first, to become somebody else: libvirt has a session daemon for everybody but root.
require virsh libvirtd xmllint
mkdir -m 0777 "$T/nobody"
export XDG_CONFIG_HOME=$T/nobody/config XDG_RUNTIME_DIR=$T/nobody/runtime
export XDG_CACHE_HOME=$T/nobody/cache LIBVIRT_DEFAULT_URI=storage:///session
as_nobody mkdir "$XDG_RUNTIME_DIR"
as_nobody libvirtd --timeout 60 --verbose >"$T/daemon" 2>&1 &
socket=$XDG_RUNTIME_DIR/libvirt/libvirt-sock
for ((i = 0; i < 400; i++)); do
	[ ! -S "$socket" ] || break
	read -rt 0.05 <> <(:) || true
done
[ -S "$socket" ] || { cat "$T/daemon" >&2; fail "libvirtd doesn't listen"; }

# What virsh says, without its decoration.
libvirt() {
	as_nobody virsh -q "$@"
}
# schema KIND FILE: as libvirt has it for storagepool, storagevol.
schema() {
	xmllint --noout --relaxng "/usr/share/libvirt/schemas/$1.rng" "$2"
}

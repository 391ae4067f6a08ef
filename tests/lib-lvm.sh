# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# lvm COMMAND...: without udev, which no guest has; what it says is shown when it fails.
lvm() {
	command lvm "$@" --config 'activation { monitoring = 0 udev_sync = 0 udev_rules = 0 }' >"$T/log" 2>&1 ||
		{ cat "$T/log" >&2; fail "lvm $*"; }
}

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What `meson install` installs is enough to build and run the program in README.md, and only it
# is seen: the compiler is pointed to the installed tree alone. Pools can be started at boot with it.
. "$(dirname "$0")/../lib.sh"
require meson ninja pkg-config gcc

# A build without sanitizers, which programs would have to be linked with as well.
unset LD_LIBRARY_PATH
build=${COW_PLAIN_BUILD:-$T/build}
[ -d "$build" ] || meson setup "$build" "$COW_SOURCE" >"$T/log" || fail "$(tail "$T/log")"
DESTDIR=$T/root meson install -C "$build" >"$T/log" 2>&1 || fail "$(tail "$T/log")"

pkgconfig=$(find "$T/root" -name libcow.pc -printf '%h')
export PKG_CONFIG_SYSROOT_DIR=$T/root PKG_CONFIG_PATH=$pkgconfig
LD_LIBRARY_PATH=$(dirname "$pkgconfig")
export LD_LIBRARY_PATH
expect_equal "$(pkg-config --modversion libcow)" "$("$T/root/usr/bin/cowctl" --version | grep -o '[0-9.]*$')"

sed -n '/^```c$/,/^```$/{ /^```/d; p }' "$COW_SOURCE/README.md" >"$T/example.c"
[ -s "$T/example.c" ] || fail "README.md has no program"
read -ra flags < <(pkg-config --cflags --libs libcow)
expect_status 0 gcc -Wall -Wextra -Werror -o "$T/example" "$T/example.c" "${flags[@]}"
expect_status 0 "$T/example" "$T"
expect_out "$T: "

# What starts pools at boot runs the program that was installed.
unit=$T/root/usr/lib/systemd/system/cowctl-pools.service
expect_text "$unit" "ExecStart=/usr/bin/cowctl pool start --system --autostart"

# Nothing internal is installed.
expect_equal "$(cd "$T/root/usr/include" && find . -type f | sort)" \
	"$(cd "$COW_SOURCE/include" && find . -name '*.h' | sort)" "installed headers"
expect_equal "$(find "$T/root" -name '*.a' -o -name 'scatter*')" "" "installed by mistake"

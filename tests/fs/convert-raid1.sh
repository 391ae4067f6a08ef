#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# On mirrors NOCOW is obeyed when asked for, and costs what it costs.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib-convert.sh"
need_root
make_fs btrfs-raid1 b
image=$T/b/v.raw
make_image "$image" 4M
expect_converted off "$image"
expect_converted on "$image"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A conversion on ext4 is killed at any of its system calls: the image is whole, the old one or the new
# one, and the next run finishes.
. "$(dirname "$0")/lib.sh"
. "$COW_TESTS/lib-bend.sh"

bend_disk ext4
bend_all all killed kill

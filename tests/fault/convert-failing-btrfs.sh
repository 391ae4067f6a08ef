#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A conversion on Btrfs has a system call that changes something fail, or read and write less than it
# asked for: it says so or is complete, the image is whole, and the next run finishes.
. "$(dirname "$0")/lib.sh"
. "$COW_TESTS/lib-bend.sh"

bend_disk btrfs
bend_all changing said_or_done EIO ENOSPC EDQUOT EINTR
bend_all data said_or_done short

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The power fails while images are converted on XFS: see cut_conversions in lib.sh.
. "$(dirname "$0")/lib.sh"
cut_conversions xfs

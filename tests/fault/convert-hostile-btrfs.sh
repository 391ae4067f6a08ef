#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# While an image on Btrfs is converted, over and over, somebody does the worst to it at random moments:
# no write is lost, and nobody ever sees an image that is torn.
. "$(dirname "$0")/lib.sh"
interfere btrfs

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_COW_H
#define COW_COW_H

/**
 * @file
 * All of libcow: storage for VM images with copy-on-write under control.
 *
 * One header per room, each of which can be included alone; they are the reference manual.
 * Rules that hold everywhere:
 *  - sizes are bytes, strings are NUL-terminated, paths are any bytes;
 *  - 0 or a positive value is success, a negative errno is failure (cow/error.h);
 *  - what a function returns through a `ret_` argument is untouched on failure, unless it says so;
 *  - objects made by the library are freed by the library, and _free(NULL) is fine;
 *  - no global state: threads may call anything at once, each on its own objects;
 *  - the library never prints, exits, or changes locale, umask, working directory or signals.
 *    It starts a child process only to run qemu-img(1) and, for pools, mkfs(8), showmount(8) and
 *    the helpers of mount(8), and the calls that do so say it.
 */

#include <cow/attr.h>
#include <cow/audit.h>
#include <cow/clone.h>
#include <cow/convert.h>
#include <cow/error.h>
#include <cow/image.h>
#include <cow/pool-event.h>
#include <cow/pool-source.h>
#include <cow/pool.h>
#include <cow/probe.h>
#include <cow/stack.h>
#include <cow/types.h>
#include <cow/unshare.h>
#include <cow/volume.h>

#endif

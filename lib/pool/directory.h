/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_DIRECTORY_H
#define POOL_DIRECTORY_H

#include <cow/pool.h>
#include <cow/probe.h>

/* Open a pool's directory to change it. @return fd, or -errno, ENOENT included. */
int pool_directory_open(const struct cow_pool *pool, struct cow_error *err);

/* Make an open directory what the definition says of a pool's: policy, owner, group and label, and
 * the mode unless it is -1; read back, and put into the result. */
int pool_directory_set(int fd, const struct cow_pool *pool, int64_t mode,
		       struct cow_pool_build_result *ret, struct cow_error *err);

/* What is decided for a directory that something is going to be mounted on: it has no say. */
void pool_directory_leave(const struct cow_pool *pool, struct cow_decision *ret);
/* Put a decision into the result. */
void pool_directory_report(struct cow_pool_build_result *ret, const struct cow_decision *decision);

/* An empty directory alone is removed, be it a subvolume (Linux 4.18): never what is in it, and not
 * what a symlink points to. */
int pool_directory_remove(const struct cow_pool *pool, struct cow_error *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_OPEN_H
#define AUDIT_OPEN_H

/* Open for reading without a mark on the file and without waiting: no access time where we may
 * ask for that (the owner may, and root), no controlling terminal, no wait for a FIFO or for
 * somebody's lease. @return fd or -errno. */
int audit_open(int dirfd, const char *name, int flags);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_OWN_H
#define PROBE_OWN_H

#include <cow/types.h>

struct cow_error;

/*
 * The policy that an image has of its own, whatever that of its pool is: what <nocow/> in a
 * volume's XML asks for. The NOCOW flag alone can't tell a wish from drift, and elsewhere than on
 * Btrfs there is none.
 */
#define PROBE_OWN_POLICY "user.cow.policy" /* extended attribute: "off", "on" or "auto" */

/* COW_POLICY_UNKNOWN: it has none. */
enum cow_policy probe_own_policy(int fd);
/* The same without opening it, which breaks leases. */
enum cow_policy probe_own_policy_at(int dirfd, const char *name);
/* Set it and read it back. `name` is the image's, for the message. */
int probe_set_own_policy(int fd, enum cow_policy policy, const char *name, struct cow_error *err);

#endif

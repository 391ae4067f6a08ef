/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_LIVE_GUEST_H
#define CONVERT_LIVE_GUEST_H

#include "convert/libvirt-calls.h"
#include "convert/live.h"

/* A guest of libvirt; convert_live's data. */
struct convert_guest {
	virConnectPtr connection;
	virDomainPtr domain;
	char *uri;
	char *target;     /* the disk, as the guest calls it: "vda" */
	char *definition; /* what a pivot found, or NULL */
};

/* As the backend has them. */
int convert_guest_attach(struct convert_live *live, const struct stat *image,
			 struct cow_error *err);
void convert_guest_detach(struct convert_live *live);

/* Connects again, where the daemon was restarted.
 * @return 1, 0 when it is gone, -errno when libvirt can't be asked. */
int convert_guest_is_running(struct convert_guest *guest, struct cow_error *err);

#endif

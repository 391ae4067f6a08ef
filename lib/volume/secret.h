/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VOLUME_SECRET_H
#define VOLUME_SECRET_H

#include "volume/volume.h"

/* Does a volume get the secret that it needs to be opened, out of a file, and none that it doesn't?
 * `prefix` is that of the options that name the file and the format on a command line. */
int volume_secret_check(const struct cow_header *header, const char *name, const char *file,
			const char *prefix, struct cow_error *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_QMP_H
#define CONVERT_QMP_H

#include <jansson.h>
#include <sys/types.h>

#include <cow/error.h>

#include "base/macro.h"

DEFINE_CLEANUP(json, json_t *, json_decref, NULL)

/* QEMU's monitor, the machine's side of it: a line of JSON each way. */
struct qmp;

/* Connect to the socket at path and leave the negotiation behind. */
int qmp_open(const char *path, struct qmp **ret, struct cow_error *err);
void qmp_close(struct qmp *qmp);
/* The process that made the socket: QEMU, or who started it. */
pid_t qmp_peer(const struct qmp *qmp);

/* Carry out one command. `arguments` is taken over, NULL for none.
 * @param ret what it returned, to be freed; may be NULL. */
int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, json_t **ret,
		struct cow_error *err);

#endif

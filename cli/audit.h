/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_AUDIT_H
#define CLI_AUDIT_H

/* The parts of cowctl audit. */

#include "cli.h"

/* An image, or one step of the chain of files it is backed by. */
struct audited {
	const struct cow_audit_item *item;
	const struct cow_chain *step;
};

extern const struct cli_column cli_audit_columns[];

struct cli_value cli_audit_format(enum cow_format format);

#endif

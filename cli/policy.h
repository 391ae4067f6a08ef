/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_POLICY_H
#define CLI_POLICY_H

/* Which policy a new image in a directory is under, and what that asks of its file. For verbs that
 * have an option "cow" and CLI_WITH_SCOPE. */

#include <cow/cow.h>

struct cli_call;

struct cli_policy {
	char *pool; /* name of the one whose policy counts, or NULL */
	struct cow_decision decision;
	enum cow_wish wish; /* how much of the file, and ... */
	bool nocow;         /* ... which way */
};

/* The policy as given, else the pool's that the directory belongs to, else auto, held against a
 * probe of the directory. What it costs is said on stderr. @return 0, or a negative errno with the
 * error filled, when it can't be had or known. */
int cli_policy_decide(struct cli_call *call, const char *directory, const struct cow_probe *probe,
		      struct cli_policy *ret, struct cow_error *err);
void cli_policy_clear(struct cli_policy *policy);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AUDIT_JUDGE_H
#define AUDIT_JUDGE_H

#include <cow/audit.h>
#include <cow/stack.h>

#include "audit/place.h"

/* What a policy comes to in a place: OFF, ON, or UNKNOWN when auto could not decide. */
enum cow_policy audit_judge_policy(enum cow_policy policy, const struct audit_place *place);

/* How an image stands against its effective policy. Pure: `item` has its state, `top` is the
 * filesystem it is on, or NULL. */
enum cow_compliance audit_judge(const struct cow_audit_item *item, const struct cow_layer *top);

#endif

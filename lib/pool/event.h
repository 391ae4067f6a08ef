/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef POOL_EVENT_H
#define POOL_EVENT_H

#include <cow/pool-event.h>

#include "pool/store.h"

/* In the directory of the marks: a line for each event, "SECONDS.NANOSECONDS KIND UUID NAME". When
 * it has got long it is set aside, in place of the one before, and begun anew. */
#define POOL_EVENTS         "events"
#define POOL_EVENTS_EARLIER "events.1"
#define POOL_EVENTS_MAX     (256u << 10) /* bytes */
#define POOL_EVENT_MAX      512          /* bytes of a line; names are short, see POOL_NAME_MAX */

/* Tell whoever watches that something was done to one of the store's own pools. Nobody can be told
 * is no failure of what was done. Call it with the store still locked where it is: events are in
 * the order of what happened then. */
void pool_announce(const struct cow_pool_store *store, const struct cow_pool *pool,
		   enum cow_pool_event_kind kind);

/* "defined" to its value, unknown for anything else. */
enum cow_pool_event_kind pool_event_from_name(const char *name);

#endif

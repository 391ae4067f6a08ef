/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <cow/attr.h>

#include "audit/place.h"
#include "base/fd.h"

/* What of a directory's flags its new files inherit and a policy turns on. */
#define PLACE_FLAGS (COW_ATTR_NOCOW | COW_ATTR_COMPRESS | COW_ATTR_NOCOMPRESS)

static void look(struct audit_place *place, int fd)
{
	/* Nothing is measured: an audit writes nothing, not even an unnamed file. */
	if (cow_probe_new(BASE_FD_PATH(fd), COW_PROBE_NO_MEASURE, &place->probe, &place->error) < 0)
		return;
	place->top = cow_stack_top(place->probe->stack);
	place->storage = cow_layer_detail(place->top, "in_upper") ? place->top->below : place->top;
	for (enum cow_policy policy = COW_POLICY_OFF; policy <= COW_POLICY_AUTO; policy++)
		cow_policy_decide(policy, place->probe, &place->decisions[policy]);
}

int audit_place_find(struct audit_place **places, const struct audit_directory *directory,
		     const struct audit_place **ret)
{
	enum cow_answer known = COW_ANSWER_UNKNOWN;
	struct audit_place *place;
	uint32_t flags = 0;

	if (cow_attr_get(directory->fd, &flags, NULL) == 0)
		known = COW_ANSWER_YES;
	flags &= PLACE_FLAGS;
	for (place = *places; place; place = place->next)
		if (place->mount == directory->mount && place->flags_known == known &&
		    place->flags == flags)
			break;
	if (!place) {
		place = calloc(1, sizeof(*place));
		if (!place)
			return -ENOMEM;
		place->mount = directory->mount;
		place->flags_known = known;
		place->flags = flags;
		look(place, directory->fd);
		place->next = *places;
		*places = place;
	}
	*ret = place;
	return 0;
}

void audit_places_free(struct audit_place *places)
{
	while (places) {
		struct audit_place *next = places->next;

		cow_probe_free(places->probe);
		free(places);
		places = next;
	}
}

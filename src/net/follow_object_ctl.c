/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/follow-object-ctl: the kernel's nexthop objects, as far as followed routes
 * name their hops by one (zebra's do). The kernel spells such a route's hops
 * out, too, so nothing is learnt here but which objects are used: when one of
 * them goes or changes, its routes go or change without a word.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "net/follow_int.h"

struct object {
	struct chain chain;
	uint32_t id;
	uint32_t uses;
};

void follow_objects_init(struct follow_objects *objects, const struct hash_key *key)
{
	objects->key = key;
	chains_init(&objects->chains);
}

/* The routes have gone, and with them all of these. */
void follow_objects_free(struct follow_objects *objects)
{
	chains_free(&objects->chains);
}

static struct object *object_find(const struct follow_objects *objects, uint32_t id)
{
	chains_for_each (it, &objects->chains, hash_words(objects->key, id, 0)) {
		struct object *object = container_of(it, struct object, chain);

		if (object->id == id)
			return object;
	}
	return NULL;
}

static void object_hold(struct follow_objects *objects, uint32_t id)
{
	struct object *object = object_find(objects, id);
	size_t need = chains_need(&objects->chains);

	if (!object) {
		object = calloc(1, sizeof(*object));
		if (!object)
			return; /* its changes will not be noticed at once */
		object->id = id;
		free(chains_add(&objects->chains, &object->chain, hash_words(objects->key, id, 0),
				need ? calloc(1, need) : NULL));
	}
	object->uses++;
}

static void object_release(struct follow_objects *objects, uint32_t id)
{
	struct object *object = object_find(objects, id);

	if (!object || --object->uses)
		return;
	free(chains_del(&objects->chains, &object->chain));
	free(object);
}

void follow_object_move(struct follow_objects *objects, uint32_t from, uint32_t to)
{
	if (from == to)
		return;
	if (from)
		object_release(objects, from);
	if (to)
		object_hold(objects, to);
}

bool follow_object_used(const struct follow_objects *objects, uint32_t id)
{
	return id && object_find(objects, id);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/wheel: level l has 64 slots of 64^l ticks each. An entry goes to the
 * lowest level that reaches its deadline, into the slot that holds it. When
 * the clock reaches the first tick of a slot, every entry in it is handed to
 * the owner, who names the next tick: for an entry on a higher level that is
 * its deadline, and it moves down by being armed again.
 *
 * A word a level says which slots are in use, so that the clock leaps over
 * empty ticks: a wheel that was left alone for a month is as cheap to advance
 * as one that was not. When the budget runs out in the middle of a tick,
 * `pending` remembers the levels still to do; entries stay in their slots
 * meanwhile and may be disarmed as ever. An entry armed at that time cannot
 * get into such a slot again: the slots being handed out begin at `now`, and a
 * deadline within a level's reach is less than a whole turn away.
 */
#include "base/wheel.h"

#include <stdbool.h>

#define SLOT_BITS 6
#define SLOT_MASK (WHEEL_SLOTS - 1)
#define SOON      16u /* entries that the owner is told of at once */
#define REACH     (1ull << (SLOT_BITS * WHEEL_LEVELS)) /* ticks ahead, exclusive */

_Static_assert(WHEEL_SLOTS == 1 << SLOT_BITS, "a word a level");

void wheel_init(struct wheel *wheel, struct wheel_link *links, uint64_t now)
{
	wheel->links = links;
	wheel->now = now;
	wheel->pending = 0;
	wheel->count = 0;
	for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
		wheel->used[level] = 0;
		for (unsigned int slot = 0; slot < WHEEL_SLOTS; slot++)
			wheel->slot[level][slot] = WHEEL_NONE;
	}
}

void wheel_arm(struct wheel *wheel, uint32_t index, uint64_t deadline)
{
	uint64_t ahead = deadline > wheel->now ? deadline - wheel->now : 1;
	unsigned int level = 0, slot;
	struct wheel_link *link = &wheel->links[index];
	uint32_t *head;

	if (ahead >= REACH)
		ahead = REACH - 1;
	while (ahead >> (SLOT_BITS * (level + 1)))
		level++;
	slot = ((wheel->now + ahead) >> (SLOT_BITS * level)) & SLOT_MASK;
	head = &wheel->slot[level][slot];
	link->next = *head;
	link->prev = (level * WHEEL_SLOTS + slot) | WHEEL_SLOT_BIT;
	if (*head != WHEEL_NONE)
		wheel->links[*head].prev = index;
	*head = index;
	wheel->used[level] |= 1ull << slot;
	wheel->count++;
}

void wheel_disarm(struct wheel *wheel, uint32_t index)
{
	struct wheel_link *link = &wheel->links[index];

	if (link->prev == WHEEL_NONE)
		return;
	if (link->next != WHEEL_NONE)
		wheel->links[link->next].prev = link->prev;
	if (link->prev & WHEEL_SLOT_BIT) {
		unsigned int level = (link->prev & ~WHEEL_SLOT_BIT) / WHEEL_SLOTS;
		unsigned int slot = link->prev & SLOT_MASK;

		wheel->slot[level][slot] = link->next;
		if (link->next == WHEEL_NONE)
			wheel->used[level] &= ~(1ull << slot);
	} else {
		wheel->links[link->prev].next = link->next;
	}
	wheel_link_init(link);
	wheel->count--;
}

/* The first tick after now at which a used slot begins; at most `limit`. */
static uint64_t next_tick(const struct wheel *wheel, uint64_t limit)
{
	for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
		unsigned int shift = SLOT_BITS * level;
		uint64_t from = (wheel->now >> shift) + 1, used = wheel->used[level], tick;
		unsigned int turn = from & SLOT_MASK;

		if (!used)
			continue;
		used = used >> turn | used << (-turn & SLOT_MASK);
		tick = (from + (unsigned int)__builtin_ctzll(used)) << shift;
		if (tick < limit)
			limit = tick;
	}
	return limit;
}

/* Tells the owner of this entry and those behind it, so many at most; how many these are. */
static uint32_t tell(const struct wheel *wheel, uint32_t index, uint32_t most, wheel_soon_fn *soon,
		     void *owner)
{
	uint32_t indices[SOON], n = 0;

	for (; index != WHEEL_NONE && n < SOON && n < most; index = wheel->links[index].next)
		indices[n++] = index;
	soon(owner, indices, n, wheel->now);
	return n;
}

/* Hands out the slot of tick `now` on one level; false: the budget ran out. */
static bool hand_out(struct wheel *wheel, unsigned int level, uint32_t *budget, wheel_due_fn *due,
		     wheel_soon_fn *soon, void *owner)
{
	const uint32_t *head = &wheel->slot[level][(wheel->now >> (SLOT_BITS * level)) & SLOT_MASK];
	uint32_t told = 0;

	while (*head != WHEEL_NONE) {
		uint32_t index = *head;
		uint64_t again;

		if (*budget == 0)
			return false;
		if (told == 0)
			told = tell(wheel, index, *budget, soon, owner);
		told--;
		(*budget)--;
		wheel_disarm(wheel, index);
		again = due(owner, index, wheel->now);
		if (again)
			wheel_arm(wheel, index, again);
	}
	return true;
}

uint32_t wheel_advance(struct wheel *wheel, uint64_t now, uint32_t budget, wheel_due_fn *due,
		       wheel_soon_fn *soon, void *owner)
{
	uint32_t left = budget;

	for (;;) {
		while (wheel->pending) {
			/* Higher levels first: what they hand back for this very tick is due now.
			 */
			unsigned int level = 31 - (unsigned int)__builtin_clz(wheel->pending);

			if (!hand_out(wheel, level, &left, due, soon, owner))
				return budget;
			wheel->pending &= ~(1u << level);
		}
		if (wheel->now >= now)
			return budget - left;
		wheel->now = next_tick(wheel, now);
		for (unsigned int level = 0; level < WHEEL_LEVELS; level++) {
			if ((wheel->now & ((1ull << (SLOT_BITS * level)) - 1)) == 0)
				wheel->pending |= 1u << level;
		}
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/wheel: a hierarchical timing wheel over entries named by 32-bit
 * indices. The links lie in an array of the owner's, parallel to its entries,
 * so that a timer costs 8 bytes and no pointer; the wheel keeps no deadline.
 * When a tick's slot comes up, each of its entries is handed to the owner,
 * who says when it is really due: a packet that extends a connection writes
 * only the connection, and the wheel finds out later. Index WHEEL_NONE is no
 * entry. All costs are O(1); wheel_advance is bounded by its budget.
 *
 * Ticks are in the owner's unit. 4 levels of 64 slots: up to 64^4 ticks ahead;
 * farther deadlines are put at the end and handed back early, which the owner
 * answers as any other early call.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include <stdint.h>

#define WHEEL_NONE     UINT32_MAX
#define WHEEL_LEVELS   4
#define WHEEL_SLOTS    64
#define WHEEL_SLOT_BIT 0x80000000u /* entries' indices are below it */

struct wheel_link {
	uint32_t next; /* WHEEL_NONE: last of its slot */
	uint32_t prev; /* index of the one before, or slot number | WHEEL_SLOT_BIT; WHEEL_NONE: not
			  armed */
};

struct wheel {
	struct wheel_link *links; /* the owner's array */
	uint64_t now;             /* the last tick handled, or being handled */
	uint32_t pending; /* levels whose slot of tick `now` is not handed out yet, a bit each */
	uint32_t count;   /* armed entries */
	uint64_t used[WHEEL_LEVELS];              /* slots that are not empty, a bit each */
	uint32_t slot[WHEEL_LEVELS][WHEEL_SLOTS]; /* first entry, WHEEL_NONE if empty */
};

/*
 * Called for an entry whose slot has come up; it is not armed any more. Returns the tick at which
 * it is to be called again (greater than `now`), or 0 if the owner is done with it. It may arm and
 * disarm other entries, not this one.
 */
typedef uint64_t wheel_due_fn(void *owner, uint32_t index, uint64_t now);

/*
 * Told of some entries before they are handed out, in their order, so that their memory can be
 * asked for while others are handled. A hint: some of them may be disarmed until then.
 */
typedef void wheel_soon_fn(void *owner, const uint32_t *indices, uint32_t n, uint64_t now);

void wheel_init(struct wheel *wheel, struct wheel_link *links, uint64_t now);

/* Before an entry is armed for the first time. */
static inline void wheel_link_init(struct wheel_link *link)
{
	link->next = WHEEL_NONE;
	link->prev = WHEEL_NONE;
}

/* Not armed now. A deadline at or before now comes up at the next tick. */
void wheel_arm(struct wheel *wheel, uint32_t index, uint64_t deadline);

/* Armed or not. */
void wheel_disarm(struct wheel *wheel, uint32_t index);

/*
 * Moves to tick `now`, handing out what comes up, at most `budget` entries (moves between levels
 * count too). Returns how many were handled; when that is the budget, call again.
 */
uint32_t wheel_advance(struct wheel *wheel, uint64_t now, uint32_t budget, wheel_due_fn *due,
		       wheel_soon_fn *soon, void *owner);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/list: the intrusive doubly linked list. A list's head is a struct list
 * that points to itself when empty; a member embeds a struct list.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#ifndef container_of /* DPDK has one, too */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#endif

static inline void list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert_after(struct list *at, struct list *node)
{
	node->next = at->next;
	node->prev = at;
	at->next->prev = node;
	at->next = node;
}

static inline void list_add_head(struct list *head, struct list *node)
{
	list_insert_after(head, node);
}

static inline void list_add_tail(struct list *head, struct list *node)
{
	list_insert_after(head->prev, node);
}

/* Takes node out; it may be added again, or removed again without harm. */
static inline void list_del(struct list *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
	list_init(node);
}

#define list_for_each(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)

/* May remove `it` on the way. */
#define list_for_each_safe(it, head)                                              \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
	     it = it##_next, it##_next = it->next)

#endif

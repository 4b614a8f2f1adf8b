/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/drop: the names and meanings of the drop reasons, for listings and
 * help. Made from the one list in drop.h; the path uses only the numbers.
 */
#include "packet/drop.h"

const char *const drop_names[DROP__COUNT] = {
#define X(id, name, text) [DROP_##id] = name,
	DROP_REASONS(X)
#undef X
};

const char *const drop_texts[DROP__COUNT] = {
#define X(id, name, text) [DROP_##id] = text,
	DROP_REASONS(X)
#undef X
};

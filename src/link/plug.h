/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/plug: ports that come and go while workers run, on the master's word.
 * What a port is made of is its kind (enum api_link_kind); each kind has a
 * source, set by whoever knows how to open it.
 */
#ifndef LINK_PLUG_H
#define LINK_PLUG_H

#include "link/port.h"

struct plug_source {
	/*
	 * Opens the device and fills *port but for its name. 0, or -errno with one sentence in
	 * error (size bytes), then nothing has changed.
	 */
	int (*open)(void *arg, const struct api_link_add *how, struct port *port, char *error,
		    size_t size);
	void *arg;
};

/* Master, before the first request: how links of this kind are opened. */
void plug_source_set(struct worker *master, enum api_link_kind kind,
		     const struct plug_source *source);

/* NULL: nobody opens links of this kind. */
const struct plug_source *plug_source_find(const struct worker *master, uint32_t kind);

/*
 * Master: all workers get the open port under a name and an id that are free; worker N polls and
 * sends on its queue N - 1, if there is one. 0 or -ENOMEM.
 */
int plug_in(struct worker *const *all, const struct port *port);

/*
 * Master: workers neither poll the port nor send to it any more; nothing refers to it. The device
 * is removed by plug_reap() when all have heard. 0 or -ENOMEM.
 */
int plug_out(struct worker *const *all, uint16_t id);

/* Master: removes the devices that no worker uses any more; of all, when no worker runs. */
void plug_reap(struct worker *const *all);

#endif

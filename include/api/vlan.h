/* SPDX-License-Identifier: BSD-3-Clause */
/* api/vlan: VLANs, which are links on links (`dpip vlan`). */
#ifndef API_VLAN_H
#define API_VLAN_H

#include "api/frame.h"

#define API_VLAN_8021Q  0x8100
#define API_VLAN_8021AD 0x88a8

/*
 * VLAN_ADD: name "" is LINK.ID. VLAN_DEL: by name, or by link and id. VLAN_LIST: what is not 0 or
 * "" must be so. An item of VLAN_LIST has all of it.
 */
struct api_vlan {
	char name[API_NAME_LEN];
	char link[API_NAME_LEN]; /* the port that it is on */
	uint16_t proto;          /* host order; 0: 802.1Q, of a list and of DEL any */
	uint16_t id;
	uint32_t index; /* from 1 */
};

#endif

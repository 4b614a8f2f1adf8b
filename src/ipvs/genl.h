/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/genl: services and servers as the kernel's IPVS has them in generic
 * netlink (linux/ip_vs.h), both ways. Pure functions: what comes in is checked
 * here for its form only, and whether the daemon can do it is for the handlers
 * of the requests that it becomes.
 */
#ifndef IPVS_GENL_H
#define IPVS_GENL_H

#include <stdbool.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "api/ipvs.h"

/*
 * The family's number. The kernel gives numbers up to 1023 only, so that no message meant for us
 * can be taken for another family's. tools/preload knows it too.
 */
#define GENL_FAMILY_ID 0x4956u
/* Of messages that ask for the text of a file below /proc/net, and bring it. */
#define GENL_PROC_TYPE 0x4957u

#define GENL_LADDRS 64

/* What the protocol cannot say. */
struct genl_config {
	uint16_t masq; /* enum api_forward: what -m means */
	unsigned int n_laddrs;
	struct {
		union api_ip addr;
		uint16_t family;
		char dev[API_NAME_LEN];
	} laddrs[GENL_LADDRS]; /* of services whose servers get FNAT by -m */
};

/*
 * The service of a nested attribute. full: with all that one is made of, else only its key counts.
 * *mask gets the flags (API_SERVICE_*) that the sender set. 0, or -EINVAL, -EAFNOSUPPORT: its form
 * is wrong; -ENOENT: it wants a persistence engine.
 */
int genl_read_service(const struct nlattr *nest, bool full, struct api_service *to, uint32_t *mask);

/* The server of a nested attribute, of `service`; as above. forward is the kernel's number. */
int genl_read_dest(const struct nlattr *nest, const struct api_service_key *service, bool full,
		   struct api_dest *to);

/* Into a message that has room for it. */
void genl_write_service(struct nlmsghdr *message, const struct api_service *service);
void genl_write_dest(struct nlmsghdr *message, const struct api_dest *dest);

/* A line of /proc/net/ip_vs_conn; the length, less than size. */
int genl_conn_line(const struct api_conn *conn, char *line, size_t size);
extern const char genl_conn_head[];

/* The whole of /proc/net/ip_vs_stats. */
int genl_stats_text(const struct api_ipvs_stats *sum, char *text, size_t size);

#endif

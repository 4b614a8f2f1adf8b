/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/ipvs_ctl: the requests of this room (`ipvsadm`), and what their files share. */
#ifndef IPVS_IPVS_CTL_H
#define IPVS_IPVS_CTL_H

#include "api/ipvs.h"
#include "control/control.h"
#include "ipvs/match.h"
#include "ipvs/service.h"

extern const struct request_table service_requests;
extern const struct request_table dest_requests;
extern const struct request_table laddr_requests;
extern const struct request_table conn_requests;
extern const struct request_table timeout_requests;
extern const struct request_table mark_requests;

#define KEY_STR_LEN MATCH_STR_LEN

/* "TCP 1.2.3.4:80", in buf of KEY_STR_LEN; returns buf. */
const char *key_str(const struct service_key *key, char *buf);

/* No service is named: all are meant. */
bool key_is_any(const struct api_service_key *from);

/* A key that can be a service's, or the request fails. What it points to is the request's. */
int key_from_api(struct request *req, const struct api_service_key *from, struct service_key *key);
/* Check of a request whose body is a key. */
request_fn key_request_check;
void key_to_api(const struct service_key *key, struct api_service_key *to);

/* The service that a request names. NULL: there is none, *error is what the request fails with. */
struct service *key_find(struct request *req, const struct api_service_key *from, int *error);

/* The cpu of a listing is 0 or a worker's, or the request fails. */
int key_check_cpu(struct request *req, uint32_t cpu);

/* Can it be a host's address? -EINVAL with a sentence about `what` otherwise. */
int key_check_host(struct request *req, const char *what, unsigned int family,
		   const union api_ip *from, union ip_addr *addr);

/* Is `what`, of that family, of its service's? */
int key_check_same_family(struct request *req, const char *what, unsigned int family,
			  const struct service_key *key);

/* May that public address, or that local address, be as it is to be beside what there is? Else the
 * request fails with a sentence about `what`. */
struct dest_config;
int narrow_check_public(struct request *req, const struct dest_config *config, const char *what);
int narrow_check_local(struct request *req, unsigned int family, const union ip_addr *addr,
		       const char *what);

/* The item of a server in a listing. */
void dest_item(struct worker *const *all, uint32_t cpu, const struct service *svc,
	       const struct dest *dest, struct api_dest *item);

#endif

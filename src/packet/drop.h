/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/drop: every reason for which a packet is given up. One line a reason:
 * X(NAME, name as `dpip stats drop` prints it, what it means). Each room has
 * its own group; a reason that nothing counts is removed.
 */
#ifndef PACKET_DROP_H
#define PACKET_DROP_H

#define DROP_REASONS(X)                                                                     \
	/* worker, link */                                                                  \
	X(BATCH_FULL, "batch_full", "a stage's vector was full")                            \
	X(RING_FULL, "ring_full", "the ring to the worker that owns the flow was full")     \
	X(NO_MBUF, "no_mbuf", "no mbuf was free for a packet to be made")                   \
	X(PORT_DOWN, "port_down", "the port to send on is down")                            \
	X(PORT_GONE, "port_gone", "the port to send on has been deleted")                   \
	X(TX_FULL, "tx_full", "the transmit queue was full")                                \
	X(TX_PREPARE, "tx_prepare", "the driver refused the packet")                        \
	X(ETH_SHORT, "eth_short", "shorter than an Ethernet header")                        \
	X(ETH_OTHERHOST, "eth_otherhost", "sent to another MAC address")                    \
	X(VLAN_DOWN, "vlan_down", "received for a VLAN that is down")                       \
	X(ETH_TYPE, "eth_type", "an ethertype we do not speak, and no kernel interface")    \
	X(KNI_ROUTING, "kni_routing",                                                       \
	  "routing or neighbour packets for the kernel beyond their budget")                \
	X(KNI_BULK, "kni_bulk", "other packets for the kernel beyond their budget")         \
	X(KNI_RING, "kni_ring_full", "the ring to the kernel interfaces was full")          \
	X(KNI_FORWARDED, "kni_forwarded", "the kernel has a copy of it: forward2kni")       \
	/* arp, neighbours */                                                               \
	X(ARP_INVALID, "arp_invalid", "a malformed ARP packet")                             \
	X(ARP_DONE, "arp_done", "an ARP packet that was taken in, or that is not for us")   \
	X(ND6_HOP_LIMIT, "nd6_hop_limit", "neighbour discovery through a router")           \
	X(ND6_SHORT, "nd6_short", "neighbour discovery shorter than its kind")              \
	X(ND6_CODE, "nd6_code", "neighbour discovery whose code is not 0")                  \
	X(ND6_TARGET, "nd6_target", "neighbour discovery about what is no host")            \
	X(ND6_OPTION, "nd6_option", "neighbour discovery with a malformed option")          \
	X(ND6_SOURCE, "nd6_source", "neighbour discovery from where it cannot come")        \
	X(ND6_SOLICITED, "nd6_solicited", "an answer to one that was sent to many")         \
	X(ND6_ROUTER, "nd6_router", "router discovery: we are a router")                    \
	X(ND6_TUNNEL, "nd6_tunnel", "about neighbours, of which a tunnel has none")         \
	X(ND6_REDIRECT, "nd6_redirect", "a redirect: routers do not follow them")           \
	X(ND6_DONE, "nd6_done", "neighbour discovery taken in, or not for us")              \
	X(MLD_INVALID, "mld_invalid", "a malformed listener query, or from off the link")   \
	X(MLD_DONE, "mld_done", "multicast listener discovery taken in, or not for us")     \
	X(NEIGH_QUEUE, "neigh_queue_full", "too many packets wait for this neighbour")      \
	X(NEIGH_FAILED, "neigh_failed", "the neighbour does not answer")                    \
	X(NEIGH_TABLE, "neigh_table_full", "the neighbour table is full")                   \
	/* ip4 input */                                                                     \
	X(IP4_SHORT, "ip4_short", "shorter than its IPv4 header says")                      \
	X(IP4_VERSION, "ip4_version", "not version 4, or a header length below 20")         \
	X(IP4_CHECKSUM, "ip4_checksum", "wrong IPv4 header checksum")                       \
	X(IP4_SOURCE, "ip4_source", "a source address that cannot be one")                  \
	X(IP4_DESTINATION, "ip4_destination", "a destination address that cannot be one")   \
	X(IP4_OPTIONS, "ip4_options", "malformed or source-routing IPv4 options")           \
	X(IP4_BROADCAST, "ip4_broadcast", "a broadcast or multicast nobody here wants")     \
	X(IP4_FRAGMENT, "ip4_fragment", "a fragment that ends beyond the longest packet")   \
	X(IP4_NO_ROUTE, "ip4_no_route", "no route to the destination")                      \
	X(IP4_FORWARDING, "ip4_forwarding_off", "not for us, and forwarding is off")        \
	X(IP4_TTL, "ip4_ttl", "time to live ran out")                                       \
	X(IP4_MTU, "ip4_mtu", "too big for the way out")                                    \
	X(IP4_NO_LISTENER, "ip4_no_listener", "for us, but nobody here takes it")           \
	/* ip6 */                                                                           \
	X(IP6_DISABLED, "ip6_disabled", "IPv6 is switched off")                             \
	X(IP6_SHORT, "ip6_short", "shorter than its IPv6 header says")                      \
	X(IP6_VERSION, "ip6_version", "not version 6")                                      \
	X(IP6_SOURCE, "ip6_source", "a source address that cannot be one")                  \
	X(IP6_DESTINATION, "ip6_destination", "a destination address that cannot be one")   \
	X(IP6_BROADCAST, "ip6_broadcast", "to one host, in a frame to everybody")           \
	X(IP6_CHAIN, "ip6_chain", "extension headers beyond the packet or our patience")    \
	X(IP6_NEXT_HEADER, "ip6_next_header", "an extension header where none may stand")   \
	X(IP6_ROUTING, "ip6_routing", "a routing header that wants it sent on")             \
	X(IP6_OPTION, "ip6_option", "an unknown option that says to drop it")               \
	X(IP6_TENTATIVE, "ip6_tentative", "to an address that may yet be another's")        \
	X(IP6_MULTICAST, "ip6_multicast", "to a group that we do not belong to")            \
	X(IP6_SCOPE, "ip6_scope", "a link-local address that would leave its link")         \
	X(IP6_NO_ROUTE, "ip6_no_route", "no route to the destination")                      \
	X(IP6_FORWARDING, "ip6_forwarding_off", "not for us, and forwarding is off")        \
	X(IP6_TTL, "ip6_hop_limit", "hop limit ran out")                                    \
	X(IP6_MTU, "ip6_mtu", "too big for the way out")                                    \
	X(IP6_NO_LISTENER, "ip6_no_listener", "for us, but nobody here takes it")           \
	/* reassembly */                                                                    \
	X(FRAG_LENGTH, "frag_length", "a fragment of a length that none can have")          \
	X(FRAG_TINY, "frag_tiny", "a fragment that would hide a TCP header's flags")        \
	X(FRAG_OVERLAP, "frag_overlap", "of a datagram whose fragments overlap")            \
	X(FRAG_DUPLICATE, "frag_duplicate", "a fragment that had come already")             \
	X(FRAG_MANY, "frag_many", "of a datagram in too many fragments")                    \
	X(FRAG_FULL, "frag_full", "no room for one more fragment")                          \
	X(FRAG_TIMEOUT, "frag_timeout", "of a datagram of which fragments are missing")     \
	X(FRAG_JOINED, "frag_joined", "a fragment that became part of its datagram")        \
	X(L4_SHORT, "l4_short", "shorter than its L4 header")                               \
	/* tunnels */                                                                       \
	X(TUNNEL_SOURCE, "tunnel_source",                                                   \
	  "the port towards the server has no address to send from")                        \
	X(TUNNEL_ROOM, "tunnel_room", "no room for a tunnel's headers")                     \
	X(TUNNEL_ERROR, "tunnel_error",                                                     \
	  "an ICMP error about a tunnel, whose client has been told")                       \
	X(TUNNEL_SHORT, "tunnel_short", "shorter than its tunnel's headers")                \
	X(TUNNEL_HEADER, "tunnel_header", "a tunnel's header that we do not speak")         \
	X(TUNNEL_CHECKSUM, "tunnel_checksum", "wrong checksum of GRE or GUE")               \
	X(TUNNEL_KEY, "tunnel_key", "from a tunnel's other end, with another key")          \
	X(TUNNEL_SEQUENCE, "tunnel_sequence",                                               \
	  "behind one that was sent later, or without a number where they have one")        \
	X(TUNNEL_DOWN, "tunnel_down", "received for a tunnel that is down")                 \
	X(TUNNEL_FAMILY, "tunnel_family", "of a family that the tunnel does not carry")     \
	X(TUNNEL_NO_ROUTE, "tunnel_no_route", "no way to the tunnel's other end")           \
	X(TUNNEL_LOOP, "tunnel_loop", "a tunnel that leads into itself, or too deep")       \
	X(TUNNEL_CONGESTION, "tunnel_congestion",                                           \
	  "congestion was marked outside, and inside it cannot be")                         \
	/* routes */                                                                        \
	X(ROUTE_BLACKHOLE, "route_blackhole", "its route is a blackhole")                   \
	X(ROUTE_UNREACHABLE, "route_unreachable", "its route says unreachable")             \
	X(ROUTE_PROHIBIT, "route_prohibit", "its route says prohibit")                      \
	/* icmp */                                                                          \
	X(ICMP_CHECKSUM, "icmp_checksum", "wrong ICMP checksum")                            \
	X(ICMP_DONE, "icmp_done", "an ICMP message for us that needs no answer")            \
	X(ICMP_REDIRECT, "icmp_redirect", "a redirect: routers do not follow them")         \
	X(ICMP_UNRELATED, "icmp_unrelated", "an ICMP error about no connection of ours")    \
	/* ipvs */                                                                          \
	X(IPVS_NO_SERVER, "ipvs_no_server", "no usable real server")                        \
	X(IPVS_HOME, "ipvs_home", "its server went while its home was asked for one")       \
	X(IPVS_NO_CONN, "ipvs_no_conn", "belongs to no connection and opens none")          \
	X(IPVS_CONN_FULL, "ipvs_conn_full", "no free connection")                           \
	X(IPVS_NO_PORT, "ipvs_no_port", "no free local port")                               \
	X(IPVS_CLASH, "ipvs_clash", "its answers would be another connection's (NAT)")      \
	X(IPVS_CROWDED, "ipvs_crowded", "overload: a new one gave way to connections")      \
	X(IPVS_NO_LADDR, "ipvs_no_laddr", "the service has no local address")               \
	X(IPVS_TENTATIVE, "ipvs_tentative", "its local address may yet be another host's")  \
	X(IPVS_INVALID, "ipvs_invalid", "an L4 header that makes no sense")                 \
	X(IPVS_UDP_CHECKSUM, "ipvs_udp_checksum", "UDP over IPv6 without a checksum")       \
	X(IPVS_FRAGMENT, "ipvs_fragment", "ICMP in pieces, no ping, from a client of SNAT") \
	X(IPVS_SCTP_FRAGMENT, "ipvs_sctp_fragment",                                         \
	  "a fragment of SCTP whose ports change: its checksum is over the whole")          \
	X(IPVS_TTL, "ipvs_ttl", "time to live ran out on the way through a service")        \
	X(IPVS_MTU, "ipvs_mtu", "too big for the way to the server or client")              \
	X(IPVS_NO_ROUTE, "ipvs_no_route", "no route to the server or client")               \
	X(IPVS_CROSS_FRAGMENT, "ipvs_cross_fragment",                                       \
	  "a fragment of ICMP, or of UDP without a checksum, to the other family")          \
	X(IPVS_CROSS_ICMP, "ipvs_cross_icmp",                                               \
	  "an ICMP error that the other family has no word for")                            \
	X(IPVS_CROSS_ROOM, "ipvs_cross_room", "no room for the other family's headers")     \
	/* control */                                                                       \
	X(SHUTDOWN, "shutdown", "held when the daemon stopped")

/* The reason that both families have, each its own: DROP_IP4_… or DROP_IP6_…. */
#define DROP_IP(family, what) ((family) == AF_INET ? DROP_IP4_##what : DROP_IP6_##what)

enum drop_reason {
#define X(id, name, text) DROP_##id,
	DROP_REASONS(X)
#undef X
		DROP__COUNT
};

extern const char *const drop_names[DROP__COUNT];
extern const char *const drop_texts[DROP__COUNT];

#endif

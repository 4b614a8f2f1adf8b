/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel's IPVS does to packets, we do: those of
 * test/data/ipvs-packets.txt are sent through the real stages, one case after
 * the other, and what comes out is compared byte by byte. Where we differ on
 * purpose, `differences` says so, and a difference that is none any more is a
 * failure like one that is not in it. conf/ipvs-differences.md is its prose.
 *
 *	client 198.51.100.2 — virtual address 192.0.2.1 — servers' net 198.18.1.0/24
 *	client 2001:db8:c::2 — virtual address 2001:db8:ff::1 — servers' net 2001:db8:1::/64
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "ipvs/ipvs.h"
#include "packet/ipvs6_rig.h"

#define OUT_MAX   4
#define FIELD_MAX 5 + OUT_MAX

struct ip_packet {
	unsigned int side; /* that it comes out of */
	size_t len;
	uint8_t bytes[FRAME_MAX];
};

static const struct {
	const char *name, *probe; /* the latter may be the beginning of several */
} differences[] = {
	/* a UDP checksum that is not there stays away; the kernel puts one in */
	{ "nat4-udp", "zero UDP checksum" },
	/* it waits for the first one, which is not in the recording */
	{ "dr4-tcp", "fragment 2 of 2" },
	/* it opens nothing, and is answered by RST */
	{ "nat4-tcp", "SYN+ACK of no connection" },
	/* errors quote a packet as it came, not with its TTL lowered already */
	{ "nat4-udp", "1500 bytes, DF, link mtu 1400" },
	{ "nat4-tcp", "1500 bytes, DF, link mtu 1400" },
	{ "dr4-tcp", "1500 bytes, DF, link mtu 1400" },
	/* the checksum inside a quoted packet is put right, so that its sender may check it */
	{ "nat4-udp", "port unreachable from the server" },
	{ "nat4-udp", "host unreachable from a router behind" },
	{ "nat4-udp", "time exceeded from the client's side" },
	{ "nat4-tcp", "port unreachable from the server, full quote" },
	/* IPv6: the same three reasons */
	{ "dr6-udp", "1500 bytes, link mtu 1400" },
	{ "dr6-tcp", "1500 bytes, link mtu 1400" },
	{ "nat6-udp", "too big (mtu 1300) from a router behind" },
	{ "nat6-udp", "time exceeded from a router behind" },
	{ "nat6-udp", "host unreachable from a router behind" },
	{ "nat6-udp", "port unreachable from the client, about an answer" },
	{ "nat6-udp", "too big (mtu 1280) from the client's side, about an answer" },
	{ "nat6-tcp", "port unreachable from the server" },
	{ "nat6-tcp", "too big (mtu 1300) from a router behind" },
	{ "nat6-tcp", "time exceeded from a router behind" },
	{ "nat6-tcp", "host unreachable from a router behind" },
	{ "nat6-tcp", "port unreachable from the client, about an answer" },
	/* from the virtual address, which is ours: nobody else speaks from it */
	{ "dr6-udp", "port unreachable from the server" },
};

/* The service that a case's packets are to. */
struct service_of {
	const char *name;
	uint16_t port;
	const char *lines[4];
};

static const struct service_of services[] = {
	{ "nat4-udp",
	  81,
	  { "ipvsadm -A -u 192.0.2.1:81 -s rr",
	    "ipvsadm -a -u 192.0.2.1:81 -r 198.18.1.2:8000 -m" } },
	{ "nat4-tcp",
	  84,
	  { "ipvsadm -A -t 192.0.2.1:84 -s rr",
	    "ipvsadm -a -t 192.0.2.1:84 -r 198.18.1.2:8000 -m" } },
	{ "dr4-udp",
	  82,
	  { "ipvsadm -A -u 192.0.2.1:82 -s rr", "ipvsadm -a -u 192.0.2.1:82 -r 198.18.1.2 -g" } },
	{ "dr4-tcp",
	  85,
	  { "ipvsadm -A -t 192.0.2.1:85 -s rr", "ipvsadm -a -t 192.0.2.1:85 -r 198.18.1.2 -g" } },
	{ "nat6-udp",
	  94,
	  { "ipvsadm -A -u [2001:db8:ff::1]:94 -s rr",
	    "ipvsadm -a -u [2001:db8:ff::1]:94 -r [2001:db8:1::2]:8000 -m" } },
	{ "nat6-tcp",
	  97,
	  { "ipvsadm -A -t [2001:db8:ff::1]:97 -s rr",
	    "ipvsadm -a -t [2001:db8:ff::1]:97 -r [2001:db8:1::2]:8000 -m" } },
	{ "dr6-udp",
	  95,
	  { "ipvsadm -A -u [2001:db8:ff::1]:95 -s rr",
	    "ipvsadm -a -u [2001:db8:ff::1]:95 -r [2001:db8:1::2] -g" } },
	{ "dr6-tcp",
	  98,
	  { "ipvsadm -A -t [2001:db8:ff::1]:98 -s rr",
	    "ipvsadm -a -t [2001:db8:ff::1]:98 -r [2001:db8:1::2] -g" } },
};

static bool is_ip6(const struct service_of *service)
{
	return strchr(service->name, '6');
}

static bool differs_on_purpose(const char *name, const char *probe)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (strcmp(differences[i].name, name) == 0 &&
		    strncmp(probe, differences[i].probe, strlen(differences[i].probe)) == 0)
			return true;
	return false;
}

/* "450000.78*100.": hex, and runs of a byte between dots. Returns how many bytes. */
static size_t take_hex(const char *text, uint8_t *out)
{
	size_t n = 0;
	unsigned int byte, times;
	int used;

	while (*text) {
		times = 1;
		if (sscanf(text, ".%2x*%u.%n", &byte, &times, &used) != 2 &&
		    sscanf(text, "%2x%n", &byte, &used) != 1)
			fail_msg("no hex: %.20s", text);
		assert_true(n + times <= FRAME_MAX);
		memset(out + n, (int)byte, times);
		n += times;
		text += used;
	}
	return n;
}

static void inject(struct harness *h, unsigned int side, const char *hex)
{
	static const uint8_t our_mac[2][6] = { { 2, 0, 0, 0, 0, 0 }, { 2, 0, 0, 0, 0, 1 } };
	uint8_t frame[FRAME_MAX + L3] = { [12] = 8 };
	size_t len = take_hex(hex, frame + L3);

	if (frame[L3] >> 4 == 6)
		memcpy(frame + 12, "\x86\xdd", 2);
	memcpy(frame, our_mac[side], 6);
	harness_inject(h, side, 0, frame, L3 + len);
	harness_turn(h);
}

/* Behind the n that are there. */
static unsigned int collect(struct harness *h, struct ip_packet got[OUT_MAX], unsigned int n)
{
	for (unsigned int side = 0; side < 2; side++) {
		struct frame frame;

		while ((frame = rig_take(h, side)).len) {
			assert_true(n < OUT_MAX);
			got[n].side = side;
			got[n].len = frame.len - L3;
			memcpy(got[n++].bytes, frame.bytes + L3, frame.len - L3);
		}
	}
	return n;
}

static unsigned int expected(char *const *outs, unsigned int n, struct ip_packet want[OUT_MAX])
{
	for (unsigned int i = 0; i < n; i++) {
		bool to_client = strncmp(outs[i], "client:", 7) == 0;

		want[i].side = to_client ? CLIENT_SIDE : SERVER_SIDE;
		want[i].len = take_hex(strchr(outs[i], ':') + 1, want[i].bytes);
	}
	return n;
}

/* Of packets that we make (a TTL that no router has lowered), IP id and DF, or IPv6's flow label,
 * are anybody's choice. The kernel cuts a datagram anew, and numbers its fragments so. */
static void forget_id(struct ip_packet *packet)
{
	uint8_t *ip = packet->bytes;

	if (ip[0] >> 4 == 4 && ip[8] == 64) {
		memset(ip + 4, 0, 4);
		memset(ip + 10, 0, 2);
	}
	if (ip[0] >> 4 == 6 && ip[7] == 64) {
		ip[1] &= 0xf0;
		memset(ip + 2, 0, 2);
	}
	if (ip[0] >> 4 == 6 && ip[6] == IPPROTO_FRAGMENT)
		memset(ip + IP6 + 4, 0, 4);
}

static bool same(struct ip_packet *got, unsigned int n_got, struct ip_packet *want,
		 unsigned int n_want)
{
	if (n_got != n_want)
		return false;
	for (unsigned int i = 0; i < n_got; i++) {
		forget_id(&got[i]);
		forget_id(&want[i]);
		if (got[i].side != want[i].side || got[i].len != want[i].len ||
		    memcmp(got[i].bytes, want[i].bytes, got[i].len) != 0)
			return false;
	}
	return true;
}

static void print_packets(const char *what, const struct ip_packet *packets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		print_message("#   %s to %s: ", what, packets[i].side ? "rs1" : "client");
		for (size_t b = 0; b < packets[i].len && b < 96; b++)
			print_message("%02x", packets[i].bytes[b]);
		print_message("%s\n", packets[i].len > 96 ? "…" : "");
	}
	if (!n)
		print_message("#   %s: nothing\n", what);
}

#define CLIENT4_OF "198.51.100.2"
#define CLIENT6_OF "2001:db8:c::2"
#define VIP4_OF    "192.0.2.1"
#define VIP6_OF    "2001:db8:ff::1"

/* The client's side of the connection that an IP packet is of, or quotes. */
static struct tuple tuple_in(const struct service_of *service, const uint8_t *ip)
{
	bool six = is_ip6(service);
	struct tuple in = { .family = six ? AF_INET6 : AF_INET, .dport = htons(service->port) };
	size_t proto_at = six ? 6 : 9, src_at = six ? 8 : 12, header;
	const uint8_t *ports;

	inet_pton(in.family, six ? CLIENT6_OF : CLIENT4_OF, &in.src);
	inet_pton(in.family, six ? VIP6_OF : VIP4_OF, &in.dst);
	header = six ? IP6 : (ip[0] & 15) * 4u;
	if (ip[proto_at] == (six ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		ip += header + 8;
		header = six ? IP6 : (ip[0] & 15) * 4u;
	}
	ports = ip + header;
	in.proto = ip[proto_at];
	memcpy(&in.sport, memcmp(ip + src_at, &in.src, six ? 16 : 4) == 0 ? ports : ports + 2, 2);
	return in;
}

static bool is_open(const struct harness *h, const struct tuple *in)
{
	enum conn_dir dir;

	return conn_lookup(h->all[1]->ipvs->conns, in, &dir) != CONN_NONE;
}

static void send_first(struct harness *h, const struct tuple *in)
{
	struct packet first = { .src = CLIENT4_OF,
				.dst = VIP4_OF,
				.sport = ntohs(in->sport),
				.dport = ntohs(in->dport),
				.proto = in->proto,
				.flags = SYN };
	struct packet6 first6 = { .src = CLIENT6_OF,
				  .dst = VIP6_OF,
				  .sport = first.sport,
				  .dport = first.dport,
				  .proto = in->proto,
				  .flags = SYN };

	if (in->family == AF_INET6)
		rig6_send(h, CLIENT_SIDE, 0, &first6);
	else
		rig_send(h, CLIENT_SIDE, &first);
}

/*
 * The recording leaves out what it had of another case already, the first packets of most
 * connections among them: the connection that a probe is of (or quotes) is opened if it is not
 * there, unless the probe says that there is none.
 */
static void open_before(struct harness *h, const struct service_of *service, const char *probe,
			const char *hex)
{
	static uint8_t bytes[FRAME_MAX];
	struct tuple in;

	if (strstr(probe, "no connection") || strstr(probe, "no service") || strstr(probe, "echo"))
		return;
	take_hex(hex, bytes);
	in = tuple_in(service, bytes);
	if (in.proto != IPPROTO_TCP && in.proto != IPPROTO_UDP)
		return;
	if (!is_open(h, &in))
		send_first(h, &in);
	while (rig_take(h, SERVER_SIDE).len)
		;
}

/* What the probe's name says of the link to the server; 0: nothing. */
static unsigned int probe_mtu(const char *probe)
{
	const char *at = strstr(probe, "link mtu ");

	return at ? (unsigned int)atoi(at + strlen("link mtu ")) : 0;
}

static void set_mtu(struct harness *h, const struct service_of *service, const char *verb,
		    unsigned int mtu)
{
	char line[96];

	snprintf(line, sizeof(line), "dpip route %s %s dev dpdk1 mtu %u", verb,
		 is_ip6(service) ? "2001:db8:1::2/128" : "198.18.1.2/32", mtu);
	if (mtu)
		harness_run(h, line);
}

/* Of a first fragment, which goes on at once; the kernel sends both when it has them. */
struct kept {
	struct ip_packet got[OUT_MAX];
	unsigned int n;
};

/* false: it is not as the kernel has it, nor as we say that it is. */
static bool check_probe(struct harness *h, const struct service_of *service, char *const *fields,
			unsigned int n_fields, struct kept *kept)
{
	const char *name = fields[0], *probe = fields[2];
	unsigned int mtu = probe_mtu(probe), n_got, n_want;
	struct ip_packet *got = kept->got;
	static struct ip_packet want[OUT_MAX];
	bool on_purpose = differs_on_purpose(name, probe);

	open_before(h, service, probe, fields[3]);
	set_mtu(h, service, "add", mtu);
	inject(h, strcmp(fields[1], "client") == 0 ? CLIENT_SIDE : SERVER_SIDE, fields[3]);
	set_mtu(h, service, "del", mtu);
	n_got = collect(h, got, kept->n);
	kept->n = strcmp(probe, "fragment 1 of 2") == 0 ? n_got : 0;
	if (kept->n)
		return n_got == 1;
	n_want = expected(fields + 4, n_fields - 4, want);
	if (same(got, n_got, want, n_want) != on_purpose)
		return true;
	print_message("# %s: %s: %s\n", name, probe, on_purpose ? "differs no more" : "differs");
	print_packets("sent on", got, n_got);
	print_packets("kernel ", want, n_want);
	return false;
}

static unsigned int split(char *line, char *fields[FIELD_MAX])
{
	unsigned int n = 0;

	line[strcspn(line, "\n")] = '\0';
	while (n < FIELD_MAX && (fields[n] = strsep(&line, "\t")))
		n++;
	return n;
}

static struct harness *case_new(const struct service_of *service)
{
	static const struct harness_options options = { .forwarding = true };
	struct harness *h = harness_new(&options);

	harness_run(h, "dpip addr add 198.51.100.1/24 dev dpdk0");
	harness_run(h, "dpip addr add 192.0.2.1/32 dev dpdk0");
	harness_run(h, "dpip addr add 198.18.1.1/24 dev dpdk1");
	harness_neigh(h, "198.51.100.2", "06:00:00:00:00:64", "dpdk0");
	harness_neigh(h, "198.18.1.2", "06:00:00:00:01:02", "dpdk1");
	harness_run(h, "dpip addr add 2001:db8:c::1/64 dev dpdk0");
	harness_run(h, "dpip addr add 2001:db8:ff::1/128 dev dpdk0");
	harness_run(h, "dpip addr add 2001:db8:1::1/64 dev dpdk1");
	harness_neigh(h, "2001:db8:c::2", "06:00:00:00:00:64", "dpdk0");
	harness_neigh(h, "2001:db8:1::2", "06:00:00:00:01:02", "dpdk1");
	harness_advance(h, 5000); /* nobody else has the addresses */
	for (unsigned int i = 0; i < 4 && service->lines[i]; i++)
		harness_run(h, service->lines[i]);
	for (unsigned int side = 0; side < 2; side++)
		while (rig_take(h, side).len)
			;
	return h;
}

static void check_case(const struct service_of *service)
{
	const char *root = getenv("ROOT");
	struct harness *h = case_new(service);
	char path[512], *fields[FIELD_MAX];
	static char line[32768];
	static struct kept kept;
	unsigned int probes = 0, wrong = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/test/data/ipvs-packets.txt", root ? root : ".");
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s cannot be read", path);
	while (fgets(line, sizeof(line), file)) {
		unsigned int n = split(line, fields);

		if (n < 4 || strcmp(fields[0], service->name) != 0)
			continue;
		probes++;
		if (strncmp(fields[2], "fragment", strlen("fragment")) != 0)
			kept.n = 0; /* the second one is not in the recording */
		wrong += !check_probe(h, service, fields, n, &kept);
	}
	fclose(file);
	assert_true(probes >= 10);
	rig_end(h);
	assert_int_equal(wrong, 0);
}

static void test_case(void **state)
{
	check_case(*state);
}

int main(void)
{
	struct CMUnitTest tests[sizeof(services) / sizeof(services[0])];

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		tests[i] = (struct CMUnitTest){
			.name = services[i].name,
			.test_func = test_case,
			.initial_state = (void *)(uintptr_t)&services[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel's IPVS does to packets whose server is at the end of a tunnel,
 * we do: those of test/data/ipvs-tunnels.txt go through the real stages, tunnel
 * by tunnel, and what comes out is compared byte by byte. What is anybody's
 * choice (identifications, GUE's source port, flow labels of what we make) is
 * taken over from the kernel's packet before. Where we differ on purpose,
 * `differences` says so; one that is none any more is a failure, too.
 *
 *	client 198.51.100.2, 2001:db8:c::2 — virtual 192.0.2.1, 2001:db8:ff::1
 *	server 198.18.1.2, 2001:db8:1::2 behind 198.18.1.1, 2001:db8:1::1
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
#include "packet/csum.h"
#include "packet/fnat_rig.h"

#define OUT_MAX   4
#define FIELD_MAX 5 + OUT_MAX

struct ip_packet {
	unsigned int side; /* that it comes out of */
	size_t len;
	uint8_t bytes[FRAME_MAX];
};

/* Where, where not, and what: the beginning of probes; "" is anywhere. */
static const struct {
	const char *with, *without, *probe;
} differences[] = {
	/* the kernel has learnt the tunnel's MTU; we let every router say what it will */
	{ "", "6", "1400 bytes, DF, after the too big" },
	{ "gre6in4", "none", "1400 bytes, DF, after the too big" },
	/* the kernel takes the MTU of its own link here, and the router's elsewhere */
	{ "ipip4-udp", "6", "too big (mtu 1300) about the outer packet" },
	/* it opens nothing, and is answered by RST */
	{ "", "none", "SYN+ACK of no connection" },
	/* from an address of ours: as the kernel has it for IPv4 */
	{ "ipip6", "none", "port unreachable from the server (inner)" },
	{ "gre6", "none", "port unreachable from the server (inner)" },
	{ "gue6", "none", "port unreachable from the server (inner)" },
	{ "csum6", "none", "port unreachable from the server (inner)" },
};

static const struct tunnel {
	const char *name;
	const char *options; /* of ipvsadm */
	int inner, outer, proto;
} tunnels[] = {
	{ "ipip4-udp", "", 4, 4, IPPROTO_UDP },
	{ "ipip4-tcp", "--tun-type ipip", 4, 4, IPPROTO_TCP },
	{ "gue4-udp", "--tun-type gue --tun-port 6080", 4, 4, IPPROTO_UDP },
	{ "gue-csum4-udp", "--tun-type gue --tun-port 6080 --tun-csum", 4, 4, IPPROTO_UDP },
	{ "gue-remcsum4-udp", "--tun-type gue --tun-port 6080 --tun-remcsum", 4, 4, IPPROTO_UDP },
	{ "gre4-udp", "--tun-type gre", 4, 4, IPPROTO_UDP },
	{ "gre-csum4-udp", "--tun-type gre --tun-csum", 4, 4, IPPROTO_UDP },
	{ "gue4-tcp", "--tun-type gue --tun-port 6080 --tun-nocsum", 4, 4, IPPROTO_TCP },
	{ "gre4-tcp", "--tun-type gre --tun-nocsum", 4, 4, IPPROTO_TCP },
	{ "ipip6-udp", "", 6, 6, IPPROTO_UDP },
	{ "ipip6-tcp", "", 6, 6, IPPROTO_TCP },
	{ "gue6-udp", "--tun-type gue --tun-port 6080", 6, 6, IPPROTO_UDP },
	{ "gue-csum6-udp", "--tun-type gue --tun-port 6080 --tun-csum", 6, 6, IPPROTO_UDP },
	{ "gue-remcsum6-udp", "--tun-type gue --tun-port 6080 --tun-remcsum", 6, 6, IPPROTO_UDP },
	{ "gre6-udp", "--tun-type gre", 6, 6, IPPROTO_UDP },
	{ "gre-csum6-udp", "--tun-type gre --tun-csum", 6, 6, IPPROTO_UDP },
	{ "gue6-tcp", "--tun-type gue --tun-port 6080", 6, 6, IPPROTO_TCP },
	{ "gre6-tcp", "--tun-type gre", 6, 6, IPPROTO_TCP },
	{ "ipip4in6-udp", "", 4, 6, IPPROTO_UDP },
	{ "ipip6in4-udp", "", 6, 4, IPPROTO_UDP },
	{ "gue4in6-udp", "--tun-type gue --tun-port 6080", 4, 6, IPPROTO_UDP },
	{ "gre6in4-udp", "--tun-type gre", 6, 4, IPPROTO_UDP },
};

static bool differs_on_purpose(const char *name, const char *probe)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (strstr(name, differences[i].with) && !strstr(name, differences[i].without) &&
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

static void inject(struct harness *h, unsigned int side, const uint8_t *ip, size_t len)
{
	static const uint8_t our_mac[2][6] = { { 2, 0, 0, 0, 0, 0 }, { 2, 0, 0, 0, 0, 1 } };
	uint8_t frame[FRAME_MAX + L3] = { [12] = 8 };

	if (ip[0] >> 4 == 6)
		memcpy(frame + 12, "\x86\xdd", 2);
	memcpy(frame + L3, ip, len);
	memcpy(frame, our_mac[side], 6);
	harness_inject(h, side, 0, frame, L3 + len);
	harness_turn(h);
}

static unsigned int collect(struct harness *h, struct ip_packet got[OUT_MAX])
{
	unsigned int n = 0;

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
		want[i].side = strncmp(outs[i], "client:", 7) == 0 ? CLIENT_SIDE : SERVER_SIDE;
		want[i].len = take_hex(strchr(outs[i], ':') + 1, want[i].bytes);
	}
	return n;
}

/* Bytes that are ours to choose become the kernel's; `sum`, a checksum over them, follows. */
static void take_over(uint8_t *got, const uint8_t *want, size_t len, uint8_t *sum)
{
	for (size_t i = 0; i < len; i += 2) {
		uint16_t from, to, csum;

		memcpy(&from, got + i, 2);
		memcpy(&to, want + i, 2);
		memcpy(&csum, sum, 2);
		csum = csum_apply(csum, csum_delta16(from, to));
		memcpy(sum, &csum, 2);
		memcpy(got + i, &to, 2);
	}
}

/* GUE's source port, where UDP's header is there. */
static void take_over_sport(uint8_t *got, const uint8_t *want)
{
	uint8_t none[2] = { 0 }, *sum = got[6] | got[7] ? got + 6 : none;

	if (memcmp(got + 2, want + 2, 2) == 0 && ntohs(*(uint16_t *)(void *)got) >= 49152)
		take_over(got, want, 2, sum);
}

static void take_over4(struct ip_packet *got, const struct ip_packet *want)
{
	uint8_t *ip = got->bytes;
	const uint8_t *their = want->bytes;
	bool made = got->side == CLIENT_SIDE && ip[8] == 64;

	/* an identification, but 0 with DF; of packets that we make DF, too */
	if (made)
		take_over(ip + 4, their + 4, 4, ip + 10);
	else if (!(ip[6] & 0x40))
		take_over(ip + 4, their + 4, 2, ip + 10);
	if (got->side == SERVER_SIDE && ip[9] == IPPROTO_UDP && !(ip[6] & 0x1f) && !ip[7])
		take_over_sport(ip + 20, their + 20);
}

static void take_over6(struct ip_packet *got, const struct ip_packet *want)
{
	uint8_t *ip = got->bytes;
	const uint8_t *their = want->bytes;
	uint8_t none[2];

	if (got->side == CLIENT_SIDE && ip[7] == 64)
		memcpy(ip + 1, their + 1, 3); /* a flow label of what we make */
	if (got->side == SERVER_SIDE && ip[6] == IPPROTO_FRAGMENT)
		take_over(ip + 44, their + 44, 4, none);
	if (got->side == SERVER_SIDE && ip[6] == IPPROTO_UDP)
		take_over_sport(ip + 40, their + 40);
	if (got->side == SERVER_SIDE && ip[6] == IPPROTO_FRAGMENT && ip[40] == IPPROTO_UDP &&
	    !ip[42] && !(ip[43] & 0xf8))
		take_over_sport(ip + 48, their + 48);
}

/*
 * Errors of ours about what came from the client quote it as it came; the kernel's have its TTL
 * lowered: it is raised there, with what depends on it. The header's checksum makes up for that in
 * ICMP's.
 */
static void quote_as_it_came(struct ip_packet *want, const uint8_t *sent)
{
	uint8_t *ip = want->bytes, *quoted;
	uint16_t sum;

	if (want->side != CLIENT_SIDE)
		return;
	if (ip[0] >> 4 == 4 && ip[9] == IPPROTO_ICMP && ip[20] == 3) {
		quoted = ip + 28;
		if (quoted[8] == sent[8])
			return;
		quoted[8]++;
		memcpy(&sum, quoted + 10, 2);
		sum = csum_apply(sum, csum_delta16(0, htons(0x0100)));
		memcpy(quoted + 10, &sum, 2);
	} else if (ip[0] >> 4 == 6 && ip[6] == IPPROTO_ICMPV6 && ip[40] < 128) {
		quoted = ip + 48;
		if (quoted[7] == sent[7])
			return;
		quoted[7]++;
		memcpy(&sum, ip + 42, 2);
		sum = csum_apply(sum, csum_delta16(0, htons(0x0001)));
		memcpy(ip + 42, &sum, 2);
	}
}

static bool same(struct ip_packet *got, unsigned int n_got, struct ip_packet *want,
		 unsigned int n_want)
{
	if (n_got != n_want)
		return false;
	for (unsigned int i = 0; i < n_got; i++) {
		if (got[i].bytes[0] >> 4 == 4)
			take_over4(&got[i], &want[i]);
		else
			take_over6(&got[i], &want[i]);
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
		for (size_t b = 0; b < packets[i].len && b < 120; b++)
			print_message("%02x", packets[i].bytes[b]);
		print_message("%s\n", packets[i].len > 120 ? "…" : "");
	}
	if (!n)
		print_message("#   %s: nothing\n", what);
}

struct ends {
	size_t len; /* of an address */
	uint8_t client[16], vip[16];
};

static struct ends ends_of(int family)
{
	struct ends ends = { .len = family == 4 ? 4 : 16 };

	inet_pton(family == 4 ? AF_INET : AF_INET6, family == 4 ? "198.51.100.2" : "2001:db8:c::2",
		  ends.client);
	inet_pton(family == 4 ? AF_INET : AF_INET6, family == 4 ? "192.0.2.1" : "2001:db8:ff::1",
		  ends.vip);
	return ends;
}

/* The client's port in the packet between him and the service, wherever it is in there. 0: it is in
 * none. */
static uint16_t client_port(const uint8_t *bytes, size_t len, const struct ends *ends)
{
	for (size_t at = ends->len == 4 ? 12 : 8; at + 2 * ends->len + 4 <= len; at++) {
		bool in = memcmp(bytes + at, ends->client, ends->len) == 0 &&
			  memcmp(bytes + at + ends->len, ends->vip, ends->len) == 0;
		bool out = memcmp(bytes + at, ends->vip, ends->len) == 0 &&
			   memcmp(bytes + at + ends->len, ends->client, ends->len) == 0;
		size_t header = ends->len == 4 ? (size_t)(bytes[at - 12] & 15) * 4 - 12 : 32;
		uint8_t proto = ends->len == 4 ? bytes[at - 3] : bytes[at - 2];
		uint16_t port;

		if ((!in && !out) || (proto != IPPROTO_TCP && proto != IPPROTO_UDP) ||
		    at + header + 4 > len)
			continue;
		memcpy(&port, bytes + at + header + (in ? 0 : 2), 2);
		return ntohs(port);
	}
	return 0;
}

/* What opens that connection; the service looks at no checksum. */
static size_t first_packet(const struct tunnel *tunnel, const struct ends *ends, uint16_t cport,
			   uint16_t port, uint8_t *ip)
{
	size_t l3 = tunnel->inner == 4 ? 20 : 40, l4 = tunnel->proto == IPPROTO_UDP ? 8 : 20;
	uint16_t ports[2] = { htons(cport), htons(port) }, sum;

	memset(ip, 0, l3 + l4);
	if (tunnel->inner == 4) {
		ip[0] = 0x45;
		ip[3] = (uint8_t)(l3 + l4);
		ip[8] = 64;
		ip[9] = (uint8_t)tunnel->proto;
		memcpy(ip + 12, ends->client, 4);
		memcpy(ip + 16, ends->vip, 4);
		sum = csum_finish(csum_sum(ip, 20, 0));
		memcpy(ip + 10, &sum, 2);
	} else {
		ip[0] = 0x60;
		ip[5] = (uint8_t)l4;
		ip[6] = (uint8_t)tunnel->proto;
		ip[7] = 64;
		memcpy(ip + 8, ends->client, 16);
		memcpy(ip + 24, ends->vip, 16);
	}
	memcpy(ip + l3, ports, 4);
	ip[l3 + (l4 == 8 ? 5 : 12)] = l4 == 8 ? 8 : 0x50;
	ip[l3 + (l4 == 8 ? 6 : 13)] = SYN;
	return l3 + l4;
}

/* The recording leaves out the first packets of most connections: they are opened here. */
static void open_before(struct harness *h, const struct tunnel *tunnel, const char *probe,
			const uint8_t *bytes, size_t len, uint16_t service_port)
{
	const struct ends ends = ends_of(tunnel->inner);
	struct tuple in = { .dport = htons(service_port),
			    .family = tunnel->inner == 4 ? AF_INET : AF_INET6,
			    .proto = (uint8_t)tunnel->proto };
	uint16_t cport = client_port(bytes, len, &ends);
	uint8_t first[64];
	enum conn_dir dir;

	if (!cport || strstr(probe, "no connection") || strstr(probe, "no service"))
		return;
	memcpy(&in.src, ends.client, ends.len);
	memcpy(&in.dst, ends.vip, ends.len);
	in.sport = htons(cport);
	if (conn_lookup(h->all[1]->ipvs->conns, &in, &dir) != CONN_NONE)
		return;
	inject(h, CLIENT_SIDE, first, first_packet(tunnel, &ends, cport, service_port, first));
	while (rig_take(h, SERVER_SIDE).len)
		;
}

/* What the probe's name says of the link to the server; 0: nothing. */
static unsigned int probe_mtu(const char *probe)
{
	const char *at = strstr(probe, "link mtu ");

	return at ? (unsigned int)atoi(at + strlen("link mtu ")) : 0;
}

static void set_mtu(struct harness *h, const struct tunnel *tunnel, const char *verb,
		    unsigned int mtu)
{
	char line[128];

	snprintf(line, sizeof(line), "dpip route %s %s dev dpdk1 mtu %u", verb,
		 tunnel->outer == 4 ? "198.18.1.2/32" : "2001:db8:1::2/128", mtu);
	if (mtu)
		harness_run(h, line);
}

/*
 * Of IPv6 tunnels, and of IPv6 in IPv4 ones, the kernel keeps ICMP errors to itself; we tell the
 * client, if enough is quoted (tunnel_test.c looks at what).
 */
static bool told(const struct tunnel *tunnel, const struct ip_packet *got, unsigned int n)
{
	const uint8_t *ip = got->bytes;

	if (n == 0)
		return true;
	return n == 1 && got->side == CLIENT_SIDE && ip[0] >> 4 == tunnel->inner &&
	       (tunnel->inner == 4 ? ip[9] == IPPROTO_ICMP : ip[6] == IPPROTO_ICMPV6);
}

/* false: it is not as the kernel has it, nor as we say that it is. */
static bool check_probe(struct harness *h, const struct tunnel *tunnel, char *const *fields,
			unsigned int n_fields, uint16_t port)
{
	const char *name = fields[0], *probe = fields[2];
	unsigned int mtu = probe_mtu(probe), n_got, n_want;
	static struct ip_packet got[OUT_MAX], want[OUT_MAX];
	bool on_purpose = differs_on_purpose(name, probe);
	bool client = strcmp(fields[1], "client") == 0;
	uint8_t sent[FRAME_MAX];
	size_t len = take_hex(fields[3], sent);

	open_before(h, tunnel, probe, sent, len, port);
	set_mtu(h, tunnel, "add", mtu);
	inject(h, client ? CLIENT_SIDE : SERVER_SIDE, sent, len);
	set_mtu(h, tunnel, "del", mtu);
	n_got = collect(h, got);
	n_want = expected(fields + 4, n_fields - 4, want);
	if (strstr(name, "6") && strstr(probe, "about the outer packet") && n_want == 0)
		return told(tunnel, got, n_got);
	if (n_got == 0 && n_want == 0)
		return true; /* also of several of one name, of which only some differ */
	for (unsigned int i = 0; client && i < n_want; i++)
		quote_as_it_came(&want[i], sent);
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

static void service_add(struct harness *h, const struct tunnel *tunnel, uint16_t port)
{
	char letter = tunnel->proto == IPPROTO_UDP ? 'u' : 't', line[192], service[64];

	snprintf(service, sizeof(service),
		 tunnel->inner == 4 ? "192.0.2.1:%u" : "[2001:db8:ff::1]:%u", port);
	snprintf(line, sizeof(line), "ipvsadm -A -%c %s -s rr", letter, service);
	harness_run(h, line);
	snprintf(line, sizeof(line), "ipvsadm -a -%c %s -r %s -i %s", letter, service,
		 tunnel->outer == 4 ? "198.18.1.2" : "[2001:db8:1::2]", tunnel->options);
	harness_run(h, line);
}

static struct harness *case_new(void)
{
	static const struct harness_options options = { .forwarding = true };
	static const char *const lines[] = {
		"dpip addr add 198.51.100.1/24 dev dpdk0",
		"dpip addr add 192.0.2.1/32 dev dpdk0",
		"dpip addr add 198.18.1.1/24 dev dpdk1",
		"dpip addr add 2001:db8:c::1/64 dev dpdk0",
		"dpip addr add 2001:db8:ff::1/128 dev dpdk0",
		"dpip addr add 2001:db8:1::1/64 dev dpdk1",
	};
	struct harness *h = harness_new(&options);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		harness_run(h, lines[i]);
	harness_neigh(h, "198.51.100.2", "06:00:00:00:00:64", "dpdk0");
	harness_neigh(h, "198.18.1.2", "06:00:00:00:01:02", "dpdk1");
	harness_neigh(h, "2001:db8:c::2", "06:00:00:00:00:64", "dpdk0");
	harness_neigh(h, "2001:db8:1::2", "06:00:00:00:01:02", "dpdk1");
	harness_advance(h, 3000); /* addresses are nobody else's, groups are told */
	for (unsigned int side = 0; side < 2; side++)
		while (rig_take(h, side).len)
			;
	return h;
}

/* Of a packet from the client, whole and without anything before ports. */
static uint16_t port_of(const char *hex, int family)
{
	uint8_t bytes[FRAME_MAX];

	take_hex(hex, bytes);
	return (uint16_t)(bytes[family == 4 ? 22 : 42] << 8 | bytes[family == 4 ? 23 : 43]);
}

/* Probes that may stand first in a case and are not to its service. */
static bool names_service(const char *probe)
{
	return !strstr(probe, "echo") && !strstr(probe, "no service") &&
	       !strstr(probe, "IP options");
}

static void check_case(const struct tunnel *tunnel)
{
	const char *root = getenv("ROOT");
	struct harness *h = case_new();
	char path[512], *fields[FIELD_MAX];
	static char line[32768];
	unsigned int probes = 0, wrong = 0;
	uint16_t port = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/test/data/ipvs-tunnels.txt", root ? root : ".");
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s cannot be read", path);
	while (fgets(line, sizeof(line), file)) {
		unsigned int n = split(line, fields);

		if (n < 4 || strcmp(fields[0], tunnel->name) != 0)
			continue;
		if (!port && names_service(fields[2])) {
			port = port_of(fields[3], tunnel->inner);
			service_add(h, tunnel, port);
		}
		probes++;
		wrong += !check_probe(h, tunnel, fields, n, port);
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
	struct CMUnitTest tests[sizeof(tunnels) / sizeof(tunnels[0])];

	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++)
		tests[i] = (struct CMUnitTest){
			.name = tunnels[i].name,
			.test_func = test_case,
			.initial_state = (void *)(uintptr_t)&tunnels[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

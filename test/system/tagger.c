/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tagger: a VLAN's interface for kernels without 802.1Q devices. It makes the
 * TAP device NAME, with the MAC address of INTERFACE, and until it is killed
 * moves frames between both: out with the tags, outermost first, in without
 * them. Frames with other tags, or none, are the interface's own business.
 *
 *	tagger INTERFACE NAME q:10          802.1Q
 *	tagger INTERFACE NAME ad:7 q:100    802.1Q in 802.1ad
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MACS_LEN 12
#define TAG_LEN  4
#define TAGS_MAX 2
#define ROOM     65536

struct tagger {
	int raw, tap;
	unsigned int n_tags;
	uint8_t tags[TAGS_MAX * TAG_LEN];
};

__attribute__((noreturn)) static void fatal(const char *what)
{
	fprintf(stderr, "tagger: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void tag_read(struct tagger *t, const char *word)
{
	const char *colon = strchr(word, ':');
	uint16_t proto = htons(word[0] == 'a' ? ETH_P_8021AD : ETH_P_8021Q);
	uint16_t id = htons((uint16_t)atoi(colon ? colon + 1 : "0"));

	memcpy(t->tags + (size_t)t->n_tags * TAG_LEN, &proto, 2);
	memcpy(t->tags + (size_t)t->n_tags * TAG_LEN + 2, &id, 2);
	t->n_tags++;
}

static void raw_open(struct tagger *t, const char *interface)
{
	struct packet_mreq promisc = { .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int on = 1;

	at.sll_ifindex = (int)if_nametoindex(interface);
	promisc.mr_ifindex = at.sll_ifindex;
	t->raw = socket(AF_PACKET, SOCK_RAW, 0);
	if (t->raw < 0 || at.sll_ifindex == 0 ||
	    setsockopt(t->raw, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
	    setsockopt(t->raw, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc)) < 0 ||
	    bind(t->raw, (struct sockaddr *)&at, sizeof(at)) < 0)
		fatal(interface);
}

static void tap_open(struct tagger *t, const char *interface, const char *name)
{
	struct ifreq mac = { 0 }, tap = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	snprintf(mac.ifr_name, sizeof(mac.ifr_name), "%s", interface);
	snprintf(tap.ifr_name, sizeof(tap.ifr_name), "%s", name);
	t->tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (t->tap < 0 || ioctl(t->tap, TUNSETIFF, &tap) < 0 ||
	    ioctl(t->raw, SIOCGIFHWADDR, &mac) < 0)
		fatal(name);
	snprintf(mac.ifr_name, sizeof(mac.ifr_name), "%s", name);
	if (ioctl(t->tap, SIOCSIFHWADDR, &mac) < 0)
		fatal(name);
}

/* From the TAP device, its tags in. */
static void go_out(const struct tagger *t)
{
	static uint8_t frame[ROOM + TAGS_MAX * TAG_LEN];
	size_t tags_len = (size_t)t->n_tags * TAG_LEN;
	ssize_t len = read(t->tap, frame + tags_len, ROOM);

	if (len <= MACS_LEN)
		return;
	memmove(frame, frame + tags_len, MACS_LEN);
	memcpy(frame + MACS_LEN, t->tags, tags_len);
	if (send(t->raw, frame, (size_t)len + tags_len, 0) < 0 && errno != ENOBUFS)
		fprintf(stderr, "tagger: send: %s\n", strerror(errno));
}

/* The kernel takes the outer tag out of what it receives, and tells it beside the frame. */
static size_t tag_restore(struct msghdr *msg, uint8_t *frame, size_t len)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		struct tpacket_auxdata aux;
		uint16_t proto, id;

		if (cmsg->cmsg_level != SOL_PACKET || cmsg->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(cmsg), sizeof(aux));
		if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
			return len;
		proto = htons(aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid
									: ETH_P_8021Q);
		id = htons(aux.tp_vlan_tci);
		memmove(frame + MACS_LEN + TAG_LEN, frame + MACS_LEN, len - MACS_LEN);
		memcpy(frame + MACS_LEN, &proto, 2);
		memcpy(frame + MACS_LEN + 2, &id, 2);
		return len + TAG_LEN;
	}
	return len;
}

/* From the interface; what is tagged with more, or otherwise, stays there. */
static void go_in(const struct tagger *t)
{
	static uint8_t frame[ROOM + TAG_LEN];
	size_t tags_len = (size_t)t->n_tags * TAG_LEN, len;
	union {
		struct cmsghdr header;
		char room[256];
	} control;
	struct sockaddr_ll from;
	struct iovec at = { frame, ROOM };
	struct msghdr msg = { &from, sizeof(from), &at, 1, &control, sizeof(control), 0 };
	ssize_t got = recvmsg(t->raw, &msg, 0);

	if (got <= MACS_LEN || from.sll_pkttype == PACKET_OUTGOING)
		return;
	len = tag_restore(&msg, frame, (size_t)got);
	if (len < MACS_LEN + tags_len + 2 || memcmp(frame + MACS_LEN, t->tags, tags_len) != 0 ||
	    memcmp(frame + MACS_LEN + tags_len, "\x81", 2) == 0)
		return;
	memmove(frame + tags_len, frame, MACS_LEN);
	if (write(t->tap, frame + tags_len, len - tags_len) < 0 && errno != EIO)
		fprintf(stderr, "tagger: write: %s\n", strerror(errno));
}

int main(int argc, char **argv)
{
	struct tagger t = { .n_tags = 0 };
	struct pollfd fds[2];

	if (argc < 4 || argc > 3 + TAGS_MAX) {
		fprintf(stderr, "usage: tagger INTERFACE NAME q:ID|ad:ID [q:ID]\n");
		return 2;
	}
	for (int i = 3; i < argc; i++)
		tag_read(&t, argv[i]);
	raw_open(&t, argv[1]);
	tap_open(&t, argv[1], argv[2]);
	fds[0] = (struct pollfd){ t.raw, POLLIN, 0 };
	fds[1] = (struct pollfd){ t.tap, POLLIN, 0 };
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			fatal("poll");
		if (fds[0].revents)
			go_in(&t);
		if (fds[1].revents)
			go_out(&t);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No cache line is written by two workers. Four workers forward TCP and UDP,
 * from the first packet of a connection on, over ports whose RSS keeps them
 * apart; before and behind each worker's turn all of the process's memory is
 * looked at. Left out is what belongs to DPDK (packets, their pool, rings) and
 * the test ports, which stand for NICs.
 *
 * Memory lies in pages that were touched; /proc/self/maps and pagemap say which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <rte_memory.h>

#include "base/variants.h"
#include "ipvs/ipvs.h"
#include "packet/fnat_rig.h"

#define WORKERS   4
#define FLOWS     200
#define PAGE      4096u
#define PAGES_MAX 65536u
#define LINE      64u
#define LINES_MAX (1u << 18) /* that anybody writes, a power of two */

/* Shared mappings, so that it does not look at itself. */
struct memory {
	uint8_t copy[PAGES_MAX][PAGE];
	uint8_t *page[PAGES_MAX]; /* where each is */
	unsigned int n_pages;
	char maps[1 << 18];
	struct {
		uintptr_t at; /* of a line, 0: free */
		unsigned int workers;
	} line[LINES_MAX];
	unsigned int n_lines;
};

static struct memory *memory_new(void)
{
	struct memory *memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

static unsigned int *line_workers(struct memory *memory, uintptr_t at)
{
	unsigned int i = (unsigned int)(at / LINE * 2654435761u) % LINES_MAX;

	while (memory->line[i].at && memory->line[i].at != at)
		i = (i + 1) % LINES_MAX;
	if (memory->line[i].at == 0) {
		memory->line[i].at = at;
		assert_true(++memory->n_lines < LINES_MAX / 2);
	}
	return &memory->line[i].workers;
}

/* The pages of a mapping that are there. */
static void take_mapping(struct memory *memory, int pagemap, uintptr_t from, uintptr_t to)
{
	uint64_t entries[512];

	for (uintptr_t at = from; at < to; at += PAGE) {
		unsigned int i = (unsigned int)((at - from) / PAGE % 512);
		size_t left = (to - at) / PAGE * sizeof(entries[0]);

		if (i == 0)
			assert_true(pread(pagemap, entries, RTE_MIN(left, sizeof(entries)),
					  (off_t)(at / PAGE * sizeof(entries[0]))) > 0);
		if (!(entries[i] >> 63) || rte_mem_virt2memseg_list((void *)at))
			continue;
		assert_true(memory->n_pages < PAGES_MAX);
		memory->page[memory->n_pages] = (uint8_t *)at;
		memcpy(memory->copy[memory->n_pages++], (void *)at, PAGE);
	}
}

/* What the C library would need to read them by lines is private memory, too. */
static void read_maps(struct memory *memory)
{
	int maps = open("/proc/self/maps", O_RDONLY);
	size_t len = 0;
	ssize_t n;

	assert_true(maps >= 0);
	while ((n = read(maps, memory->maps + len, sizeof(memory->maps) - 1 - len)) > 0)
		len += (size_t)n;
	close(maps);
	assert_true(len < sizeof(memory->maps) - 1);
	memory->maps[len] = '\0';
}

/* All private memory that is no file's and not the stack. */
static void memory_take(struct memory *memory)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);

	assert_true(pagemap >= 0);
	read_maps(memory);
	memory->n_pages = 0;
	for (const char *line = memory->maps; *line; line = strchr(line, '\n') + 1) {
		unsigned long from, to, inode;
		char modes[8], name[256] = "";

		if (sscanf(line, "%lx-%lx %7s %*s %*s %lu%*[ ]%255[^\n]", &from, &to, modes, &inode,
			   name) >= 4 &&
		    strcmp(modes, "rw-p") == 0 && inode == 0 && strcmp(name, "[stack]") != 0)
			take_mapping(memory, pagemap, from, to);
	}
	close(pagemap);
}

static void memory_compare(struct memory *memory, unsigned int worker)
{
	for (unsigned int p = 0; p < memory->n_pages; p++) {
		const uint8_t *page = memory->page[p];

		if (memcmp(page, memory->copy[p], PAGE) == 0)
			continue;
		for (unsigned int at = 0; at < PAGE; at += LINE)
			if (memcmp(page + at, memory->copy[p] + at, LINE) != 0)
				*line_workers(memory, (uintptr_t)page + at) |= 1u << worker;
	}
}

static bool in_port(const struct harness *h, uintptr_t at)
{
	for (unsigned int i = 0; i < HARNESS_PORTS; i++) {
		uintptr_t from = (uintptr_t)h->port[i];

		if (at + LINE > from && at < from + malloc_usable_size(h->port[i]))
			return true;
	}
	return false;
}

/* Lines that more than one worker has written. */
static unsigned int lines_shared(const struct harness *h, const struct memory *memory, bool say)
{
	unsigned int shared = 0;

	for (unsigned int i = 0; i < LINES_MAX; i++) {
		unsigned int workers = memory->line[i].workers;

		if (!(workers & (workers - 1)) || in_port(h, memory->line[i].at))
			continue;
		if (say)
			print_error("the line at %#lx is written by workers (bits) %#x\n",
				    (unsigned long)memory->line[i].at, workers);
		shared++;
	}
	return shared;
}

static void turn_and_compare(struct harness *h, struct memory *memory)
{
	for (unsigned int turns = 0; turns < 8; turns++)
		for (unsigned int i = 1; i <= WORKERS; i++) {
			memory_take(memory);
			for (unsigned int n = 0; n < BATCH_BURST; n += h->all[i]->rx_burst)
				worker_turn(h->all[i]);
			memory_compare(memory, i);
		}
}

/* By RSS; without, anywhere. */
static void receive(struct harness *h, unsigned int side, const struct packet *packet,
		    unsigned int i)
{
	struct frame frame = frame_in(side, packet);

	if (h->all[WORKER_MASTER]->rss)
		harness_receive(h, side, frame.bytes, frame.len);
	else
		harness_inject(h, side, i % WORKERS, frame.bytes, frame.len);
}

static void from_clients(struct harness *h, struct memory *memory, uint8_t flags)
{
	for (unsigned int i = 0; i < FLOWS; i++) {
		struct packet packet = { .src = CLIENT,
					 .dst = VIP,
					 .sport = (uint16_t)(20000 + i),
					 .dport = 80,
					 .proto = i % 2 ? IPPROTO_UDP : IPPROTO_TCP,
					 .flags = flags,
					 .seq = flags & SYN ? 5 : 6 };

		receive(h, CLIENT_SIDE, &packet, i);
	}
	turn_and_compare(h, memory);
}

/* Whatever the servers got, they answer. */
static void from_servers(struct harness *h, struct memory *memory)
{
	unsigned int n = 0;

	for (struct frame got = rig_take(h, SERVER_SIDE); got.len; got = rig_take(h, SERVER_SIDE)) {
		char server[16];
		struct packet answer = { .src = server,
					 .dst = LADDR,
					 .sport = frame_u16(&got, L4 + 2),
					 .dport = frame_u16(&got, L4),
					 .proto = got.bytes[L3 + 9],
					 .flags = SYN | ACK,
					 .ack = frame_u32(&got, L4 + 4) + 1 };

		snprintf(server, sizeof(server), "%u.%u.%u.%u", got.bytes[L3 + 16],
			 got.bytes[L3 + 17], got.bytes[L3 + 18], got.bytes[L3 + 19]);
		receive(h, SERVER_SIDE, &answer, n++);
	}
	assert_int_equal(n, FLOWS);
	turn_and_compare(h, memory);
}

static unsigned int run(const struct harness_options *options, bool say)
{
	struct harness *h = rig_new(options);
	struct memory *memory = memory_new();
	unsigned int shared;

	rig_service(h, 'u', 2);
	rig_service(h, 't', 2);
	from_clients(h, memory, SYN);
	from_servers(h, memory);
	from_clients(h, memory, ACK);
	for (unsigned int i = 1; i <= WORKERS; i++)
		assert_in_range(conn_count(h->all[i]->ipvs->conns), FLOWS / 8, FLOWS / 2);
	shared = lines_shared(h, memory, say);
	munmap(memory, sizeof(*memory));
	rig_end(h);
	return shared;
}

static void apart(void **state)
{
	const struct harness_options options = { .n_workers = WORKERS,
						 .conn_max = 4 * FLOWS,
						 .rss_entries = { 128, 256 } };

	assert_int_equal(run(&options, true), 0);
}

/* Hand-over goes by shared rings: this test sees it. */
static void handed_over(void **state)
{
	const struct harness_options options = { .n_workers = WORKERS, .conn_max = 4 * FLOWS };

	assert_true(run(&options, false) >= WORKERS);
}

#ifdef VARIANTS_SANITIZED
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* Why it is not to be seen in this run; NULL: it is. */
static const char *why_not(void)
{
	const char *flow = getenv("FLOW");

	if (SANITIZED)
		return "the sanitizers' shadow of all memory is too large to look at";
	if (flow && strcmp(flow, "check") == 0)
		return "checked, a vector is one packet, and all memory is compared for each";
	return NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apart),
		cmocka_unit_test(handed_over),
	};

	if (why_not()) {
		printf("1..1\nskip lines: %s\n", why_not());
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

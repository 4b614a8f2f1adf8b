/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sched_test: with one worker, each scheduler picks the servers that the Linux
 * kernel (6.1) picks; with several, shares match weights and the workers do not
 * start together; thresholds hold for the sum of all workers.
 */
#include "lib/unit.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/ipvs.h"
#include "ipvs/proto/tcp.h"
#include "lib/ipvs_rig.h"

#define SERVERS 16
#define CONNS   128

/*
 * A course of events, and the kernel's answers. Words:
 *	A1=2/9/3  server 1 is added, weight 2, thresholds upper 9 and lower 3
 *	W1=2	  its weight becomes 2
 *	D1	  it is removed
 *	U321-	  datagrams of new clients: they go to servers 3, 2, 1 and none
 *	H…, T…	  likewise a SYN alone, a whole handshake
 *	F0, R0	  the connection opened first is closed, is reset
 * and at the end each server's active/inactive connections.
 */
struct course {
	const char *name;
	const char *sched;
	const char *events;
	const char *end;
};

/* clang-format off */
static const struct course courses[] = {
	{ "rr-123-udp4", "rr",
	  "A1=1 A2=2 A3=3 U32132132132132132132132132132132132132132132"
	  "1321",
	  "0/16 0/16 0/16" },
	{ "rr-246-udp4", "rr",
	  "A1=2 A2=4 A3=6 U32132132132132132132132132132132132132132132"
	  "1321",
	  "0/16 0/16 0/16" },
	{ "rr-301-udp4", "rr",
	  "A1=3 A2=0 A3=1 U31313131313131313131313131313131313131313131"
	  "3131",
	  "0/24 0/0 0/24" },
	{ "rr-5117-udp4", "rr",
	  "A1=5 A2=1 A3=1 A4=7 U432143214321432143214321432143214321432"
	  "143214321",
	  "0/12 0/12 0/12 0/12" },
	{ "rr-123-tcp4", "rr",
	  "A1=1 A2=2 A3=3 H32132132132132132132132132132132132132132132"
	  "1321",
	  "16/0 16/0 16/0" },
	{ "wrr-111-udp4", "wrr",
	  "A1=1 A2=1 A3=1 U32132132132132132132132132132132132132132132"
	  "1321",
	  "0/16 0/16 0/16" },
	{ "wrr-246-udp4", "wrr",
	  "A1=2 A2=4 A3=6 U32133232133232133232133232133232133232133232"
	  "1332",
	  "0/8 0/16 0/24" },
	{ "wrr-301-udp4", "wrr",
	  "A1=3 A2=0 A3=1 U31113111311131113111311131113111311131113111"
	  "3111",
	  "0/36 0/0 0/12" },
	{ "wrr-5117-udp4", "wrr",
	  "A1=5 A2=1 A3=1 A4=7 U432144414141414321444141414143214441414"
	  "141432144",
	  "0/16 0/4 0/4 0/24" },
	{ "wrr-40-30-20-10-udp4", "wrr",
	  "A1=40 A2=30 A3=20 A4=10 "
	  "U43211213214321121321432112132143211213214321121321432112132"
	  "143211213214321121321432112132143211213214321121321",
	  "0/44 0/33 0/22 0/11" },
	{ "wlc-246-udp4", "wlc",
	  "A1=2 A2=4 A3=6 U32132332132332132332132332132332132332132332"
	  "1323",
	  "0/8 0/16 0/24" },
	{ "wlc-301-udp4", "wlc",
	  "A1=3 A2=0 A3=1 U31113111311131113111311131113111311131113111"
	  "3111",
	  "0/36 0/0 0/12" },
	{ "wlc-5117-udp4", "wlc",
	  "A1=5 A2=1 A3=1 A4=7 U432141414414144321414144141443214141441"
	  "414432141",
	  "0/17 0/4 0/4 0/23" },
	{ "wlc-40-30-20-10-udp4", "wlc",
	  "A1=40 A2=30 A3=20 A4=10 "
	  "U43211231214321123121432112312143211231214321123121432112312"
	  "143211231214321123121432112312143211231214321123121",
	  "0/44 0/33 0/22 0/11" },
	{ "wlc-100-1-udp4", "wlc",
	  "A1=100 A2=1 U21111111111111111111111111111111111111111111111"
	  "1",
	  "0/47 0/1" },
	{ "wlc-123-udp6", "wlc",
	  "A1=1 A2=2 A3=3 U321323321323321323321323",
	  "0/4 0/8 0/12" },
	{ "life-rr-123", "rr",
	  "A1=1 A2=2 A3=3 T321321321 F0 F2 F4 T3213 R1 H213 T213",
	  "5/1 4/2 6/1" },
	{ "life-wrr-123", "wrr",
	  "A1=1 A2=2 A3=3 T321332321 F0 F2 F4 T3323 R1 H213 T323",
	  "2/1 5/1 8/2" },
	{ "life-wlc-123", "wlc",
	  "A1=1 A2=2 A3=3 T321323321 F0 F2 F4 T3213 R1 H223 T321",
	  "3/1 5/2 7/1" },
	{ "life-wlc-246", "wlc",
	  "A1=2 A2=4 A3=6 T321323321 F0 F2 F4 T3213 R1 H223 T321",
	  "3/1 5/2 7/1" },
	{ "life-rr-123-thr", "rr",
	  "A1=1/9/0 A2=2/2/1 A3=3/3/1 T321321311 F0 F2 F4 T1111 R1 "
	  "H1-- T---",
	  "8/1 0/2 2/1" },
	{ "life-wlc-123-thr", "wlc",
	  "A1=1/9/0 A2=2/2/1 A3=3/3/1 T321323111 F0 F2 F4 T1111 R1 "
	  "H1-- T---",
	  "8/1 0/2 2/1" },
	{ "change-wrr-123", "wrr",
	  "A1=1 A2=2 A3=3 U3213323 W2=0 U31333 W2=5 U321223232 D1 "
	  "U323222 A4=2 U2324324322 A1=1 U2232432143 W3=1 U1432222421",
	  "0/6 0/25 0/20 0/6" },
	{ "change-wlc-123", "wlc",
	  "A1=1 A2=2 A3=3 U3213233 W2=0 U13331 W2=5 U222222222 D1 "
	  "U232232 A4=2 U4444444322 A1=1 U1324232143 W3=1 U2224221422",
	  "0/6 0/27 0/13 0/11" },
	{ "no-server", "rr",
	  "A1=0 A2=0 U-",
	  "0/0 0/0" },
	{ "no-server-tcp", "wlc",
	  "A1=0 H-",
	  "0/0" },
};

/* What no kernel was asked, by the same rules: a place in the list moves with it, a level stays a level. */
static const struct course more_courses[] = {
	{ "rr-removed-behind", "rr", "A1=1 A2=1 A3=1 A4=1 U43 D4 U2132", "0/1 0/2 0/2 0/1" },
	{ "rr-removed-ahead", "rr", "A1=1 A2=1 A3=1 A4=1 U43 D2 U1431", "0/2 0/0 0/2 0/2" },
	{ "wrr-other-divisor", "wrr", "A1=6 A2=5 U211212 W2=4 U121211", "0/7 0/5" },
	{ "wrr-changes-at-once", "wrr", "A1=1 A2=2 A3=3 U321 D1 W2=4 U322323232", "0/1 0/6 0/5" },
};
/* clang-format on */

struct player {
	struct ipvs_rig *rig;
	struct service *svc;
	struct dest *servers[SERVERS]; /* worker 1's, by number */
	struct conn conns[CONNS];
	struct dest *of[CONNS];
	unsigned int n_conns;
};

static const struct service_key player_key = { .family = AF_INET,
					       .port = 80,
					       .proto = IPPROTO_TCP };

static struct service *rig_service(const struct ipvs_rig *rig, unsigned int worker)
{
	return service_lookup(ipvs_rig_table(rig, worker), player_key.proto, player_key.family,
			      &player_key.addr, player_key.port);
}

static void rig_add_service(struct ipvs_rig *rig, const char *sched)
{
	struct service_config config = { .sched = sched_find(sched) };

	assert_non_null(config.sched);
	assert_int_equal(service_add(rig->all, &player_key, &config), 0);
}

static struct dest_config rig_server(unsigned int number)
{
	return (struct dest_config){ .addr = ipvs_rig_ip(number),
				     .family = AF_INET,
				     .port = 8000,
				     .forward = API_FORWARD_FNAT };
}

static void player_add(struct player *player, const char *word)
{
	unsigned int number, weight, upper = 0, lower = 0;
	struct dest_config config;
	const struct dest *mine;

	assert_in_range(sscanf(word, "A%u=%u/%u/%u", &number, &weight, &upper, &lower), 2, 4);
	config = rig_server(number);
	config.weight = weight;
	config.upper = upper;
	config.lower = lower;
	assert_int_equal(dest_add(player->rig->all, rig_service(player->rig, 0), &config), 0);
	mine = rig_service(player->rig, 1)->dests[0];
	player->servers[number] = dest_get(ipvs_rig_table(player->rig, 1), mine->id);
	assert_true(ip_equal(&mine->addr, &config.addr));
}

static struct dest *player_master(struct player *player, unsigned int number)
{
	struct dest_config config = rig_server(number);

	return dest_find(ipvs_rig_table(player->rig, 0), rig_service(player->rig, 0), AF_INET,
			 &config.addr, config.port);
}

static void player_weight(struct player *player, const char *word)
{
	unsigned int number, weight;
	struct dest_config config;

	assert_int_equal(sscanf(word, "W%u=%u", &number, &weight), 2);
	config = rig_server(number);
	config.weight = weight;
	assert_int_equal(dest_set(player->rig->all, player_master(player, number), &config), 0);
}

static void player_open(struct player *player, char kind, char want, const char *name,
			unsigned int step)
{
	struct dest *dest = service_schedule(player->rig->all[1], player->svc, NULL);
	struct conn *conn = &player->conns[player->n_conns];
	char got = '-';

	for (unsigned int i = 0; i < SERVERS && dest; i++)
		if (player->servers[i] == dest)
			got = (char)('0' + i);
	if (got != want)
		fail_msg("%s: pick %u: got %c, want %c", name, step, got, want);
	assert_in_range(player->n_conns, 0, CONNS - 1);
	player->of[player->n_conns++] = dest;
	if (!dest)
		return;
	ipvs_rig_conn_new(dest, conn);
	if (kind == 'U')
		return;
	conn->state = kind == 'T' ? TCP_ESTABLISHED : TCP_SYN_RECV;
	if (tcp_state_active(conn->state))
		dest_conn_active(dest, conn);
}

static void player_close(struct player *player, const char *word, enum tcp_state state)
{
	unsigned long id = strtoul(word + 1, NULL, 10);

	assert_in_range(id, 0, player->n_conns - 1);
	assert_false(tcp_state_active(state));
	dest_conn_inactive(player->of[id], &player->conns[id]);
}

static void player_word(struct player *player, const char *word, const char *name)
{
	switch (word[0]) {
	case 'A':
		player_add(player, word);
		break;
	case 'W':
		player_weight(player, word);
		break;
	case 'D':
		assert_int_equal(dest_del(player->rig->all,
					  player_master(player, (unsigned int)atoi(word + 1))),
				 0);
		break;
	case 'F':
		player_close(player, word, TCP_TIME_WAIT);
		break;
	case 'R':
		player_close(player, word, TCP_CLOSE);
		break;
	default:
		assert_non_null(strchr("UHT", word[0]));
		for (const char *want = word + 1; *want; want++)
			player_open(player, word[0], *want, name, player->n_conns);
	}
}

static void player_check_end(const struct player *player, const struct course *course)
{
	char got[256] = "";

	for (unsigned int i = 1; i < SERVERS && player->servers[i]; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u/%u", i > 1 ? " " : "",
			 player->servers[i]->active, player->servers[i]->inactive);
	if (strcmp(got, course->end) != 0)
		fail_msg("%s: connections at the end: got %s, want %s", course->name, got,
			 course->end);
}

static void play(const struct course *course)
{
	struct player *player = calloc(1, sizeof(*player));
	char *events = strdup(course->events), *rest = events;

	assert_non_null(player);
	assert_non_null(events);
	player->rig = ipvs_rig_create(1);
	rig_add_service(player->rig, course->sched);
	player->svc = rig_service(player->rig, 1);
	for (char *word; (word = strsep(&rest, " "));)
		player_word(player, word, course->name);
	player_check_end(player, course);
	ipvs_rig_destroy(player->rig);
	free(events);
	free(player);
}

static void test_like_the_kernel(void **state)
{
	for (size_t i = 0; i < LENGTH(courses); i++)
		play(&courses[i]);
	for (size_t i = 0; i < LENGTH(more_courses); i++)
		play(&more_courses[i]);
}

/* Three workers, `picks` each: the shares of all, and the first server of each worker. */
struct spread {
	const char *sched;
	uint32_t weights[5]; /* in the list's order */
	unsigned int picks;
	unsigned int want[5], tolerance;
	unsigned int first[3];
};

static const struct spread spreads[] = {
	{ "rr", { 1, 1, 1 }, 300, { 300, 300, 300 }, 0, { 0, 1, 2 } },
	{ "rr", { 1, 5, 9 }, 300, { 300, 300, 300 }, 0, { 0, 1, 2 } },
	{ "rr", { 1, 0, 1 }, 300, { 450, 0, 450 }, 0, { 0, 2, 2 } },
	{ "wrr", { 1, 1, 1 }, 300, { 300, 300, 300 }, 0, { 0, 1, 2 } },
	{ "wrr", { 1, 2, 3 }, 300, { 150, 300, 450 }, 0, { 0, 1, 2 } },
	{ "wrr", { 5, 1, 1, 7 }, 280, { 300, 60, 60, 420 }, 0, { 0, 1, 2 } },
	{ "wrr", { 10, 10, 20, 20 }, 300, { 150, 150, 300, 300 }, 0, { 0, 1, 2 } },
	{ "wlc", { 1, 1, 1 }, 300, { 300, 300, 300 }, 0, { 0, 1, 2 } },
	{ "wlc", { 1, 2, 3 }, 300, { 150, 300, 450 }, 3, { 0, 1, 2 } },
	{ "wlc", { 5, 1, 1, 7 }, 280, { 300, 60, 60, 420 }, 6, { 0, 1, 2 } },
};

static void check_spread(const struct spread *spread)
{
	struct ipvs_rig *rig = ipvs_rig_create(3);
	unsigned int count[5] = { 0 };

	rig_add_service(rig, spread->sched);
	for (unsigned int i = 5; i-- > 0;) {
		struct dest_config config = rig_server(i);

		config.weight = spread->weights[i];
		if (i < 3 || spread->weights[i])
			assert_int_equal(dest_add(rig->all, rig_service(rig, 0), &config), 0);
	}
	for (unsigned int worker = 1; worker <= 3; worker++) {
		struct service *svc = rig_service(rig, worker);

		for (unsigned int n = 0; n < spread->picks; n++) {
			struct dest *dest = service_schedule(rig->all[worker], svc, NULL);
			struct conn conn = { .flags = 0 };
			uint32_t at = 0;

			assert_non_null(dest);
			while (svc->dests[at] != dest)
				at++;
			if (n == 0)
				assert_int_equal(at, spread->first[worker - 1]);
			count[at]++;
			ipvs_rig_conn_new(dest, &conn);
		}
	}
	for (unsigned int i = 0; i < 5; i++)
		assert_in_range(count[i] + spread->tolerance, spread->want[i],
				spread->want[i] + 2 * spread->tolerance);
	ipvs_rig_destroy(rig);
}

static void test_spread(void **state)
{
	for (size_t i = 0; i < LENGTH(spreads); i++)
		check_spread(&spreads[i]);
}

/* However workers take turns, a server of upper threshold U gets U connections. */
static void test_threshold_of_all(void **state)
{
	for (unsigned int n_workers = 1; n_workers <= 5; n_workers++)
		for (uint32_t upper = 1; upper <= 11; upper++) {
			struct ipvs_rig *rig = ipvs_rig_create(n_workers);
			struct dest_config config = rig_server(1);
			uint32_t opened = 0;

			config.weight = 1;
			config.upper = upper;
			rig_add_service(rig, "rr");
			assert_int_equal(dest_add(rig->all, rig_service(rig, 0), &config), 0);
			for (unsigned int i = 0; i < 20 * n_workers; i++) {
				unsigned int worker = 1 + i % n_workers;
				struct dest *dest = service_schedule(
					rig->all[worker], rig_service(rig, worker), NULL);
				struct conn conn = { .flags = 0 };

				if (dest) {
					ipvs_rig_conn_new(dest, &conn);
					opened++;
				}
			}
			assert_int_equal(opened, upper);
			ipvs_rig_destroy(rig);
		}
}

/* Full at `upper`, it stays closed until fewer than `reopens` connections are left. */
struct hysteresis {
	uint32_t upper, lower, reopens;
};

static const struct hysteresis hystereses[] = {
	{ 8, 0, 6 }, { 10, 0, 8 }, { 8, 8, 8 }, { 8, 3, 3 }, { 8, 1, 1 }, { 1, 0, 1 }, { 4, 0, 3 },
};

static void test_hysteresis(void **state)
{
	for (size_t i = 0; i < LENGTH(hystereses); i++) {
		const struct hysteresis *row = &hystereses[i];
		struct limit limit = { 0 };
		struct dest dest = { .weight = 1,
				     .flags = DEST_LIMITED,
				     .limit = &limit,
				     .marks = { row->upper, row->lower } };
		struct conn conns[16] = { { .flags = 0 } };

		for (uint32_t n = 0; n < row->upper; n++) {
			assert_true(dest_usable(&dest));
			ipvs_rig_conn_new(&dest, &conns[n]);
			if (n & 1)
				dest_conn_active(&dest, &conns[n]);
		}
		assert_false(dest_usable(&dest));
		for (uint32_t left = row->upper; left-- > 0;) {
			dest_conn_free(&dest, &conns[left]);
			assert_int_equal(dest_usable(&dest), left < row->reopens);
		}
		assert_int_equal(dest.active + dest.inactive, 0);
	}
}

/* A changed threshold counts at once. */
static void test_threshold_changes(void **state)
{
	struct ipvs_rig *rig = ipvs_rig_create(1);
	struct dest_config config = rig_server(1);
	struct conn conns[4] = { { .flags = 0 } };
	struct service *svc;

	config.weight = 1;
	rig_add_service(rig, "wlc");
	assert_int_equal(dest_add(rig->all, rig_service(rig, 0), &config), 0);
	svc = rig_service(rig, 1);
	for (unsigned int i = 0; i < 4; i++)
		ipvs_rig_conn_new(svc->dests[0], &conns[i]);
	assert_non_null(service_schedule(rig->all[1], svc, NULL));
	config.upper = 4;
	assert_int_equal(dest_set(rig->all, rig_service(rig, 0)->dests[0], &config), 0);
	assert_null(service_schedule(rig->all[1], svc, NULL));
	config.upper = 5;
	assert_int_equal(dest_set(rig->all, rig_service(rig, 0)->dests[0], &config), 0);
	assert_non_null(service_schedule(rig->all[1], svc, NULL));
	config.upper = 0;
	assert_int_equal(dest_set(rig->all, rig_service(rig, 0)->dests[0], &config), 0);
	assert_non_null(service_schedule(rig->all[1], svc, NULL));
	ipvs_rig_destroy(rig);
}

static void test_names(void **state)
{
	char names[128], cut[6];

	assert_string_equal(
		sched_names(names, sizeof(names)),
		"rr, wrr, lc, wlc, sed, nq, sh, dh, lblc, lblcr, fo, ovf, mh, conhash, twos");
	assert_string_equal(sched_names(cut, sizeof(cut)), "rr, w");
	assert_string_equal(sched_find("wrr")->name, "wrr");
	assert_non_null(sched_find(SCHED_DEFAULT));
	assert_null(sched_find("RR"));
	assert_null(sched_find(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_the_kernel),   cmocka_unit_test(test_spread),
		cmocka_unit_test(test_threshold_of_all),  cmocka_unit_test(test_hysteresis),
		cmocka_unit_test(test_threshold_changes), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

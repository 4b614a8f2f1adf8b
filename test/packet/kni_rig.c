/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet/kni_rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/unit.h"

static int twin_open(void *arg, const char *name, void **dev)
{
	struct kernel *kernel = arg;
	struct twin *twin = &kernel->twins[kernel->opened];

	kernel->opened++;
	if (kernel->refuse)
		return kernel->refuse;
	assert_true(kernel->opened <= DOUBLES);
	twin->open = true;
	snprintf(twin->name, sizeof(twin->name), "%s", name);
	twin->fd = eventfd(0, EFD_NONBLOCK);
	*dev = twin;
	return 0;
}

static int twin_fd(void *dev)
{
	return ((struct twin *)dev)->fd;
}

/* 100, 101, … in the order of opening: dpdk0's and dpdk1's first */
static unsigned int twin_index(void *dev)
{
	return 100u + ((struct twin *)dev)->name[4] - '0';
}

void frames_put(struct frames *frames, const void *bytes, size_t len)
{
	assert_true(frames->n < FRAMES && len <= FRAME_MAX);
	memcpy(frames->at[frames->n].bytes, bytes, len);
	frames->at[frames->n++].len = len;
}

static int twin_write(void *dev, const struct rte_mbuf *m)
{
	struct twin *twin = dev;
	uint8_t flat[FRAME_MAX];
	const void *bytes;

	assert_true(twin->open && m->pkt_len <= FRAME_MAX);
	bytes = rte_pktmbuf_read(m, 0, m->pkt_len, flat);
	frames_put(&twin->written, bytes, m->pkt_len);
	return 0;
}

static int twin_write_stuck(void *dev, const struct rte_mbuf *m)
{
	return -EIO;
}

static uint32_t twin_read(void *dev, void *to, uint32_t room)
{
	struct twin *twin = dev;
	struct frames *from = &twin->waiting;
	uint64_t count;
	size_t len;

	if (from->first == from->n) {
		assert_true(read(twin->fd, &count, sizeof(count)) > 0 || errno == EAGAIN);
		return 0;
	}
	len = RTE_MIN(from->at[from->first].len, (size_t)room);
	memcpy(to, from->at[from->first++].bytes, len);
	return (uint32_t)len;
}

static int twin_set_mac(void *dev, const struct rte_ether_addr *mac)
{
	struct twin *twin = dev;

	if (twin->deleted)
		return -EBADFD;
	twin->mac = *mac;
	twin->macs_set++;
	return 0;
}

static int twin_set_mtu(void *dev, uint16_t mtu)
{
	((struct twin *)dev)->mtu = mtu;
	return 0;
}

static int twin_set_carrier(void *dev, bool on)
{
	((struct twin *)dev)->carrier = on;
	return 0;
}

static void twin_close(void *dev)
{
	struct twin *twin = dev;

	twin->open = false;
	close(twin->fd);
}

const struct kni_ops twin_ops = {
	twin_open,    twin_fd,      twin_index,       twin_write, twin_read,
	twin_set_mac, twin_set_mtu, twin_set_carrier, twin_close,
};

const struct kni_ops stuck_ops = {
	twin_open,    twin_fd,      twin_index,       twin_write_stuck, twin_read,
	twin_set_mac, twin_set_mtu, twin_set_carrier, twin_close,
};

static const char *name_of(void *arg, const char *port)
{
	return strcmp(port, "dpdk1") == 0 ? "dpdk1x" : NULL;
}

void kni_rig_learn(const struct kni_rig *rig, unsigned int index, bool up)
{
	kni_learn(rig->h->all, &(struct kni_news){ .index = index, .up = up });
	harness_turn(rig->h);
}

struct kni_rig kni_rig_new_with(const struct kni_ops *ops, unsigned int n_workers, int refuse)
{
	struct harness_options options = { .n_workers = n_workers };
	struct kni_rig rig = { ip4_rig_new(&options), calloc(1, sizeof(*rig.kernel)) };
	struct kni_config config = {
		.ops = ops,
		.ops_arg = rig.kernel,
		.pool = rig.h->pool,
		.lcore = -1,
		.name = name_of,
	};

	rig.kernel->refuse = refuse;
	assert_int_equal(kni_create(rig.h->all, &config), 0);
	kni_sync(rig.h->all);
	return rig;
}

struct kni_rig kni_rig_new(unsigned int n_workers)
{
	struct kni_rig rig = kni_rig_new_with(&twin_ops, n_workers, 0);

	harness_run(rig.h, "dpip kni add 10.0.0.5 dev dpdk0");
	kni_rig_learn(&rig, 100, true);
	return rig;
}

void kni_rig_free(struct kni_rig *rig)
{
	harness_assert_balance(rig->h);
	harness_free(rig->h);
	for (unsigned int i = 0; i < DOUBLES; i++)
		assert_false(rig->kernel->twins[i].open);
	free(rig->kernel);
}

static struct kni *owner(const struct kni_rig *rig)
{
	return rig->h->all[WORKER_MASTER]->link->kernel;
}

void kni_rig_run(const struct kni_rig *rig)
{
	while (kni_owner_run(owner(rig), 0))
		;
}

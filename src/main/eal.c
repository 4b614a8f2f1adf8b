/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/eal: the words for rte_eal_init(). Two daemons share nothing: the file
 * prefix comes from the socket's path, and memory is private (--in-memory with
 * huge pages, --no-huge without). Lcore N runs on the N-th CPU that we may
 * use, modulo their number, so that one CPU carries any configuration. A word
 * of the user's takes the place of ours; so does one that excludes ours.
 */
#include "main/eal.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <popt.h>

#include "base/hash.h"

#define MBUF_BYTES      2624 /* an mbuf with its private area, data room and pool header, */
#define MBUF_MTU        1984 /* ... for frames of this mtu at most */
#define NO_PCI_DEVICE   "ffffffff:ff:1f.7"
#define EAL_EXTRA_BYTES (96u << 20) /* rings, port queues and heap beside the packet pool */

static unsigned int allowed_cpus(unsigned int *cpus, unsigned int max)
{
	cpu_set_t set;
	unsigned int n = 0;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		for (unsigned int i = 0; i < CPU_SETSIZE && n < max; i++)
			if (CPU_ISSET(i, &set))
				cpus[n++] = i;
	if (n == 0)
		cpus[n++] = 0;
	return n;
}

void lcore_plan_make(const struct settings *settings, struct lcore_plan *plan)
{
	unsigned int cpus[CPU_SETSIZE];

	memset(plan, 0, sizeof(*plan));
	plan->kni = -1;
	for (unsigned int i = 0; i < settings->n_workers; i++) {
		const struct worker_settings *worker = &settings->workers[i];

		if (worker->role == WORKER_ROLE_MASTER)
			plan->master = worker->cpu_id;
		else if (worker->role == WORKER_ROLE_FORWARD)
			plan->workers[plan->n_workers++] = worker->cpu_id;
		else if (settings->kni)
			plan->kni = (int)worker->cpu_id;
	}
	if (settings->n_workers)
		return;
	plan->n_workers = allowed_cpus(cpus, CPU_SETSIZE) - 1;
	if (plan->n_workers == 0)
		plan->n_workers = 1;
	if (plan->n_workers > SETTINGS_WORKERS - 1)
		plan->n_workers = SETTINGS_WORKERS - 1;
	for (unsigned int i = 0; i < plan->n_workers; i++)
		plan->workers[i] = i + 1;
}

/* Bytes in free huge pages of all sizes. */
static uint64_t huge_bytes_free(void)
{
	static const char *const dir = "/sys/kernel/mm/hugepages";
	DIR *sizes = opendir(dir);
	struct dirent *entry;
	uint64_t total = 0;

	while (sizes && (entry = readdir(sizes))) {
		char path[512];
		unsigned long kb = 0, pages = 0;
		FILE *file;

		if (sscanf(entry->d_name, "hugepages-%lukB", &kb) != 1)
			continue;
		snprintf(path, sizeof(path), "%s/%s/free_hugepages", dir, entry->d_name);
		file = fopen(path, "r");
		if (file && fscanf(file, "%lu", &pages) == 1)
			total += (uint64_t)kb * 1024 * pages;
		if (file)
			fclose(file);
	}
	if (sizes)
		closedir(sizes);
	return total;
}

__attribute__((format(printf, 2, 3))) static int words_add(struct eal_words *words,
							   const char *format, ...)
{
	char **argv = realloc(words->argv, sizeof(char *) * ((size_t)words->argc + 2));
	va_list args;
	int n;

	if (!argv)
		return -ENOMEM;
	words->argv = argv;
	va_start(args, format);
	n = vasprintf(&argv[words->argc], format, args);
	va_end(args);
	if (n < 0) {
		argv[words->argc] = NULL;
		return -ENOMEM;
	}
	argv[++words->argc] = NULL;
	return 0;
}

void eal_words_free(struct eal_words *words)
{
	for (int i = 0; i < words->argc; i++)
		free(words->argv[i]);
	free(words->argv);
	memset(words, 0, sizeof(*words));
}

/* Is one of these options (NULL-terminated) among the user's words, alone or as option=value or
 * -lVALUE? */
static bool user_has(const struct eal_words *user, const char *const *options)
{
	for (int i = 0; i < user->argc; i++) {
		for (const char *const *option = options; *option; option++) {
			size_t len = strlen(*option);

			if (strncmp(user->argv[i], *option, len) != 0)
				continue;
			if ((*option)[1] != '-' || user->argv[i][len] == '\0' ||
			    user->argv[i][len] == '=')
				return true;
		}
	}
	return false;
}

#define USER_HAS(user, ...) user_has(user, (const char *const[]){ __VA_ARGS__, NULL })

static int add_lcores(const struct lcore_plan *plan, struct eal_words *words)
{
	unsigned int cpus[CPU_SETSIZE];
	unsigned int n = allowed_cpus(cpus, CPU_SETSIZE);
	char list[(SETTINGS_WORKERS + 1) * 16];
	int at = snprintf(list, sizeof(list), "%u@%u", plan->master, cpus[plan->master % n]);
	int r;

	for (unsigned int i = 0; i < plan->n_workers; i++)
		at += snprintf(list + at, sizeof(list) - (size_t)at, ",%u@%u", plan->workers[i],
			       cpus[plan->workers[i] % n]);
	if (plan->kni >= 0)
		snprintf(list + at, sizeof(list) - (size_t)at, ",%d@%u", plan->kni,
			 cpus[(unsigned int)plan->kni % n]);
	r = words_add(words, "--lcores=%s", list);
	return r < 0 ? r : words_add(words, "--main-lcore=%u", plan->master);
}

static uint64_t mbuf_bytes(const struct settings *settings)
{
	unsigned int mtu = MBUF_MTU;

	for (unsigned int i = 0; i < settings->n_devices; i++)
		if (settings->devices[i].mtu > mtu)
			mtu = settings->devices[i].mtu;
	return MBUF_BYTES + mtu - MBUF_MTU;
}

/* For DPDK's packet pool, and for all else that it makes. Small pages it does not take as
 * contiguous, so no mbuf lies across two. */
static uint64_t memory_needed(const struct settings *settings, bool huge)
{
	uint64_t each = mbuf_bytes(settings), page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (!huge)
		each = (each + page - 1) / page * page;
	return settings->pktpool_size * each + EAL_EXTRA_BYTES;
}

static int add_memory(const struct settings *settings, const struct eal_words *user,
		      struct eal_words *words, bool *huge)
{
	int r;

	if (USER_HAS(user, "--in-memory", "--no-huge", "--huge-dir", "--huge-unlink",
		     "--single-file-segments", "--legacy-mem")) {
		*huge = !USER_HAS(user, "--no-huge");
		return 0;
	}
	*huge = huge_bytes_free() >= memory_needed(settings, true);
	if (*huge)
		return words_add(words, "--in-memory");
	r = words_add(words, "--no-huge");
	if (r == 0 && !USER_HAS(user, "-m", "--socket-mem"))
		r = words_add(words, "-m%llu",
			      (unsigned long long)(memory_needed(settings, false) >> 20) + 1);
	if (r == 0 && !USER_HAS(user, "--no-shconf"))
		r = words_add(words, "--no-shconf");
	return r;
}

/*
 * Of PCI devices none is touched but those named, unless ports are found by order. Where none is
 * named an address is that no device has: --no-pci would keep them out for ever, and one may be
 * added later (`dpip link add`).
 */
static int add_devices(const struct settings *settings, const struct eal_words *user,
		       struct eal_words *words)
{
	unsigned int n_vdev = 0, n_pci = 0;
	int r = 0;

	for (unsigned int i = 0; i < settings->n_devices && r == 0; i++) {
		const struct device_settings *device = &settings->devices[i];

		if (device->vdev) {
			n_vdev++;
			r = words_add(words, "--vdev=%s", device->vdev);
		} else if (device->pci) {
			n_pci++;
			r = words_add(words, "-a%s", device->pci);
		}
	}
	if (r == 0 && settings->n_devices && n_vdev == settings->n_devices &&
	    !USER_HAS(user, "-a", "--allow", "-b", "--block", "--no-pci"))
		r = words_add(words, "-a" NO_PCI_DEVICE);
	return r;
}

static int add_user(struct eal_words *user, struct eal_words *words)
{
	int r = 0;

	for (int i = 0; i < user->argc && r == 0; i++)
		r = words_add(words, "%s", user->argv[i]);
	return r;
}

static int add_own(const struct settings *settings, const struct lcore_plan *plan,
		   const char *ipc_path, const struct eal_words *user, struct eal_words *words,
		   bool *huge)
{
	static const struct hash_key fixed = { { 1, 2, 3, 4 } };
	int r = words_add(words, "dpvs");

	if (r == 0 && !USER_HAS(user, "-l", "-c", "--lcores"))
		r = add_lcores(plan, words);
	if (r == 0)
		r = add_memory(settings, user, words, huge);
	if (r == 0 && !USER_HAS(user, "--file-prefix"))
		r = words_add(words, "--file-prefix=dpvs-%016llx",
			      (unsigned long long)siphash(&fixed, ipc_path, strlen(ipc_path)));
	if (r == 0 && !USER_HAS(user, "--telemetry", "--no-telemetry"))
		r = words_add(words, "--no-telemetry");
	if (r == 0 && !USER_HAS(user, "--log-level"))
		r = words_add(words, "--log-level=%s",
			      settings->log_level >= LOG_DEBUG ? "info" : "warning");
	return r == 0 ? add_devices(settings, user, words) : r;
}

static int add_conf_words(const char *text, struct eal_words *words)
{
	const char **argv = NULL;
	int argc = 0, r = 0;

	if (poptParseArgvString(text, &argc, &argv) != 0)
		return -EINVAL;
	for (int i = 0; i < argc && r == 0; i++)
		r = words_add(words, "%s", argv[i]);
	free(argv);
	return r;
}

int eal_words_make(const struct settings *settings, const struct lcore_plan *plan,
		   const char *ipc_path, int n_extra, char *const *extra, struct eal_words *words,
		   bool *huge, char *error, size_t size)
{
	struct eal_words user = { 0 };
	int r = 0;

	memset(words, 0, sizeof(*words));
	if (settings->eal_args && settings->eal_args[0])
		r = add_conf_words(settings->eal_args, &user);
	if (r == -EINVAL) {
		snprintf(error, size, "eal_args \"%s\": these are not words", settings->eal_args);
		return r;
	}
	for (int i = 0; i < n_extra && r == 0; i++)
		r = words_add(&user, "%s", extra[i]);
	if (r == 0)
		r = add_own(settings, plan, ipc_path, &user, words, huge);
	if (r == 0)
		r = add_user(&user, words);
	if (r < 0) {
		snprintf(error, size, "EAL words: %s", strerror(-r));
		eal_words_free(words);
	}
	eal_words_free(&user);
	return r;
}

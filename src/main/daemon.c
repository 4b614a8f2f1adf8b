/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/daemon: start and stop in order. What can be found wrong is found
 * before anything is taken: the conf file, another instance, then DPDK, memory
 * and ports, then the startup block; only behind that do workers run and does
 * the socket appear. Everything is given back on every way out.
 */
#include "main/daemon.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "ipvs/genl_ctl.h"
#include "link/kni_master.h"
#include "link/port.h"
#include "main/path.h"
#include "main/saver.h"
#include "main/startup.h"
#include "main/tap.h"

#define EXIT_FAULT 1
#define EXIT_CONF  2

int daemon_check(const struct daemon_options *options)
{
	struct settings *settings = settings_load_checked(options->conf_path, startup_check,
							  stderr);

	if (!settings)
		return EXIT_CONF;
	settings_free(settings);
	return 0;
}

/* Does somebody answer at the socket? */
static bool socket_alive(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive;

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	strcpy(address.sun_path, path);
	alive = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return alive;
}

static int start_alone(struct daemon *d)
{
	if (socket_alive(d->options->ipc_path)) {
		log_error("%s: another dpvs serves this socket; stop it, or choose another one "
			  "with --ipc-file",
			  d->options->ipc_path);
		return EXIT_FAULT;
	}
	d->pid_fd = pid_file_take(d->options->pid_path);
	if (d->pid_fd == -EAGAIN)
		log_error("%s: another dpvs holds this pid file; stop it, or choose another one "
			  "with --pid-file",
			  d->options->pid_path);
	else if (d->pid_fd == -EEXIST)
		log_error("%s: there is a file that is no pid file; it is left alone",
			  d->options->pid_path);
	else if (d->pid_fd < 0)
		log_error("%s: %s; choose another pid file with --pid-file", d->options->pid_path,
			  strerror(-d->pid_fd));
	return d->pid_fd < 0 ? EXIT_FAULT : 0;
}

/*
 * Some drivers learn by signals that there is something to read: TAP by one real-time signal a
 * frame, or by SIGIO when too many of these wait, which would end the process. Workers are to take
 * them, since that also wakes them from sleep, and not the master or DPDK's own threads, whom it
 * would only keep from work. Threads inherit the mask of the one that makes them.
 */
static void mask_driver_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
		sigaddset(&set, i);
	pthread_sigmask(how, &set, NULL);
}

/* Without worker_defs, the lcores that DPDK was given count: -l or --lcores may have said others.
 */
static void adopt_lcores(struct lcore_plan *plan)
{
	unsigned int lcore;

	plan->master = rte_get_main_lcore();
	plan->n_workers = 0;
	RTE_LCORE_FOREACH_WORKER(lcore)
	if (plan->n_workers < SETTINGS_WORKERS - 1)
		plan->workers[plan->n_workers++] = lcore;
}

static int check_lcores(const struct daemon *d)
{
	static const char see[] = "see -l, --lcores and --main-lcore behind --";
	const struct lcore_plan *plan = &d->plan;

	if (plan->n_workers == 0) {
		log_error("DPDK has only lcore %u: the master and a worker need two, on one CPU "
			  "by --lcores=0@%u,1@%u behind --",
			  plan->master, plan->master, plan->master);
		return EXIT_FAULT;
	}
	if (plan->master != rte_get_main_lcore()) {
		log_error("DPDK's main lcore is %u, but the master's is %u; %s",
			  rte_get_main_lcore(), plan->master, see);
		return EXIT_FAULT;
	}
	for (unsigned int i = 0; i < plan->n_workers; i++) {
		if (rte_lcore_is_enabled(plan->workers[i]))
			continue;
		log_error("DPDK has no lcore %u, which worker %u needs; %s", plan->workers[i],
			  i + 1, see);
		return EXIT_FAULT;
	}
	return 0;
}

static int check_taps(struct daemon *d)
{
	char error[256];

	for (unsigned int i = 0; i < d->settings->n_devices; i++) {
		const char *vdev = d->settings->devices[i].vdev;

		if (!vdev || tap_check_free(vdev, error, sizeof(error)) == 0)
			continue;
		log_error("device %s: %s", d->settings->devices[i].name, error);
		return EXIT_FAULT;
	}
	return 0;
}

static int start_eal(struct daemon *d)
{
	char error[256];
	bool huge;
	int r;

	lcore_plan_make(d->settings, &d->plan);
	r = eal_words_make(d->settings, &d->plan, d->options->ipc_path, d->options->n_eal,
			   d->options->eal, &d->words, &huge, error, sizeof(error));
	if (r < 0) {
		log_error("%s", error);
		return EXIT_FAULT;
	}
	if (!huge)
		log_notice("running without huge pages: memory is in 4 KB pages, which costs "
			   "cycles for address translation at many connections, and NICs need "
			   "an IOMMU");
	rte_openlog_stream(log_stream());
	signal(SIGIO, SIG_IGN);
	mask_driver_signals(SIG_BLOCK);
	d->eal_argv = calloc((size_t)d->words.argc + 1, sizeof(char *));
	if (!d->eal_argv)
		return EXIT_FAULT;
	memcpy(d->eal_argv, d->words.argv, (size_t)d->words.argc * sizeof(char *));
	r = rte_eal_init(d->words.argc, d->eal_argv);
	if (r < 0) {
		log_error("DPDK does not start: %s; its own lines before this one in the log say "
			  "more",
			  rte_strerror(rte_errno));
		return EXIT_FAULT;
	}
	d->eal_up = true;
	if (r + 1 < d->words.argc) { /* DPDK moves what it does not take to the end */
		log_error("what is \"%s\"? It is no EAL option, but stands behind --",
			  d->eal_argv[r + 1]);
		return EXIT_CONF;
	}
	if (d->settings->n_workers == 0)
		adopt_lcores(&d->plan);
	if (d->plan.kni >= 0 && !rte_lcore_is_enabled((unsigned int)d->plan.kni)) {
		log_error("DPDK has no lcore %d, which the worker of type kni needs; see -l and "
			  "--lcores behind --",
			  d->plan.kni);
		return EXIT_FAULT;
	}
	return check_lcores(d);
}

static int start_ports(struct daemon *d)
{
	char error[512];

	if (ports_find(&d->ports, d->settings, &d->plan, error, sizeof(error)) == 0)
		return 0;
	log_error("%s", error);
	return EXIT_FAULT;
}

static int start_workers(struct daemon *d)
{
	struct worker_config config = {
		.n_workers = d->plan.n_workers,
		.poll_busy = d->settings->poll_busy,
		.ring_size = d->settings->op_ring_size,
		.stages = path_stages(d->settings->flow),
		.ticks = module_ticks,
		.receive = link_receive,
		.arm = link_arm,
		.all = d->all,
		.wake_fd = d->wake_fd,
	};

	if (hash_key_random(&config.flow_key) < 0)
		return EXIT_FAULT;
	for (unsigned int i = 0; i <= d->plan.n_workers; i++) {
		config.id = i;
		config.lcore = i ? d->plan.workers[i - 1] : d->plan.master;
		config.socket = (int)rte_lcore_to_socket_id(config.lcore);
		config.pool = ports_pool(&d->ports, config.socket);
		d->all[i] = worker_create(&config);
		if (!d->all[i]) {
			log_error("no memory for worker %u", i);
			return EXIT_FAULT;
		}
		path_use(d->all[i], d->settings->flow);
	}
	return 0;
}

static int start_modules(struct daemon *d)
{
	struct modules_config config;
	char error[512];

	modules_config_from(d->settings, &config);
	if (modules_create(d->all, &config) < 0) {
		log_error("no memory for the workers' tables; lower conn_pool_size");
		return EXIT_FAULT;
	}
	if (ports_open(&d->ports, d->settings, &d->plan, d->all, error, sizeof(error)) < 0) {
		log_error("%s", error);
		return EXIT_FAULT;
	}
	ports_plug_init(&d->ports, d->all[WORKER_MASTER]);
	return 0;
}

/* The kernel interface's name, as the conf file has it. */
static const char *kernel_name(void *arg, const char *port)
{
	const struct settings *settings = ((const struct daemon *)arg)->settings;

	for (unsigned int i = 0; i < settings->n_devices; i++)
		if (strcmp(settings->devices[i].name, port) == 0)
			return settings->devices[i].kni_name;
	for (unsigned int i = 0; i < settings->n_bondings; i++)
		if (strcmp(settings->bondings[i].name, port) == 0)
			return settings->bondings[i].kni_name;
	return NULL;
}

static int start_kernel(struct daemon *d)
{
	struct kni_config config = {
		.ops = &kni_tap_ops,
		.pool = ports_pool(&d->ports, (int)rte_socket_id()),
		.lcore = d->plan.kni,
		.name = kernel_name,
		.name_arg = d,
	};
	int r;

	if (!d->settings->kni)
		return 0;
	r = kni_create(d->all, &config);
	if (r < 0) {
		log_error("kernel interfaces: %s", strerror(-r));
		return EXIT_FAULT;
	}
	kni_sync(d->all);
	return 0;
}

/* Addresses announce themselves through a worker's stages, which hold only so many packets. */
static void flush_announcements(struct daemon *d)
{
	for (unsigned int i = 1; i <= d->plan.n_workers; i++)
		worker_run_stages(d->all[i]);
}

static int run_startup_block(struct daemon *d)
{
	char error[512];

	for (unsigned int i = 0; i < d->settings->n_startup; i++) {
		const struct startup_line *line = &d->settings->startup[i];

		flush_announcements(d);
		if (startup_run(d->all, d->tables, line->argc, line->argv, error, sizeof(error)) ==
		    0)
			continue;
		log_error("%s:%u: %s", d->settings->path, line->line, error);
		return EXIT_CONF;
	}
	return 0;
}

static int run_saved_line(void *arg, int argc, char **argv, char *error, size_t size)
{
	struct daemon *d = arg;

	flush_announcements(d);
	return startup_run(d->all, d->tables, argc, argv, error, size);
}

static int run_lines(struct daemon *d)
{
	if (d->settings->state_file && !d->options->fresh &&
	    saved_load(d->settings, run_saved_line, d))
		return 0;
	return run_startup_block(d);
}

/* What the state file has kept, or the startup block. What is too much to do for each line is done
 * behind the last. */
static int run_startup(struct daemon *d)
{
	struct worker *master = d->all[WORKER_MASTER];
	void (*settle)(struct worker *const *all) = master->settle;
	int r;

	master->settle = NULL;
	r = run_lines(d);
	master->settle = settle;
	if (settle)
		settle(d->all);
	ipvs_tell_lacking(d->all);
	return r;
}

static void on_stop(struct control *control, void *arg)
{
	struct daemon *d = arg;

	log_info("stopping");
	sd_notify(0, "STOPPING=1");
	if (d->saver)
		saver_finish(d->saver); /* which stops the loop */
	else
		control_stop(control);
}

static void on_reload(struct control *control, void *arg)
{
	sd_notify(0, "RELOADING=1");
	daemon_reload(arg);
	control_changed(control);
	sd_notify(0, "READY=1");
}

static int start_control(struct daemon *d)
{
	struct control_config config = {
		.all = d->all,
		.tables = d->tables,
		.wake_fd = d->wake_fd,
	};

	d->control = control_create(&config);
	if (!d->control || control_on_signal(d->control, SIGTERM, on_stop, d) < 0 ||
	    control_on_signal(d->control, SIGINT, on_stop, d) < 0 ||
	    control_on_signal(d->control, SIGHUP, on_reload, d) < 0 ||
	    modules_start(d->control) < 0) {
		log_error("the control loop does not start");
		return EXIT_FAULT;
	}
	return 0;
}

static int run_worker(void *w)
{
	mask_driver_signals(SIG_UNBLOCK);
	return worker_main(w);
}

static int launch_kernel(struct daemon *d)
{
	struct kni *kni = d->all[WORKER_MASTER]->link->kernel;
	int r;

	if (!kni || kni->lcore < 0)
		return 0;
	r = rte_eal_remote_launch(kni_owner_main, kni, (unsigned int)kni->lcore);
	if (r == 0)
		return 0;
	log_error("the worker of type kni does not start on lcore %d: %s", kni->lcore,
		  strerror(-r));
	return EXIT_FAULT;
}

static int launch_workers(struct daemon *d)
{
	ops_set_running(d->all, true);
	d->launched = true;
	for (unsigned int i = 1; i <= d->plan.n_workers; i++) {
		int r;

		if (!d->all[i]->poll_busy && link_watch(d->all[i]) < 0)
			log_debug("worker %u: no interrupts on some queue, it sleeps by time", i);
		r = rte_eal_remote_launch(run_worker, d->all[i], d->all[i]->lcore);

		if (r < 0) {
			log_error("worker %u does not start on lcore %u: %s", i, d->all[i]->lcore,
				  strerror(-r));
			return EXIT_FAULT;
		}
	}
	return launch_kernel(d);
}

/* Beside the tools' socket, and before it: who waits for that one finds both. */
static int serve_genl(struct daemon *d)
{
	char path[PATH_MAX];

	genl_config_from(d->settings, &d->genl);
	snprintf(path, sizeof(path), "%s.genl", d->options->ipc_path);
	return control_listen_netlink(d->control, path, &genl_dialect, &d->genl);
}

static int serve(struct daemon *d)
{
	int r = serve_genl(d);

	if (r == 0)
		r = control_listen(d->control, d->options->ipc_path);

	if (r < 0)
		return EXIT_FAULT;
	log_notice("dpvs %s: %u worker%s, %u port%s, socket %s", DPVS_VERSION, d->plan.n_workers,
		   d->plan.n_workers == 1 ? "" : "s", d->ports.count,
		   d->ports.count == 1 ? "" : "s", d->options->ipc_path);
	if (d->settings->state_file) {
		d->saver = saver_start(d->control, d->settings, d->options->ipc_path);
		if (!d->saver)
			return EXIT_FAULT;
	}
	log_echo_errors(false);
	sd_notify(0, "READY=1");
	control_run(d->control);
	return 0;
}

static void daemon_stop(struct daemon *d)
{
	for (unsigned int i = 1; d->launched && i <= d->plan.n_workers; i++)
		__atomic_store_n(&d->all[i]->stop, true, __ATOMIC_RELAXED);
	if (d->launched) {
		if (d->all[WORKER_MASTER]->link->kernel)
			__atomic_store_n(&d->all[WORKER_MASTER]->link->kernel->stop, true,
					 __ATOMIC_RELAXED);
		rte_eal_mp_wait_lcore();
		ops_set_running(d->all, false);
	}
	saver_end(d->saver);
	if (d->control)
		control_destroy(d->control);
	signal(SIGTERM, SIG_IGN); /* asked twice, it still ends cleanly */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (d->all[WORKER_MASTER] && d->all[WORKER_MASTER]->link)
		ports_close(d->all);
	if (d->all[WORKER_MASTER] && d->all[d->plan.n_workers])
		modules_destroy(d->all);
	for (unsigned int i = 0; i <= WORKER_MAX; i++)
		worker_destroy(d->all[i]);
	ports_free(&d->ports);
	if (d->eal_up)
		rte_eal_cleanup();
	eal_words_free(&d->words);
	free(d->eal_argv);
	if (d->wake_fd >= 0)
		close(d->wake_fd);
	pid_file_release(d->options->pid_path, d->pid_fd);
	settings_free(d->settings);
}

static int (*const daemon_steps[])(struct daemon *) = {
	start_alone,  check_taps,  start_eal,     start_ports,    start_workers, start_modules,
	start_kernel, run_startup, start_control, launch_workers, serve,
};

static int daemon_start(struct daemon *d)
{
	int code = 0;

	for (unsigned int i = 0; i < RTE_DIM(daemon_steps) && code == 0; i++)
		code = daemon_steps[i](d);
	return code;
}

int daemon_run(const struct daemon_options *options)
{
	struct daemon *d = calloc(1, sizeof(*d));
	int code, r;

	if (!d)
		return EXIT_FAULT;
	d->options = options;
	d->pid_fd = -1;
	d->settings = settings_load_checked(options->conf_path, startup_check, stderr);
	if (!d->settings || state_file_default(d->settings, options) < 0) {
		settings_free(d->settings);
		free(d);
		return EXIT_CONF;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* the file was just read */
	modules_request_tables(d->tables);
	log_set_level(d->settings->log_level);
	log_set_timestamp(d->settings->log_timestamp);
	r = d->settings->log_file ? log_open(d->settings->log_file) : 0;
	if (r < 0)
		log_error("log_file %s: %s; logging to stderr", d->settings->log_file,
			  strerror(-r));
	log_echo_errors(true);
	d->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	code = d->wake_fd < 0 ? EXIT_FAULT : daemon_start(d);
	daemon_stop(d);
	free(d);
	if (code == 0)
		log_notice("stopped");
	return code;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dpip monitor: changes as they happen, until it is interrupted or the daemon
 * goes. A change is shown as its object's `show` has it; what is gone is
 * `Deleted`, as with ip(8). A program reads one JSON object a line. Each is
 * written out at once, so that a pipe sees it when it happens.
 */
#include "dpip/dpip.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "dpip/route.h"
#include "lib/client.h"
#include "lib/runner.h"

static const struct object {
	uint32_t bit; /* enum api_monitor_object */
	uint16_t kind;
	const char *name;
	const char *label;
	const struct view *view;
} objects[] = {
	{ API_MONITOR_ADDR, API_KIND_ADDR, "addr", "[ADDR]", &dpip_addr_view },
	{ API_MONITOR_ROUTE, API_KIND_ROUTE, "route", "[ROUTE]", &route_view },
	{ API_MONITOR_NEIGH, API_KIND_NEIGH, "neigh", "[NEIGH]", &dpip_neigh_view },
	{ API_MONITOR_LINK, API_KIND_LINK, "link", "[LINK]", &dpip_link_view },
	{ API_MONITOR_TUNNEL, API_KIND_TUNNEL, "tunnel", "[TUNNEL]", &dpip_tunnel_view },
	{ API_MONITOR_MARK, API_KIND_MARK, "mark", "[MARK]", &dpip_mark_view },
};

struct output {
	FILE *out;
	const struct command *command;
	bool labels; /* of several objects */
};

static const struct object *object_of(uint16_t kind)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (objects[i].kind == kind)
			return &objects[i];
	return NULL;
}

/* As `date -Ins` has it, in UTC. */
static const char *now_text(char *buf, size_t size)
{
	struct timespec now;
	struct tm utc;
	char date[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buf, size, "%s.%06ldZ", date, now.tv_nsec / 1000);
	return buf;
}

static int put_json(const struct output *to, const struct api_event *event,
		    const struct object *object, const struct client_item *item)
{
	static const char *const words[] = {
		[API_EVENT_ADD] = "add",
		[API_EVENT_CHANGE] = "change",
		[API_EVENT_DEL] = "del",
		[API_EVENT_MISSED] = "missed",
	};
	json_t *line = json_object(), *row;
	char now[64];

	dpip_json_text(line, "event", words[event->what]);
	if (to->command->options.timestamp)
		dpip_json_text(line, "timestamp", now_text(now, sizeof(now)));
	if (object) {
		dpip_json_text(line, "object", object->name);
		row = object->view->json_row(to->command, item);
		json_object_update(line, row);
		json_decref(row);
	} else {
		dpip_json_number(line, "missed", event->missed);
	}
	if (!line)
		return -ENOMEM;
	json_dumpf(line, to->out, JSON_COMPACT);
	fputc('\n', to->out);
	json_decref(line);
	return 0;
}

static void put_text(const struct output *to, const struct api_event *event,
		     const struct object *object, const struct client_item *item)
{
	char now[64];

	if (to->command->options.timestamp)
		fprintf(to->out, "[%s] ", now_text(now, sizeof(now)));
	if (!object) {
		fprintf(to->out, "%" PRIu64 " changes missed\n", event->missed);
		return;
	}
	if (to->labels)
		fputs(object->label, to->out);
	if (event->what == API_EVENT_DEL)
		fputs("Deleted ", to->out);
	object->view->row(to->out, to->command, item);
}

static int put_event(void *arg, const struct client_item *item)
{
	const struct output *to = arg;
	struct client_item inner = *item;
	const struct object *object;
	struct api_event event;
	int r = 0;

	if (item->kind != API_KIND_EVENT || item->len < sizeof(event))
		return 0;
	client_object(item, &event, sizeof(event));
	object = object_of(event.kind);
	if (event.what < API_EVENT_ADD || event.what > API_EVENT_MISSED ||
	    !object != (event.what == API_EVENT_MISSED))
		return 0; /* of a newer daemon */
	inner.kind = event.kind;
	inner.object = (const char *)item->object + sizeof(event);
	inner.len = item->len - (uint32_t)sizeof(event);
	if (to->command->options.json)
		r = put_json(to, &event, object, &inner);
	else
		put_text(to, &event, object, &inner);
	if (fflush(to->out) != 0 || ferror(to->out))
		return -EPIPE;
	return r;
}

/* Between two changes there is nothing to be left undone. */
static void end(int signum)
{
	_exit(RUNNER_DONE);
}

static int run(struct runner *runner, const struct command *command)
{
	const struct command_request *request = &command->requests[0];
	const uint32_t wanted = request->body.monitor.objects;
	struct output output = {
		.out = runner->out,
		.command = command,
		.labels = (wanted & (wanted - 1)) != 0,
	};
	const struct client_receiver to = { .item = put_event, .arg = &output };
	const struct sigaction ends = { .sa_handler = end };
	int r;

	if (runner_connect(runner) != RUNNER_DONE)
		return RUNNER_REFUSED;
	sigaction(SIGINT, &ends, NULL);
	sigaction(SIGTERM, &ends, NULL);
	r = client_request(runner->client, request->id, &request->body, request->len, &to);
	if (r == 0 || ferror(runner->out))
		return r == 0 ? RUNNER_DONE : RUNNER_REFUSED;
	return runner_complain(runner, "%s", client_error(runner->client));
}

static const struct args_word words[] = {
	{ "all", NULL, "all of them, as if none was named", API_MONITOR_ALL },
	{ "addr", NULL, "addresses", API_MONITOR_ADDR },
	{ "route", NULL, "routes", API_MONITOR_ROUTE },
	{ "neigh", NULL, "neighbours: their state, too", API_MONITOR_NEIGH },
	{ "link", NULL, "links, whatever the family: settings and carrier, not counters",
	  API_MONITOR_LINK },
	{ "tunnel", NULL, "tunnels, whatever the family; as links they are told of, too",
	  API_MONITOR_TUNNEL },
	{ "mark", NULL, "rules that give marks", API_MONITOR_MARK },
	{ NULL, NULL, NULL, 0 },
};

static int take_object(struct args *args, const char *word, uint32_t *wanted)
{
	for (const struct args_word *row = words; row->word; row++) {
		if (args_abbreviates(word, row->word)) {
			*wanted |= row->id;
			return 0;
		}
	}
	return args_fail(args, "\"%s\": all, addr, route, neigh, link, tunnel or mark is expected",
			 word);
}

static int parse(struct args *args, const struct dpip_command *row, struct command *command)
{
	const struct command_options *options = &command->options;
	struct api_monitor monitor = { .family = options->family };
	const char *word;
	int r = 0;

	args->where = "monitor";
	args->next = 1; /* the word of the row is the first of the objects */
	if (options->cpu || options->interval_s || options->count)
		return args_fail(args, "%s goes with show only",
				 options->cpu          ? "--cpu"
				 : options->interval_s ? "-i"
						       : "-c");
	while (r == 0 && (word = args_take(args)) != NULL)
		r = take_object(args, word, &monitor.objects);
	if (r < 0)
		return r;
	if (!monitor.objects)
		monitor.objects = API_MONITOR_ALL;
	command->options.stats = false; /* counters are no change */
	command->kind = COMMAND_RUNS;
	command->run = run;
	command_request(command, row->id, sizeof(monitor))->monitor = monitor;
	return 0;
}

/* The first is what is meant when nothing is named; more may stand behind. */
static const struct dpip_command commands[] = {
	{ "all", API_MONITOR, true, parse },   { "addr", API_MONITOR, true, parse },
	{ "route", API_MONITOR, true, parse }, { "neigh", API_MONITOR, true, parse },
	{ "link", API_MONITOR, true, parse },  { "tunnel", API_MONITOR, true, parse },
	{ "mark", API_MONITOR, true, parse },  { NULL, 0, false, NULL },
};

static const struct dpip_grammar grammar[] = {
	{ .commands = "", .words = words },
	{ .commands = NULL },
};

static const char help[] =
	"  each change as it happens: the object's `show` line, led by \"Deleted \" when it is "
	"gone,\n"
	"  and by [ROUTE] and so on when several objects are told of; -j: a JSON object a line, "
	"with\n"
	"  the keys of show, \"object\", and \"event\": add, change or del\n"
	"  who does not read fast enough is told how many changes were missed\n"
	"  -4, -6 only this family; links, tunnels, marks of none aside; -o each on one line; -t "
	"with the "
	"time, in UTC\n"
	"  ends by SIGINT or SIGTERM with 0, and with 1 when the daemon goes\n";

const struct dpip_object dpip_monitor = {
	.name = "monitor",
	.about =
		"changes of addresses, routes, neighbours, links, tunnels and marks as they happen",
	.grammar = grammar,
	.help = help,
	.words = "all, addr, route, neigh, link, tunnel, mark or help",
	.commands = commands,
};

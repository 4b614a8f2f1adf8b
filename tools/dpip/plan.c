/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The order of the steps: what comes or changes, and when all of that was
 * accepted, what goes, of services last. What goes could not be put back as it
 * was: connections of a server may have ended, and it would stand in front.
 * Only what is in the way of something that comes has to go before it, which
 * the daemon's refusal tells: then all is undone, and tried in another order.
 */
#include "dpip/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/client.h"
#include "lib/runner.h"
#include "lib/text.h"

unsigned int plan_count(const struct state_entry *const *list)
{
	unsigned int n = 0;

	while (list && list[n])
		n++;
	return n;
}

struct step {
	const struct state_entry *entry;
	const struct state_entry *before; /* of a change: what it was */
	bool removes;
};

struct plan {
	struct step *steps;
	unsigned int n;
	bool *first; /* for each row of state_objects: what goes of it goes before all else */
};

static bool is_of_services(const struct state_object *object)
{
	return object->kind == API_KIND_SERVICE || object->kind == API_KIND_LADDR ||
	       object->kind == API_KIND_DEST;
}

static bool goes_first(const struct plan *plan, const struct state_entry *entry)
{
	return plan->first[entry->object - state_objects];
}

static void plan_net_first(struct plan *plan)
{
	for (unsigned int i = 0; i < state_n_objects; i++)
		plan->first[i] |= !is_of_services(&state_objects[i]);
}

/* A timeout that goes is reset, which one that comes would not outlive. With a link goes all that
 * stands on it, so what comes must not. */
static void plan_begin(struct plan *plan, const struct difference *difference)
{
	for (unsigned int i = 0; i < state_n_objects; i++)
		plan->first[i] = state_objects[i].kind == API_KIND_TIMEOUTS;
	for (unsigned int i = 0; difference->gone[i]; i++)
		switch (difference->stays[i] ? 0 : difference->gone[i]->object->kind) {
		case API_KIND_LINK_ADD:
		case API_KIND_VLAN:
		case API_KIND_TUNNEL:
			plan_net_first(plan);
			return;
		}
}

enum turn {
	TURN_FIRST,
	TURN_NET,
	TURN_SERVICES, /* never refused, so nothing of these has to be put back */
};

static enum turn turn_of(const struct plan *plan, const struct state_entry *entry)
{
	if (goes_first(plan, entry))
		return TURN_FIRST;
	return is_of_services(entry->object) ? TURN_SERVICES : TURN_NET;
}

/* What goes in this turn, the last added first. */
static void plan_removals(struct plan *plan, const struct difference *difference, enum turn turn)
{
	unsigned int n = plan_count(difference->gone);

	while (n-- > 0)
		if (!difference->stays[n] && turn_of(plan, difference->gone[n]) == turn)
			plan->steps[plan->n++] = (struct step){
				.entry = difference->gone[n],
				.removes = true,
			};
}

/* What comes, in the order of kinds, between what goes. */
static int plan_make(struct plan *plan, const struct difference *difference)
{
	unsigned int n_come = plan_count(difference->come);

	free(plan->steps);
	plan->n = 0;
	plan->steps = calloc(plan_count(difference->gone) + n_come + 1, sizeof(*plan->steps));
	if (!plan->steps)
		return -ENOMEM;
	plan_removals(plan, difference, TURN_FIRST);
	for (unsigned int i = 0; i < n_come; i++)
		plan->steps[plan->n++] = (struct step){
			.entry = difference->come[i],
			.before = difference->changed[i],
		};
	plan_removals(plan, difference, TURN_NET);
	plan_removals(plan, difference, TURN_SERVICES);
	return 0;
}

static int step_add(struct client *client, const struct step *step)
{
	const struct state_object *object = step->entry->object;

	if (step->removes)
		return client_add(client, object->del, step->entry->body, object->del_size);
	return client_add(client, step->before ? object->set : object->add, step->entry->body,
			  object->size);
}

static int step_undo(struct client *client, const struct step *step)
{
	const struct state_object *object = step->entry->object;

	if (step->removes)
		return client_add(client, object->add, step->entry->body, object->size);
	if (step->before)
		return client_add(client, object->set, step->before->body, object->size);
	return client_add(client, object->del, step->entry->body, object->del_size);
}

struct outcome {
	unsigned int failed; /* which step */
	int status;
	char text[COMMAND_ERROR_LEN];
};

static int take_outcome(void *arg, const struct client_reply *reply)
{
	struct outcome *outcome = arg;

	if (reply->status < 0) {
		outcome->failed = reply->index;
		outcome->status = reply->status;
		snprintf(outcome->text, sizeof(outcome->text), "%s",
			 *reply->text ? reply->text : strerror(-reply->status));
	}
	return 0;
}

/* The address that it is, or has; NULL: of others. */
static const union api_ip *address_of(const struct state_entry *entry, uint16_t *family)
{
	switch (entry->object->kind) {
	case API_KIND_ADDR:
		*family = entry->body->addr.family;
		return &entry->body->addr.addr;
	case API_KIND_LADDR:
		*family = entry->body->laddr.family;
		return &entry->body->laddr.addr;
	case API_KIND_DEST:
		*family = entry->body->dest.family;
		return &entry->body->dest.addr;
	default:
		return NULL;
	}
}

/* May the balancer have the address because of it? */
static bool is_of_balancer(const struct state_entry *entry)
{
	return entry->object->kind != API_KIND_DEST ||
	       entry->body->dest.forward == API_FORWARD_SNAT;
}

static bool same_address(const struct state_entry *a, const struct state_entry *b)
{
	uint16_t family = 0, other_family = 0;
	const union api_ip *ip = address_of(a, &family), *other = address_of(b, &other_family);

	return ip && other && family == other_family && text_ip_compare(ip, other) == 0;
}

static bool is_server_of(const struct state_entry *entry, const struct state_entry *service)
{
	return entry->object->kind == API_KIND_DEST &&
	       memcmp(&entry->body->dest.service, &service->body->service.key,
		      sizeof(service->body->service.key)) == 0;
}

/* May the step have been refused because this one is still there? */
static bool in_the_way(const struct step *step, int status, const struct state_entry *gone)
{
	const struct state_entry *entry = step->entry;
	bool of_services = is_of_services(entry->object);

	switch (status) {
	case -ENOSPC:
	case -E2BIG:
		return gone->object == entry->object ||
		       (!of_services && !is_of_services(gone->object));
	case -EINVAL:
	case -ERANGE:
		return !of_services && !is_of_services(gone->object);
	case -EEXIST:
	case -EADDRINUSE:
	case -EBUSY:
		if (!of_services && !is_of_services(gone->object))
			return !step->removes;
		return entry->object->kind == API_KIND_SERVICE
			       ? is_server_of(gone, entry)
			       : is_of_balancer(gone) && same_address(gone, entry);
	default:
		return false;
	}
}

static bool comes_with_address(const struct difference *difference, const struct state_entry *addr)
{
	for (unsigned int i = 0; difference->come[i]; i++)
		if (is_of_services(difference->come[i]->object) && !difference->changed[i] &&
		    same_address(difference->come[i], addr))
			return true;
	return false;
}

/*
 * What goes and may be in the way of the step goes first from now on, and all of its kind: of the
 * network, a route whose place another takes, an address that a service then makes for itself, a
 * limit; of services, a local address that moves to another device, a public one that becomes a
 * local one, servers by FNAT of a service that gets one-packet scheduling. These would be put back
 * if another line were refused. False: there is no such thing, it is refused.
 */
static bool plan_ahead(struct plan *plan, const struct difference *difference,
		       const struct outcome *outcome)
{
	const struct step step = plan->steps[outcome->failed];
	bool ahead = false;

	if (step.removes && outcome->status == -EBUSY && !goes_first(plan, step.entry) &&
	    comes_with_address(difference, step.entry)) {
		plan_net_first(plan);
		ahead = true;
	}
	for (unsigned int i = 0; difference->gone[i]; i++) {
		const struct state_entry *gone = difference->gone[i];

		if (difference->stays[i] || gone == step.entry || goes_first(plan, gone) ||
		    !in_the_way(&step, outcome->status, gone))
			continue;
		ahead = true;
		if (is_of_services(gone->object))
			plan->first[gone->object - state_objects] = true;
		else
			plan_net_first(plan);
	}
	return ahead;
}

static int plan_undo(struct runner *runner, const struct plan *plan, unsigned int done)
{
	int r = 0;

	while (done-- > 0 && r == 0)
		r = step_undo(runner->client, &plan->steps[done]);
	if (r == 0)
		r = client_run(runner->client, true, NULL);
	if (r < 0)
		return runner_complain(runner, "undoing what was done failed: %s",
				       client_error(runner->client));
	return RUNNER_DONE;
}

static int plan_refused(struct runner *runner, const struct command *command,
			const struct plan *plan, const struct outcome *outcome)
{
	const struct step *step = &plan->steps[outcome->failed];

	if (step->removes)
		return runner_complain(runner,
				       "%s: \"%s\" cannot be taken away, nothing was changed: %s",
				       command->file, step->entry->text, outcome->text);
	return runner_complain(runner, "%s:%u: nothing was changed: %s", command->file,
			       step->entry->line, outcome->text);
}

/* again: it was undone, and may be accepted by another plan. */
static int plan_try(struct runner *runner, const struct command *command, struct plan *plan,
		    const struct difference *difference, bool *again)
{
	struct outcome outcome = { .failed = plan->n };
	const struct client_receiver to = { .reply = take_outcome, .arg = &outcome };
	int r = 0;

	*again = false;
	for (unsigned int i = 0; i < plan->n && r == 0; i++)
		r = step_add(runner->client, &plan->steps[i]);
	if (r == 0)
		r = client_run(runner->client, false, &to);
	if (r == 0)
		return RUNNER_DONE;
	if (outcome.failed == plan->n)
		return runner_complain(runner, "%s: %s", command->file,
				       *client_error(runner->client) ? client_error(runner->client)
								     : strerror(-r));
	r = plan_undo(runner, plan, outcome.failed);
	if (r == RUNNER_DONE && plan_ahead(plan, difference, &outcome)) {
		*again = true;
		return RUNNER_DONE;
	}
	return plan_refused(runner, command, plan, &outcome);
}

int plan_run(struct runner *runner, const struct command *command,
	     const struct difference *difference)
{
	struct plan plan = { .first = calloc(state_n_objects, sizeof(*plan.first)) };
	int r = RUNNER_DONE;
	bool again = true;

	if (plan.first)
		plan_begin(&plan, difference);
	while (again && r == RUNNER_DONE) {
		again = false;
		if (!plan.first || plan_make(&plan, difference) < 0)
			r = runner_complain(runner, "out of memory");
		else if (plan.n)
			r = plan_try(runner, command, &plan, difference, &again);
	}
	free(plan.steps);
	free(plan.first);
	return r;
}

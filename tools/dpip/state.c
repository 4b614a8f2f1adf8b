/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the daemon was told, as lines. An entry's text is what two of them are
 * compared by: lines of a file are parsed and printed again, so that the way
 * in which they were typed makes no difference. Listings are taken page by page
 * as any client's, so nobody waits for a large table to be saved.
 */
#include "dpip/state.h"

#include <errno.h>
#include <libgen.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/client.h"
#include "lib/splitline.h"

static const struct state_object *object_added_by(uint16_t id)
{
	for (unsigned int i = 0; i < state_n_objects; i++)
		if (state_objects[i].add == id)
			return &state_objects[i];
	return NULL;
}

static char *entry_text(const struct state_object *object, const union command_body *body)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	object->print(out, body);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* The body is copied; 0 or -ENOMEM. */
static int state_add(struct state *state, const struct state_object *object,
		     const union command_body *body, unsigned int line)
{
	unsigned int room = state->room ? state->room * 2 : 64;
	struct state_entry *entry;

	if (state->n == state->room) {
		struct state_entry *entries = realloc(state->entries,
						      room * sizeof(*state->entries));

		if (!entries)
			return -ENOMEM;
		state->entries = entries;
		state->room = room;
	}
	entry = &state->entries[state->n];
	entry->object = object;
	entry->line = line;
	entry->body = malloc(object->size);
	entry->text = entry_text(object, body);
	if (!entry->body || !entry->text) {
		free(entry->body);
		free(entry->text);
		return -ENOMEM;
	}
	memcpy(entry->body, body, object->size);
	state->n++;
	return 0;
}

void state_free(struct state *state)
{
	for (unsigned int i = 0; i < state->n; i++) {
		free(state->entries[i].body);
		free(state->entries[i].text);
	}
	free(state->entries);
	*state = (struct state){ .entries = NULL };
}

/* ---- from the daemon ---- */

/* One kind of items may be of several kinds of objects; each is one of them, or nobody's wish. */
static int collect_item(void *arg, const struct client_item *item)
{
	for (unsigned int i = 0; i < state_n_objects; i++) {
		const struct state_object *object = &state_objects[i];
		union command_body body;

		if (object->kind != item->kind)
			continue;
		memset(&body, 0, sizeof(body));
		if (object->read)
			object->read(&body, item);
		else
			client_object(item, &body, object->size);
		memset((char *)&body + object->told, 0, object->size - object->told);
		if (object->take(&body))
			return state_add(arg, object, &body, 0);
	}
	return 0;
}

/* The entries of a kind, in the order in which they can be added. */
static unsigned int sort_in(const struct state *from, const struct state_object *object,
			    struct state_entry *to)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < from->n; i++) {
		const struct state_entry *entry =
			&from->entries[object->backwards ? from->n - 1 - i : i];

		if (entry->object == object)
			to[n++] = *entry;
	}
	return n;
}

static int state_sort(struct state *state)
{
	struct state_entry *sorted = malloc((state->n + 1) * sizeof(*sorted));
	unsigned int n = 0;

	if (!sorted)
		return -ENOMEM;
	for (unsigned int i = 0; i < state_n_objects; i++)
		n += sort_in(state, &state_objects[i], sorted + n);
	free(state->entries);
	state->entries = sorted;
	state->room = state->n + 1;
	return 0;
}

static int collect_ask(struct client *client)
{
	int r = 0;

	for (unsigned int i = 0; i < state_n_objects && r == 0; i++) {
		struct api_service_filter services = { .flags = API_SERVICE_DESTS };
		struct api_filter filter;
		static const struct api_empty empty;
		struct api_tunnel_device tunnels;
		struct api_vlan vlans;
		struct api_mark marks;

		memset(&filter, 0, sizeof(filter));
		memset(&tunnels, 0, sizeof(tunnels));
		memset(&vlans, 0, sizeof(vlans));
		memset(&marks, 0, sizeof(marks));
		if (state_objects[i].list == API_LINK_LIST)
			filter.flags = API_FILTER_ADDED;
		if (state_objects[i].list == API_VLAN_LIST)
			r = client_add(client, API_VLAN_LIST, &vlans, sizeof(vlans));
		else if (state_objects[i].list == API_TUNNEL_LIST)
			r = client_add(client, API_TUNNEL_LIST, &tunnels, sizeof(tunnels));
		else if (state_objects[i].list == API_MARK_LIST)
			r = client_add(client, API_MARK_LIST, &marks, sizeof(marks));
		else if (state_objects[i].list == API_TIMEOUT_GET)
			r = client_add(client, API_TIMEOUT_GET, &empty, sizeof(empty));
		else if (state_objects[i].list == API_SERVICE_LIST ||
			 state_objects[i].list == API_LADDR_LIST)
			r = client_add(client, state_objects[i].list, &services, sizeof(services));
		else if (state_objects[i].list)
			r = client_add(client, state_objects[i].list, &filter, sizeof(filter));
	}
	return r;
}

int state_collect(struct state *state, struct client *client, char *error, size_t size)
{
	const struct client_receiver to = { .item = collect_item, .arg = state };
	int r = collect_ask(client);

	if (r == 0)
		r = client_run(client, false, &to);
	if (r == 0)
		r = state_sort(state);
	if (r < 0)
		return command_fail(error, size, r, "%s",
				    *client_error(client) ? client_error(client) : strerror(-r));
	return 0;
}

/* ---- files ---- */

/* One line's words, as a command of the startup block. */
static int read_words(struct state *state, int argc, char **argv, unsigned int line,
		      const struct program *const programs[2], char *error, size_t size)
{
	struct command command;
	int r = command_startup(programs, 2, argc, argv, &command, error, size);

	for (unsigned int i = 0; i < command.n_requests && r == 0; i++) {
		const struct command_request *request = &command.requests[i];
		const struct state_object *object = object_added_by(request->id);

		if (!object)
			return command_fail(error, size, -EINVAL,
					    "%s: only what adds an object is allowed here, as "
					    "dpip config show prints it",
					    argv[0]);
		r = state_add(state, object, &request->body, line);
		if (r < 0)
			return command_fail(error, size, r, "%s", strerror(-r));
	}
	return r;
}

static int read_line(struct state *state, char *text, unsigned int line,
		     const struct program *const programs[2], char *error, size_t size)
{
	char *words[SPLITLINE_WORDS + 1];
	unsigned int version;
	int n;

	if (line == 1 && strncmp(text, STATE_HEAD, strlen(STATE_HEAD)) == 0 &&
	    (sscanf(text + strlen(STATE_HEAD), "%u", &version) != 1 || version != STATE_VERSION))
		return command_fail(error, size, -EINVAL, "a state of another version; allowed: %d",
				    STATE_VERSION);
	n = splitline(text, words, SPLITLINE_WORDS);
	if (n < 0)
		return command_fail(error, size, -EINVAL,
				    "a quote without an end, or too many words");
	words[n] = NULL;
	return n ? read_words(state, n, words, line, programs, error, size) : 0;
}

int state_read(struct state *state, const char *path, const struct program *const programs[2],
	       char *error, size_t size)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char sentence[COMMAND_ERROR_LEN] = "", *text = NULL;
	unsigned int line = 0;
	size_t room = 0;
	ssize_t n;
	int r = 0;

	if (!in)
		return command_fail(error, size, -errno, "%s: %s", path, strerror(errno));
	while (r == 0 && (n = getline(&text, &room, in)) > 0) {
		line++;
		if (text[n - 1] == '\n')
			text[--n] = '\0';
		r = strlen(text) == (size_t)n
			    ? read_line(state, text, line, programs, sentence, sizeof(sentence))
			    : command_fail(sentence, sizeof(sentence), -EINVAL,
					   "a NUL character in the line");
	}
	free(text);
	if (r == 0 && ferror(in))
		r = command_fail(error, size, -EIO, "%s: it cannot be read", path);
	else if (r < 0)
		command_fail(error, size, r, "%s:%u: %s", path, line, sentence);
	if (in != stdin)
		fclose(in);
	return r;
}

bool state_write(const struct state *state, FILE *out, const char *stamp)
{
	fprintf(out, STATE_HEAD "%d%s%s\n", STATE_VERSION, *stamp ? " " : "", stamp);
	for (unsigned int i = 0; i < state->n; i++)
		fprintf(out, "%s\n", state->entries[i].text);
	fprintf(out, STATE_END "\n");
	return fflush(out) == 0 && !ferror(out);
}

/* The name in its folder is on the disk, too. */
static void sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

int state_save(const struct state *state, const char *path, const char *stamp)
{
	char *temporary;
	FILE *out;
	int fd, r = 0;

	if (asprintf(&temporary, "%s.new", path) < 0)
		return -ENOMEM;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		free(temporary);
		return r;
	}
	if (!state_write(state, out, stamp) || fsync(fd) < 0)
		r = errno ? -errno : -EIO;
	if (fclose(out) != 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r == 0)
		sync_folder(path);
	else
		unlink(temporary);
	free(temporary);
	return r;
}

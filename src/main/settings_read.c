/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/settings_read: walks the tree of a conf file beside the table of blocks
 * and keys, and stores what it finds. It goes on behind every fault, so that
 * one run names all of them. Blocks without a name may stand several times and
 * count as one; a name or a key that stands twice is a fault.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "main/settings_int.h"

#define SEEN_MAX 160 /* more than there are keys of one owner */

/* The keys that an instance of an owner's struct was given. */
struct seen {
	unsigned int n;
	struct {
		const struct key_row *row;
		unsigned int line;
	} keys[SEEN_MAX];
};

struct reader {
	struct conf *conf;
	struct settings *settings;
	/* what has no effect yet, as text */
	FILE *later;
	unsigned int n_later, later_line;
};

/* Where a block's values go. */
struct place {
	const struct block_row *block; /* NULL: the file */
	void *base;
	struct seen *seen;
	const char *later; /* the whole block has no effect yet: its keys need not be named */
};

__attribute__((format(printf, 3, 4))) static void note_later(struct reader *reader,
							     unsigned int line, const char *format,
							     ...)
{
	va_list args;

	if (reader->n_later++ == 0)
		reader->later_line = line;
	else
		fputs(", ", reader->later);
	va_start(args, format);
	vfprintf(reader->later, format, args);
	va_end(args);
	fprintf(reader->later, " (line %u)", line);
}

/* ---- unknown words ---- */

#define NAME_MAX_LEN 32

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters to insert, remove, change or swap; both at most NAME_MAX_LEN long. */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int cost[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
	size_t len_a = strlen(a), len_b = strlen(b);

	for (size_t i = 0; i <= len_a; i++)
		cost[i][0] = (unsigned int)i;
	for (size_t k = 0; k <= len_b; k++)
		cost[0][k] = (unsigned int)k;
	for (size_t i = 1; i <= len_a; i++) {
		for (size_t k = 1; k <= len_b; k++) {
			cost[i][k] = min3(cost[i - 1][k] + 1, cost[i][k - 1] + 1,
					  cost[i - 1][k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    cost[i - 2][k - 2] + 1 < cost[i][k])
				cost[i][k] = cost[i - 2][k - 2] + 1;
		}
	}
	return cost[len_a][len_b];
}

/* n-th name that may stand in a block, keys first; NULL behind the last. */
static const char *name_in_block(const struct block_row *block, unsigned int n)
{
	if (block && n < block->n_keys)
		return block->keys[n].name;
	n -= block ? block->n_keys : 0;
	for (unsigned int i = 0; i < settings_n_blocks; i++) {
		const char *name = block_name(&settings_blocks[i]);

		if (block_find(block, name) == &settings_blocks[i] && n-- == 0)
			return name;
	}
	return NULL;
}

/* Not further away than a third of the word, and two letters at the least. */
static const char *nearest_name(const struct block_row *block, const char *word)
{
	unsigned int best = (unsigned int)(strlen(word) < 6 ? 2 : strlen(word) / 3) + 1;
	const char *nearest = NULL, *name;

	if (strlen(word) > NAME_MAX_LEN)
		return NULL;
	for (unsigned int n = 0; (name = name_in_block(block, n)); n++) {
		unsigned int distance = edit_distance(word, name);

		if (distance < best && distance < strlen(name)) {
			best = distance;
			nearest = name;
		}
	}
	return nearest;
}

/* The first block in which this is a key or a block, or NULL. */
static const struct block_row *home_of(const char *word)
{
	for (unsigned int i = 0; i < settings_n_blocks; i++)
		if (settings_key_find(&settings_blocks[i], word) ||
		    block_find(&settings_blocks[i], word))
			return &settings_blocks[i];
	return NULL;
}

static void unknown(struct reader *reader, const struct place *place, const struct conf_node *node)
{
	const char *word = node->words[0].text;
	const char *kind = node->has_block || !place->block ? "block" : "key";
	const char *where = place->block ? place->block->path : "the file";
	const char *near = nearest_name(place->block, word), *name;
	const char *shown = conf_show(reader->conf, word);
	char names[512] = "";
	size_t used = 0;

	if (place->block && block_find(NULL, word) && node->has_block) {
		conf_fault(reader->conf, node->line,
			   "block \"%s\" stands inside %s: is a \"}\" missing above?", shown,
			   where);
		return;
	}
	if (near) {
		conf_fault(reader->conf, node->line,
			   "unknown %s \"%s\" in %s; did you mean \"%s\"?", kind, shown, where,
			   near);
		return;
	}
	if (home_of(word)) {
		conf_fault(reader->conf, node->line, "unknown %s \"%s\" in %s; it belongs in %s",
			   kind, shown, where, home_of(word)->path);
		return;
	}
	for (unsigned int n = 0; (name = name_in_block(place->block, n)) && used < sizeof(names);
	     n++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", n ? ", " : "",
					 name);
	conf_fault(reader->conf, node->line, "unknown %s \"%s\" in %s; allowed are %s", kind, shown,
		   where, names);
}

/* ---- keys ---- */

static bool is_known(const struct place *place, const char *word)
{
	return block_find(place->block, word) ||
	       (place->block && settings_key_find(place->block, word));
}

static unsigned int seen_line(const struct seen *seen, const struct key_row *row)
{
	for (unsigned int i = 0; i < seen->n; i++)
		if (seen->keys[i].row == row)
			return seen->keys[i].line;
	return 0;
}

/* Returns the last node that was used: a value may stand on the line behind its key's. */
static const struct conf_node *read_key(struct reader *reader, const struct place *place,
					const struct key_row *row, const struct conf_node *node)
{
	const struct conf_word *words = node->words + 1;
	unsigned int n_words = node->n_words - 1;
	const struct conf_node *last = node;
	unsigned int before = seen_line(place->seen, row);

	if (node->has_block) {
		conf_fault(reader->conf, node->line, "%s is a key: it takes a value, no block",
			   row->name);
		return node;
	}
	if (n_words == 0 && row->type != KEY_FLAG && !(row->flags & KEY_BARE) && node->next &&
	    !node->next->has_block && !is_known(place, node->next->words[0].text)) {
		last = node->next;
		words = last->words;
		n_words = last->n_words;
	}
	if (before && row->type != KEY_NAMES && row->type != KEY_DEVADDRS) {
		conf_fault(reader->conf, node->line,
			   "%s stands a second time, the first is in line %u", row->name, before);
		return last;
	}
	if (!before && place->seen->n < SEEN_MAX) {
		place->seen->keys[place->seen->n].row = row;
		place->seen->keys[place->seen->n++].line = node->line;
	}
	value_store(reader->conf, row, node->line, words, n_words, place->base);
	if (row->flags & KEY_LATER && !place->later)
		note_later(reader, node->line, "%s", row->name);
	return last;
}

/* ---- blocks ---- */

static void read_nodes(struct reader *reader, const struct place *place,
		       const struct conf_node *node);

static void read_startup(struct reader *reader, const struct conf_node *node)
{
	struct settings *settings = reader->settings;
	unsigned int n = settings->n_startup, room = n;
	struct startup_line *lines;

	for (const struct conf_node *line = node->children; line; line = line->next)
		room++;
	if (room == n)
		return;
	lines = realloc(settings->startup, room * sizeof(*lines));
	if (!lines)
		return conf_fault(reader->conf, node->line, "out of memory");
	settings->startup = lines;
	for (const struct conf_node *line = node->children; line; line = line->next) {
		struct startup_line *to = &lines[settings->n_startup];

		if (line->has_block) {
			conf_fault(reader->conf, line->line,
				   "a startup line holds no block: write braces in quotes");
			continue;
		}
		to->line = line->line;
		to->argc = 0;
		to->argv = calloc(line->n_words + 1, sizeof(*to->argv));
		if (!to->argv)
			return conf_fault(reader->conf, line->line, "out of memory");
		settings->n_startup++;
		while ((unsigned int)to->argc < line->n_words) {
			to->argv[to->argc] = strdup(line->words[to->argc].text);
			if (!to->argv[to->argc])
				return conf_fault(reader->conf, line->line, "out of memory");
			to->argc++;
		}
	}
}

/* Tells when the name was there before. Devices and bondings share their names. */
static bool name_is_new(struct reader *reader, enum settings_owner owner, const void *parent,
			const char *name, unsigned int line)
{
	const struct settings *settings = reader->settings;
	const struct worker_settings *worker = parent;
	unsigned int before = 0;

	for (unsigned int i = 0; owner == OWNER_WORKER && i < settings->n_workers; i++)
		if (strcmp(settings->workers[i].name, name) == 0)
			before = settings->workers[i].line;
	for (unsigned int i = 0; owner == OWNER_PORT && i < worker->n_ports; i++)
		if (strcmp(worker->ports[i].dev, name) == 0)
			before = worker->ports[i].line;
	if (owner == OWNER_DEVICE || owner == OWNER_BONDING) {
		for (unsigned int i = 0; i < settings->n_devices; i++)
			if (strcmp(settings->devices[i].name, name) == 0)
				before = settings->devices[i].line;
		for (unsigned int i = 0; i < settings->n_bondings; i++)
			if (strcmp(settings->bondings[i].name, name) == 0)
				before = settings->bondings[i].line;
	}
	if (before)
		conf_fault(reader->conf, line,
			   "name \"%s\" stands a second time, the first is in line %u", name,
			   before);
	return before == 0;
}

static void *device_new(struct settings *settings, const char *name, unsigned int line)
{
	struct device_settings *device = &settings->devices[settings->n_devices];

	if (settings->n_devices == SETTINGS_DEVICES)
		return NULL;
	settings->n_devices++;
	owner_set_defaults(OWNER_DEVICE, device);
	strcpy(device->name, name);
	device->line = line;
	return device;
}

static void *bonding_new(struct settings *settings, const char *name, unsigned int line)
{
	struct bonding_settings *bonding = &settings->bondings[settings->n_bondings];

	if (settings->n_bondings == SETTINGS_DEVICES)
		return NULL;
	settings->n_bondings++;
	owner_set_defaults(OWNER_BONDING, bonding);
	strcpy(bonding->name, name);
	bonding->line = line;
	return bonding;
}

static void *worker_new(struct settings *settings, const char *name, unsigned int line)
{
	struct worker_settings *workers, *worker;

	if (settings->n_workers == SETTINGS_WORKERS)
		return NULL;
	workers = realloc(settings->workers, (settings->n_workers + 1) * sizeof(*workers));
	if (!workers)
		return NULL;
	settings->workers = workers;
	worker = &workers[settings->n_workers++];
	memset(worker, 0, sizeof(*worker));
	owner_set_defaults(OWNER_WORKER, worker);
	strcpy(worker->name, name);
	worker->line = line;
	return worker;
}

static void *port_new(struct worker_settings *worker, const char *name, unsigned int line)
{
	struct worker_port_settings *port = &worker->ports[worker->n_ports];

	if (worker->n_ports == SETTINGS_DEVICES)
		return NULL;
	worker->n_ports++;
	owner_set_defaults(OWNER_PORT, port);
	strcpy(port->dev, name);
	port->line = line;
	return port;
}

static void *instance_new(struct reader *reader, const struct place *place,
			  const struct block_row *block, const char *name, unsigned int line)
{
	void *base;

	name_is_new(reader, block->owner, place->base, name, line);
	switch (block->owner) {
	case OWNER_DEVICE:
		base = device_new(reader->settings, name, line);
		break;
	case OWNER_BONDING:
		base = bonding_new(reader->settings, name, line);
		break;
	case OWNER_WORKER:
		base = worker_new(reader->settings, name, line);
		break;
	case OWNER_PORT:
		base = port_new(place->base, name, line);
		break;
	default:
		base = NULL;
		break;
	}
	if (!base)
		conf_fault(reader->conf, line, "%s \"%s\": one too many, allowed are 64",
			   block_name(block), name);
	return base;
}

/* Of every key that must be there. */
static void check_required(struct reader *reader, const struct place *place, const char *name,
			   unsigned int line)
{
	char allowed[256];

	for (unsigned int i = 0; i < place->block->n_keys; i++) {
		const struct key_row *row = &place->block->keys[i];

		if (row->flags & KEY_REQUIRED && !seen_line(place->seen, row))
			conf_fault(reader->conf, line, "%s \"%s\": %s is missing, allowed are %s",
				   block_name(place->block), name, row->name,
				   value_allowed(row, allowed, sizeof(allowed)));
	}
}

static void read_instance(struct reader *reader, const struct place *place,
			  const struct block_row *block, const struct conf_node *body,
			  const struct conf_word *name)
{
	const char *wrong = check_name(name->text);
	struct seen *seen;
	struct place inside = { .block = block };

	if (wrong)
		return conf_fault(reader->conf, name->line, "%s \"%s\": must be %s",
				  block_name(block), conf_show(reader->conf, name->text), wrong);
	inside.base = instance_new(reader, place, block, name->text, name->line);
	if (!inside.base)
		return;
	seen = calloc(1, sizeof(*seen));
	if (!seen)
		return conf_fault(reader->conf, name->line, "out of memory");
	inside.seen = seen;
	if (block->flags & KEY_LATER) {
		inside.later = block->path;
		note_later(reader, name->line, "%s %s", block_name(block), name->text);
	}
	read_nodes(reader, &inside, body->children);
	check_required(reader, &inside, name->text, name->line);
	free(seen);
}

/*
 * The name and the brace may stand on lines of their own: then the block is the next node, whose
 * word is the name. Returns the last node that was used.
 */
static const struct conf_node *read_block(struct reader *reader, const struct place *place,
					  const struct block_row *block,
					  const struct conf_node *node)
{
	const struct conf_node *body = node;
	const struct conf_word *name = node->n_words > 1 ? &node->words[1] : NULL;

	if (block->arg && node->n_words == 1 && !node->has_block && node->next &&
	    node->next->has_block && node->next->n_words == 1 &&
	    !is_known(place, node->next->words[0].text)) {
		body = node->next;
		name = &body->words[0];
	}
	if (!body->has_block) {
		conf_fault(reader->conf, node->line, "%s is a block: \"{ … }\" must follow",
			   block_name(block));
	} else if (node->n_words > (block->arg ? 2 : 1)) {
		conf_fault(reader->conf, node->line,
			   "block %s: \"%s\" before the \"{\" is one too many", block_name(block),
			   conf_show(reader->conf, node->words[block->arg ? 2 : 1].text));
	} else if (block->arg && !name) {
		conf_fault(reader->conf, node->line, "block %s: the name is missing: %s %s { … }",
			   block_name(block), block_name(block), block->arg);
	} else if (block->arg) {
		read_instance(reader, place, block, body, name);
	} else if (block->owner == OWNER_STARTUP) {
		read_startup(reader, body);
	} else {
		struct place inside = *place;

		inside.block = block;
		read_nodes(reader, &inside, body->children);
	}
	return body;
}

static void read_nodes(struct reader *reader, const struct place *place,
		       const struct conf_node *node)
{
	for (; node; node = node->next) {
		const char *word = node->words[0].text;
		const struct block_row *block = block_find(place->block, word);
		const struct key_row *row = place->block ? settings_key_find(place->block, word)
							 : NULL;

		if (block)
			node = read_block(reader, place, block, node);
		else if (row)
			node = read_key(reader, place, row, node);
		else
			unknown(reader, place, node);
	}
}

static void check_startup(struct conf *conf, const struct settings *settings,
			  settings_startup_fn *check)
{
	char error[512] = "";

	for (unsigned int i = 0; i < settings->n_startup; i++) {
		const struct startup_line *line = &settings->startup[i];

		if (check(settings, line->argc, line->argv, error, sizeof(error)) != 0)
			conf_fault(conf, line->line, "%s", error);
	}
}

void settings_read(struct settings *settings, struct conf *conf, const char *path,
		   settings_startup_fn *check, FILE *warnings)
{
	char *later = NULL;
	size_t later_len = 0;
	struct seen *seen = calloc(1, sizeof(*seen));
	struct reader reader = { .conf = conf, .settings = settings };
	struct place top = { .base = settings, .seen = seen };

	reader.later = open_memstream(&later, &later_len);
	if (!seen || !reader.later) {
		conf_fault(conf, 1, "out of memory");
		goto out;
	}
	read_nodes(&reader, &top, conf_first(conf));
	if (!conf_broken(conf))
		settings_check(conf, settings);
	if (!conf_broken(conf) && check)
		check_startup(conf, settings, check);
	if (fflush(reader.later) == 0 && reader.n_later > 0 && conf_faults(conf) == 0)
		fprintf(warnings, "%s:%u: warning: known, but without effect yet: %s\n", path,
			reader.later_line, later);
out:
	if (reader.later)
		fclose(reader.later);
	free(later);
	free(seen);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cowctl pool event: what is done to pools, as it happens. */
#include <limits.h>
#include <string.h>
#include <time.h>

#include "pool.h"
#include "verbs.h"

CLI_DEFINE_CLEANUP(watch, struct cow_pool_watch *, cow_pool_watch_free)

/* How often it is looked whether to stop: a signal may come just before the wait. */
#define STEP_MS 200

#define TYPES "lifecycle|refresh"

/* The instant in UTC, "2026-11-28T17:45:10" with the format "%FT%T". */
static char *format_time(const struct cow_pool_event *event, const char *format)
{
	time_t seconds = event->seconds;
	char text[64] = "";
	struct tm parts;

	if (gmtime_r(&seconds, &parts))
		strftime(text, sizeof(text), format, &parts);
	return cli_copy(text);
}

static json_t *event_json(const struct cow_pool_event *event)
{
	char *when CLI_CLEANUP(text) = format_time(event, "%FT%T");
	char *exact CLI_CLEANUP(text) = cli_format("%s.%06uZ", when, event->nanoseconds / 1000);
	json_t *object = json_object();

	json_object_set_new(object, "type", json_string(cow_pool_event_type_name(event->kind)));
	json_object_set_new(object, "detail", json_string(cow_pool_event_name(event->kind)));
	cli_json_path(object, "pool", event->name);
	json_object_set_new(object, "uuid", json_string(event->uuid));
	json_object_set_new(object, "time", json_string(exact));
	return object;
}

static void show(struct cli_call *call, const struct cow_pool_event *event)
{
	char *name CLI_CLEANUP(text) = cli_escape(event->name);

	if (cli_given(call, "timestamp")) {
		char *when CLI_CLEANUP(text) = format_time(event, "%F %T");

		fprintf(call->out, "%s.%03u+0000: ", when, event->nanoseconds / 1000000);
	}
	fprintf(call->out, "event '%s' for pool %s: %s\n", cow_pool_event_type_name(event->kind),
		name, cow_pool_event_name(event->kind));
	if (call->json)
		json_object_set_new(call->json, "event", event_json(event));
	cli_output_line(call);
	if (call->json)
		json_object_del(call->json, "event");
}

static bool is_wanted(const struct cli_call *call, const struct cow_pool_event *event)
{
	const char *type = cli_value(call, "event");

	return !type || !strcmp(type, cow_pool_event_type_name(event->kind));
}

static long now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Show the first event, or with --loop all of them until it is interrupted or time is up, which
 * is as it should be once there was any. */
static int follow(struct cli_call *call, struct cow_pool_watch *watch, long seconds)
{
	long left = STEP_MS, end = now_ms() + seconds * 1000;
	bool shown = false, loop = cli_given(call, "loop");

	while ((loop || !shown) && left > 0 && !cli_interrupted() && !call->write_error) {
		const struct cow_pool_event *event;
		struct cow_error err = {0};
		int r = cow_pool_watch_next(watch, left < STEP_MS ? (int)left : STEP_MS, &event,
					    &err);

		if (r < 0)
			return cli_error(call, &err);
		if (r > 0 && is_wanted(call, event)) {
			show(call, event);
			shown = true;
		}
		if (seconds)
			left = end - now_ms();
	}
	if (shown)
		cli_interrupt_forget();
	else if (!cli_interrupted())
		return cli_error(call,
				 &(struct cow_error){.message = "no such event came in time"});
	return CLI_EXIT_CLEAN;
}

static int list_types(struct cli_call *call)
{
	json_t *array = json_array();

	for (const char *type = TYPES; *type; type += strcspn(type, "|"), type += *type == '|') {
		int length = (int)strcspn(type, "|");

		fprintf(call->out, "%.*s\n", length, type);
		json_array_append_new(array, json_stringn(type, (size_t)length));
	}
	if (call->json)
		json_object_set(call->json, "types", array);
	json_decref(array);
	return CLI_EXIT_CLEAN;
}

/* More than a day is a slip, or for ever, which is what there is without --timeout. */
static int parse_timeout(struct cli_call *call, long *ret)
{
	const char *text = cli_value(call, "timeout");
	char *end;

	*ret = 0;
	if (!text)
		return 0;
	*ret = strtol(text, &end, 10);
	if (end == text || *end || *ret < 1 || *ret > INT_MAX / 1000)
		return cli_usage(call, "--timeout takes a number of seconds, not %s",
				 CLI_QUOTE(text));
	return 0;
}

static int event(struct cli_call *call)
{
	struct cow_pool_store *store CLI_CLEANUP(store) = NULL;
	struct cow_pool *pool CLI_CLEANUP(pool) = NULL;
	struct cow_pool_watch *watch CLI_CLEANUP(watch) = NULL;
	struct cow_error err = {0};
	long seconds;

	if (cli_given(call, "list"))
		return list_types(call);
	if (parse_timeout(call, &seconds))
		return CLI_EXIT_USAGE;
	call->lines = true;
	cli_interrupt_catch();
	if (cow_pool_store_new(cli_scope(call), &store, &err) < 0 ||
	    (call->n_operands && cow_pool_lookup(store, call->operands[0], &pool, &err) < 0) ||
	    cow_pool_watch_new(store, pool, &watch, &err) < 0)
		return cli_error(call, &err);
	return follow(call, watch, seconds);
}

static const struct cli_option options[] = {
	{"event", 0, NULL, TYPES, "only events of this type", 0, false},
	{"loop", 0, NULL, NULL, "show all that come, not only the first", 0, false},
	{"timeout", 0, "SECONDS", NULL, "wait no longer than this", 0, false},
	{"timestamp", 0, NULL, NULL, "begin with the time, which JSON always has", 0, false},
	{"list", 0, NULL, NULL, "write which types there are, and wait for none", 0, false},
	{0},
};

const struct cli_verb cli_verb_pool_event = {
	.name = "pool event",
	.operands = "[POOL]",
	.operands_max = 1,
	.complete = CLI_COMPLETE_POOL,
	.summary = "wait for something to be done to a pool, and write what it was",
	.with = CLI_WITH_JSON | CLI_WITH_SCOPE,
	.options = options,
	.run = event,
};

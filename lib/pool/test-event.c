/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of pools in a store of its own: who announces, who hears, and what may lie in the way. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cow/pool-event.h>

#include "pool/event.h"
#include "unit.h"

#define EVENTS "cowctl/pools/" POOL_EVENTS
#define UUID   "262a9953-f326-4bf1-b198-52a351ea9a0f"

static struct cow_pool *make(const char *name)
{
	const struct cow_pool_parts parts = {.name = name, .path = "/p", .policy = COW_POLICY_AUTO};
	struct cow_pool *pool = NULL;

	CHECK_NUMBER(cow_pool_new(&parts, &pool, NULL), 0);
	return pool;
}

static struct cow_pool_watch *watch(const struct cow_pool_store *store, const struct cow_pool *pool)
{
	struct cow_pool_watch *watch = NULL;

	CHECK_NUMBER(cow_pool_watch_new(store, pool, &watch, NULL), 0);
	return watch;
}

/* The next one there is: "started a"; "" for none. */
static const char *next(struct cow_pool_watch *watch)
{
	static char text[512];
	const struct cow_pool_event *event;
	int r = cow_pool_watch_next(watch, 0, &event, NULL);

	CHECK(r >= 0);
	if (r <= 0)
		return "";
	snprintf(text, sizeof(text), "%s %s", cow_pool_event_name(event->kind), event->name);
	return text;
}

static void append(const char *text, size_t size)
{
	int fd = open(EVENTS, O_WRONLY | O_APPEND | O_CREAT, 0644);

	CHECK(fd >= 0 && write(fd, text, size) == (ssize_t)size && close(fd) == 0);
}

static void an_event_is_heard_once_by_everybody_who_watches(struct cow_pool_store *store)
{
	struct cow_pool *a = make("a"), *b = make("b");
	struct cow_pool_watch *first = watch(store, NULL), *only = watch(store, b), *late;

	/* before there is a file, or even the directory it lies in */
	CHECK(access("cowctl", F_OK) < 0);
	CHECK_TEXT(next(first), "");
	pool_announce(store, a, COW_POOL_EVENT_STARTED);
	late = watch(store, NULL);
	pool_announce(store, b, COW_POOL_EVENT_STOPPED);
	CHECK_TEXT(next(first), "started a");
	CHECK_TEXT(next(first), "stopped b");
	CHECK_TEXT(next(first), "");
	CHECK_TEXT(next(only), "stopped b");
	CHECK_TEXT(next(only), "");
	CHECK_TEXT(next(late), "stopped b");
	CHECK_TEXT(next(late), "");
	cow_pool_watch_free(first);
	cow_pool_watch_free(only);
	cow_pool_watch_free(late);
	cow_pool_free(a);
	cow_pool_free(b);
}

static void what_is_no_event_is_passed_over(struct cow_pool_store *store)
{
	static const char *const lines[] = {
		"",
		"junk",
		"1.000000000 started " UUID,
		"1.000000000 started " UUID " ",
		"1.000000000 started " UUID " ../x",
		"1.000000000 started " UUID " a\tb",
		"1.000000000 started 1 a",
		"1.000000000 exploded " UUID " a",
		"1.000000000 unknown " UUID " a",
		"1.0 started " UUID " a",
		"1.9999999999 started " UUID " a",
		".000000000 started " UUID " a",
		"1 started " UUID " a",
	};
	static const char cut[] = "1.000000000 started " UUID " cut";
	struct cow_pool_watch *heard = watch(store, NULL);
	struct cow_pool *pool = make("name with blanks <&>");
	char long_line[10000];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		append(lines[i], strlen(lines[i]));
		append("\n", 1);
	}
	memset(long_line, 'x', sizeof(long_line));
	append(long_line, sizeof(long_line));
	append("\n\0\0\n", 4);
	CHECK_TEXT(next(heard), "");
	/* one that was cut short harms no other, and is not heard before it is whole */
	append(cut, strlen(cut));
	CHECK_TEXT(next(heard), "");
	pool_announce(store, pool, COW_POOL_EVENT_DEFINED);
	CHECK_TEXT(next(heard), "started cut");
	CHECK_TEXT(next(heard), "defined name with blanks <&>");
	CHECK_TEXT(next(heard), "");
	cow_pool_watch_free(heard);
	cow_pool_free(pool);
}

static void fill(void)
{
	char block[4096];

	memset(block, '\n', sizeof(block));
	for (size_t size = 0; size <= POOL_EVENTS_MAX; size += sizeof(block))
		append(block, sizeof(block));
}

static void the_file_is_begun_anew_and_nothing_is_missed(struct cow_pool_store *store)
{
	struct cow_pool_watch *heard = watch(store, NULL);
	struct cow_pool *pool = make("a");
	struct stat st;

	pool_announce(store, pool, COW_POOL_EVENT_CREATED);
	fill();
	pool_announce(store, pool, COW_POOL_EVENT_STARTED);
	CHECK(stat(EVENTS, &st) == 0 && st.st_size < 200);
	pool_announce(store, pool, COW_POOL_EVENT_STOPPED);
	CHECK_TEXT(next(heard), "created a");
	CHECK_TEXT(next(heard), "started a");
	CHECK_TEXT(next(heard), "stopped a");
	CHECK_TEXT(next(heard), "");
	cow_pool_watch_free(heard);
	cow_pool_free(pool);
}

/* Twice while somebody didn't look, removed, or cut short. */
static void who_may_have_missed_something_is_told(struct cow_pool_store *store)
{
	struct cow_pool_watch *heard = watch(store, NULL);
	struct cow_pool *pool = make("a");
	const struct cow_pool_event *event;
	struct cow_error err;

	for (int way = 0; way < 3; way++) {
		append("\n", 1);
		CHECK_TEXT(next(heard), "");
		if (way == 2)
			CHECK(truncate(EVENTS, 0) == 0);
		for (int i = 0; way == 0 && i < 2; i++) {
			fill();
			pool_announce(store, pool, COW_POOL_EVENT_STARTED);
		}
		if (way == 1) {
			CHECK(unlink(EVENTS) == 0);
			pool_announce(store, pool, COW_POOL_EVENT_STARTED);
		}
		CHECK_NUMBER(cow_pool_watch_next(heard, 0, &event, &err), -EOVERFLOW);
		CHECK_NUMBER(err.code, COW_CODE_CHANGED);
		CHECK_TEXT(next(heard), way == 2 ? "" : "started a");
		CHECK_TEXT(next(heard), "");
	}
	cow_pool_watch_free(heard);
	cow_pool_free(pool);
}

/* Four processes at once, over two files, each line with a name of its own. */
static void many_at_once_are_heard_in_their_order(struct cow_pool_store *store)
{
	enum { WRITERS = 4, EACH = 400 };
	struct cow_pool_watch *heard = watch(store, NULL);
	int seen[WRITERS] = {0}, running = WRITERS;
	const struct cow_pool_event *event;

	for (int writer = 0; writer < WRITERS; writer++) {
		if (fork())
			continue;
		for (int i = 0; i < EACH; i++) {
			char name[200];
			struct cow_pool *pool;

			snprintf(name, sizeof(name), "%d %150d", writer, i);
			pool = make(name);
			pool_announce(store, pool, COW_POOL_EVENT_REFRESHED);
			cow_pool_free(pool);
		}
		_exit(unit_status());
	}
	while (running) {
		int status, r = cow_pool_watch_next(heard, 20, &event, NULL);

		CHECK(r >= 0);
		if (r > 0) {
			char *end;
			unsigned long writer = strtoul(event->name, &end, 10);

			CHECK(writer < WRITERS);
			CHECK_NUMBER(strtol(end, NULL, 10), seen[writer % WRITERS]);
			seen[writer % WRITERS]++;
			continue;
		}
		while (running && waitpid(-1, &status, WNOHANG) > 0) {
			CHECK_NUMBER(status, 0);
			running--;
		}
	}
	for (int writer = 0; writer < WRITERS; writer++)
		CHECK_NUMBER(seen[writer], EACH);
	CHECK(access("cowctl/pools/" POOL_EVENTS_EARLIER, F_OK) == 0);
	cow_pool_watch_free(heard);
}

/* A FIFO, a symlink, a lock that nobody gives up, no directory: nobody is told, nobody waits long.
 */
static void what_is_in_the_way_stops_nobody(struct cow_pool_store *store)
{
	struct cow_pool_watch *heard;
	struct cow_pool *pool = make("a");
	int lock;

	CHECK(unlink(EVENTS) == 0 && mkfifo(EVENTS, 0600) == 0);
	heard = watch(store, NULL);
	pool_announce(store, pool, COW_POOL_EVENT_STARTED);
	CHECK_TEXT(next(heard), "");
	CHECK(unlink(EVENTS) == 0 && symlink("victim", EVENTS) == 0);
	pool_announce(store, pool, COW_POOL_EVENT_STARTED);
	CHECK(access("cowctl/pools/victim", F_OK) < 0);
	CHECK_TEXT(next(heard), "");
	CHECK(unlink(EVENTS) == 0);
	lock = open("cowctl/pools/.events.lock", O_RDWR);
	CHECK(lock >= 0 && flock(lock, LOCK_EX) == 0);
	pool_announce(store, pool, COW_POOL_EVENT_STARTED);
	CHECK(access(EVENTS, F_OK) < 0);
	close(lock);
	CHECK(rename("cowctl", "away") == 0);
	CHECK(symlink("nowhere", "cowctl") == 0);
	pool_announce(store, pool, COW_POOL_EVENT_STARTED);
	CHECK_TEXT(next(heard), "");
	CHECK(unlink("cowctl") == 0);
	pool_announce(store, pool, COW_POOL_EVENT_STARTED);
	CHECK_TEXT(next(heard), "started a");
	cow_pool_watch_free(heard);
	cow_pool_free(pool);
}

static void words(void)
{
	for (int kind = COW_POOL_EVENT_DEFINED; kind <= COW_POOL_EVENT_REFRESHED; kind++)
		CHECK_NUMBER(pool_event_from_name(cow_pool_event_name(kind)), kind);
	CHECK_NUMBER(pool_event_from_name("unknown"), COW_POOL_EVENT_UNKNOWN);
	CHECK_TEXT(cow_pool_event_name(99), "unknown");
}

int main(void)
{
	char folder[] = "/tmp/cow-event-XXXXXX", command[64];
	struct cow_pool_store *store = NULL;

	CHECK(mkdtemp(folder) && chdir(folder) == 0);
	setenv("XDG_CONFIG_HOME", folder, 1);
	setenv("XDG_RUNTIME_DIR", folder, 1);
	CHECK_NUMBER(cow_pool_store_new(COW_POOL_SCOPE_SESSION, &store, NULL), 0);
	an_event_is_heard_once_by_everybody_who_watches(store);
	what_is_no_event_is_passed_over(store);
	the_file_is_begun_anew_and_nothing_is_missed(store);
	who_may_have_missed_something_is_told(store);
	many_at_once_are_heard_in_their_order(store);
	what_is_in_the_way_stops_nobody(store);
	words();
	cow_pool_store_free(store);
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	CHECK_NUMBER(system(command), 0);
	return unit_status();
}

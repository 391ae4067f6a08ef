/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "convert/qmp.h"

/* A monitor greets at once; one that doesn't has another client (it serves one at a time), or its
 * QEMU hangs. A pivot waits for the requests under way. */
#define GREETING_MS 5000
#define ANSWER_MS   60000
/* The longest answer: query-named-block-nodes of a guest with many long chains. */
#define LINE_MAX_BYTES (16u << 20)

struct qmp {
	int fd;
	char *buffer;
	size_t used, size;
	int timeout;   /* ms */
	json_int_t id; /* of the last command; what was not waited for is answered later */
};

static int fail(int r, struct cow_error *err)
{
	return r == -ETIMEDOUT
		       ? base_remedy(err, r, "has it another client? It serves one at a time")
		       : r;
}

static int fail_talk(int r, struct cow_error *err)
{
	return fail(base_fail_code(err, -r, COW_CODE_TOOL, "talk to the QMP monitor"), err);
}

static int fill(struct qmp *qmp)
{
	struct pollfd poll_fd = {.fd = qmp->fd, .events = POLLIN};
	ssize_t n;

	if (qmp->size - qmp->used < 4096) {
		size_t size = qmp->size ? qmp->size * 2 : 65536;
		char *bigger = size > LINE_MAX_BYTES ? NULL : realloc(qmp->buffer, size);

		if (!bigger)
			return -ENOMEM;
		qmp->buffer = bigger;
		qmp->size = size;
	}
	do
		n = poll(&poll_fd, 1, qmp->timeout);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;
	n = recv(qmp->fd, qmp->buffer + qmp->used, qmp->size - qmp->used, 0);
	if (n <= 0)
		return n < 0 ? -errno : -ECONNRESET;
	qmp->used += (size_t)n;
	return 0;
}

/* The next line as JSON. */
static int receive(struct qmp *qmp, json_t **ret)
{
	char *end;

	while (!qmp->used || !(end = memchr(qmp->buffer, '\n', qmp->used))) {
		int r = fill(qmp);

		if (r < 0)
			return r;
	}
	*ret = json_loadb(qmp->buffer, (size_t)(end - qmp->buffer), JSON_ALLOW_NUL, NULL);
	qmp->used -= (size_t)(end + 1 - qmp->buffer);
	memmove(qmp->buffer, end + 1, qmp->used);
	return *ret ? 0 : -EPROTO;
}

static int transmit(struct qmp *qmp, const char *command, json_t *arguments)
{
	BASE_CLEANUP(json)
	json_t *request = json_pack("{s:s, s:I}", "execute", command, "id", ++qmp->id);
	BASE_CLEANUP(free) char *text = NULL;
	size_t size;

	if (arguments && json_object_set_new(request, "arguments", arguments) < 0)
		return -ENOMEM;
	text = json_dumps(request, JSON_COMPACT);
	if (!text)
		return -EINVAL; /* a path that is no UTF-8 can't be said in JSON */
	size = strlen(text);
	text[size] = '\n'; /* instead of the NUL */
	for (size_t done = 0; done < size + 1;) {
		ssize_t n = send(qmp->fd, text + done, size + 1 - done, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, json_t **ret,
		struct cow_error *err)
{
	int r = transmit(qmp, command, arguments);

	while (r == 0) {
		BASE_CLEANUP(json) json_t *answer = NULL;
		json_t *error, *value;

		r = receive(qmp, &answer);
		if (r < 0)
			break;
		if (json_integer_value(json_object_get(answer, "id")) != qmp->id)
			continue; /* an event */
		error = json_object_get(answer, "error");
		value = json_object_get(answer, "return");
		if (error)
			return base_refuse(err, EIO, COW_CODE_TOOL, "QEMU refuses %s: %s", command,
					   json_string_value(json_object_get(error, "desc")));
		if (value && ret)
			*ret = json_incref(value);
		return value ? 0 : fail_talk(-EPROTO, err);
	}
	return fail_talk(r, err);
}

static int connect_to(const char *path)
{
	BASE_CLEANUP(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* With other clients queued up, connect() would wait for ever, and through Ctrl-C. */
	const struct timeval timeout = {.tv_sec = GREETING_MS / 1000};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return base_take_fd(&fd);
}

int qmp_open(const char *path, struct qmp **ret, struct cow_error *err)
{
	BASE_CLEANUP(json) json_t *greeting = NULL;
	struct qmp *qmp = calloc(1, sizeof(*qmp));
	int r;

	if (!qmp)
		return base_fail(err, ENOMEM, "open a QMP monitor");
	qmp->timeout = GREETING_MS;
	qmp->fd = connect_to(path);
	r = qmp->fd < 0 ? qmp->fd : receive(qmp, &greeting);
	if (r < 0)
		r = fail(base_fail_code(err, -r, COW_CODE_TOOL, "open the QMP monitor %s",
					BASE_QUOTE(path)),
			 err);
	qmp->timeout = ANSWER_MS;
	if (r == 0)
		r = qmp_execute(qmp, "qmp_capabilities", NULL, NULL, err);
	if (r < 0)
		qmp_close(qmp);
	else
		*ret = qmp;
	return r;
}

void qmp_close(struct qmp *qmp)
{
	if (!qmp)
		return;
	if (qmp->fd >= 0)
		close(qmp->fd);
	free(qmp->buffer);
	free(qmp);
}

pid_t qmp_peer(const struct qmp *qmp)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);

	return getsockopt(qmp->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ? 0 : peer.pid;
}

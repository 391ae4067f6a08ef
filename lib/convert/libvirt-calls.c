/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "convert/libvirt-calls.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"

static const struct {
	const char *name;
	size_t offset;
} calls[] = {
#define CALL(name) {#name, offsetof(struct convert_libvirt, name)},
	CONVERT_LIBVIRT_CALLS(CALL)
#undef CALL
};

struct convert_libvirt libvirt;
static bool loaded;

/* libvirt prints what fails unless it has somebody to tell. */
static void ignore_error(void *data, virErrorPtr error)
{
	(void)data, (void)error;
}

/* Never closed: libvirt has threads of its own. */
static void load(void)
{
	void *library = dlopen("libvirt.so.0", RTLD_NOW | RTLD_LOCAL);

	loaded = library != NULL;
	for (size_t i = 0; loaded && i < BASE_ARRAY_SIZE(calls); i++) {
		void *address = dlsym(library, calls[i].name);

		memcpy((char *)&libvirt + calls[i].offset, &address, sizeof(address));
		loaded = address != NULL;
	}
	if (loaded)
		libvirt.virSetErrorFunc(NULL, ignore_error);
}

int convert_libvirt_load(struct cow_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	if (loaded)
		return 0;
	return base_refuse(err, ENOSYS, COW_CODE_REFUSED, "libvirt.so.0 can't be loaded");
}

int convert_libvirt_fail(const char *what, struct cow_error *err)
{
	return base_refuse(err, EIO, COW_CODE_TOOL, "libvirt: %s: %s", what,
			   libvirt.virGetLastErrorMessage());
}

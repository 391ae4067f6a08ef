/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>

#include "base/thread.h"

int base_thread_start(pthread_t *thread, void *(*run)(void *), void *data)
{
	pthread_attr_t attributes;
	sigset_t all;
	int r = pthread_attr_init(&attributes);

	if (r)
		return r;
	sigfillset(&all);
	r = pthread_attr_setsigmask_np(&attributes, &all);
	if (r == 0)
		r = pthread_create(thread, &attributes, run, data);
	pthread_attr_destroy(&attributes);
	return r;
}

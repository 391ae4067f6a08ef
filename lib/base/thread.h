/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/* Start a thread that takes no signals: those are the program's, whose thread it is not.
 * @return 0 or a positive errno, as pthread_create(). */
int base_thread_start(pthread_t *thread, void *(*run)(void *), void *data);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_HOLD_H
#define CONVERT_HOLD_H

#include <stdbool.h>

/*
 * Keeping everybody else away from a file, and noticing that somebody came.
 *
 * A lease is granted only while nobody else has the file open: it sees file descriptors, memory
 * mappings, loop devices, swap and other containers. Whoever opens the file afterwards is kept
 * waiting in open() until the lease is given up (or lease-break-time, 45 s, has passed), and the
 * lease reads as broken from that moment on. QEMU's lock bytes on top of it turn that wait into
 * QEMU's own clear message.
 */
struct convert_hold {
	int fd;    /* borrowed; -1: nothing is held */
	int lease; /* F_RDLCK or F_WRLCK, F_UNLCK when there is none */
};

/* Take or change a lease: F_RDLCK keeps writers out (needs an O_RDONLY descriptor), F_WRLCK
 * everybody. @return -EAGAIN somebody has it open, -EACCES not the owner, -EINVAL no leases here,
 * or none that say anything: a server's. */
int convert_hold_lease(struct convert_hold *hold, int fd, int type);
/* Readers who only look in passing (a desktop's indexer, qemu-img info) are worth a short wait. */
#define CONVERT_HOLD_TRIES   20
#define CONVERT_HOLD_WAIT_US 25000
/* F_WRLCK, and wait for them. */
int convert_hold_lease_alone(struct convert_hold *hold, int fd);
/* Take QEMU's lock bytes, as a user who reads, writes and lets nobody else do so. */
int convert_hold_lock(struct convert_hold *hold);
/* Give them back, where the descriptor stays open. */
void convert_hold_unlock(int fd);
/* QEMU's lock bytes for "I write", "I write what is there already", "I resize". */
#define CONVERT_HOLD_WRITES  101
#define CONVERT_HOLD_RESIZES 103
/* Does QEMU, by its lock bytes, write to it? For where no lease can be had. */
bool convert_hold_sees_writer(int fd);
/* And does it let others write to it as well? */
bool convert_hold_sees_sharer(int fd);
/* Does QEMU, by its lock bytes, use it at all? Nobody needs to be its owner to ask. */
bool convert_hold_sees_user(int fd);
/* Nobody has tried to open it in a way that the lease forbids. */
bool convert_hold_intact(const struct convert_hold *hold);
/* Let waiting openers in; the lock bytes stay until the descriptor is closed. */
void convert_hold_release_lease(struct convert_hold *hold);
/* The same, and let them use the file: QEMU looks at the lock bytes as soon as it is in. */
void convert_hold_release(struct convert_hold *hold);

/* A lease tells of who has the file open now. Of who has closed it again meanwhile, without a lease
 * to keep him out, this tells: begun while nobody has it open, and asked when that is known again.
 * @return a descriptor, or -1 where there is none to be had, which sees nobody */
int convert_hold_watch(int fd);
/* Has anybody had it open for writing since it was asked last? */
bool convert_hold_saw_writer(int watch);

/* Has anybody the file open, besides this one descriptor? */
bool convert_is_open(int fd);

#endif

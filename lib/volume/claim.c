/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/open.h"
#include "pool/store.h"
#include "volume/claim.h"

/* Nothing leads out of the pool, whatever is put there meanwhile; nor, with O_NOFOLLOW, does what
 * is mounted on a name. */
static int open_beneath(int dirfd, const char *name, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   (flags & O_NOFOLLOW ? RESOLVE_NO_XDEV : 0),
	};
	long fd = syscall(SYS_openat2, dirfd, name, &how, sizeof(how));

	/* Before Linux 5.6, or forbidden by a filter: a name without a slash is one step, and
	 * O_NOFOLLOW says the same of it. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(dirfd, name, (int)how.flags);
	return fd < 0 ? -errno : (int)fd;
}

/* What a symlink leads to, to be read: not where others than root and the caller made it, who could
 * have it lead to what they may not read. */
static int open_target(int dirfd, const char *name, struct cow_error *err)
{
	BASE_CLEANUP(fd) int link = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	BASE_CLEANUP(fd) int target = -1;
	char path[PATH_MAX] = "";
	struct stat st;
	int r;

	if (link < 0 || fstat(link, &st) < 0 || readlinkat(link, "", path, sizeof(path) - 1) < 0)
		return base_fail(err, errno, "open volume %s", BASE_QUOTE(name));
	if (st.st_uid && st.st_uid != geteuid())
		return base_refuse(err, ELOOP, COW_CODE_REFUSED,
				   "volume %s is a symbolic link that user %u made",
				   BASE_QUOTE(name), st.st_uid);
	target = openat(dirfd, path, O_PATH | O_CLOEXEC);
	r = target < 0 || fstat(target, &st) < 0 ? -errno
	    : S_ISREG(st.st_mode)                ? base_fd_reopen(target, O_RDONLY)
						 : -EISDIR;
	return r >= 0 || r == -EAGAIN
		       ? r
		       : base_fail(err, -r, "open what volume %s leads to", BASE_QUOTE(name));
}

static int fail_in_use(const char *name, const struct stat *st, struct cow_error *err)
{
	char holder[256];

	convert_find_holder(st, holder, sizeof(holder));
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_BUSY, "volume %s is in use%s%s",
				       BASE_QUOTE(name), holder[0] ? " by " : "", holder),
			   base_starts(holder, "'cowctl'") ? "wait for it to end"
							   : "shut the guest down, or close it");
}

/* A lease sees all users, but is had only by the owner: nobody else can know. Where a filesystem
 * has none, or a server's, there is what /proc shows; QEMU on another host is seen by its locks. */
static int ask_for_lease(struct convert_hold *hold, const struct volume_claim *claim)
{
	char holder[256] = "";
	int r = convert_hold_lease(hold, claim->fd, F_WRLCK);

	if (r != -EINVAL)
		return r;
	convert_find_holder(&claim->st, holder, sizeof(holder));
	return holder[0] ? -EAGAIN : 0;
}

/* QEMU's bytes are taken before the lease is given up. */
static int claim_alone(const struct volume_claim *claim)
{
	struct convert_hold hold = {.fd = claim->fd, .lease = F_UNLCK};
	int r = convert_hold_sees_user(claim->fd) ? -EAGAIN : ask_for_lease(&hold, claim);

	if (r == 0 && convert_hold_lock(&hold) == -EAGAIN)
		r = -EAGAIN;
	convert_hold_release_lease(&hold);
	return r;
}

void volume_claim_unlock(const struct volume_claim *claim)
{
	convert_hold_unlock(claim->fd);
}

/* A symlink is looked through but with O_NOFOLLOW. -EAGAIN, without an error: somebody has a lease
 * on it. */
static int open_claim(const struct volume_place *place, const char *name, int flags,
		      struct volume_claim *claim, struct cow_error *err)
{
	bool through = !(flags & O_NOFOLLOW);
	int r = volume_name_check(name, NULL);

	if (r == 0)
		claim->fd = r = open_beneath(place->fd, name, flags);
	if (r == -EINVAL || r == -ENOENT)
		return volume_fail_to_find(place->pool, name, err);
	if (r == -ELOOP && through) {
		claim->fd = r = open_target(place->fd, name, err);
		if (r < 0 && r != -EAGAIN)
			return r;
	} else if (r == -ELOOP) {
		return base_remedy(err,
				   base_refuse(err, ELOOP, COW_CODE_REFUSED,
					       "volume %s is a symbolic link", BASE_QUOTE(name)),
				   "what it leads to is not changed through a pool");
	}
	if (r == -EXDEV)
		return base_remedy(err,
				   base_refuse(err, EXDEV, COW_CODE_REFUSED,
					       "something else is mounted on volume %s",
					       BASE_QUOTE(name)),
				   "it is not changed through a pool");
	if (r == -EAGAIN &&
	    fstatat(place->fd, name, &claim->st, through ? 0 : AT_SYMLINK_NOFOLLOW) == 0)
		return r;
	if (r < 0 && r != -EISDIR)
		return base_fail(err, -r, "open volume %s", BASE_QUOTE(name));
	if (r >= 0 && fstat(r, &claim->st) < 0)
		return base_fail(err, errno, "look at volume %s", BASE_QUOTE(name));
	if (r < 0 || !S_ISREG(claim->st.st_mode))
		return base_refuse(err, EINVAL, COW_CODE_REFUSED, "volume %s is not a regular file",
				   BASE_QUOTE(name));
	return 0;
}

/* Whoever only looks at it is soon gone, and so is another one that claims it: closed in between,
 * the two are not in each other's way. */
static int claim_and(int (*claim_it)(const struct volume_claim *), const struct volume_place *place,
		     const char *name, int flags, struct volume_claim *ret, struct cow_error *err)
{
	__attribute__((cleanup(base_cleanup_claim))) struct volume_claim claim = {.fd = -1};
	unsigned tries = 0;
	int r;

	do {
		r = open_claim(place, name, flags, &claim, err);
		if (r < 0 && r != -EAGAIN)
			return r;
		if (r == 0)
			r = claim_it(&claim);
		if (r == -EAGAIN)
			base_cleanup_claim(&claim);
	} while (r == -EAGAIN && base_wait_for_others(&tries));
	if (r == -EAGAIN)
		return fail_in_use(name, &claim.st, err);
	if (r < 0)
		return convert_fail_to_hold(name, r, err);
	*ret = claim;
	claim.fd = -1;
	return 0;
}

int volume_claim(const struct volume_place *place, const char *name, int flags,
		 struct volume_claim *ret, struct cow_error *err)
{
	return claim_and(claim_alone, place, name, flags | O_NOFOLLOW, ret, err);
}

/* A read lease is had only while nobody has it open for writing. Who can't have one sees at least
 * what QEMU does, and a change afterwards. */
static int claim_unwritten(const struct volume_claim *claim)
{
	struct convert_hold hold = {.fd = claim->fd, .lease = F_UNLCK};
	int r = convert_hold_lease(&hold, claim->fd, F_RDLCK);

	convert_hold_release_lease(&hold);
	return r == -EAGAIN || (r < 0 && convert_hold_sees_writer(claim->fd)) ? -EAGAIN : 0;
}

int volume_claim_read(const struct volume_place *place, const char *name, struct volume_claim *ret,
		      struct cow_error *err)
{
	return claim_and(claim_unwritten, place, name, O_RDONLY, ret, err);
}

int volume_claim_check(const struct volume_claim *claim, const char *name, struct cow_error *err)
{
	struct stat st;

	if (fstat(claim->fd, &st) == 0 && st.st_size == claim->st.st_size &&
	    !memcmp(&st.st_mtim, &claim->st.st_mtim, sizeof(st.st_mtim)))
		return 0;
	return base_refuse(err, ESTALE, COW_CODE_CHANGED, "volume %s changed meanwhile",
			   BASE_QUOTE(name));
}

/* What the kernel does with a device, a mount for instance, is seen by O_EXCL. */
int volume_claim_target(int fd, const struct stat *st, const char *name, struct volume_claim *ret,
			struct cow_error *err)
{
	BASE_CLEANUP(claim) struct volume_claim claim = {.fd = -1, .st = *st};
	bool device = S_ISBLK(st->st_mode);
	char holder[256];
	int r = device ? base_fd_reopen(fd, O_WRONLY | O_EXCL) : fd;

	if (device)
		claim.fd = r;
	if (r < 0 && r != -EBUSY)
		return base_fail(err, -r, "open the device for volume %s", BASE_QUOTE(name));
	if (r >= 0 && !convert_hold_sees_user(r)) {
		*ret = claim;
		claim.fd = -1;
		return 0;
	}
	convert_find_holder(st, holder, sizeof(holder));
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_BUSY,
				       "the %s for volume %s is in use%s%s",
				       device ? "device" : "file", BASE_QUOTE(name),
				       holder[0] ? " by " : "", holder),
			   device ? "unmount it, or shut the guest down" : "shut the guest down");
}

int volume_claim_in(struct volume_place *place, struct cow_pool_store *store,
		    const struct cow_pool *pool, const char *name, int flags,
		    struct volume_claim *ret, struct cow_error *err)
{
	int r = pool_store_check_own(pool, err);

	if (r == 0)
		r = volume_place_open(place, store, pool, err);
	return r < 0 ? r : volume_claim(place, name, flags, ret, err);
}

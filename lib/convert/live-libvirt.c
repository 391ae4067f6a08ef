/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest of libvirt, by libvirt's own block copy. */
#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/libvirt-calls.h"
#include "convert/live-domain.h"
#include "convert/live-guest.h"
#include "convert/live.h"

#define CANCEL_TRIES 300
#define REOPEN_TRIES 50
#define WAIT_US      100000

/* Begin to mirror the disk to a file, as slowly as can be. */
static int mirror(const struct convert_live *live, const char *path, enum cow_format format,
		  unsigned flags, struct cow_error *err)
{
	virTypedParameter slowest = {
		.field = VIR_DOMAIN_BLOCK_COPY_BANDWIDTH,
		.type = VIR_TYPED_PARAM_ULLONG,
		.value.ul = 1,
	};
	const struct convert_guest *guest = live->data;
	BASE_CLEANUP(free) char *disk = convert_disk_describe(path, format);

	if (!disk)
		return base_fail(err, ENOMEM, "mirror a disk");
	flags |= VIR_DOMAIN_BLOCK_COPY_REUSE_EXT | VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB;
	if (libvirt.virDomainBlockCopy(guest->domain, guest->target, disk, &slowest, 1, flags) < 0)
		return convert_libvirt_fail("block copy", err);
	return 0;
}

static int open_copy(struct convert_live *live, struct cow_error *err)
{
	return mirror(live, live->path, live->format,
		      VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES |
			      (live->shallow ? VIR_DOMAIN_BLOCK_COPY_SHALLOW : 0),
		      err);
}

static int start(struct convert_live *live, struct cow_error *err)
{
	const struct convert_guest *guest = live->data;

	if (libvirt.virDomainBlockJobSetSpeed(guest->domain, guest->target,
					      live->options->bandwidth,
					      VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES) < 0)
		return convert_libvirt_fail("set the speed of the block copy", err);
	return 0;
}

/* libvirt names a mirror by its disk alone. Ours goes to the image's own name, or to a scratch
 * file: any other is somebody else's. */
static bool is_ours(const struct convert_live *live, const char *to)
{
	const char *name = strrchr(to, '/');

	return name &&
	       (base_equal(to, live->path) || base_starts(name + 1, COW_CONVERT_TEMP_PREFIX));
}

static int look_once(const struct convert_live *live, bool anybodys, struct convert_live_job *ret)
{
	const struct convert_guest *guest = live->data;
	BASE_CLEANUP(free) char *to = NULL;
	virDomainBlockJobInfo info;
	bool defined, ready;
	int r = guest->domain
			? libvirt.virDomainGetBlockJobInfo(guest->domain, guest->target, &info, 0)
			: 0;

	if (r <= 0)
		return r;
	to = convert_disk_mirror(guest->domain, guest->target, &defined, &ready);
	ret->done = info.cur;
	ret->total = info.end;
	ret->ready = info.end && info.cur == info.end && ready;
	if (!to)
		return -1;
	/* A daemon that was killed as it began one knows of it, and no more where to. */
	return anybodys || is_ours(live, to) ||
	       (!defined && info.type == VIR_DOMAIN_BLOCK_JOB_TYPE_COPY);
}

static int look_for(const struct convert_live *live, bool anybodys, struct convert_live_job *ret,
		    struct cow_error *err)
{
	int r = look_once(live, anybodys, ret), running;

	if (r >= 0)
		return r;
	running = convert_guest_is_running(live->data, err);
	if (running <= 0)
		return running;
	r = look_once(live, anybodys, ret);
	return r < 0 ? convert_libvirt_fail("look at the block copy", err) : r;
}

static int look(struct convert_live *live, struct convert_live_job *ret, struct cow_error *err)
{
	return look_for(live, false, ret, err);
}

/* Block copy would refuse it, or wait for half a minute, with the guest standing still by then. */
static int check(struct convert_live *live, struct cow_error *err)
{
	const struct convert_guest *guest = live->data;
	struct convert_live_job mirror;
	virDomainJobInfo job = {0};
	int r = look_for(live, true, &mirror, err);

	if (r < 0)
		return r;
	if (r == 0 && libvirt.virDomainGetJobInfo(guest->domain, &job) < 0)
		return convert_libvirt_fail("look what is done to the guest", err);
	if (r == 0 && job.type == VIR_DOMAIN_JOB_NONE)
		return 0;
	return base_remedy(
		err,
		base_refuse(err, EBUSY, COW_CODE_BUSY,
			    "somebody copies, saves, moves or backs up %s of the guest %s",
			    r ? "the disk" : "all or a part", BASE_QUOTE(live->guest)),
		"wait for it: virsh domjobinfo, virsh blockjob %s %s --info", live->guest,
		guest->target);
}

static int runs(struct convert_live *live, struct cow_error *err)
{
	struct convert_guest *guest = live->data;
	int state, reason, r = convert_guest_is_running(guest, err);

	if (r < 0)
		return r;
	if (r == 0)
		return base_refuse(err, ESRCH, COW_CODE_CANCELLED, "the guest %s is gone",
				   BASE_QUOTE(live->guest));
	if (libvirt.virDomainGetState(guest->domain, &state, &reason, 0) < 0)
		return convert_libvirt_fail("look whether the guest runs", err);
	if (state == VIR_DOMAIN_RUNNING)
		return 1;
	/* libvirt stops it itself while it starts, saves, moves it or makes a snapshot. */
	if (state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_USER)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EBUSY, COW_CODE_BUSY,
				       "the guest %s is being started, saved or the like",
				       BASE_QUOTE(live->guest)),
			   "try again");
}

static int pause_guest(struct convert_live *live, struct cow_error *err)
{
	const struct convert_guest *guest = live->data;

	return libvirt.virDomainSuspend(guest->domain) < 0
		       ? convert_libvirt_fail("suspend the guest", err)
		       : 0;
}

static int resume_guest(struct convert_live *live, struct cow_error *err)
{
	struct convert_guest *guest = live->data;
	int state = VIR_DOMAIN_PAUSED, r = convert_guest_is_running(guest, err);

	if (r <= 0)
		return r;
	if ((libvirt.virDomainGetState(guest->domain, &state, NULL, 0) == 0 &&
	     state != VIR_DOMAIN_PAUSED) ||
	    libvirt.virDomainResume(guest->domain) == 0)
		return 0;
	return base_remedy(err, convert_libvirt_fail("resume the guest", err), "virsh resume %s",
			   live->guest);
}

/* What the guest is started with the next time, or NULL when there won't be one. */
static char *definition_of(const struct convert_guest *guest)
{
	if (libvirt.virDomainIsPersistent(guest->domain) != 1)
		return NULL;
	return libvirt.virDomainGetXMLDesc(guest->domain,
					   VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
}

static int pivot(struct convert_live *live, struct cow_error *err)
{
	struct convert_guest *guest = live->data;

	guest->definition = definition_of(guest);
	if (libvirt.virDomainBlockJobAbort(guest->domain, guest->target,
					   VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT) < 0)
		return convert_libvirt_fail("pivot", err);
	return 0;
}

/* A pivot writes the backing chain it has found into the definition, which did not have it. */
static void keep_definition(struct convert_live *live)
{
	struct convert_guest *guest = live->data;
	BASE_CLEANUP(free) char *before = guest->definition;
	BASE_CLEANUP(free) char *after = before ? definition_of(guest) : NULL;
	virDomainPtr defined;

	guest->definition = NULL;
	if (!after || base_equal(before, after))
		return;
	defined = libvirt.virDomainDefineXML(guest->connection, before);
	if (defined)
		libvirt.virDomainFree(defined);
}

static int cancel(struct convert_live *live, struct cow_error *err)
{
	struct convert_guest *guest = live->data;
	struct convert_live_job job;
	int r = look(live, &job, err);

	for (int i = 0; r > 0 && i < CANCEL_TRIES; i++) {
		if (libvirt.virDomainBlockJobAbort(guest->domain, guest->target, 0) < 0)
			convert_wait_us(WAIT_US);
		r = look(live, &job, err);
	}
	return r > 0 ? convert_libvirt_fail("end the block copy", err) : r;
}

/* The end of a mirror is what makes QEMU open the file again. One that has ended just now may still
 * be in the way of another. */
static int reopen(struct convert_live *live, const char *scratch, struct cow_error *err)
{
	int r = 0;

	for (int i = 0; i < REOPEN_TRIES; i++) {
		r = convert_guest_is_running(live->data, err);
		if (r <= 0)
			return r;
		r = mirror(live, scratch, COW_FORMAT_RAW, 0, err);
		if (r == 0)
			return cancel(live, err);
		convert_wait_us(WAIT_US);
	}
	return r;
}

const struct convert_live_backend convert_live_libvirt = {
	.attach = convert_guest_attach,
	.check = check,
	.open = open_copy,
	.open_mirrors = true,
	.start = start,
	.look = look,
	.runs = runs,
	.pause = pause_guest,
	.resume = resume_guest,
	.pivot = pivot,
	.keep_definition = keep_definition,
	.cancel = cancel,
	.reopen = reopen,
	.detach = convert_guest_detach,
};

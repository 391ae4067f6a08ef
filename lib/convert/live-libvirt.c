/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest of libvirt, by libvirt's own block copy. */
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/libvirt-calls.h"
#include "convert/live-domain.h"
#include "convert/live.h"

/* How long a daemon that is being restarted may take. */
#define RECONNECT_TRIES 300
#define RECONNECT_WAIT  100000
#define REOPEN_TRIES    50

struct guest {
	virConnectPtr connection;
	virDomainPtr domain;
	char *uri;
	char *target;     /* the disk, as the guest calls it: "vda" */
	char *definition; /* what a pivot found, or NULL */
};

/* A mirror of a disk that several guests write to, or of one that can't be written, is no copy. Nor
 * is it one of the file when the guest sees something else than what is in there. */
static int check_disk(const struct convert_disk *disk, const struct convert_live *live,
		      struct cow_error *err)
{
	const struct {
		bool is;
		const char *what;
	} refused[] = {
		{disk->shareable, "a shareable disk"},
		{disk->readonly, "a readonly disk"},
		{disk->encrypted, "an encrypted disk"},
		{disk->sliced, "in part a disk"},
	};

	for (size_t i = 0; i < BASE_ARRAY_SIZE(refused); i++)
		if (refused[i].is)
			return base_remedy(err,
					   base_refuse(err, EBUSY, COW_CODE_REFUSED,
						       "%s is %s of the guest %s",
						       BASE_QUOTE(live->path), refused[i].what,
						       BASE_QUOTE(live->guest)),
					   "shut the guest down and convert then");
	return 0;
}

static int take_disk(struct convert_live *live, virDomainPtr domain, struct convert_disk *disk,
		     struct cow_error *err)
{
	struct guest *guest = live->data;
	unsigned char uuid[VIR_UUID_BUFLEN];
	virDomainBlockInfo info;

	live->path = disk->path;
	live->format = disk->format;
	guest->target = disk->target;
	libvirt.virDomainRef(domain);
	guest->domain = domain;
	live->guest = strdup(libvirt.virDomainGetName(domain));
	if (!live->guest)
		return base_fail(err, ENOMEM, "look at the guest's disks");
	if (libvirt.virDomainGetBlockInfo(domain, guest->target, &info, 0) < 0)
		return convert_libvirt_fail("look at the guest's disk", err);
	live->size = info.capacity;
	libvirt.virDomainGetUUID(domain, uuid);
	for (size_t i = 0; i < sizeof(uuid); i++)
		sprintf(live->id + 2 * i, "%02x", uuid[i]);
	return check_disk(disk, live, err);
}

static int find_in(struct convert_live *live, virDomainPtr *domains, int n,
		   const struct stat *image, struct cow_error *err)
{
	for (int i = 0; i < n; i++) {
		struct convert_disk disk;
		int r = convert_disk_find(domains[i], image, &disk);

		if (r < 0)
			return base_fail(err, -r, "look at the guest's disks");
		if (r == 0)
			continue;
		r = take_disk(live, domains[i], &disk, err);
		return r < 0 ? r : 1;
	}
	return 0;
}

static void disconnect(struct guest *guest)
{
	if (guest->domain)
		libvirt.virDomainFree(guest->domain);
	if (guest->connection)
		libvirt.virConnectClose(guest->connection);
	guest->domain = NULL;
	guest->connection = NULL;
}

static int attach_to(struct convert_live *live, const char *uri, const struct stat *image,
		     struct cow_error *err)
{
	struct guest *guest = live->data;
	virDomainPtr *domains = NULL;
	int n, r;

	guest->connection = libvirt.virConnectOpen(uri);
	if (!guest->connection)
		return convert_libvirt_fail(uri, err);
	n = libvirt.virConnectListAllDomains(guest->connection, &domains,
					     VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	r = n < 0 ? convert_libvirt_fail(uri, err) : find_in(live, domains, n, image, err);
	for (int i = 0; i < n; i++)
		libvirt.virDomainFree(domains[i]);
	free(domains);
	if (r == 0) {
		disconnect(guest);
		return 0;
	}
	guest->uri = strdup(uri);
	return guest->uri ? r : base_fail(err, ENOMEM, "connect to libvirt");
}

/* A daemon that is asked for by name must answer; of the usual two, one may be missing: that is
 * said when the image turns out to be in use. */
static int attach(struct convert_live *live, const struct stat *image, struct cow_error *err)
{
	const char *const usual[] = {"qemu:///system", "qemu:///session"};
	int r = convert_libvirt_load(err);

	if (r < 0)
		return base_remedy(err, r, "name QEMU's monitor (--qmp), or shut the guest down");
	live->data = calloc(1, sizeof(struct guest));
	if (!live->data)
		return base_fail(err, ENOMEM, "connect to libvirt");
	if (live->options->connect)
		return attach_to(live, live->options->connect, image, err);
	for (size_t i = 0; r == 0 && i < BASE_ARRAY_SIZE(usual); i++) {
		r = attach_to(live, usual[i], image, err);
		if (r < 0 && !((struct guest *)live->data)->connection) {
			if (!live->unasked[0])
				base_copy(live->unasked, sizeof(live->unasked),
					  libvirt.virGetLastErrorMessage());
			r = 0;
		}
	}
	return r;
}

/* Begin to mirror the disk to a file, as slowly as can be. */
static int mirror(const struct convert_live *live, const char *path, enum cow_format format,
		  unsigned flags, struct cow_error *err)
{
	virTypedParameter slowest = {
		.field = VIR_DOMAIN_BLOCK_COPY_BANDWIDTH,
		.type = VIR_TYPED_PARAM_ULLONG,
		.value.ul = 1,
	};
	const struct guest *guest = live->data;
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
	const struct guest *guest = live->data;

	if (libvirt.virDomainBlockJobSetSpeed(guest->domain, guest->target,
					      live->options->bandwidth,
					      VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES) < 0)
		return convert_libvirt_fail("set the speed of the block copy", err);
	return 0;
}

/* A daemon that is restarted takes the connection with it, but neither the guest nor the job. */
static int reconnect(struct guest *guest)
{
	unsigned char uuid[VIR_UUID_BUFLEN];
	int r = libvirt.virDomainGetUUID(guest->domain, uuid);

	for (int i = 0; r == 0 && i < RECONNECT_TRIES; i++) {
		virConnectPtr connection = libvirt.virConnectOpen(guest->uri);

		if (connection) {
			virDomainPtr domain = libvirt.virDomainLookupByUUID(connection, uuid);

			disconnect(guest);
			guest->connection = connection;
			guest->domain = domain;
			return domain ? 0 : -ESRCH;
		}
		convert_wait_us(RECONNECT_WAIT);
	}
	return -ECONNRESET;
}

/* @return 1, 0 when it is gone, -errno when libvirt can't be asked. */
static int is_running(struct guest *guest, struct cow_error *err)
{
	int active = guest->domain ? libvirt.virDomainIsActive(guest->domain) : 0;

	if (active < 0 && libvirt.virConnectIsAlive(guest->connection) != 1) {
		int r = reconnect(guest);

		if (r == -ECONNRESET)
			return convert_libvirt_fail("connect again", err);
		active = r < 0 ? 0 : libvirt.virDomainIsActive(guest->domain);
	}
	return active == 1;
}

static int look_once(struct guest *guest, struct convert_live_job *ret)
{
	virDomainBlockJobInfo info;
	int r = guest->domain
			? libvirt.virDomainGetBlockJobInfo(guest->domain, guest->target, &info, 0)
			: 0;

	if (r > 0) {
		ret->done = info.cur;
		ret->total = info.end;
		ret->ready = info.end && info.cur == info.end &&
			     convert_disk_is_mirrored(guest->domain, guest->target);
	}
	return r;
}

static int look(struct convert_live *live, struct convert_live_job *ret, struct cow_error *err)
{
	struct guest *guest = live->data;
	int r = look_once(guest, ret), running;

	if (r >= 0)
		return r > 0;
	running = is_running(guest, err);
	if (running <= 0)
		return running;
	r = look_once(guest, ret);
	return r < 0 ? convert_libvirt_fail("look at the block copy", err) : r > 0;
}

/* Block copy would refuse it, or wait for half a minute, with the guest standing still by then. */
static int check(struct convert_live *live, struct cow_error *err)
{
	const struct guest *guest = live->data;
	struct convert_live_job mirror;
	virDomainJobInfo job = {0};
	int r = look(live, &mirror, err);

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
	struct guest *guest = live->data;
	int state, reason, r = is_running(guest, err);

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
	const struct guest *guest = live->data;

	return libvirt.virDomainSuspend(guest->domain) < 0
		       ? convert_libvirt_fail("suspend the guest", err)
		       : 0;
}

static int resume_guest(struct convert_live *live, struct cow_error *err)
{
	struct guest *guest = live->data;
	int state = VIR_DOMAIN_PAUSED, r = is_running(guest, err);

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
static char *definition_of(const struct guest *guest)
{
	if (libvirt.virDomainIsPersistent(guest->domain) != 1)
		return NULL;
	return libvirt.virDomainGetXMLDesc(guest->domain,
					   VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
}

static int pivot(struct convert_live *live, struct cow_error *err)
{
	struct guest *guest = live->data;

	guest->definition = definition_of(guest);
	if (libvirt.virDomainBlockJobAbort(guest->domain, guest->target,
					   VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT) < 0)
		return convert_libvirt_fail("pivot", err);
	return 0;
}

/* A pivot writes the backing chain it has found into the definition, which did not have it. */
static void keep_definition(struct convert_live *live)
{
	struct guest *guest = live->data;
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
	struct guest *guest = live->data;
	struct convert_live_job job;
	int r = look(live, &job, err);

	for (int i = 0; r > 0 && i < RECONNECT_TRIES; i++) {
		if (libvirt.virDomainBlockJobAbort(guest->domain, guest->target, 0) < 0)
			convert_wait_us(RECONNECT_WAIT);
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
		r = is_running(live->data, err);
		if (r <= 0)
			return r;
		r = mirror(live, scratch, COW_FORMAT_RAW, 0, err);
		if (r == 0)
			return cancel(live, err);
		convert_wait_us(RECONNECT_WAIT);
	}
	return r;
}

static void detach(struct convert_live *live)
{
	struct guest *guest = live->data;

	if (!guest)
		return;
	disconnect(guest);
	free(guest->uri);
	free(guest->target);
	free(guest->definition);
	free(guest);
}

const struct convert_live_backend convert_live_libvirt = {
	.attach = attach,
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
	.detach = detach,
};

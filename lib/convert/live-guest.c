/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Find the guest of libvirt that has the image as a disk, and stay connected to it. */
#include "convert/live-guest.h"
#include "base/error.h"
#include "base/text.h"
#include "convert/convert.h"
#include "convert/live-domain.h"

/* How long a daemon that is being restarted may take. */
#define RECONNECT_TRIES 300
#define RECONNECT_WAIT  100000

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
	struct convert_guest *guest = live->data;
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
	memcpy(&live->id, uuid, sizeof(live->id));
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

static void disconnect(struct convert_guest *guest)
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
	struct convert_guest *guest = live->data;
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
int convert_guest_attach(struct convert_live *live, const struct stat *image, struct cow_error *err)
{
	const char *const usual[] = {"qemu:///system", "qemu:///session"};
	int r = convert_libvirt_load(err);

	if (r < 0)
		return base_remedy(err, r, "name QEMU's monitor (--qmp), or shut the guest down");
	live->data = calloc(1, sizeof(struct convert_guest));
	if (!live->data)
		return base_fail(err, ENOMEM, "connect to libvirt");
	if (live->options->connect)
		return attach_to(live, live->options->connect, image, err);
	for (size_t i = 0; r == 0 && i < BASE_ARRAY_SIZE(usual); i++) {
		r = attach_to(live, usual[i], image, err);
		if (r < 0 && !((struct convert_guest *)live->data)->connection) {
			if (!live->unasked[0])
				base_copy(live->unasked, sizeof(live->unasked),
					  libvirt.virGetLastErrorMessage());
			r = 0;
		}
	}
	return r;
}

static bool is_unknown_domain(void)
{
	return libvirt.virGetLastErrorCode() == VIR_ERR_NO_DOMAIN;
}

/* A daemon that is restarted takes the connection with it, but neither the guest nor the job. */
static int reconnect(struct convert_guest *guest)
{
	unsigned char uuid[VIR_UUID_BUFLEN];
	int r = libvirt.virDomainGetUUID(guest->domain, uuid);

	for (int i = 0; r == 0 && i < RECONNECT_TRIES; i++) {
		virConnectPtr connection = libvirt.virConnectOpen(guest->uri);
		virDomainPtr domain = NULL;

		if (connection)
			domain = libvirt.virDomainLookupByUUID(connection, uuid);
		if (domain || (connection && is_unknown_domain())) {
			disconnect(guest);
			guest->connection = connection;
			guest->domain = domain;
			return 0;
		}
		if (connection)
			libvirt.virConnectClose(connection);
		convert_wait_us(RECONNECT_WAIT);
	}
	return -ECONNRESET;
}

/* @return as virDomainIsActive(); 0 when there is no such guest any more. */
static int ask(const struct convert_guest *guest)
{
	int r = guest->domain ? libvirt.virDomainIsActive(guest->domain) : 0;

	return r < 0 && is_unknown_domain() ? 0 : r;
}

int convert_guest_is_running(struct convert_guest *guest, struct cow_error *err)
{
	int r = ask(guest);

	if (r < 0 && libvirt.virConnectIsAlive(guest->connection) != 1 && reconnect(guest) < 0)
		return convert_libvirt_fail("connect again", err);
	if (r < 0)
		r = ask(guest);
	return r < 0 ? convert_libvirt_fail("look whether the guest runs", err) : r;
}

void convert_guest_detach(struct convert_live *live)
{
	struct convert_guest *guest = live->data;

	if (!guest)
		return;
	disconnect(guest);
	free(guest->uri);
	free(guest->target);
	free(guest->definition);
	free(guest);
}

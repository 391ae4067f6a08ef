/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONVERT_LIBVIRT_CALLS_H
#define CONVERT_LIBVIRT_CALLS_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <cow/error.h>

/* Those that are used of libvirt. It is loaded only when it is asked for something: with it come
 * some fifty libraries, and to start with them takes longer than most of what is asked of this one.
 */
#define CONVERT_LIBVIRT_CALLS(CALL)                                                                \
	CALL(virConnectClose)                                                                      \
	CALL(virConnectIsAlive)                                                                    \
	CALL(virConnectListAllDomains)                                                             \
	CALL(virConnectOpen)                                                                       \
	CALL(virDomainBlockCopy)                                                                   \
	CALL(virDomainBlockJobAbort)                                                               \
	CALL(virDomainBlockJobSetSpeed)                                                            \
	CALL(virDomainDefineXML)                                                                   \
	CALL(virDomainFree)                                                                        \
	CALL(virDomainGetBlockInfo)                                                                \
	CALL(virDomainGetBlockJobInfo)                                                             \
	CALL(virDomainGetJobInfo)                                                                  \
	CALL(virDomainGetName)                                                                     \
	CALL(virDomainGetState)                                                                    \
	CALL(virDomainGetUUID)                                                                     \
	CALL(virDomainGetXMLDesc)                                                                  \
	CALL(virDomainIsActive)                                                                    \
	CALL(virDomainIsPersistent)                                                                \
	CALL(virDomainLookupByUUID)                                                                \
	CALL(virDomainRef)                                                                         \
	CALL(virDomainResume)                                                                      \
	CALL(virDomainSuspend)                                                                     \
	CALL(virStoragePoolDefineXML)                                                              \
	CALL(virStoragePoolFree)                                                                   \
	CALL(virStoragePoolGetXMLDesc)                                                             \
	CALL(virStoragePoolIsPersistent)                                                           \
	CALL(virStoragePoolLookupByUUIDString)                                                     \
	CALL(virGetLastErrorCode)                                                                  \
	CALL(virGetLastErrorMessage)                                                               \
	CALL(virSetErrorFunc)

struct convert_libvirt {
#define CALL(name) __typeof__(name) *name;
	CONVERT_LIBVIRT_CALLS(CALL)
#undef CALL
};

/* Where they are, once they could be loaded. */
extern struct convert_libvirt libvirt;
int convert_libvirt_load(struct cow_error *err);
/* What failed last, in libvirt's words. */
int convert_libvirt_fail(const char *what, struct cow_error *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_POOL_SOURCE_H
#define COW_POOL_SOURCE_H

/**
 * @file
 * What pools can be made of: the types and formats there are, and what a server has to offer.
 */

#include <stdbool.h>
#include <stddef.h>

#include <cow/error.h>
#include <cow/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** All pool types of libvirt, in its order; NULL behind the last. */
const char *cow_pool_type_name(size_t i);
/** Can such pools be defined here? Those of other types are seen where libvirt has them. */
bool cow_pool_type_is_supported(const char *type);

/** What <format> in <source> may be in a pool of this type, the default first; NULL behind the
 *  last. Of type fs cow_pool_build() makes those that there is a mkfs.TYPE(8) for; what is mounted
 * by "auto" may be of any type that mount(8) knows. */
const char *cow_pool_source_format_name(const char *type, size_t i);
/** What <format> in <target> of a new volume may be in such a pool, the default first; NULL behind
 *  the last. */
const char *cow_pool_volume_format_name(const char *type, size_t i);

/** All of this as libvirt's <storagepoolCapabilities>; free() it. */
int cow_pool_dump_capabilities(char **ret_xml, struct cow_error *err);

/** Ask hosts what they export, for pools of type netfs: by showmount(8), which a host that serves
 *  NFS 4 alone doesn't answer. One that can't be asked hides nothing of the others: it is counted
 *  in *ret_failed, with `err` holding the first such error. The types dir and fs are
 *  COW_CODE_UNSUPPORTED, as in libvirt.
 *  @param hosts NULL-terminated.
 *  @param ret_sources NULL-terminated array, free with cow_pool_sources_free(). Each has type,
 * host, directory and format, and with a name and a path is what cow_pool_new() takes. */
int cow_pool_find_sources(const char *type, const char *const *hosts,
			  struct cow_pool_parts ***ret_sources, size_t *ret_failed,
			  struct cow_error *err);
void cow_pool_sources_free(struct cow_pool_parts **sources);
/** These as libvirt's <sources>; free() it. */
int cow_pool_dump_sources(struct cow_pool_parts *const *sources, char **ret_xml,
			  struct cow_error *err);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A volume's definition held against all that has a meaning, or is what dumping one writes. */
#include <cow/volume.h>

#include "pool/xml.h"

static const struct pool_xml_known elements[] = {
	{"/volume", "type"},
	{"/volume/name", ""},
	{"/volume/key", ""},
	{"/volume/source", ""},
	{"/volume/capacity", "unit"},
	{"/volume/allocation", "unit"},
	{"/volume/physical", "unit"},
	{"/volume/target", ""},
	{"/volume/target/path", ""},
	{"/volume/target/format", "type"},
	{"/volume/target/permissions", ""},
	{"/volume/target/permissions/mode", ""},
	{"/volume/target/permissions/owner", ""},
	{"/volume/target/permissions/group", ""},
	{"/volume/target/permissions/label", ""},
	{"/volume/target/timestamps", ""},
	{"/volume/target/timestamps/atime", ""},
	{"/volume/target/timestamps/mtime", ""},
	{"/volume/target/timestamps/ctime", ""},
	{"/volume/target/timestamps/btime", ""},
	{"/volume/target/compat", ""},
	{"/volume/target/nocow", ""},
	{"/volume/target/clusterSize", "unit"},
	{"/volume/target/features", ""},
	{"/volume/target/features/lazy_refcounts", ""},
	{"/volume/target/features/extended_l2", ""},
	{"/volume/target/encryption", "format"},
	{"/volume/target/encryption/secret", "type uuid usage"},
	{"/volume/target/encryption/cipher", "name size mode hash"},
	{"/volume/target/encryption/ivgen", "name hash"},
	{"/volume/backingStore", ""},
	{"/volume/backingStore/path", ""},
	{"/volume/backingStore/format", "type"},
	{"/volume/backingStore/permissions", ""},
	{"/volume/backingStore/permissions/mode", ""},
	{"/volume/backingStore/permissions/owner", ""},
	{"/volume/backingStore/permissions/group", ""},
	{"/volume/backingStore/permissions/label", ""},
	{"/volume/backingStore/timestamps", ""},
	{"/volume/backingStore/timestamps/atime", ""},
	{"/volume/backingStore/timestamps/mtime", ""},
	{"/volume/backingStore/timestamps/ctime", ""},
	{"/volume/backingStore/timestamps/btime", ""},
	{0},
};

COW_EXPORT int cow_volume_validate_xml(const char *xml, size_t size, struct cow_error *err)
{
	return pool_xml_validate(xml, size, elements, err);
}

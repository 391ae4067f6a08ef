/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/secret.h"
#include "base/error.h"
#include "image/encryption.h"

int volume_secret_check(const struct cow_header *header, const char *name, const char *file,
			const char *prefix, struct cow_error *err)
{
	bool encrypted = header->encrypted == COW_ANSWER_YES;

	if (header->how == COW_ENCRYPTED_LUKS2)
		return base_remedy(err,
				   base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
					       "volume %s is encrypted by LUKS version 2, which "
					       "qemu-img can't open",
					       BASE_QUOTE(name)),
				   "to a guest that encrypts its disk itself it is raw: "
				   "--%sformat raw",
				   prefix);
	if (encrypted && !file)
		return base_remedy(err,
				   base_refuse(err, EINVAL, COW_CODE_USAGE,
					       "volume %s is encrypted, and needs its secret",
					       BASE_QUOTE(name)),
				   "name the file it is in: --%ssecret-file FILE; or take its "
				   "bytes as they are: --%sformat raw",
				   prefix, prefix);
	if (!encrypted && file)
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "volume %s is not encrypted, and has no secret",
				   BASE_QUOTE(name));
	return file ? image_secret_check(file, err) : 0;
}

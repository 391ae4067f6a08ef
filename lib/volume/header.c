/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "image/chain.h"
#include "image/encryption.h"
#include "volume/header.h"

int volume_header_read(const struct volume_claim *claim, const char *name, enum cow_format said,
		       struct cow_header *ret, struct cow_error *err)
{
	int r = said == COW_FORMAT_RAW ? 0 : cow_header_read(claim->fd, ret, err);

	if (r < 0)
		return r;
	if (said == COW_FORMAT_RAW || ret->format == COW_FORMAT_ISO) {
		cow_header_clear(ret);
		*ret = (struct cow_header){.format = COW_FORMAT_RAW,
					   .virtual_size = (uint64_t)claim->st.st_size,
					   .encrypted = COW_ANSWER_NO,
					   .damaged = COW_ANSWER_NO,
					   .external = COW_ANSWER_NO};
	}
	if (said && said != ret->format)
		return base_refuse(err, EINVAL, COW_CODE_CORRUPT, "volume %s is no %s image",
				   BASE_QUOTE(name), cow_format_name(said));
	return 0;
}

bool volume_header_has_size(const struct cow_header *header)
{
	return header->virtual_size ||
	       (header->damaged != COW_ANSWER_YES && header->format != COW_FORMAT_VHDX &&
		header->format != COW_FORMAT_VMDK && header->how != COW_ENCRYPTED_LUKS2);
}

int volume_check_external(const struct cow_header *header, const char *name, const char *remedy,
			  struct cow_error *err)
{
	if (header->external != COW_ANSWER_YES)
		return 0;
	return base_remedy(err,
			   base_refuse(err, EINVAL, COW_CODE_REFUSED,
				       "volume %s keeps its data in other files, by a header that "
				       "a guest may have written",
				       BASE_QUOTE(name)),
			   "%s", remedy);
}

char *volume_open_options(enum cow_format format, const char *path, const char *secret,
			  const char *backing, enum cow_format backing_format)
{
	BASE_CLEANUP(free) char *image = image_open_options("", format, path, secret);
	BASE_CLEANUP(free) char *beside = NULL;

	if (!backing || image_protocol_problem(backing) || !image)
		return base_take(image);
	beside = image_open_options("backing.", backing_format, backing, NULL);
	/* The format is the first of them. */
	return beside ? base_format("%s,%s", image,
				    beside + (backing_format ? 0 : strcspn(beside, ",") + 1))
		      : NULL;
}

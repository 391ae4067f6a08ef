/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What qemu-img is told of encryption. Of the secret it is told the file: what is in it is read by
 * nobody else. */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "image/encryption.h"

#define SECRET "secret0"

/* QEMU's options by the fields. */
static void list_choices(const struct cow_encryption *encryption,
			 const char *ret[ENCRYPTION_CHOICES][2])
{
	const char *const choices[ENCRYPTION_CHOICES][2] = {
		{"cipher-alg", encryption->cipher},
		{"cipher-mode", encryption->mode},
		{"hash-alg", encryption->hash},
		{"ivgen-alg", encryption->ivgen},
		{"ivgen-hash-alg", encryption->ivgen_hash},
	};

	memcpy(ret, choices, sizeof(choices));
}

/* QEMU's names: nothing that could begin another option. */
static bool is_name(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static int check_secret(const struct cow_encryption *encryption, struct cow_error *err)
{
	const char *file = encryption->secret_file;
	BASE_CLEANUP(fd) int fd = -1;

	if (!file || !*file)
		return base_remedy(err,
				   base_refuse(err, EINVAL, COW_CODE_USAGE,
					       "an encrypted image needs a secret"),
				   "name the file it is in: --secret-file FILE");
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? base_fail(err, errno, "open the secret file %s", BASE_QUOTE(file)) : 0;
}

int image_encryption_check(const struct cow_image_create_options *options, struct cow_error *err)
{
	const struct cow_encryption *encryption = options->encryption;
	const char *choices[ENCRYPTION_CHOICES][2];
	bool can = options->format == COW_FORMAT_LUKS || options->format == COW_FORMAT_QCOW2;

	if (!encryption)
		return options->format != COW_FORMAT_LUKS
			       ? 0
			       : base_fail(err, EINVAL, "a LUKS image needs a secret");
	if (!can)
		return base_fail(err, EINVAL, "images of format %s are not encrypted here",
				 cow_format_name(options->format));
	list_choices(encryption, choices);
	for (size_t i = 0; i < ENCRYPTION_CHOICES; i++)
		if (choices[i][1] && !is_name(choices[i][1]))
			return base_fail(err, EINVAL, "%s is no %s", BASE_QUOTE(choices[i][1]),
					 choices[i][0]);
	return check_secret(encryption, err);
}

/* In QEMU's lists a comma is written twice. */
char *image_encryption_object(const struct cow_encryption *encryption)
{
	char *object = base_format("secret,id=" SECRET ",file=");

	for (const char *p = encryption->secret_file; object && *p; p++) {
		BASE_CLEANUP(free) char *before = object;

		object = base_format("%s%s%c", before, *p == ',' ? "," : "", *p);
	}
	return object;
}

char *image_encryption_options(const struct cow_image_create_options *options)
{
	bool whole = options->format == COW_FORMAT_LUKS;
	const char *prefix = whole ? "" : "encrypt.";
	const char *choices[ENCRYPTION_CHOICES][2];
	char *text =
		base_format("%s%skey-secret=" SECRET, whole ? "" : "encrypt.format=luks,", prefix);

	list_choices(options->encryption, choices);
	for (size_t i = 0; text && i < ENCRYPTION_CHOICES; i++) {
		BASE_CLEANUP(free) char *before = NULL;

		if (!choices[i][1])
			continue;
		before = text;
		text = base_format("%s,%s%s=%s", before, prefix, choices[i][0], choices[i][1]);
	}
	return text;
}

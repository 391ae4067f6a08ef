/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What qemu-img is told of encryption. Of the secret it is told the file: what is in it is read by
 * nobody else. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "image/encryption.h"

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

/* As cryptsetup has it for a key file. */
#define SECRET_MAX (8 << 20)

int image_secret_check(const char *file, struct cow_error *err)
{
	BASE_CLEANUP(fd) int fd = -1;
	struct stat st;

	if (stat(file, &st) < 0)
		return base_fail(err, errno, "open the secret file %s", BASE_QUOTE(file));
	/* It is read once more for each image, and where qemu-img has to be tried again. */
	if (!S_ISREG(st.st_mode) || !st.st_size || st.st_size > SECRET_MAX)
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "the secret file %s is %s",
				   BASE_QUOTE(file),
				   !S_ISREG(st.st_mode) ? "no regular file"
				   : st.st_size         ? "longer than 8 MiB"
							: "empty");
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? base_fail(err, errno, "open the secret file %s", BASE_QUOTE(file)) : 0;
}

static int check_secret(const struct cow_encryption *encryption, struct cow_error *err)
{
	const char *file = encryption->secret_file;

	if (file && *file)
		return image_secret_check(file, err);
	return base_remedy(
		err, base_refuse(err, EINVAL, COW_CODE_USAGE, "an encrypted image needs a secret"),
		"name the file it is in: --secret-file FILE");
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
static char *double_commas(const char *text)
{
	char *doubled = malloc(2 * strlen(text) + 1), *to = doubled;

	for (; doubled && *text; *to++ = *text++)
		if (*text == ',')
			*to++ = ',';
	if (doubled)
		*to = '\0';
	return doubled;
}

char *image_secret_object(const char *id, const char *file)
{
	BASE_CLEANUP(free) char *doubled = double_commas(file);

	return doubled ? base_format("secret,id=%s,file=%s", id, doubled) : NULL;
}

char *image_open_options(const char *prefix, enum cow_format format, const char *path,
			 const char *secret)
{
	BASE_CLEANUP(free) char *doubled = double_commas(path);
	const char *key = format == COW_FORMAT_LUKS ? "key-secret" : "encrypt.key-secret";
	char *text = NULL;

	if (!doubled)
		return NULL;
	text = base_format("%sdriver=%s,%sfile.filename=%s", prefix, cow_format_name(format),
			   prefix, doubled);
	if (text && secret) {
		BASE_CLEANUP(free) char *before = text;

		text = base_format("%s,%s%s=%s", before, prefix, key, secret);
	}
	return text;
}

char *image_encryption_options(const struct cow_image_create_options *options)
{
	bool whole = options->format == COW_FORMAT_LUKS;
	const char *prefix = whole ? "" : "encrypt.";
	const char *choices[ENCRYPTION_CHOICES][2];
	char *text = base_format("%s%skey-secret=" IMAGE_SECRET,
				 whole ? "" : "encrypt.format=luks,", prefix);

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

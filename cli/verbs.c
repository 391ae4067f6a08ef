/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "verbs.h"

/* A line each, in the order they are used. */
/* clang-format off */
const struct cli_verb *const cli_verbs[] = {
	&cli_verb_probe,
	&cli_verb_audit,
	&cli_verb_create,
	&cli_verb_clone,
	&cli_verb_convert,
	&cli_verb_unshare,
	&cli_verb_pool_define,
	&cli_verb_pool_define_as,
	&cli_verb_pool_undefine,
	&cli_verb_pool_edit,
	&cli_verb_pool_rename,
	&cli_verb_pool_create,
	&cli_verb_pool_create_as,
	&cli_verb_pool_list,
	&cli_verb_pool_info,
	&cli_verb_pool_dumpxml,
	&cli_verb_pool_name,
	&cli_verb_pool_uuid,
	&cli_verb_pool_build,
	&cli_verb_pool_apply,
	&cli_verb_pool_adopt,
	&cli_verb_pool_delete,
	&cli_verb_pool_start,
	&cli_verb_pool_stop,
	&cli_verb_pool_refresh,
	&cli_verb_pool_autostart,
	&cli_verb_pool_event,
	&cli_verb_pool_capabilities,
	&cli_verb_pool_find_sources,
	&cli_verb_vol_list,
	&cli_verb_vol_info,
	&cli_verb_vol_path,
	&cli_verb_vol_key,
	&cli_verb_vol_name,
	&cli_verb_vol_pool,
	&cli_verb_vol_dumpxml,
	&cli_verb_vol_create,
	&cli_verb_vol_create_as,
	&cli_verb_vol_create_from,
	&cli_verb_vol_clone,
	&cli_verb_vol_delete,
	&cli_verb_vol_resize,
	&cli_verb_vol_upload,
	&cli_verb_vol_download,
	&cli_verb_vol_wipe,
	&cli_verb_help,
	NULL,
};
/* clang-format on */

const struct cli_group cli_groups[] = {
	{"pool", "directories of images with a policy"},
	{"vol", "the images in a pool"},
	{NULL, NULL},
};

bool cli_group_has(const struct cli_group *group, const struct cli_verb *verb)
{
	size_t length = strlen(group->name);

	return !strncmp(verb->name, group->name, length) && verb->name[length] == ' ';
}

const struct cli_group *cli_group_find(const char *name)
{
	for (const struct cli_group *group = cli_groups; group->name; group++)
		if (!strcmp(group->name, name))
			for (size_t i = 0; cli_verbs[i]; i++)
				if (cli_group_has(group, cli_verbs[i]))
					return group;
	return NULL;
}

/* How many words spell the verb's name, 0 when they don't. */
static int match(const char *name, char *const *words)
{
	int n = 0;

	for (const char *rest = name;; n++) {
		size_t length = strcspn(rest, " ");

		if (!words[n] || strlen(words[n]) != length || strncmp(words[n], rest, length))
			return 0;
		if (!rest[length])
			return n + 1;
		rest += length + 1;
	}
}

const struct cli_verb *cli_verb_find(char *const *words, int *ret_words)
{
	for (size_t i = 0; cli_verbs[i]; i++) {
		int n = match(cli_verbs[i]->name, words);

		if (n) {
			*ret_words = n;
			return cli_verbs[i];
		}
	}
	return NULL;
}

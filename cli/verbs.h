/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "options.h"

extern const struct cli_verb cli_verb_audit;
extern const struct cli_verb cli_verb_clone;
extern const struct cli_verb cli_verb_convert;
extern const struct cli_verb cli_verb_create;
extern const struct cli_verb cli_verb_help;
extern const struct cli_verb cli_verb_probe;
extern const struct cli_verb cli_verb_pool_define;
extern const struct cli_verb cli_verb_pool_define_as;
extern const struct cli_verb cli_verb_pool_undefine;
extern const struct cli_verb cli_verb_pool_edit;
extern const struct cli_verb cli_verb_pool_rename;
extern const struct cli_verb cli_verb_pool_create;
extern const struct cli_verb cli_verb_pool_create_as;
extern const struct cli_verb cli_verb_pool_list;
extern const struct cli_verb cli_verb_pool_info;
extern const struct cli_verb cli_verb_pool_dumpxml;
extern const struct cli_verb cli_verb_pool_capabilities;
extern const struct cli_verb cli_verb_pool_event;
extern const struct cli_verb cli_verb_pool_find_sources;
extern const struct cli_verb cli_verb_pool_name;
extern const struct cli_verb cli_verb_pool_uuid;
extern const struct cli_verb cli_verb_pool_build;
extern const struct cli_verb cli_verb_pool_adopt;
extern const struct cli_verb cli_verb_pool_apply;
extern const struct cli_verb cli_verb_pool_delete;
extern const struct cli_verb cli_verb_pool_start;
extern const struct cli_verb cli_verb_pool_stop;
extern const struct cli_verb cli_verb_pool_refresh;
extern const struct cli_verb cli_verb_pool_autostart;
extern const struct cli_verb cli_verb_unshare;
extern const struct cli_verb cli_verb_vol_list;
extern const struct cli_verb cli_verb_vol_info;
extern const struct cli_verb cli_verb_vol_path;
extern const struct cli_verb cli_verb_vol_key;
extern const struct cli_verb cli_verb_vol_name;
extern const struct cli_verb cli_verb_vol_pool;
extern const struct cli_verb cli_verb_vol_dumpxml;
extern const struct cli_verb cli_verb_vol_create;
extern const struct cli_verb cli_verb_vol_create_as;
extern const struct cli_verb cli_verb_vol_create_from;
extern const struct cli_verb cli_verb_vol_clone;
extern const struct cli_verb cli_verb_vol_delete;
extern const struct cli_verb cli_verb_vol_resize;
extern const struct cli_verb cli_verb_vol_upload;
extern const struct cli_verb cli_verb_vol_download;
extern const struct cli_verb cli_verb_vol_wipe;

/* All verbs in the order they are shown, NULL-terminated. */
extern const struct cli_verb *const cli_verbs[];

/* Verbs that come in groups: "pool" for "pool define" and the rest. */
struct cli_group {
	const char *name;
	const char *summary;
};
extern const struct cli_group cli_groups[];

/* The group of this name, or NULL when there is none or it has no verbs. */
const struct cli_group *cli_group_find(const char *name);
/* Is this verb one of the group's? */
bool cli_group_has(const struct cli_group *group, const struct cli_verb *verb);

/* The verb that the first words name. @param ret_words how many of them.
 * @return NULL when there is none. */
const struct cli_verb *cli_verb_find(char *const *words, int *ret_words);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a policy means in a directory. A table of situations, first match wins: the order is the
 * order of the rules in cow/probe.h, and every row says why. */
#include <cow/attr.h>
#include <cow/probe.h>

#include "base/error.h"
#include "base/text.h"
#include "probe/decide.h"

#define COMPRESSION_REMEDY                                                                         \
	"clear it on the directory: chattr -c -m DIR, or btrfs property set DIR compression ''"

static const struct cow_detail *find_detail(const struct cow_layer *layer, const char *key)
{
	const struct cow_detail *detail = cow_layer_detail(layer, key);

	/* An overlay has no storage: its upper filesystem decides. */
	if (!detail && layer->below && base_equal(layer->type, "overlay"))
		detail = cow_layer_detail(layer->below, key);
	return detail;
}

static const char *profile_of(const struct cow_probe *probe)
{
	const struct cow_detail *detail = find_detail(cow_stack_top(probe->stack), "data_profile");

	if (!detail)
		return "";
	return detail->kind == COW_DETAIL_TEXT ? detail->text : NULL;
}

static struct probe_situation look(const struct cow_probe *probe)
{
	bool flag_works =
		probe->settable == COW_ANSWER_YES || (probe->settable == COW_ANSWER_UNKNOWN &&
						      probe->cow_switch == COW_SWITCH_ATTRIBUTE);

	return (struct probe_situation){
		.in_place_anyway = probe->cow_switch == COW_SWITCH_NOT_NEEDED,
		.flagged = probe->nocow == COW_ANSWER_YES,
		.mount_nodatacow =
			probe->nocow == COW_ANSWER_NO && probe->new_files_nocow == COW_ANSWER_YES,
		.compressed = probe->compress == COW_ANSWER_YES,
		.settable = flag_works,
		.no_switch = probe->cow_switch == COW_SWITCH_NONE,
		.elsewhere = cow_layer_detail(cow_stack_top(probe->stack), "decided_by"),
		.profile = profile_of(probe),
	};
}

static bool profile_is_single(const struct probe_situation *s)
{
	return s->profile && (!*s->profile || base_equal(s->profile, "single") ||
			      base_equal(s->profile, "raid0"));
}

static void say(struct cow_decision *ret, enum cow_action action, enum cow_policy effective,
		const char *reason)
{
	ret->action = action;
	ret->effective = effective;
	base_copy(ret->reason, sizeof(ret->reason), reason);
}

static void refuse(struct cow_decision *ret, enum cow_code code, const char *reason,
		   const char *remedy)
{
	say(ret, COW_ACTION_REFUSE, COW_POLICY_UNKNOWN, reason);
	ret->code = code;
	base_copy(ret->remedy, sizeof(ret->remedy), remedy);
}

static void warn_of_redundancy(struct cow_decision *ret, const struct probe_situation *s)
{
	if (profile_is_single(s))
		return;
	base_copy_format(ret->warning, sizeof(ret->warning),
			 "data profile is %s: without copy-on-write there are no checksums, "
			 "so copies that differ after a crash can't be told apart or repaired",
			 s->profile ? s->profile : "unknown");
}

static void decide_off(const struct probe_situation *s, struct cow_decision *ret)
{
	if (s->in_place_anyway) {
		say(ret, COW_ACTION_LEAVE, COW_POLICY_OFF,
		    "the filesystem overwrites in place anyway");
	} else if (s->flagged) {
		say(ret, COW_ACTION_LEAVE, COW_POLICY_OFF, "NOCOW is already set");
		warn_of_redundancy(ret, s);
	} else if (s->compressed) {
		refuse(ret, COW_CODE_CONFLICT,
		       "the directory has a compression flag, which excludes NOCOW",
		       COMPRESSION_REMEDY);
	} else if (s->settable) {
		say(ret, COW_ACTION_SET_NOCOW, COW_POLICY_OFF,
		    "NOCOW makes new files overwrite in place");
		warn_of_redundancy(ret, s);
	} else if (s->no_switch) {
		refuse(ret, COW_CODE_UNSUPPORTED,
		       "every overwrite is copied here and nothing can switch that off",
		       "use another filesystem");
	} else {
		refuse(ret, COW_CODE_UNSUPPORTED, "it is not known what overwrites do here",
		       "use a local filesystem, or try as root");
	}
}

static void decide_on(const struct probe_situation *s, struct cow_decision *ret)
{
	if (s->in_place_anyway)
		say(ret, COW_ACTION_LEAVE, COW_POLICY_ON,
		    "there is no copy-on-write to keep: the filesystem overwrites in place");
	else if (s->flagged)
		say(ret, COW_ACTION_CLEAR_NOCOW, COW_POLICY_ON, "NOCOW is set and will be cleared");
	else if (s->mount_nodatacow)
		refuse(ret, COW_CODE_CONFLICT, "the filesystem is mounted with nodatacow",
		       "remount it with datacow");
	else if (s->settable || s->compressed || s->no_switch)
		say(ret, COW_ACTION_LEAVE, COW_POLICY_ON, "copy-on-write is not switched off");
	else
		say(ret, COW_ACTION_LEAVE, COW_POLICY_ON,
		    "nothing is switched off, but it is not known what overwrites do here");
}

/* Auto keeps CoW on: that is what is there, unless somebody set the flag. */
static void keep_on(const struct probe_situation *s, struct cow_decision *ret, const char *reason,
		    const char *remedy)
{
	say(ret, s->flagged ? COW_ACTION_CLEAR_NOCOW : COW_ACTION_LEAVE, COW_POLICY_ON, reason);
	base_copy(ret->remedy, sizeof(ret->remedy), remedy);
}

static void decide_auto(const struct probe_situation *s, struct cow_decision *ret)
{
	char reason[sizeof(ret->reason)];

	if (s->in_place_anyway) {
		say(ret, COW_ACTION_LEAVE, COW_POLICY_OFF,
		    "the filesystem overwrites in place anyway");
	} else if (!s->profile && s->flagged) {
		say(ret, COW_ACTION_UNKNOWN, COW_POLICY_UNKNOWN,
		    "NOCOW is set, but the data profile is unknown: it may keep several copies");
	} else if (!profile_is_single(s)) {
		base_copy_format(reason, sizeof(reason),
				 "data profile is %s: NOCOW copies can diverge unseen, "
				 "so copy-on-write stays on",
				 s->profile ? s->profile : "unknown");
		keep_on(s, ret, reason, "ask for cow=off to have it all the same");
	} else if (s->flagged) {
		say(ret, COW_ACTION_LEAVE, COW_POLICY_OFF, "NOCOW is already set");
	} else if (s->compressed) {
		keep_on(s, ret,
			"the directory has a compression flag, which excludes NOCOW, "
			"so copy-on-write stays on",
			COMPRESSION_REMEDY);
	} else if (s->settable) {
		say(ret, COW_ACTION_SET_NOCOW, COW_POLICY_OFF,
		    "nothing speaks against NOCOW, which makes new files overwrite in place");
	} else if (s->no_switch) {
		keep_on(s, ret, "every overwrite is copied here and nothing can switch that off",
			"use another filesystem for write-heavy images");
	} else if (s->elsewhere) {
		say(ret, COW_ACTION_LEAVE, COW_POLICY_UNKNOWN,
		    "what overwrites do is decided elsewhere, by the server or the host");
	} else {
		say(ret, COW_ACTION_UNKNOWN, COW_POLICY_UNKNOWN,
		    "it is not known what overwrites do here");
	}
}

void probe_decide(enum cow_policy policy, const struct probe_situation *s, struct cow_decision *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->policy = policy;
	switch (policy) {
	case COW_POLICY_OFF:
		decide_off(s, ret);
		break;
	case COW_POLICY_ON:
		decide_on(s, ret);
		break;
	case COW_POLICY_AUTO:
		decide_auto(s, ret);
		break;
	default:
		refuse(ret, COW_CODE_USAGE, "no policy was named", "name one of off, on, auto");
	}
}

COW_EXPORT void cow_policy_decide(enum cow_policy policy, const struct cow_probe *probe,
				  struct cow_decision *ret)
{
	struct probe_situation s = look(probe);

	probe_decide(policy, &s, ret);
}

COW_EXPORT const char *cow_action_name(enum cow_action action)
{
	static const char *const names[] = {"unknown", "set-nocow", "clear-nocow", "leave",
					    "refuse"};

	return BASE_NAME(names, action);
}

static int refusal(const struct cow_decision *decision, struct cow_error *err)
{
	int errnum = decision->code == COW_CODE_CONFLICT || decision->code == COW_CODE_USAGE
			     ? EINVAL
			     : EOPNOTSUPP;
	int r = base_refuse(err, errnum, decision->code, "cow=%s can't be had: %s",
			    cow_policy_name(decision->policy), decision->reason);

	return base_remedy(err, r, "%s", decision->remedy);
}

COW_EXPORT int cow_decision_apply(const struct cow_decision *decision, int fd,
				  struct cow_error *err)
{
	switch (decision->action) {
	case COW_ACTION_SET_NOCOW:
		return cow_attr_set_nocow(fd, true, err);
	case COW_ACTION_CLEAR_NOCOW:
		return cow_attr_set_nocow(fd, false, err);
	case COW_ACTION_REFUSE:
		return refusal(decision, err);
	case COW_ACTION_LEAVE:
	case COW_ACTION_UNKNOWN: /* auto that could not decide wants nothing */
		return 0;
	}
	return base_fail(err, EINVAL, "apply a policy");
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COW_POOL_H
#define COW_POOL_H

/**
 * @file
 * Pools: directories of images with a policy.
 *
 * A definition is libvirt storage-pool XML, one file per pool: what virsh pool-define takes, and
 * what it writes. The policy is <features><cow state='no'/> (off), 'yes' (on) or absent (auto).
 * Elements this library doesn't know are kept as they are.
 *
 * Pools are of libvirt's types dir, fs (a device is mounted on the directory while the pool is
 * started) and netfs (NFS, CIFS, GlusterFS: the same with a server's, which alone decides on CoW;
 * they have no policy). A policy is that of what is mounted, never of the directory below it.
 * libvirt's formats of fs don't have btrfs: it takes such a definition with 'auto'.
 *
 * Definitions live in /etc/cowctl/pools (system) or $XDG_CONFIG_HOME/cowctl/pools (session);
 * which pools are started is noted in /run/cowctl or $XDG_RUNTIME_DIR/cowctl (without it in
 * $XDG_CACHE_HOME/cowctl/run). What was found in their volumes is remembered in
 * /var/cache/cowctl/pools or $XDG_CACHE_HOME/cowctl/pools, and may be deleted. libvirt's own
 * definitions are listed too, read-only, and so are pools that it runs and keeps no definition of:
 * changing one of them is COW_CODE_REFUSED. All files are replaced atomically, and several programs
 * may use a store at once.
 */

#include <cow/error.h>
#include <cow/probe.h>
#include <cow/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cow_pool_scope {
	COW_POOL_SCOPE_UNKNOWN = 0, /**< system for root, session for everybody else */
	COW_POOL_SCOPE_SYSTEM,
	COW_POOL_SCOPE_SESSION,
};

enum cow_pool_state {
	COW_POOL_STATE_UNKNOWN = 0,
	COW_POOL_STATE_INACTIVE,
	COW_POOL_STATE_ACTIVE,       /**< started; "running" to libvirt */
	COW_POOL_STATE_INACCESSIBLE, /**< started, but its directory is not to be reached, or
					  what is to be mounted on it is not */
};

enum cow_pool_source {
	COW_POOL_SOURCE_UNKNOWN = 0,
	COW_POOL_SOURCE_COWCTL,
	COW_POOL_SOURCE_LIBVIRT, /**< read-only */
};

const char *cow_pool_state_name(enum cow_pool_state state);
const char *cow_pool_source_name(enum cow_pool_source source);

/** One definition and, once cow_pool_refresh() was called, how things stand. Made and freed by
 *  the library; new fields come at the end. */
struct cow_pool {
	const char *name;
	const char *uuid; /**< 36 characters, lower case */
	const char *type; /**< "dir", "fs", "netfs"; of libvirt's pools any */
	const char *path; /**< target directory, absolute */
	enum cow_policy policy;
	enum cow_pool_source source;
	bool autostart;
	bool persistent; /**< has a definition on disk; one that has not is gone when it is stopped
			  */
	/* from the target's <permissions>; -1 where the definition doesn't say */
	int64_t mode, owner, group;

	/* filled by cow_pool_refresh() */
	enum cow_pool_state state;
	enum cow_compliance compliance; /**< of the directory itself */
	char compliance_reason[256];
	enum cow_answer measured; /**< capacity, allocation, available hold */
	uint64_t capacity;        /**< of the filesystem, bytes */
	uint64_t allocation;
	uint64_t available;

	/* What start mounts on the path: of types fs and netfs, otherwise NULL. */
	const char *mount_source;  /**< a device, or "server:/directory" */
	const char *mount_type;    /**< "ext4", "nfs", ...; "auto": it is found out */
	const char *mount_options; /**< "nodev,nosuid,noexec" and those of the definition */

	const char *label; /**< SELinux label of the target's <permissions>, or NULL */

	/* Filled by cow_pool_start() and cow_pool_mend(). */
	/** Conversions that were interrupted in its directory and could not be cleared up, or wait
	 * for somebody to go on: cow_convert_list_interrupted() tells which. */
	uint64_t interrupted;
	char interrupted_reason[256]; /**< of the first */

	/** Filled by cow_pool_refresh(): what would mend a drift, or "". */
	char compliance_remedy[256];

	/** It runs with another definition than the stored one, which counts from its next start
	 * on: cow_pool_lookup_stored() gives that. */
	enum cow_answer pending;
};

struct cow_pool_store;

int cow_pool_store_new(enum cow_pool_scope scope, struct cow_pool_store **ret,
		       struct cow_error *err);
void cow_pool_store_free(struct cow_pool_store *store);

/** What a definition is made from. */
struct cow_pool_parts {
	const char *name;
	const char *path; /**< target directory, absolute */
	enum cow_policy policy;
	const char *type;             /**< NULL: "dir" */
	const char *source_device;    /**< fs */
	const char *source_host;      /**< netfs */
	const char *source_directory; /**< netfs: what the host exports */
	const char *source_format;    /**< fs and netfs; NULL: "auto" */
	const char *source_version;   /**< netfs: of the protocol, such as "4.1"; NULL: any */
	uint64_t spare[3];
};

/** Make a definition from its parts, with a new uuid, without storing it. */
int cow_pool_new(const struct cow_pool_parts *parts, struct cow_pool **ret, struct cow_error *err);
/** Read a definition without storing it. A missing uuid is made up. */
int cow_pool_new_xml(const char *xml, size_t size, struct cow_pool **ret, struct cow_error *err);
/** Refuse in a definition, by its line, what has no meaning and would be passed over otherwise: an
 *  element or attribute this library doesn't know. What is in a namespace is let pass. */
int cow_pool_validate_xml(const char *xml, size_t size, struct cow_error *err);
void cow_pool_free(struct cow_pool *pool);

/** The definition as XML that virsh pool-define takes; free() it. */
int cow_pool_dump_xml(const struct cow_pool *pool, char **ret_xml, struct cow_error *err);

/** Store a definition. Redefining needs the same name and uuid: one of them used by another pool
 *  is -EEXIST, as in libvirt, and so is a directory or source of another one, be it where that runs
 *  or where it will be started next. Of a pool that is started a definition with the same path and
 *  source is in use at once; one that moves it counts from its next start on (`pending`), and until
 *  it is stopped the pool runs with what it was started with. */
int cow_pool_define(struct cow_pool_store *store, const struct cow_pool *pool,
		    struct cow_error *err);
/** The same, if what is stored is still `old`, as cow_pool_lookup_stored() gave it: -ESTALE,
 *  COW_CODE_CHANGED otherwise. */
int cow_pool_replace(struct cow_pool_store *store, const struct cow_pool *old,
		     const struct cow_pool *pool, struct cow_error *err);
/** Give a stored pool another name; uuid and directory stay. -EBUSY while started. Killed in the
 *  midst, it leaves both names: doing it again finishes it. */
int cow_pool_rename(struct cow_pool_store *store, const struct cow_pool *pool, const char *name,
		    struct cow_error *err);

/* Flags for cow_pool_create(). */
#define COW_POOL_CREATE_BUILD 0x1u /**< cow_pool_build() first */
/* The same, with these of its flags. */
#define COW_POOL_CREATE_OVERWRITE    0x4u
#define COW_POOL_CREATE_NO_OVERWRITE 0x8u

/** Start a pool that is not stored: it is gone when it is stopped, or stored by cow_pool_define().
 *  Over a stored one of the same name and uuid that is not started, it is what that one is started
 *  with. Clashes are those of cow_pool_define(). */
int cow_pool_create(struct cow_pool_store *store, const struct cow_pool *pool, unsigned flags,
		    struct cow_error *err);
/** Forget a definition; the directory and its images stay. -EBUSY while it is started. */
int cow_pool_undefine(struct cow_pool_store *store, const char *name_or_uuid,
		      struct cow_error *err);

/** Have it started at boot, or no longer: the link in autostart/ that libvirt has too. What starts
 *  these pools is `cowctl pool start --autostart`. -ENOENT when it has no definition on disk. */
int cow_pool_set_autostart(struct cow_pool_store *store, struct cow_pool *pool, bool on,
			   struct cow_error *err);

/** By uuid, then by name; our own before libvirt's.
 *  @return 0, or -ENOENT. */
int cow_pool_lookup(struct cow_pool_store *store, const char *name_or_uuid, struct cow_pool **ret,
		    struct cow_error *err);
/** The same as it is stored, where it was started with another definition than that. */
int cow_pool_lookup_stored(struct cow_pool_store *store, const char *name_or_uuid,
			   struct cow_pool **ret, struct cow_error *err);
/** The pool whose directory is `path` or the nearest one above it, cowctl's before libvirt's and
 * one that is started before one that is not; -ENOENT when there is none. What a pool is to have
 * mounted and has not is not its own. */
int cow_pool_lookup_path(struct cow_pool_store *store, const char *path, struct cow_pool **ret,
			 struct cow_error *err);

/** All pools by name, cowctl's before libvirt's of the same name. One that can't be read does not
 *  hide the others: it is counted in *ret_broken, with `err` holding the first such error.
 *  @param ret_pools NULL-terminated array, free with cow_pool_list_free(). */
int cow_pool_list(struct cow_pool_store *store, struct cow_pool ***ret_pools, size_t *ret_broken,
		  struct cow_error *err);
void cow_pool_list_free(struct cow_pool **pools);

/** Is it marked started, or is its source mounted on its directory? What cow_pool_refresh() finds
 *  out as well, without a look at the directory. */
enum cow_answer cow_pool_is_started(struct cow_pool_store *store, const struct cow_pool *pool);

/** Look at the directory: state, compliance, sizes. Not being able to is not an error, nor is one
 *  that does not answer within two seconds. */
int cow_pool_refresh(struct cow_pool_store *store, struct cow_pool *pool, struct cow_error *err);
/** The same of all in a NULL-terminated array: for those that do not answer it is waited once. */
int cow_pool_refresh_all(struct cow_pool_store *store, struct cow_pool **pools,
			 struct cow_error *err);

/* Flags for cow_pool_build(). */
#define COW_POOL_BUILD_SUBVOLUME 0x1u /**< make it a Btrfs subvolume of its own */
#define COW_POOL_BUILD_DRY_RUN   0x2u
/* Make a filesystem on the device of a pool of type fs, of the type in its definition, by
 * mkfs.TYPE(8). What is on it is lost; without these it stays. -EBUSY while the device is in use,
 * by a guest for instance. */
#define COW_POOL_BUILD_OVERWRITE    0x4u
#define COW_POOL_BUILD_NO_OVERWRITE 0x8u /**< the same, unless anything is on it: -EEXIST */

struct cow_pool_build_result {
	bool created;           /**< the directory was made, not found */
	bool subvolume;         /**< it is a subvolume root */
	enum cow_action action; /**< what was (dry run: would be) done, see cow/probe.h */
	enum cow_policy effective;
	char reason[256];   /**< why */
	char warning[256];  /**< its price, or "" */
	uint64_t unreached; /**< existing files and directories the policy can't reach as
				 they are; cow_audit_* names them */
	uint64_t unread;    /**< of what exists, what could not be looked at */
	bool formatted;     /**< a filesystem was made (dry run: would be) */
	uint64_t spare[6];
};

/** Make the pool's directory (parents included, as virsh does), apply the policy and read it back
 *  before anything can be created in it. A directory that exists gets the policy for what is
 *  created in it from now on. No way to it leads by a symlink that neither the caller made nor
 * root: COW_CODE_REFUSED. On failure nothing that was made stays. -EBUSY while started. A
 * filesystem nothing is known about is no error with the policy auto. Of types fs and netfs the
 * directory alone is made, and what is mounted on it gets the policy by start. */
int cow_pool_build(struct cow_pool_store *store, const struct cow_pool *pool, unsigned flags,
		   struct cow_pool_build_result *ret, struct cow_error *err);

/** One directory of a pool, the pool's own or one below it: what is created in it follows its
 * flags. Made and freed by the library; new fields come at the end. */
struct cow_pool_point {
	const char *path;
	bool subvolume;
	bool mounted; /**< something else is mounted there: it is left alone, and so is all below */
	enum cow_compliance before, after; /**< unknown where `error` says why */
	enum cow_action action;    /**< done; with COW_POOL_APPLY_CHECK what would be done */
	enum cow_policy effective; /**< what the policy comes to here */
	char reason[256];          /**< why */
	char warning[256];         /**< its price, or "" */
	uint64_t unreached; /**< files in it, subdirectories aside, that do not follow the policy
				 and keep what they have: cow_convert_* changes them */
	uint64_t unread;    /**< files in it that could not be looked at */
	struct cow_error error; /**< message "": all went well */
	bool of_other; /**< the directory of another pool: left alone, and so is all below */
};

/* Flags for cow_pool_apply(). */
#define COW_POOL_APPLY_CHECK       0x1u /**< change nothing, of libvirt's pools as well */
#define COW_POOL_APPLY_DIRECTORIES 0x2u /**< no look at files, of which there may be many */

/** Apply the policy to the pool's directory and to each subdirectory and subvolume in it, and read
 * it back. Symlinks are not followed, other pools not entered, nor what is read-only. Idempotent,
 * and allowed while the pool is started. What fails for one directory is in its `error` and stops
 * no other.
 *  @param ret_points NULL-terminated array by path, the pool's own first; cow_pool_points_free().
 */
int cow_pool_apply(struct cow_pool_store *store, const struct cow_pool *pool, unsigned flags,
		   struct cow_pool_point ***ret_points, struct cow_error *err);
void cow_pool_points_free(struct cow_pool_point **points);

/** Look at a started pool again, and mend its own directory if that has drifted: what
 *  cow_pool_apply() does, without what is below. Directories and files that were left half made by
 *  somebody who was killed are removed, and conversions that were interrupted while names were
 *  exchanged are ended as the next one of that image would do it. -EINVAL when it is not started.
 *  @param ret_points one point. */
int cow_pool_mend(struct cow_pool_store *store, struct cow_pool *pool,
		  struct cow_pool_point ***ret_points, struct cow_error *err);

/** Give one of libvirt's pools a policy: its directory, as by cow_pool_mend(), and <cow state> in
 *  its definition, by libvirt's own API, read back; both or none. What libvirt runs the pool with
 *  until it is stopped stays. `auto` is written as what it comes to there, and not at all where the
 *  filesystem overwrites in place anyway.
 *  @param uri of the libvirt to ask; NULL: storage:///system or storage:///session.
 *  @param ret_points one point. */
int cow_pool_adopt(struct cow_pool_store *store, struct cow_pool *pool, enum cow_policy policy,
		   const char *uri, struct cow_pool_point ***ret_points, struct cow_error *err);

/** Mount what there is to mount, nodev,nosuid,noexec before the definition's own options, as
 * libvirt does, and mark started after checking that the directory is there, and not by way of a
 * symlink that cow_pool_build() refuses. A directory that has drifted is mended as by
 * cow_pool_mend(), and started all the same where that can't be done, for its images must stay
 * reachable; pool->compliance says so. -EBUSY while another pool is started in the same directory,
 * or in one below that something is to be mounted on. What was interrupted in the directory is
 * cleared up as by cow_pool_mend(), so that after a power cut each path names a complete image
 * before guests are started. A pool is started as well when somebody else has mounted its source on
 * its directory. Helpers such as mount.nfs(8) may write to standard error. */
int cow_pool_start(struct cow_pool_store *store, struct cow_pool *pool, struct cow_error *err);
/** Remove the pool's directory, which must be empty: -ENOTEMPTY. The definition stays. -EBUSY while
 *  started. */
int cow_pool_delete(struct cow_pool_store *store, const struct cow_pool *pool,
		    struct cow_error *err);
/** Is what is in the pool's directory the pool's? 0 for type dir; -EINVAL while what is to be
 * mounted there is not or is not known to be, -EOPNOTSUPP of a pool that has no directory of files,
 * -ETIMEDOUT where that does not answer. Writes nothing. */
int cow_pool_check_mounted(const struct cow_pool *pool, struct cow_error *err);
/** Does what the pool lies on answer within some seconds, be it with an error: its directory, and
 * the device or file that is to be mounted there? A server that is gone has others wait as long as
 * it is. false for a pool that has no directory of files. */
bool cow_pool_answers(const struct cow_pool *pool);
/** Unmount what is mounted, -EBUSY while it is in use or can't be reached (something else is
 * mounted over or above it, or its directory was moved), and mark stopped; -EINVAL when it was not
 * started.
 */
int cow_pool_stop(struct cow_pool_store *store, struct cow_pool *pool, struct cow_error *err);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Find what pools can be made of, by asking those who have it. */
#include <string.h>

#include <cow/pool-source.h>

#include "base/error.h"
#include "base/run.h"
#include "base/text.h"
#include "pool/xml.h"

DEFINE_CLEANUP(doc, xmlDoc *, xmlFreeDoc, NULL)

#define TIMEOUT_MS 60000

/* One that was found: the public part comes first, so one is the other. */
struct found {
	struct cow_pool_parts parts;
	char *host, *directory; /* what it points to */
};

static void free_found(struct found *found)
{
	free(found->host);
	free(found->directory);
	free(found);
}

DEFINE_CLEANUP(found, struct found *, free_found, NULL)

COW_EXPORT void cow_pool_sources_free(struct cow_pool_parts **sources)
{
	for (struct cow_pool_parts **source = sources; source && *source; source++)
		free_found((struct found *)*source);
	free(sources);
}

DEFINE_CLEANUP(sources, struct cow_pool_parts **, cow_pool_sources_free, NULL)

/* All that were found so far, NULL-terminated. */
struct finding {
	struct cow_pool_parts **sources;
	size_t count;
};

static int append(struct finding *finding, const char *host, const char *directory, size_t length)
{
	BASE_CLEANUP(found) struct found *found = calloc(1, sizeof(*found));
	struct cow_pool_parts **sources =
		reallocarray(finding->sources, finding->count + 2, sizeof(*finding->sources));

	if (sources)
		finding->sources = sources;
	if (!sources || !found)
		return -ENOMEM;
	found->host = strdup(host);
	found->directory = strndup(directory, length);
	if (!found->host || !found->directory)
		return -ENOMEM;
	found->parts = (struct cow_pool_parts){.type = "netfs",
					       .policy = COW_POLICY_AUTO,
					       .source_host = found->host,
					       .source_directory = found->directory,
					       .source_format = "nfs"};
	sources[finding->count++] = &found->parts;
	sources[finding->count] = NULL;
	base_take(found);
	return 0;
}

/* A line is a directory, which may hold blanks, some more of them, and for whom it is, which holds
 * none. What XML has no way to write can't be in a definition: it is as good as not there. */
static int take_line(struct finding *finding, const char *host, char *line)
{
	char *blank = strrchr(line, ' ');

	while (blank && blank > line && blank[-1] == ' ')
		blank--;
	if (!blank || line[0] != '/')
		return 0;
	*blank = '\0';
	if (pool_xml_check_text("directory", line, NULL) < 0)
		return 0;
	return append(finding, host, line, (size_t)(blank - line));
}

static int ask(struct finding *finding, const char *host, struct cow_error *err)
{
	const char *argv[] = {"showmount", "--no-headers", "--exports", host, NULL};
	BASE_CLEANUP(free) char *output = NULL;
	struct cow_error cause = {0};
	char *rest, *line;
	int r = base_run(argv, -1, TIMEOUT_MS, &output, &cause);

	if (r < 0)
		return base_remedy(err, base_fail_in(err, r, &cause, "host %s", BASE_QUOTE(host)),
				   "%s",
				   *cause.remedy ? cause.remedy
						 : "one that serves NFS 4 alone doesn't tell what: "
						   "name its directory yourself");
	for (rest = output; r == 0 && (line = strsep(&rest, "\n"));)
		r = take_line(finding, host, line);
	return r < 0 ? base_fail(err, -r, "find sources") : 0;
}

/* showmount would take a dash for an option. */
static int check_host(const char *host, struct cow_error *err)
{
	if (!*host || *host == '-')
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "%s is no host", BASE_QUOTE(host));
	return pool_xml_check_text("host", host, err);
}

static bool is_type(const char *type)
{
	for (size_t i = 0; cow_pool_type_name(i); i++)
		if (base_equal(cow_pool_type_name(i), type))
			return true;
	return false;
}

static int check(const char *type, const char *const *hosts, struct cow_error *err)
{
	int r = 0;

	if (!is_type(type))
		return base_refuse(err, EINVAL, COW_CODE_USAGE, "%s is no type of pool",
				   BASE_QUOTE(type));
	if (!cow_pool_type_is_supported(type))
		return base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
				   "pools of type %s are not supported", BASE_QUOTE(type));
	if (!base_equal(type, "netfs"))
		return base_remedy(
			err,
			base_refuse(err, EOPNOTSUPP, COW_CODE_UNSUPPORTED,
				    "pools of type %s have no source that could be found",
				    BASE_QUOTE(type)),
			"name the directory or device yourself");
	if (!*hosts)
		return base_refuse(err, EINVAL, COW_CODE_USAGE,
				   "to find sources of type 'netfs', name a host to ask");
	for (; r == 0 && *hosts; hosts++)
		r = check_host(*hosts, err);
	return r;
}

COW_EXPORT int cow_pool_find_sources(const char *type, const char *const *hosts,
				     struct cow_pool_parts ***ret_sources, size_t *ret_failed,
				     struct cow_error *err)
{
	BASE_CLEANUP(sources) struct cow_pool_parts **sources = NULL;
	struct finding finding = {.sources = calloc(1, sizeof(*finding.sources))};
	struct cow_error cause = {0};
	size_t failed = 0;
	int r = check(type, hosts, err);

	sources = finding.sources;
	if (r == 0 && !sources)
		r = base_fail(err, ENOMEM, "find sources");
	for (; r == 0 && *hosts; hosts++) {
		int asked = ask(&finding, *hosts, &cause);

		sources = finding.sources;
		if (asked < 0 && failed++ == 0 && err)
			*err = cause;
	}
	if (r < 0)
		return r;
	*ret_sources = base_take(sources);
	*ret_failed = failed;
	return 0;
}

COW_EXPORT int cow_pool_dump_sources(struct cow_pool_parts *const *sources, char **ret_xml,
				     struct cow_error *err)
{
	BASE_CLEANUP(doc) xmlDoc *doc = NULL;
	xmlNode *root = pool_xml_new("sources", &doc);

	for (; root && *sources; sources++)
		if (!pool_xml_add_source(root, *sources))
			root = NULL;
	return root ? pool_xml_print(root, ret_xml, err) : base_fail(err, ENOMEM, "write XML");
}

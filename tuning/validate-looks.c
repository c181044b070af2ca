/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-looks.c - the looks that many rows share
 */
#include "tuning/validate-internal.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"

bool tune_word_matches(const char *alternatives, const char *word)
{
	char one[64];
	size_t len;

	for (;; alternatives += len + 1) {
		len = strcspn(alternatives, "|");
		snprintf(one, sizeof(one), "%.*s", (int)len, alternatives);
		if (rt_glob(one, word, false))
			return true;
		if (!alternatives[len])
			return false;
	}
}

/* "always [madvise] never" is cut down to the word that is chosen. */
static const char *chosen(char *line)
{
	char *open = strchr(line, '['), *close = open ? strchr(open, ']') : NULL;

	if (!close)
		return line;
	*close = '\0';
	return open + 1;
}

enum tune_verdict tune_look_value(struct tune_host *host, const struct tune_check *check)
{
	char line[512];
	const char *word;

	if (!tune_line(host, line, sizeof(line), "%s", check->path))
		return tune_missing(host, check->path);
	word = chosen(line);
	tune_say(host, "/%s is \"%s\"", check->path, word);
	return tune_pass_if(tune_word_matches(check->want, word));
}

/* "sys/module/kvm/parameters/halt_poll_ns": the module, then the parameter */
enum tune_verdict tune_look_param(struct tune_host *host, const struct tune_check *check)
{
	const char *name = check->path + strlen("sys/module/");
	int len = (int)strcspn(name, "/");

	if (!rt_root_exists(host->root, "sys/module"))
		return tune_missing(host, "sys/module");
	if (!rt_root_exists(host->root, "sys/module/%.*s/parameters", len, name)) {
		tune_say(host, "the module %.*s is not loaded", len, name);
		return TUNE_UNKNOWN;
	}
	return tune_look_value(host, check);
}

enum tune_verdict tune_look_boot(struct tune_host *host, const struct tune_check *check)
{
	const char *value = tune_cmdline_get(&host->cmdline, check->path);

	if (!host->has_cmdline)
		return tune_missing(host, "proc/cmdline");
	if (!value)
		tune_say(host, "\"%s\" is not on the kernel's command line", check->path);
	else
		tune_say(host, "\"%s%s%s\" is on the kernel's command line", check->path,
			 *value ? "=" : "", value);
	return tune_pass_if(value && (!check->want || tune_word_matches(check->want, value)));
}

enum tune_verdict tune_look_boot_cpus(struct tune_host *host, const struct tune_check *check)
{
	const char *value = tune_cmdline_get(&host->cmdline, check->path);
	struct rt_cpuset set;

	if (!tune_need_target(host))
		return TUNE_UNKNOWN;
	if (!value || tune_cmdline_cpus(&set, value, host->nr_cpus, NULL) < 0)
		return tune_look_boot(host, check) == TUNE_UNKNOWN ? TUNE_UNKNOWN : TUNE_FAIL;
	tune_say(host, "\"%s=%s\" is on the kernel's command line", check->path, value);
	return tune_pass_if(rt_cpuset_within(&host->target, &set));
}

bool tune_config_has(const struct tune_host *host, const char *symbol)
{
	char line[128];
	const char *at;
	size_t len = (size_t)snprintf(line, sizeof(line), "CONFIG_%s=", symbol);

	for (at = strstr(host->config, line); at; at = strstr(at + 1, line)) {
		if ((at == host->config || at[-1] == '\n') && strchr("ym", at[len]))
			return true;
	}
	return false;
}

static enum tune_verdict no_config(struct tune_host *host)
{
	tune_say(host, "the configuration of kernel \"%s\" is neither in /boot nor in /lib/modules "
		 "nor in /proc/config.gz", host->release);
	return TUNE_UNKNOWN;
}

enum tune_verdict tune_look_config(struct tune_host *host, const struct tune_check *check)
{
	char symbol[64];
	const char *at;
	size_t len;
	bool unwanted;

	if (!host->config)
		return no_config(host);
	for (at = check->want; *at; at += len + (at[len] == ' ')) {
		len = strcspn(at, " ");
		unwanted = *at == '!';
		snprintf(symbol, sizeof(symbol), "%.*s", (int)len - unwanted, at + unwanted);
		if (tune_config_has(host, symbol) == unwanted)
			tune_say_item(host, "CONFIG_%s is %sset", symbol,
				      unwanted ? "" : "not ");
	}
	if (host->found.len)
		return TUNE_FAIL;
	tune_say(host, "the configuration of kernel %s is as expected", host->release);
	return TUNE_PASS;
}

enum tune_verdict tune_look_absent(struct tune_host *host, const struct tune_check *check)
{
	enum tune_verdict verdict = TUNE_PASS;
	char name[32];
	const char *at;
	size_t len;

	for (at = check->want; *at; at += len + (at[len] == ' ')) {
		len = strcspn(at, " ");
		snprintf(name, sizeof(name), "%.*s", (int)len, at);
		switch (tune_runs(host, name)) {
		case TUNE_YES:
			tune_say_item(host, "%s", name);
			verdict = TUNE_FAIL;
			break;
		case TUNE_NOBODY_KNOWS:
			tune_say(host, "which programs run could not be read");
			return TUNE_UNKNOWN;
		case TUNE_NO:
			break;
		}
	}
	if (verdict == TUNE_FAIL) {
		tune_set_subject(host, "%.*s", (int)host->found.len, host->found.data);
		tune_say(host, " running");
	} else {
		tune_say(host, "none of them runs");
	}
	return verdict;
}

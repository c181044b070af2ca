/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-guest-setup.c - kvmrt-guest-setup: a guest whose clock follows its host's,
 * and whose programs may call it
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "guest/edit.h"
#include "guest/machine.h"
#include "guest/plan.h"
#include "gs/gs.h"
#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"
#include "lib/table.h"

#define PTP_LINK	"/dev/ptp_kvm"
#define MODULES_FILE	"etc/modules-load.d/ptp_kvm.conf"
#define UDEV_FILE	"etc/udev/rules.d/60-kvmrt-ptp.rules"
#define UDEV_RULE	"SUBSYSTEM==\"ptp\", ATTR{clock_name}==\"KVM virtual PTP\", " \
			"SYMLINK+=\"ptp_kvm\"\n"
#define WORDS		GS_WORD_GUEST "=1 " GS_WORD_SYSCALL "=1"
#define GRUB_TEXT	"# guest services: kvmrt-guest-setup(1)\n" \
			"GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT " WORDS "\"\n"
#define FINE_OFFSET_S	100e-6

static bool services, no_time, dry_run, check, undo, json, no_commands;
static const char *root_path;

static const struct rt_opt setup_opts[] = {
	RT_BOOL('n', "dry-run", &dry_run, "print the plan and change nothing"),
	RT_BOOL('s', "services", &services, "prepare the boot words of guest services too"),
	RT_BOOL(0, "no-time", &no_time, "leave time synchronisation as it is"),
	RT_BOOL('c', "check", &check, "is the clock synchronised, are the words there"),
	RT_BOOL('u', "undo", &undo, "put everything back as it was"),
	RT_BOOL(0, "json", &json, "the check as JSON"),
	RT_BOOL(0, "no-commands", &no_commands, "change files only: load and start nothing"),
	RT_STRING(0, "root", &root_path, "DIR", "the guest's tree is DIR; no commands are run"),
	RT_END
};

/* ---- the plan for the clock ---- */

/* With a systemd the link will be there after each boot; else the number of now must do. */
static int choose_device(const struct rt_root *root, char *buf, size_t size, struct rt_err *err)
{
	bool found = gs_machine_ptp(root, buf, size);

	if (!found && !no_commands && !dry_run && gs_run("modprobe ptp_kvm") == 0)
		found = gs_machine_ptp(root, buf, size);
	if (rt_root_exists(root, "run/systemd/system") || root_path) {
		snprintf(buf, size, "%s", PTP_LINK);
		return 0;
	}
	return found ? 0 : rt_err_say(err, RT_ECANNOT, "no KVM clock below %s/sys/class/ptp: load "
				      "ptp_kvm; it needs a host whose clocksource is tsc",
				      root->path);
}

static int plan_chrony_file(struct gs_plan *plan, const struct rt_root *root, const char *path,
			    const char *device, struct rt_err *err)
{
	struct rt_buf out = { 0 };
	char *text;
	int rc;

	rc = rt_root_read(root, &text, NULL, err, "%s", path);
	if (rc < 0)
		return rc;
	gs_edit_chrony(&out, text, device);
	free(text);
	if (!rt_buf_str(&out))
		rc = rt_err_set(err, -ENOMEM, "%s", path);
	else
		rc = gs_plan_write(plan, path, out.data, out.len, err);
	rt_buf_finish(&out);
	return rc;
}

/* Files that chrony.conf includes may have sources of their own. */
static int plan_conf_dir(struct gs_plan *plan, const struct rt_root *root, const char *path,
			 struct rt_err *err)
{
	int fd = rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, "%s", path), rc = 0;
	DIR *dir = rt_opendir(fd);
	struct dirent *entry;
	char file[160];

	while (dir && rc == 0 && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len < 6 || strcmp(entry->d_name + len - 5, ".conf") != 0)
			continue;
		if (snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) >=
		    (int)sizeof(file))
			rc = rt_err_say(err, -ENAMETOOLONG, "%s/%s", path, entry->d_name);
		else
			rc = plan_chrony_file(plan, root, file, NULL, err);
	}
	if (dir)
		closedir(dir);
	return rc;
}

static int plan_network(struct gs_plan *plan, const struct rt_root *root, const char *path,
			struct rt_err *err)
{
	struct rt_buf out = { 0 };
	char *text = NULL;
	int rc = 0;

	if (rt_root_exists(root, "%s", path))
		rc = rt_root_read(root, &text, NULL, err, "%s", path);
	if (rc < 0)
		return rc;
	gs_edit_network(&out, text ? text : "");
	free(text);
	rc = rt_buf_str(&out) ? gs_plan_write(plan, path, out.data, out.len, err) :
	     rt_err_set(err, -ENOMEM, "%s", path);
	rt_buf_finish(&out);
	return rc;
}

static bool service_is(const char *what, const char *service)
{
	char query[80], word[32];

	snprintf(query, sizeof(query), "systemctl is-%s %s", what, service);
	return gs_run_line(query, word, sizeof(word)) == 0;
}

/* As it stands now, so that undoing comes back to that; what the plan does last, too. */
static int plan_stop(struct gs_plan *plan, const char *service, struct rt_err *err)
{
	char stop[80], back[80];

	snprintf(stop, sizeof(stop), "systemctl stop %s", service);
	snprintf(back, sizeof(back), "systemctl %s %s",
		 service_is("active", service) ? "restart" : "stop", service);
	return gs_plan_run(plan, stop, back, true, err);
}

static int plan_start(struct gs_plan *plan, const char *service, struct rt_err *err)
{
	char enable[80], back[80], start[80];
	int rc;

	snprintf(enable, sizeof(enable), "systemctl enable %s", service);
	snprintf(back, sizeof(back), "systemctl %s %s",
		 service_is("enabled", service) ? "enable" : "disable", service);
	snprintf(start, sizeof(start), "systemctl start %s", service);
	rc = gs_plan_run(plan, enable, back, false, err);
	return rc < 0 ? rc : gs_plan_run(plan, start, NULL, false, err);
}

static int plan_time(struct gs_plan *plan, const struct rt_root *root,
		     const struct gs_paths *paths, struct rt_err *err)
{
	bool systemd = rt_root_exists(root, "run/systemd/system");
	char device[64];
	int rc;

	if (!rt_root_exists(root, "%s", paths->conf))
		return rt_err_say(err, RT_ECANNOT, "%s/%s is not there: install chrony (%s)",
				  root->path, paths->conf, paths->install);
	rc = choose_device(root, device, sizeof(device), err);
	if (rc == 0)
		rc = gs_plan_write(plan, MODULES_FILE, "ptp_kvm\n", strlen("ptp_kvm\n"), err);
	if (rc == 0)
		rc = gs_plan_write(plan, UDEV_FILE, UDEV_RULE, strlen(UDEV_RULE), err);
	if (rc == 0)
		rc = plan_chrony_file(plan, root, paths->conf, device, err);
	if (rc == 0)
		rc = plan_conf_dir(plan, root, paths->conf_dir, err);
	if (rc == 0 && paths->network)
		rc = plan_network(plan, root, paths->network, err);
	if (rc < 0 || gs_plan_size(plan) == 0)
		return rc;
	/* At its end chronyd writes the drift file. */
	if (systemd)
		rc = plan_stop(plan, paths->service, err);
	if (rc == 0)
		rc = gs_plan_remove(plan, paths->drift, err);
	if (rc == 0)
		rc = gs_plan_run(plan, "modprobe ptp_kvm", NULL, true, err);
	if (rc == 0 && systemd) {
		rc = gs_plan_run(plan, "udevadm control --reload", NULL, true, err);
		if (rc == 0)
			rc = gs_plan_run(plan, "udevadm trigger --settle --subsystem-match=ptp",
					 NULL, true, err);
		if (rc == 0)
			rc = plan_start(plan, paths->service, err);
	}
	return rc;
}

/* ---- the plan for the words ---- */

/* In the command line of this boot. */
static struct gs_words words_now(const struct rt_root *root)
{
	struct gs_words_reader reader = { 0 };
	char *text;

	if (rt_root_read(root, &text, NULL, NULL, "proc/cmdline") < 0)
		return reader.found;
	gs_words_feed(&reader, text, strlen(text));
	free(text);
	return gs_words_end(&reader);
}

static int plan_grubby(struct gs_plan *plan, const char *word, struct rt_err *err)
{
	char add[160], remove[160];

	snprintf(add, sizeof(add), "grubby --update-kernel=ALL --args=%s=1", word);
	snprintf(remove, sizeof(remove), "grubby --update-kernel=ALL --remove-args=%s", word);
	return gs_plan_run(plan, add, remove, false, err);
}

static int plan_words(struct gs_plan *plan, const struct rt_root *root,
		      const struct gs_paths *paths, struct rt_err *err)
{
	struct gs_words now = words_now(root);
	unsigned int before = gs_plan_size(plan);
	int rc = 0;

	if (paths->grub) {
		rc = gs_plan_write(plan, paths->grub, GRUB_TEXT, strlen(GRUB_TEXT), err);
		if (rc == 0 && gs_plan_size(plan) > before)
			rc = gs_plan_run(plan, "update-grub", "update-grub", true, err);
		return rc;
	}
	if (!now.guest)
		rc = plan_grubby(plan, GS_WORD_GUEST, err);
	if (rc == 0 && !now.syscall)
		rc = plan_grubby(plan, GS_WORD_SYSCALL, err);
	return rc;
}

/* ---- doing it ---- */

static int make_plan(struct gs_plan **ret, const struct rt_root *root, struct rt_err *err)
{
	struct gs_plan *plan;
	enum gs_family family;
	int rc;

	rc = gs_machine_family(root, &family, err);
	if (rc < 0)
		return rc;
	if (gs_plan_create(&plan, root, !no_commands) < 0)
		return rt_err_set(err, -ENOMEM, "cannot plan");
	if (!no_time)
		rc = plan_time(plan, root, &gs_paths[family], err);
	if (rc == 0 && services)
		rc = plan_words(plan, root, &gs_paths[family], err);
	if (rc < 0) {
		gs_plan_destroy(plan);
		return rc;
	}
	*ret = plan;
	return 0;
}

static void tell_words(const struct rt_root *root)
{
	struct gs_words now = words_now(root);

	if (now.guest && now.syscall)
		return;
	if (services && no_commands && !rt_root_exists(root, "etc/default"))
		printf("add these words to the kernel's command line: " WORDS "\n");
	else if (services && no_commands)
		printf("the words count from the next boot on, once update-grub was run there\n");
	else if (services)
		printf("the words count from the next boot on\n");
	else
		printf("guest services need these words of the kernel's command line, which "
		       "--services prepares:\n  " WORDS "\n");
}

static int set_up(const struct rt_root *root, struct rt_err *err)
{
	struct gs_plan *plan = NULL;
	int rc;

	rc = make_plan(&plan, root, err);
	if (rc < 0)
		return rc;
	gs_plan_print(plan);
	if (gs_plan_size(plan) == 0)
		printf("nothing to do: all is set up\n");
	else if (!dry_run)
		rc = gs_plan_apply(plan, err);
	gs_plan_destroy(plan);
	if (rc < 0)
		return rt_err_wrap(err, rc, "not finished, --undo puts back what was done");
	tell_words(root);
	return 0;
}

/* ---- check ---- */

enum { COL_FACT, COL_STATE, COL_MEANS, NR_COLS };

static const struct rt_column columns[] = {
	[COL_FACT] = { "FACT", "fact", RT_COL_STRING, "what was looked at" },
	[COL_STATE] = { "STATE", "state", RT_COL_STRING, "how it is" },
	[COL_MEANS] = { "MEANS", "means", RT_COL_STRING, "what that means, and what helps" },
};

struct report {
	struct rt_table *table;
	bool wrong;
};

static void row(struct report *report, bool right, const char *fact, const char *state,
		const char *means)
{
	report->wrong |= !right;
	rt_table_row(report->table);
	rt_table_str(report->table, COL_FACT, fact);
	rt_table_str(report->table, COL_STATE, state);
	rt_table_str(report->table, COL_MEANS, means);
}

/* The fields of "chronyc -c tracking". */
enum {
	T_REFID, T_NAME, T_STRATUM, T_TIME, T_OFFSET, T_LAST, T_RMS, T_FREQ, T_RESID, T_SKEW,
	T_DELAY, T_DISPERSION, T_INTERVAL, T_LEAP, T_NR
};

static unsigned int split_fields(char *line, char *fields[], unsigned int max)
{
	unsigned int nr = 0;
	char *field;

	while (nr < max && (field = strsep(&line, ",")))
		fields[nr++] = field;
	return nr;
}

static void check_tracking(struct report *report)
{
	char line[512], text[64], *f[T_NR];
	double offset;

	if (gs_run_line("chronyc -c tracking", line, sizeof(line)) < 0 ||
	    split_fields(line, f, T_NR) != T_NR) {
		row(report, false, "chrony", "silent", "chronyd does not run; start its service");
		return;
	}
	row(report, strcmp(f[T_LEAP], "Normal") == 0, "chrony", f[T_LEAP],
	    strcmp(f[T_LEAP], "Normal") == 0 ? "synchronised" : "not synchronised (yet)");
	row(report, strcmp(f[T_REFID], "4B564D00") == 0, "source", f[T_NAME],
	    strcmp(f[T_REFID], "4B564D00") == 0 ? "the clock of the host, by KVM" :
	    "another source; kvmrt-guest-setup makes the KVM clock the only one");
	offset = strtod(f[T_OFFSET], NULL);
	snprintf(text, sizeof(text), "%.9f s", offset);
	row(report, fabs(offset) <= FINE_OFFSET_S, "offset", text, fabs(offset) <= FINE_OFFSET_S ?
	    "of this clock from the source's" : "expected at most 100 us; wait, and look again");
	snprintf(text, sizeof(text), "%.9f s", strtod(f[T_DISPERSION], NULL));
	row(report, true, "dispersion", text, "how wrong the offset may be");
}

/* Only root can try, and only a module that is there can tell something by its failure. */
static const char *why_no_clock(void)
{
	if (no_commands || geteuid() != 0)
		return "ptp_kvm is not loaded";
	if (gs_run("modprobe --dry-run --quiet ptp_kvm") != 0)
		return "this kernel has no module ptp_kvm";
	if (gs_run("modprobe ptp_kvm") != 0)
		return "ptp_kvm does not load: the host's clocksource must be tsc; look on the "
		       "host at /sys/devices/system/clocksource/clocksource0/current_clocksource";
	return "ptp_kvm was loaded just now; look again";
}

static void check_clock(struct report *report, const struct rt_root *root)
{
	char device[64], source[64] = "";

	if (gs_machine_ptp(root, device, sizeof(device)))
		row(report, true, "KVM clock", device, "the host's clock");
	else
		row(report, false, "KVM clock", "none", why_no_clock());
	rt_root_read_line(root, source, sizeof(source), NULL,
			  "sys/devices/system/clocksource/clocksource0/current_clocksource");
	row(report, strcmp(source, "kvm-clock") == 0 || strcmp(source, "tsc") == 0, "clocksource",
	    source[0] ? source : NULL, "of this guest; kvm-clock and tsc are exact");
}

static void check_words(struct report *report, const struct rt_root *root)
{
	struct gs_words now = words_now(root);

	row(report, now.guest || !services, GS_WORD_GUEST, now.guest ? "1" : "0",
	    now.guest ? "this guest may use its host's services" : "--services prepares it");
	row(report, now.syscall || !services, GS_WORD_SYSCALL, now.syscall ? "1" : "0",
	    now.syscall ? "its programs may" : "--services prepares it");
}

static int run_check(const struct rt_root *root, struct rt_err *err)
{
	struct report report = { 0 };
	int rc;

	rc = rt_table_create(&report.table, columns, NR_COLS);
	if (rc < 0)
		return rt_err_set(err, rc, "check");
	if (!no_time)
		check_clock(&report, root);
	if (!no_time && !no_commands)
		check_tracking(&report);
	check_words(&report, root);
	rc = json ? rt_table_print_json(report.table, stdout, err) :
	     rt_table_print(report.table, stdout, err);
	rt_table_destroy(report.table);
	return rc < 0 ? rc : report.wrong;
}

/* ---- the command line ---- */

/*
 * Two at once would give their copies one name, and what one of them found be lost.  The
 * tree's own folder is locked, so that no file is left; the end of the process unlocks it.
 */
static int take_turn(const struct rt_root *root, struct rt_err *err)
{
	int fd = rt_root_open(root, err, O_RDONLY | O_DIRECTORY, ".");

	if (fd < 0)
		return fd;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return rt_err_set(err, -errno, "cannot lock %s/", root->path);
	return 0;
}

static int put_back(const struct rt_root *root, struct rt_err *err)
{
	int rc = gs_plan_undo(root, !no_commands, dry_run, err);

	if (rc != -ENOENT || rt_root_exists(root, GS_PLAN_STATE "/journal"))
		return rc;
	fprintf(stderr, "kvmrt-guest-setup: %s\n", err->text);
	return 0;
}

static int change(const struct rt_root *root, struct rt_err *err)
{
	int rc = dry_run ? 0 : take_turn(root, err);

	if (rc < 0)
		return rc;
	return undo ? put_back(root, err) : set_up(root, err);
}

static int guest_setup(int argc, char **argv, struct rt_err *err)
{
	struct rt_root root;
	int rc;

	(void)argc;
	(void)argv;
	if (check + undo > 1 || (check && dry_run))
		return rt_usage(err, "--check goes with neither --undo nor --dry-run");
	if (json && !check)
		return rt_usage(err, "--json goes with --check");
	no_commands |= root_path != NULL;
	rc = rt_root_init(&root, root_path, err);
	if (rc < 0)
		return rc;
	if (!check && !dry_run && !root_path && geteuid() != 0)
		rc = rt_err_say(err, RT_ECANNOT, "changing this machine needs root; --dry-run "
				"shows what would be done");
	else
		rc = check ? run_check(&root, err) : change(&root, err);
	rt_root_finish(&root);
	return rc;
}

static const struct rt_cmd setup_cmd = {
	.name = "kvmrt-guest-setup",
	.summary = "make a guest's clock follow its host's, and prepare guest services",
	.synopsis = "[options]",
	.details = "Makes the KVM clock chrony's only source of time.  All that is changed is "
		   "kept, and --undo puts it back.",
	.opts = setup_opts,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = guest_setup,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&setup_cmd, argc, argv);
}

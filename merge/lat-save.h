/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-save.h - the figures of one run, kept to be compared with another's
 *
 * A file of JSON with the histograms and the conditions they were measured under
 * (doc/formats/xtrace-latency.5).  A run in memory is the same whether it came from
 * a file or from traces just now.
 */
#ifndef MRG_LAT_SAVE_H
#define MRG_LAT_SAVE_H

#include "merge/lat-select.h"

#define MRG_LAT_SAVE_VERSION 1
#define MRG_LAT_SAVE_MAX (256u << 20)	/* bytes of a file that is read */

struct mrg_lat_figure {
	enum mrg_lat_kind kind;
	char host[MRG_LABEL_MAX];
	char vm[64];		/* "" none */
	int vcpu;		/* -1 none */
	char name[MRG_LAT_NAME_MAX];
	struct mrg_hist hist;
	uint64_t unknown;
	uint64_t parts[MRG_LAT_NR_PARTS];
};

/* What a run was measured under, of each kernel: a text each, "" where unknown. */
#define MRG_LAT_CONDITIONS(X) \
	X(label, "label")	/* the name used in this run */ \
	X(host, "host") \
	X(kernel, "kernel")	/* its release */ \
	X(machine, "machine")	/* the machine id */ \
	X(cpu, "cpu")		/* the model's name */ \
	X(config, "config")	/* a hash of what shapes its latencies: xtrace-dir(5) */ \
	X(command, "command")	/* what was run while it was traced */

struct mrg_lat_condition {
#define X(field_, key_) char *field_;	/* owned */
	MRG_LAT_CONDITIONS(X)
#undef X
};

struct mrg_lat_tale {		/* an interval explained */
	enum mrg_lat_kind kind;
	char host[MRG_LABEL_MAX], name[MRG_LAT_NAME_MAX];
	char *text;		/* the cause in words; owned */
	char *excerpt;		/* lines of the traces, each with its newline; owned */
};

struct mrg_lat_saved {
	char *path;		/* what errors and tables call it; owned */
	uint64_t events, lost, duration_ns;
	struct mrg_lat_figure *figures;
	size_t nr;
	struct mrg_lat_condition *conditions;
	size_t nr_conditions;
	struct mrg_lat_tale *tales;	/* of its longest intervals */
	size_t nr_tales;
};

/*
 * Makes a run of a result; histograms move over, the result keeps the rest.
 * @path: copied.  mrg_lat_saved_finish() also after a failure.
 */
int mrg_lat_saved_take(struct mrg_lat_saved *ret, const struct mrg_set *set,
		       struct mrg_lat_result *result, const char *path);
/* False when memory for one of its texts was lacking. */
bool mrg_lat_condition_whole(const struct mrg_lat_condition *condition);
/* One more explained interval; texts are copied.  Return: 0 or -ENOMEM. */
int mrg_lat_saved_tell(struct mrg_lat_saved *saved, const struct mrg_lat_figure *figure,
		       const char *text, const char *excerpt);
void mrg_lat_saved_finish(struct mrg_lat_saved *saved);

/* As rt_write_file() does. */
int mrg_lat_save(const struct mrg_lat_saved *saved, const char *path, struct rt_err *err);
/* Return: 0; -EBADMSG where the file is none of ours, with what was expected. */
int mrg_lat_load(struct mrg_lat_saved *ret, const char *path, struct rt_err *err);
/* As mrg_lat_load(), of text in memory. */
int mrg_lat_load_text(struct mrg_lat_saved *ret, const char *text, size_t len, const char *name,
		      struct rt_err *err);

#endif /* MRG_LAT_SAVE_H */

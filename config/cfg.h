/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfg.h - kvmrt.cfg: the virtual machines of a host, as a person wrote them
 *
 * A file is read into its virtual machines and keeps its own text beside them:
 * what kcfg_set() and its kin change is changed in the text as well, and all
 * else of it (comments, order, unknown lines) is written back as it was.
 * kvmrt.cfg(5) describes the format; attr.c has the attributes.
 */
#ifndef KCFG_CFG_H
#define KCFG_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cpulist.h"

struct rt_buf;
struct rt_err;

#define KCFG_PATH	"/etc/kvmrt.cfg"
#define KCFG_MAX_SIZE	(8u << 20)	/* of the file: thousands of virtual machines */
#define KCFG_UUID_LEN	36
#define KCFG_MAX_NODES	1024		/* MAX_NUMNODES of any kernel */

enum kcfg_attr_id {
	KCFG_NAME, KCFG_TITLE, KCFG_DESCRIPTION, KCFG_NR_VCPUS, KCFG_CPU_TOPOLOGY, KCFG_CPUSET,
	KCFG_RT, KCFG_RT_MEMORY, KCFG_NUMATUNE, KCFG_HIDE_KVM, KCFG_AUTOSTART, KCFG_DISABLED,
	KCFG_EMULATOR_CPUSET, KCFG_VCPU_PRIORITY, KCFG_GS, KCFG_HUGEPAGES, KCFG_COMMENTS,
	KCFG_NR_ATTRS
};

enum kcfg_type {
	KCFG_STRING,		/* char *: one line */
	KCFG_TEXT,		/* char *: lines parted by \n */
	KCFG_CPUS,		/* char *: a CPUSET as it was written; config/place.h resolves it */
	KCFG_UINT,		/* unsigned int */
	KCFG_BOOL,		/* bool */
	KCFG_BOOL_AUTO,		/* enum kcfg_auto */
	KCFG_TOPOLOGY,		/* struct kcfg_topology */
	KCFG_NODES,		/* struct kcfg_nodes */
	KCFG_PAGES,		/* uint64_t */
};

enum kcfg_auto { KCFG_NO, KCFG_YES, KCFG_AUTO };

/* What the guest sees; all 0 is "auto": one socket, nr_vcpus cores, one thread. */
struct kcfg_topology {
	unsigned int sockets, cores, threads;
};

struct kcfg_nodes {
	bool automatic;		/* those of the CPUs */
	struct rt_cpuset set;	/* else these; empty: no restriction */
};

/* Sizes of huge pages. */
#define KCFG_PAGES_NONE		0
#define KCFG_PAGES_DEFAULT	1	/* the host's default size; else a size in bytes */

/* Texts are never NULL; "" where not set. */
struct kcfg_vm {
	char uuid[KCFG_UUID_LEN + 1];		/* lower case */
	char *name, *title, *description, *comments;
	char *cpuset, *emulator_cpuset;		/* CPUSETs as written */
	unsigned int nr_vcpus, vcpu_priority;
	struct kcfg_topology cpu_topology;
	bool rt, hide_kvm, autostart, disabled, gs;
	enum kcfg_auto rt_memory;
	struct kcfg_nodes numatune;
	uint64_t hugepages;
	unsigned int line;			/* of its section, from 1 */
	unsigned int lines[KCFG_NR_ATTRS];	/* of its attributes; 0: not in the file */
};

struct kcfg_attr {
	const char *name;	/* as tools write it; "nr vcpus" is read as well */
	enum kcfg_type type;
	const char *value;	/* the default, as it would be written */
	size_t offset;		/* in struct kcfg_vm */
	unsigned int min, max;	/* KCFG_UINT */
	bool rare;		/* a new section goes without it */
	const char *form;	/* of the value, for people: "number", "true or false" */
	const char *help;
};

extern const struct kcfg_attr kcfg_attrs[KCFG_NR_ATTRS];

/* A line that is not as it should be; @rule is the id of a row of rules.c. */
struct kcfg_fault {
	const char *rule;
	unsigned int line;
	char *text;		/* what was expected, and what was found */
};

bool kcfg_fault_is_error(const struct kcfg_fault *fault);

struct kcfg {
	char *path;		/* as in messages */
	struct kcfg_vm **vms;	/* in the order of the file */
	size_t nr_vms;
	struct kcfg_fault *faults;	/* in the order of the file */
	size_t nr_faults, nr_errors;	/* unknown attributes are faults, but no errors */
	struct kcfg_text *text;		/* of cfg.c and cfg-set.c alone */
};

/**
 * kcfg_read() - read a file; a bad line is a fault in the result, and no failure.
 * @ret: the caller's, kcfg_destroy().
 *
 * Of what is bad the default stands in the virtual machine.  Whoever acts on the
 * file looks at ->nr_errors first.  Return: 0; -EFBIG, -ENOENT or another -errno.
 */
int kcfg_read(struct kcfg **ret, const char *path, struct rt_err *err);
/* As kcfg_read(), of a text in memory; @path is for messages, and may not exist. */
int kcfg_parse(struct kcfg **ret, const char *path, const char *text, size_t len,
	       struct rt_err *err);
void kcfg_destroy(struct kcfg *cfg);

/* By UUID or by name; NULL where there is none.  The configuration's own. */
struct kcfg_vm *kcfg_find(const struct kcfg *cfg, const char *name_or_uuid);
/* The VM whose section a line is in; NULL in front of all, and in a section of none. */
struct kcfg_vm *kcfg_vm_at(const struct kcfg *cfg, unsigned int line);

/* The attribute of that name, blanks for underscores allowed, or KCFG_NR_ATTRS. */
enum kcfg_attr_id kcfg_attr_find(const char *name);
/* The value as a tool would write it: "auto", "0,2-3", "true". */
void kcfg_attr_format(struct rt_buf *out, const struct kcfg_vm *vm, enum kcfg_attr_id id);
/* A value out of a text of any case and with blanks; -EINVAL says what was expected and found. */
int kcfg_attr_parse(struct kcfg_vm *vm, enum kcfg_attr_id id, const char *text,
		    struct rt_err *err);
/*
 * The text as it comes back out of the file: no blanks at the ends of its lines,
 * no empty lines at its ends.  What is compared with a value goes through it.
 */
void kcfg_tidy(struct rt_buf *out, const char *text);

/**
 * kcfg_set() - change one value, in the virtual machine and in the text.
 * @value: as kcfg_attr_parse() takes it; one that means the same changes nothing.
 *
 * Return: 1 when something changed, 0 when not, or -errno with nothing changed.
 */
int kcfg_set(struct kcfg *cfg, struct kcfg_vm *vm, enum kcfg_attr_id id, const char *value,
	     struct rt_err *err);
/*
 * A new section at the end, with every attribute that is not rare at its default.
 * -EEXIST where the UUID is there already, -EINVAL where it is none.
 */
int kcfg_add(struct kcfg *cfg, const char *uuid, struct kcfg_vm **ret, struct rt_err *err);
/* Takes the section out, with the comments between its attributes; @vm is gone behind it. */
void kcfg_remove(struct kcfg *cfg, struct kcfg_vm *vm);
/* The whole file, to the byte what was read where nothing was changed. */
void kcfg_format(struct rt_buf *out, const struct kcfg *cfg);

/* "aeec46cc-0638-4949-ac04-146b233194a9" in any case; writes it in lower case. */
bool kcfg_uuid(char ret[KCFG_UUID_LEN + 1], const char *text, size_t len);

#endif /* KCFG_CFG_H */

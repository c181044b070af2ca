/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * where.c - an expression bound to the events of a set
 *
 * Each event gets its own list of tests.  What is the same for all records of an
 * event is decided here, so that most events are passed over by their id alone.
 */
#include "merge/where-local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

#define MAX_TESTS	256	/* of one event: comparisons of an expression */
#define MAX_WORDS	8192	/* looked through for a near miss */
#define DYNAMIC		0	/* beside WHERE_PASS and WHERE_FAIL */

/* Names of what a line shows of any event. */
static const char *const line_names[] = {
	"event", "host", "buffer", "cpu", "pid", "comm", "time", "vm", "vcpu", "mark", "fd",
};

struct binder {
	struct mrg_where *where;
	uint16_t member;
	const struct xt_event *event;	/* NULL: not described, or a derived line */
	const struct kev_name *derived;	/* NULL: the event's own line */
	struct where_test tests[MAX_TESTS + 1];	/* one more is cleared ahead: see bind_one() */
	unsigned int nr;
};

static void list_derived(struct mrg_where *where)
{
	const struct kev_name *row;
	size_t i;

	for (i = 0; (row = kev_name_at(i)) != NULL; i++) {
		if (row->from && where->nr_derived < WHERE_MAX_DERIVED)
			where->derived[where->nr_derived++] = row;
	}
}

int where_derived_index(const struct mrg_where *where, const char *name)
{
	int low = 0, high = (int)where->nr_derived - 1, mid, order;

	while (low <= high) {
		mid = (low + high) / 2;
		order = strcmp(name, where->derived[mid]->name);
		if (order == 0)
			return mid;
		if (order < 0)
			high = mid - 1;
		else
			low = mid + 1;
	}
	return -1;
}

/* ---- names of fields ---- */

static bool is_arg(const struct kev_arg *arg, const char *name)
{
	return strcmp(arg->field, name) == 0 || (arg->name && strcmp(arg->name, name) == 0) ||
	       (arg->label && strcmp(arg->label, name) == 0);
}

static const struct kev_arg *find_arg(const struct kev_event *kev, const char *name)
{
	unsigned int i;

	for (i = 0; kev && i < KEV_MAX_ARGS && kev->args[i].field; i++) {
		if (is_arg(&kev->args[i], name))
			return &kev->args[i];
	}
	return NULL;
}

static bool is_bytes(const struct mrg_arg *arg)
{
	return arg->show == KEV_STR || arg->show == KEV_DATA;
}

static bool is_plain_number(const struct mrg_arg *arg)
{
	return arg->show == KEV_DEC || arg->show == KEV_HEX || arg->show == KEV_SYSCALL_ARG0;
}

/* Does the event have a field of this name, ours or the kernel's? */
static bool find_field(const struct binder *binder, const char *name, int index,
		       struct where_operand *ret)
{
	const struct xt_event *event = binder->event;
	const struct kev_arg *arg = event ? find_arg(event->kev, name) : NULL;
	const struct xt_field *field = NULL;

	if (event)
		field = xt_event_field(event, arg ? arg->field : name);
	if (!field)
		return false;
	ret->arg = (struct mrg_arg){
		.label = name, .field = field, .show = arg ? arg->show : mrg_guess_show(field),
	};
	if (ret->arg.show == KEV_EXIT_REASON)
		ret->arg.second = xt_event_field(event, "isa");
	ret->source = is_bytes(&ret->arg) ? WHERE_BYTES : WHERE_FIELD;
	if (index >= 0) {
		ret->source = WHERE_ELEMENT;
		ret->index = (uint16_t)index;
		return field->elem_size > 0 && field->elem_size <= 8;
	}
	return true;
}

/* ---- names of the line ---- */

static bool is_line_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(line_names) / sizeof(*line_names); i++) {
		if (strcmp(line_names[i], name) == 0)
			return true;
	}
	return false;
}

/* A message from a guest, joined, or a descriptor. */
static bool find_derived(const struct kev_name *derived, const char *name,
			 struct where_operand *ret)
{
	if (strcmp(name, "fd") == 0 && strncmp(derived->name, "FILE_", 5) == 0)
		ret->source = WHERE_DERIVED_NUMBER;
	else if (strcmp(name, "mark") == 0 && strncmp(derived->name, "KVMRT_GS_LOG_", 13) == 0)
		ret->source = WHERE_DERIVED_TEXT;
	else
		return false;
	return true;
}

static bool find_mark(const struct binder *binder, struct where_operand *ret)
{
	const struct kev_event *kev = binder->event ? binder->event->kev : NULL;

	if (kev && kev->role == KEV_MARK)
		return find_field(binder, "buf", -1, ret);
	if (kev && (kev->role == KEV_GS_GUEST || kev->role == KEV_GS_HOST))
		return find_field(binder, "data", -1, ret);
	return false;
}

static bool find_on_line(const struct binder *binder, const struct where_leaf *leaf,
			 struct where_operand *ret)
{
	static const struct {
		const char *name;
		enum where_source source;
	} plain[] = {
		{ "cpu", WHERE_CPU }, { "pid", WHERE_PID }, { "time", WHERE_TIME },
		{ "comm", WHERE_COMM }, { "buffer", WHERE_BUFFER },
	};
	unsigned int i;

	for (i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if (strcmp(plain[i].name, leaf->name) == 0) {
			ret->source = plain[i].source;
			return true;
		}
	}
	if (binder->derived && find_derived(binder->derived, leaf->name, ret))
		return true;
	if (strcmp(leaf->name, "mark") == 0)
		return find_mark(binder, ret);
	if (strcmp(leaf->name, "vcpu") == 0) {
		if (!find_field(binder, leaf->name, -1, ret))
			ret->source = WHERE_VCPU;
		return true;
	}
	if (strcmp(leaf->name, "vm") == 0) {
		/* The field, where there is one, is what is shown of a VM that is not known. */
		find_field(binder, leaf->name, -1, ret);
		ret->source = leaf->value.is_number ? WHERE_VM : WHERE_VM_NAME;
		return true;
	}
	return find_field(binder, leaf->name, leaf->index, ret);
}

/* ---- what is the same for all records of an event ---- */

static int verdict(const struct where_leaf *leaf, bool is_same)
{
	bool wanted = leaf->op == WHERE_EQ || leaf->op == WHERE_LIKE;

	return is_same == wanted ? WHERE_PASS : WHERE_FAIL;
}

static bool is_order(const struct where_leaf *leaf)
{
	return leaf->op == WHERE_LT || leaf->op == WHERE_LE || leaf->op == WHERE_GT ||
	       leaf->op == WHERE_GE;
}

static int classify_event(const struct binder *binder, struct where_leaf *leaf)
{
	bool same = false;

	leaf->known = true;
	if (is_order(leaf))
		return WHERE_FAIL;
	if (binder->derived)
		same = mrg_word_is_derived(leaf->value.text, binder->derived);
	else if (binder->event)
		same = mrg_word_is_event(leaf->value.text, binder->event);
	leaf->fits |= same || mrg_word_in_catalogue(leaf->value.text);
	return verdict(leaf, same);
}

static int classify_host(const struct binder *binder, struct where_leaf *leaf)
{
	const char *label = binder->where->set->members[binder->member].label;
	bool same, glob = leaf->op == WHERE_LIKE || leaf->op == WHERE_UNLIKE;

	leaf->known = true;
	if (is_order(leaf))
		return WHERE_FAIL;
	same = glob ? rt_glob(leaf->value.text, label, false) :
	       strcmp(leaf->value.text, label) == 0;
	leaf->fits |= same;
	return verdict(leaf, same);
}

/* ---- does the value go with the name? ---- */

static const char *name_of(const struct mrg_arg *arg, unsigned int isa, uint64_t number)
{
	if (arg->show == KEV_EXIT_REASON)
		return kev_exit_name(isa, number);
	return kev_value_name((enum kev_show)arg->show, number);
}

/* All names that such a field can show; their number. */
static size_t shown_names(const struct mrg_arg *arg, const char **ret, size_t max)
{
	unsigned int isa;
	uint64_t number;
	const char *name;
	size_t nr = 0;

	for (isa = KEV_ISA_VMX; isa <= KEV_ISA_SVM; isa++) {
		for (number = 0; number < 2048; number++) {
			name = name_of(arg, isa, number);
			if (name && nr < max)
				ret[nr++] = name;
		}
		if (arg->show != KEV_EXIT_REASON)
			break;
	}
	for (number = UINT32_MAX - 1; number <= UINT32_MAX; number++) {
		name = name_of(arg, 0, number);
		if (name && nr < max)
			ret[nr++] = name;
	}
	return nr;
}

/* Kinds whose names are not all known here: any text will do. */
static bool is_open_kind(const struct mrg_arg *arg)
{
	return arg->show == KEV_SYMBOL || arg->show == KEV_CPUMASK ||
	       arg->show == MRG_SHOW_LIST || arg->show == KEV_HYPERCALL_NR ||
	       arg->show == KEV_TASK_STATE;
}

static bool is_shown_name(const struct mrg_arg *arg, const struct where_leaf *leaf)
{
	const char *names[2 * 2048];
	size_t i, nr = shown_names(arg, names, sizeof(names) / sizeof(*names));
	bool glob = leaf->op == WHERE_LIKE || leaf->op == WHERE_UNLIKE;

	for (i = 0; i < nr; i++) {
		if (glob ? rt_glob(leaf->value.text, names[i], false) :
		    strcmp(leaf->value.text, names[i]) == 0)
			return true;
	}
	return false;
}

/* Chooses between number and text.  Return: false where the value cannot be one. */
static bool choose_field(struct where_leaf *leaf, struct where_test *test)
{
	struct mrg_arg *arg = &test->left.arg;
	bool glob = leaf->op == WHERE_LIKE || leaf->op == WHERE_UNLIKE;

	if (test->left.source == WHERE_BYTES)
		return !is_order(leaf);
	if (test->left.source == WHERE_ELEMENT || (leaf->value.is_number && !glob &&
						   arg->show != MRG_SHOW_LIST &&
						   arg->show != KEV_CPUMASK)) {
		test->numbers = true;
		leaf->expects_number |= !leaf->value.is_number;
		return leaf->value.is_number && !glob;
	}
	test->left.source = WHERE_SHOWN;
	if (is_order(leaf) || (!glob && is_plain_number(arg))) {
		leaf->expects_number = true;
		return false;
	}
	return glob || is_open_kind(arg) || leaf->fits || is_shown_name(arg, leaf);
}

static bool choose(struct where_leaf *leaf, struct where_test *test)
{
	switch (test->left.source) {
	case WHERE_TIME:
		test->numbers = true;
		return leaf->op != WHERE_LIKE && leaf->op != WHERE_UNLIKE;
	case WHERE_CPU: case WHERE_PID: case WHERE_VCPU: case WHERE_VM: case WHERE_DERIVED_NUMBER:
		test->numbers = true;
		leaf->expects_number |= !leaf->value.is_number;
		return leaf->value.is_number && leaf->op != WHERE_LIKE && leaf->op != WHERE_UNLIKE;
	case WHERE_COMM: case WHERE_BUFFER: case WHERE_VM_NAME: case WHERE_DERIVED_TEXT:
		return !is_order(leaf);
	default:
		return choose_field(leaf, test);
	}
}

/* The other side is a field as well: both as numbers, or both as texts. */
static int pair_fields(const struct binder *binder, struct where_leaf *leaf,
		       struct where_test *test)
{
	bool glob = leaf->op == WHERE_LIKE || leaf->op == WHERE_UNLIKE;

	leaf->fits |= !glob;
	if (glob || !find_field(binder, leaf->value.text, -1, &test->right))
		return WHERE_FAIL;
	test->numbers = test->left.source != WHERE_BYTES && test->left.source != WHERE_COMM &&
			test->left.source != WHERE_VM_NAME && test->right.source != WHERE_BYTES;
	if (!test->numbers && (is_order(leaf) || test->right.source != WHERE_BYTES))
		return WHERE_FAIL;
	if (test->left.source == WHERE_VM_NAME)
		return WHERE_FAIL;
	return DYNAMIC;
}

static int classify(struct binder *binder, struct where_leaf *leaf, struct where_test *test)
{
	bool found;

	*test = (struct where_test){ .leaf = leaf };
	if (!leaf->own && strcmp(leaf->name, "event") == 0)
		return classify_event(binder, leaf);
	if (!leaf->own && strcmp(leaf->name, "host") == 0)
		return classify_host(binder, leaf);
	if (leaf->own || !is_line_name(leaf->name))
		found = find_field(binder, leaf->name, leaf->index, &test->left);
	else
		found = find_on_line(binder, leaf, &test->left);
	leaf->known |= found;
	if (!found)
		return WHERE_FAIL;
	if (leaf->value.field)
		return pair_fields(binder, leaf, test);
	if (!choose(leaf, test))
		return WHERE_FAIL;
	leaf->fits = true;
	return DYNAMIC;
}

/* ---- one event's list ---- */

/* Return: where to begin for this part: a test, or an end. */
static int compile(struct binder *binder, unsigned int at, int on_true, int on_false)
{
	const struct where_node *node = &binder->where->nodes[at];
	struct where_test *test;
	int kind;

	switch (node->kind) {
	case WHERE_NOT:
		return compile(binder, node->left, on_false, on_true);
	case WHERE_AND:
		return compile(binder, node->left,
			       compile(binder, node->right, on_true, on_false), on_false);
	case WHERE_OR:
		return compile(binder, node->left, on_true,
			       compile(binder, node->right, on_true, on_false));
	case WHERE_LEAF:
		break;
	}
	test = &binder->tests[binder->nr];
	kind = classify(binder, &binder->where->leaves[node->left], test);
	if (kind != DYNAMIC)
		return kind == WHERE_PASS ? on_true : on_false;
	test->on_true = (int16_t)on_true;
	test->on_false = (int16_t)on_false;
	return (int)binder->nr++;
}

/* Lists that are alike (of events without fields in question) share their tests. */
static int keep(struct binder *binder, int first, struct where_list *ret)
{
	struct where_block *block = binder->where->blocks;
	size_t bytes = binder->nr * sizeof(struct where_test);

	ret->first = (int16_t)first;
	if (first < 0)
		return 0;
	ret->nr = (uint16_t)binder->nr;
	if (!block || block->nr != binder->nr || memcmp(block->tests, binder->tests, bytes) != 0) {
		block = malloc(sizeof(*block) + bytes);
		if (!block)
			return -ENOMEM;
		memcpy(block->tests, binder->tests, bytes);
		block->nr = binder->nr;
		block->next = binder->where->blocks;
		binder->where->blocks = block;
	}
	ret->tests = block->tests;
	return 0;
}

static int bind_one(struct binder *binder, struct where_list *ret)
{
	int first;

	/* Padding too, for the comparison of lists. */
	memset(binder->tests, 0, sizeof(binder->tests[0]) * (binder->nr + 1));
	binder->nr = 0;
	first = compile(binder, binder->where->root, WHERE_PASS, WHERE_FAIL);
	return keep(binder, first, ret);
}

static int bind_member(struct binder *binder, struct where_member *member)
{
	struct xt_trace *trace = binder->where->set->members[binder->member].trace;
	unsigned int id, d;
	int rc = 0;

	member->nr = xt_trace_max_event_id(trace) + 1;
	member->events = calloc((size_t)member->nr + 1, sizeof(*member->events));
	if (!member->events)
		return -ENOMEM;
	binder->derived = NULL;
	/* The last one is for ids that no trace knows. */
	for (id = 0; id <= member->nr && rc == 0; id++) {
		binder->event = id < member->nr ? xt_trace_event(trace, id) : NULL;
		rc = bind_one(binder, &member->events[id]);
	}
	binder->event = NULL;
	for (d = 0; rc == 0 && d < binder->where->nr_derived; d++) {
		binder->derived = binder->where->derived[d];
		rc = bind_one(binder, &member->derived[d]);
	}
	return rc;
}

/* ---- what means nothing ---- */

static bool in_catalogue(const char *name)
{
	const struct kev_event *row;
	size_t i;

	for (i = 0; (row = kev_event_at(i)) != NULL; i++) {
		if (find_arg(row, name))
			return true;
	}
	return false;
}

/* Everything that could have been meant by a field's name. */
static size_t field_words(const struct mrg_where *where, const char **ret, size_t max)
{
	const struct xt_event *event;
	const struct kev_event *row;
	unsigned int id, f;
	size_t i, m, nr = 0;

	for (i = 0; i < sizeof(line_names) / sizeof(*line_names); i++)
		ret[nr++] = line_names[i];
	for (i = 0; (row = kev_event_at(i)) != NULL; i++) {
		for (f = 0; f < KEV_MAX_ARGS && row->args[f].field && nr < max; f++)
			ret[nr++] = row->args[f].name ? row->args[f].name : row->args[f].field;
	}
	for (m = 0; m < where->set->nr; m++) {
		for (id = 0; id <= xt_trace_max_event_id(where->set->members[m].trace); id++) {
			event = xt_trace_event(where->set->members[m].trace, id);
			for (f = 0; event && f < event->nr_fields && nr < max; f++)
				ret[nr++] = event->fields[f].name;
		}
	}
	return nr;
}

static int say_unknown_field(const struct mrg_where *where, const char *name, unsigned int at,
			     struct rt_err *err)
{
	const char **words = calloc(MAX_WORDS, sizeof(*words)), *near;
	size_t nr = words ? field_words(where, words, MAX_WORDS) : 0;
	bool any = words && rt_nearest(name, words, nr, &near, 1) > 0;
	int rc;

	rc = where_say(where, at, -EINVAL, err, "no event of these traces has a field \"%s\"%s%s%s",
		       name, any ? "; did you mean " : "", any ? near : "", any ? "?" : "");
	free(words);
	return rc;
}

static int say_unknown_host(const struct mrg_where *where, const struct where_leaf *leaf,
			    struct rt_err *err)
{
	return where_say(where, leaf->value.at, -EINVAL, err,
			 "no host \"%s\"; the first of %zu is %s", leaf->value.text,
			 where->set->nr, where->set->members[0].label);
}

/* Do threads that the host's trace does not list have the guest's label for a VM? */
static bool names_vm(const struct mrg_set *set, const struct mrg_member *guest)
{
	unsigned int nr_lanes = xt_trace_nr_lanes(guest->trace), l;
	const struct xt_info *host;
	size_t i;

	if (guest->host < 0)
		return false;
	host = xt_trace_info(set->members[guest->host].trace);
	for (l = 0; l < nr_lanes; l++) {
		for (i = 0; i < host->nr_vcpus && host->vcpus[i].tid != guest->lanes[l].vcpu_tid; )
			i++;
		if (guest->lanes[l].vcpu_tid > 0 && i == host->nr_vcpus)
			return true;
	}
	return false;
}

/* Does a host's trace name the VM, or a guest that was merged with its host? */
static bool is_vm(const struct mrg_where *where, const char *name, const char **ret_any)
{
	const struct mrg_member *member;
	const struct xt_info *info;
	size_t m, i;

	for (m = 0; m < where->set->nr; m++) {
		member = &where->set->members[m];
		info = xt_trace_info(member->trace);
		for (i = 0; i < info->nr_vcpus; i++) {
			if (strcmp(info->vcpus[i].vm, name) == 0)
				return true;
			if (info->vcpus[i].vm[0])
				*ret_any = info->vcpus[i].vm;
		}
		if (!names_vm(where->set, member))
			continue;
		if (strcmp(member->label, name) == 0)
			return true;
		*ret_any = member->label;
	}
	return false;
}

/* A name of a VM that none has is a mistake: it would let nothing through, and say nothing. */
static int check_vm(const struct mrg_where *where, const struct where_leaf *leaf,
		    struct rt_err *err)
{
	const char *text = leaf->value.text, *any = NULL;

	if (leaf->own || strcmp(leaf->name, "vm") != 0 || leaf->value.is_number ||
	    leaf->value.field || leaf->op != WHERE_EQ || !*text || is_vm(where, text, &any))
		return 0;
	if (!any)
		return where_say(where, leaf->value.at, -EINVAL, err, "no VM \"%s\": these traces "
				 "name none; expected the PID of its process", text);
	return where_say(where, leaf->value.at, -EINVAL, err, "no VM \"%s\"; one is %s", text, any);
}

/* The first event's field of that name that shows names. */
static bool find_named(const struct mrg_where *where, const char *name, struct mrg_arg *ret)
{
	const struct kev_event *row;
	const struct kev_arg *arg;
	size_t i;

	(void)where;
	for (i = 0; (row = kev_event_at(i)) != NULL; i++) {
		arg = find_arg(row, name);
		if (!arg)
			continue;
		*ret = (struct mrg_arg){ .show = arg->show };
		return true;
	}
	return false;
}

static int say_unknown_name(const struct mrg_where *where, const struct where_leaf *leaf,
			    struct rt_err *err)
{
	const char *names[2 * 2048], *near;
	struct mrg_arg arg;
	size_t nr = 0;

	if (find_named(where, leaf->name, &arg))
		nr = shown_names(&arg, names, sizeof(names) / sizeof(*names));
	if (rt_nearest(leaf->value.text, names, nr, &near, 1) > 0)
		return where_say(where, leaf->value.at, -EINVAL, err,
				 "\"%s\" is no %s; did you mean %s?", leaf->value.text, leaf->name,
				 near);
	return where_say(where, leaf->value.at, -EINVAL, err, "\"%s\" is no %s", leaf->value.text,
			 leaf->name);
}

static int complain(const struct mrg_where *where, const struct where_leaf *leaf,
		    struct rt_err *err)
{
	if (is_order(leaf) && !leaf->expects_number)
		return where_say(where, leaf->at, -EINVAL, err,
				 "%s has no order: expected ==, !=, =~ or !~", leaf->name);
	if (!leaf->own && strcmp(leaf->name, "host") == 0)
		return say_unknown_host(where, leaf, err);
	if (!leaf->own && strcmp(leaf->name, "event") == 0) {
		struct rt_err why = { 0 };

		mrg_word_unknown(where->set, leaf->value.text, &why);
		return where_say(where, leaf->value.at, -EINVAL, err, "%s", why.text);
	}
	if (leaf->op == WHERE_LIKE || leaf->op == WHERE_UNLIKE)
		return where_say(where, leaf->at, -EINVAL, err, "%s is a number: expected ==, !=, "
				 "<, <=, > or >=", leaf->name);
	if (leaf->expects_number)
		return where_say(where, leaf->value.at, -EINVAL, err,
				 "expected a number, found \"%s\"", leaf->value.text);
	return say_unknown_name(where, leaf, err);
}

static bool is_field_of_set(const struct mrg_where *where, const char *name)
{
	const char *const only[] = { name };
	const struct xt_event *event;
	unsigned int id;
	size_t m;

	for (m = 0; m < where->set->nr; m++) {
		for (id = 0; id <= xt_trace_max_event_id(where->set->members[m].trace); id++) {
			event = xt_trace_event(where->set->members[m].trace, id);
			if (event && xt_event_field(event, only[0]))
				return true;
		}
	}
	return false;
}

/* By our name or the kernel's; what may as well be a word of a mark is none. */
static bool is_event_name(const char *text)
{
	const char *full = kev_full_name(text);
	const struct kev_event *row;
	size_t i;

	for (i = 0; (row = kev_event_at(i)) != NULL; i++) {
		if (strcmp(row->name, full) == 0 || strcmp(row->event, text) == 0)
			return strchr(text, '_') != NULL;
	}
	return false;
}

static int check_leaf(const struct mrg_where *where, const struct where_leaf *leaf,
		      struct rt_err *err)
{
	if (leaf->alone && !leaf->value.quoted && is_event_name(leaf->value.text))
		return where_say(where, leaf->value.at, -EINVAL, err, "for the event write event "
				 "== %s, for a mark with this text \"%s\"", leaf->value.text,
				 leaf->value.text);
	if (leaf->alone && !leaf->value.quoted &&
	    (is_line_name(leaf->value.text) || in_catalogue(leaf->value.text)))
		return where_say(where, leaf->value.at + (unsigned int)strlen(leaf->value.text),
				 -EINVAL, err, "expected ==, !=, <, <=, >, >=, =~ or !~ behind the "
				 "name; for a mark with this text write \"%s\"", leaf->value.text);
	if (leaf->value.field && !in_catalogue(leaf->value.text) &&
	    !is_field_of_set(where, leaf->value.text))
		return say_unknown_field(where, leaf->value.text, leaf->value.at + 1, err);
	if (leaf->known)
		return leaf->fits ? check_vm(where, leaf, err) : complain(where, leaf, err);
	if ((is_line_name(leaf->name) && !leaf->own) || in_catalogue(leaf->name))
		return 0;	/* no event of these traces has it, but others do */
	return say_unknown_field(where, leaf->name, leaf->at, err);
}

/* ---- an expression ---- */

static int prepare_leaves(struct mrg_where *where, enum mrg_time_mode mode, struct rt_err *err)
{
	struct where_leaf *leaf;
	struct rt_err why = { 0 };
	unsigned int i;

	for (i = 0; i < where->nr_leaves; i++) {
		leaf = &where->leaves[i];
		if (!leaf->value.quoted && rt_is_glob(leaf->value.text) && leaf->op == WHERE_EQ)
			leaf->op = WHERE_LIKE;
		if (!leaf->value.quoted && rt_is_glob(leaf->value.text) && leaf->op == WHERE_NE)
			leaf->op = WHERE_UNLIKE;
		if (leaf->own)
			continue;
		where->needs_names |= strcmp(leaf->name, "comm") == 0;
		if (strcmp(leaf->name, "time") == 0 &&
		    mrg_parse_when(where->set, mode, leaf->value.text, &leaf->time, &why) < 0)
			return where_say(where, leaf->value.at, -EINVAL, err, "%s", why.text);
	}
	return 0;
}

int mrg_where_bind(struct mrg_where *where, const struct mrg_set *set, enum mrg_time_mode mode,
		   struct rt_err *err)
{
	struct binder *binder = calloc(1, sizeof(*binder));
	unsigned int i;
	int rc;
	size_t m;

	where->set = set;
	where->members = calloc(set->nr + 1, sizeof(*where->members));
	if (!binder || !where->members) {
		free(binder);
		return rt_err_set(err, -ENOMEM, "cannot prepare the expression");
	}
	binder->where = where;
	where->nr_members = set->nr;
	list_derived(where);
	rc = prepare_leaves(where, mode, err);
	for (m = 0; m < set->nr && rc == 0; m++) {
		binder->member = (uint16_t)m;
		rc = bind_member(binder, &where->members[m]);
		if (rc < 0)
			rt_err_set(err, rc, "cannot prepare the expression");
	}
	for (i = 0; i < where->nr_leaves && rc == 0; i++)
		rc = check_leaf(where, &where->leaves[i], err);
	free(binder);
	return rc;
}

void mrg_where_destroy(struct mrg_where *where)
{
	struct where_block *block;
	unsigned int i;
	size_t m;

	if (!where)
		return;
	for (i = 0; where->leaves && i < where->nr_leaves; i++) {
		free(where->leaves[i].name);
		free(where->leaves[i].value.text);
	}
	for (m = 0; where->members && m < where->nr_members; m++)
		free(where->members[m].events);
	while ((block = where->blocks)) {
		where->blocks = block->next;
		free(block);
	}
	free(where->members);
	free(where->nodes);
	free(where->leaves);
	free(where->text);
	free(where);
}

bool mrg_where_needs_begin(const struct mrg_where *where)
{
	const struct where_leaf *leaf;
	unsigned int i;

	for (i = 0; i < where->nr_leaves; i++) {
		leaf = &where->leaves[i];
		if (!leaf->own && strcmp(leaf->name, "time") == 0 && leaf->value.text[0] == '+')
			return true;
	}
	return false;
}

bool mrg_where_needs_names(const struct mrg_where *where)
{
	return where->needs_names;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-svg.c - the machine as a picture: the boxes of topo-tree.h, drawn
 *
 * A box has its title, memory as bars across it, what has CPUs in a grid, and devices
 * below each other.  A CPU is a group of class "cpu" with data-cpu, so that a
 * page can colour it; one that is offline is hatched.
 */
#include "tuning/topo-tree.h"

#include <stdio.h>
#include <string.h>

#include "lib/buf.h"

enum sizes {
	PAD = 6,		/* between a box and what is in it, and between neighbours */
	TITLE = 18,		/* height of a line of text */
	CPU_WIDTH = 40,
	CPU_HEIGHT = 24,
	LETTER = 7,		/* width, a little more than most have */
};

#define WANTED_SHAPE 1.7	/* width to height of a grid */

struct size {
	int w, h;
};

/* What stands in a grid of its own: a CPU beside groups is one of no known core. */
static const enum tune_box_kind grids[] = { TUNE_BOX_GROUP, TUNE_BOX_CPU };

#define NR_GRIDS (sizeof(grids) / sizeof(grids[0]))

struct grid {
	unsigned int n, columns;
	struct size cell;
};

static const char style[] =
	"svg{background:#fff}text{font:12px sans-serif;fill:#1c1c1c}"
	"rect{stroke:#555;stroke-width:1}"
	".machine>rect{fill:#fff}.package>rect{fill:#f3f1ec}.die>rect{fill:#e9e6de}"
	".node>rect{fill:#dcead6}.cache>rect{fill:#e4e7ee}.core>rect{fill:#c9d6ea}"
	".efficiency>rect{fill:#d9ccea}.cpu>rect{fill:#fff}.cpu>text{text-anchor:middle}"
	".offline>text{paint-order:stroke;stroke:#fff;stroke-width:3px}"
	".offline>rect{fill:url(#off)}.pci>rect{fill:#f3e2cc}.slot>rect{fill:#fff;"
	"stroke-dasharray:4 3}";

static const char defs[] =
	"<defs><pattern id=\"off\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	"patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" style=\"fill:#ddd;"
	"stroke:none\"/><line y2=\"6\" style=\"stroke:#888;stroke-width:3\"/></pattern></defs>";

/* ---- words ---- */

/* Names come from firmware and kernel: only printable ASCII gets into the picture. */
static void put_escaped(struct rt_buf *buf, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		switch (text[i]) {
		case '&':
			rt_buf_puts(buf, "&amp;");
			break;
		case '<':
			rt_buf_puts(buf, "&lt;");
			break;
		case '>':
			rt_buf_puts(buf, "&gt;");
			break;
		default:
			rt_buf_add(buf, text[i] >= ' ' && text[i] <= '~' ? text + i : "?", 1);
		}
	}
}

/* What is written into the box. */
static void title_of(struct rt_buf *text, const struct tune_topo *topo,
		     const struct tune_box *box)
{
	size_t len;

	if (box->kind == TUNE_BOX_CPU) {
		rt_buf_printf(text, "%u", box->cpu->number);
		return;
	}
	tune_box_name(text, box);
	len = text->len;
	if (box->kind != TUNE_BOX_PCI && box->level != TUNE_CORE) {
		rt_buf_puts(text, "  ");
		tune_box_details(text, topo, box);
		if (text->len == len + 2)
			text->len = len;
	}
	if (box->kind == TUNE_BOX_PCI)
		tune_box_state(text, box);
}

static int title_width(const struct tune_topo *topo, const struct tune_box *box)
{
	struct rt_buf text = { 0 };
	int width;

	title_of(&text, topo, box);
	width = (int)text.len * LETTER;
	rt_buf_finish(&text);
	return width;
}

static const char *class_of(const struct tune_topo *topo, const struct tune_box *box)
{
	static const char *const levels[TUNE_NR_LEVELS] = {
		[TUNE_PACKAGE] = "package", [TUNE_DIE] = "die", [TUNE_NODE] = "node",
		[TUNE_L3] = "cache", [TUNE_L2] = "cache", [TUNE_L1] = "cache", [TUNE_CORE] = "core",
	};
	const struct tune_cpu *first;

	switch (box->kind) {
	case TUNE_BOX_MACHINE:
		return "machine";
	case TUNE_BOX_CPU:
		return box->cpu->online ? "cpu" : "cpu offline";
	case TUNE_BOX_PCI:
		return "pci";
	case TUNE_BOX_SLOT:
		return "slot";
	case TUNE_BOX_GROUP:
		break;
	}
	if (box->level == TUNE_CORE) {
		first = tune_topo_cpu(topo, (unsigned int)rt_cpuset_next(&box->group->cpus, 0));
		if (first && first->kind == TUNE_KIND_EFFICIENCY)
			return "core efficiency";
	}
	return levels[box->level];
}

/* ---- sizes ---- */

static bool is_memory(const struct tune_box *box)
{
	return box->kind == TUNE_BOX_GROUP && box->level == TUNE_NODE && !box->n;
}

static bool is_device(const struct tune_box *box)
{
	return box->kind == TUNE_BOX_PCI || box->kind == TUNE_BOX_SLOT;
}

/* Memory and devices stand below each other, each as wide as the box. */
static bool is_row(const struct tune_box *box)
{
	return is_memory(box) || is_device(box);
}

static struct size size_of(const struct tune_topo *topo, const struct tune_box *box);

static int max(int a, int b)
{
	return a > b ? a : b;
}

/* How far a shape is from the one that is wanted; 1 is best. */
static double badness(const struct grid *grid, unsigned int columns)
{
	unsigned int rows = (grid->n + columns - 1) / columns;
	double shape = (double)columns * (grid->cell.w + PAD) / (rows * (grid->cell.h + PAD));

	/* places left over in the last row count as well */
	shape = shape > WANTED_SHAPE ? shape / WANTED_SHAPE : WANTED_SHAPE / shape;
	return shape + 2.0 * (rows * columns - grid->n) / grid->n;
}

/* Those of @kind in @box; a core's threads stand side by side. */
static struct grid grid_of(const struct tune_topo *topo, const struct tune_box *box,
			   enum tune_box_kind kind)
{
	struct grid grid = { .columns = 1 };
	struct size size;
	unsigned int i, columns;

	for (i = 0; i < box->n; i++) {
		if (is_row(box->v[i]) || box->v[i]->kind != kind)
			continue;
		size = size_of(topo, box->v[i]);
		grid.cell.w = max(grid.cell.w, size.w);
		grid.cell.h = max(grid.cell.h, size.h);
		grid.n++;
	}
	for (columns = 2; columns <= grid.n; columns++) {
		if (badness(&grid, columns) < badness(&grid, grid.columns))
			grid.columns = columns;
	}
	if (box->kind == TUNE_BOX_GROUP && box->level == TUNE_CORE && grid.n)
		grid.columns = grid.n;
	return grid;
}

static struct size grid_size(const struct grid *grid)
{
	int rows = (int)((grid->n + grid->columns - 1) / grid->columns);

	if (!grid->n)
		return (struct size){ 0 };
	return (struct size){ (int)grid->columns * (grid->cell.w + PAD),
			      rows * (grid->cell.h + PAD) };
}

static struct size size_of(const struct tune_topo *topo, const struct tune_box *box)
{
	struct size size = { CPU_WIDTH, CPU_HEIGHT }, inner;
	struct grid grid;
	unsigned int i;
	size_t kind;

	if (box->kind == TUNE_BOX_CPU)
		return size;
	size.w = title_width(topo, box) + 2 * PAD;
	size.h = TITLE + PAD;
	for (kind = 0; kind < NR_GRIDS; kind++) {
		grid = grid_of(topo, box, grids[kind]);
		inner = grid_size(&grid);
		size.w = max(size.w, inner.w + PAD);
		size.h += inner.h;
	}
	for (i = 0; i < box->n; i++) {
		if (!is_row(box->v[i]))
			continue;
		inner = size_of(topo, box->v[i]);
		size.w = max(size.w, inner.w + 2 * PAD);
		size.h += inner.h + PAD;
	}
	return size;
}

/* ---- drawing ---- */

struct pen {
	struct rt_buf *buf;
	const struct tune_topo *topo;
};

static void draw(const struct pen *pen, const struct tune_box *box, int x, int y,
		 struct size size);

static void draw_rows(const struct pen *pen, const struct tune_box *box, bool memory, int x,
		      int *y, int width)
{
	struct size size;
	unsigned int i;

	for (i = 0; i < box->n; i++) {
		if (memory ? !is_memory(box->v[i]) : !is_device(box->v[i]))
			continue;
		size = size_of(pen->topo, box->v[i]);
		size.w = width;
		draw(pen, box->v[i], x, *y, size);
		*y += size.h + PAD;
	}
}

static void draw_grid(const struct pen *pen, const struct tune_box *box,
		      enum tune_box_kind kind, int x, int *y, int width)
{
	struct grid grid = grid_of(pen->topo, box, kind);
	unsigned int i, at = 0;

	if (!grid.n)
		return;
	/* a box that is wider than its cells need gives them the rest */
	grid.cell.w = max(grid.cell.w, (width + PAD) / (int)grid.columns - PAD);
	for (i = 0; i < box->n; i++) {
		if (is_row(box->v[i]) || box->v[i]->kind != kind)
			continue;
		draw(pen, box->v[i], x + (int)(at % grid.columns) * (grid.cell.w + PAD),
		     *y + (int)(at / grid.columns) * (grid.cell.h + PAD), grid.cell);
		at++;
	}
	*y += grid_size(&grid).h;
}

static void draw_title(const struct pen *pen, const struct tune_box *box, int x, int y,
		       struct size size)
{
	bool cpu = box->kind == TUNE_BOX_CPU;
	struct rt_buf text = { 0 };

	title_of(&text, pen->topo, box);
	rt_buf_printf(pen->buf, "<text x=\"%d\" y=\"%d\">", cpu ? x + size.w / 2 : x + PAD,
		      cpu ? y + size.h / 2 + 4 : y + TITLE - 2);
	put_escaped(pen->buf, text.data, text.len);
	rt_buf_puts(pen->buf, "</text>");
	pen->buf->failed |= text.failed;
	rt_buf_finish(&text);
}

/* What a pointer that rests on the box shows. */
static void draw_hint(const struct pen *pen, const struct tune_box *box)
{
	struct rt_buf text = { 0 };
	size_t len;

	tune_box_name(&text, box);
	len = text.len;
	rt_buf_puts(&text, ": ");
	tune_box_details(&text, pen->topo, box);
	if (text.len == len + 2)
		text.len = len;
	tune_box_state(&text, box);
	rt_buf_puts(pen->buf, "<title>");
	put_escaped(pen->buf, text.data, text.len);
	rt_buf_puts(pen->buf, "</title>");
	rt_buf_finish(&text);
}

static void draw(const struct pen *pen, const struct tune_box *box, int x, int y,
		 struct size size)
{
	size_t kind;

	rt_buf_printf(pen->buf, "<g class=\"%s\"", class_of(pen->topo, box));
	if (box->kind == TUNE_BOX_CPU)
		rt_buf_printf(pen->buf, " data-cpu=\"%u\"", box->cpu->number);
	rt_buf_puts(pen->buf, ">");
	draw_hint(pen, box);
	rt_buf_printf(pen->buf, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>",
		      x, y, size.w, size.h);
	draw_title(pen, box, x, y, size);
	y += TITLE + PAD;
	draw_rows(pen, box, true, x + PAD, &y, size.w - 2 * PAD);
	for (kind = 0; kind < NR_GRIDS; kind++)
		draw_grid(pen, box, grids[kind], x + PAD, &y, size.w - 2 * PAD);
	draw_rows(pen, box, false, x + PAD, &y, size.w - 2 * PAD);
	rt_buf_puts(pen->buf, "</g>\n");
}

void tune_topo_svg(struct rt_buf *buf, const struct tune_topo *topo,
		   const struct tune_box *machine)
{
	const struct pen pen = { buf, topo };
	struct size size = size_of(topo, machine);

	rt_buf_printf(buf, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		      "viewBox=\"0 0 %d %d\">\n<style>%s</style>%s\n", size.w + 2 * PAD,
		      size.h + 2 * PAD, size.w + 2 * PAD, size.h + 2 * PAD, style, defs);
	draw(&pen, machine, PAD, PAD, size);
	rt_buf_puts(buf, "</svg>\n");
}

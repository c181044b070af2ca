/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-interview-screen.c - rates on a terminal, line by line, until q is pressed
 */
#include "tuning/cmd-interview.h"

#include <errno.h>
#include <math.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"

#define TOP_LINES	2	/* the state, and the names of the columns */
#define BOTTOM_LINES	1	/* the keys */

struct screen {
	struct interview *interview;
	const struct tune_rate **order;
	size_t order_room, nr_shown, first_line;
	bool paused, help;
	struct rt_err failure;	/* of the newest reading; code 0 while there is none */
};

static volatile sig_atomic_t ended;

static void on_end(int signo)
{
	(void)signo;
	ended = 1;
}

/* ---- what the keys do ---- */

static size_t page_lines(void)
{
	int lines = LINES - TOP_LINES - BOTTOM_LINES;

	return lines > 1 ? (size_t)lines : 1;
}

static void next_sort(struct screen *screen)
{
	enum tune_rate_sort *sort = &screen->interview->view.sort;

	*sort = *sort == TUNE_SORT_NAME ? TUNE_SORT_LISTED : *sort + 1;
}

static void next_kind(struct screen *screen)
{
	struct tune_rates_view *view = &screen->interview->view;

	if (!view->no_irqs && !view->no_softirqs) {
		view->no_softirqs = true;
	} else {
		view->no_irqs = !view->no_irqs;
		view->no_softirqs = false;
	}
	screen->first_line = 0;
}

static void toggle_changing(struct screen *screen)
{
	screen->interview->view.changing ^= true;
	screen->first_line = 0;
}

static void toggle_pause(struct screen *screen)
{
	screen->paused ^= true;
}

static void toggle_help(struct screen *screen)
{
	screen->help ^= true;
}

static void cpus_right(struct screen *screen)
{
	struct tune_rates_view *view = &screen->interview->view;
	const struct tune_rates *rates = &screen->interview->rates;

	if (view->first_cpu + tune_rates_columns(rates, view) < rates->nr_cpus)
		view->first_cpu++;
}

static void cpus_left(struct screen *screen)
{
	if (screen->interview->view.first_cpu)
		screen->interview->view.first_cpu--;
}

/* The last page is a whole one. */
static void lines_down(struct screen *screen, size_t by)
{
	size_t page = page_lines(), last = screen->nr_shown > page ? screen->nr_shown - page : 0;

	screen->first_line += by;
	if (screen->first_line > last)
		screen->first_line = last;
}

static void lines_up(struct screen *screen, size_t by)
{
	screen->first_line -= by < screen->first_line ? by : screen->first_line;
}

static void line_down(struct screen *screen) { lines_down(screen, 1); }
static void line_up(struct screen *screen) { lines_up(screen, 1); }
static void page_down(struct screen *screen) { lines_down(screen, page_lines()); }
static void page_up(struct screen *screen) { lines_up(screen, page_lines()); }
static void to_top(struct screen *screen) { screen->first_line = 0; }
static void to_end(struct screen *screen) { lines_down(screen, screen->nr_shown); }

static void quit(struct screen *screen)
{
	(void)screen;
	ended = 1;
}

/* Rows that stand together have one line of the help, on the first of them. */
static const struct {
	int key;
	void (*act)(struct screen *screen);
	const char *name, *help;
} keys[] = {
	{ 'q', quit, "q", "quit" },
	{ 's', next_sort, "s", "sort as listed, by total, by name" },
	{ 'c', toggle_changing, "c", "only what changes, or all" },
	{ 'k', next_kind, "k", "all, interrupts alone, softirqs alone" },
	{ ' ', toggle_pause, "space", "pause, and go on" },
	{ KEY_LEFT, cpus_left, "left, right", "other CPUs" },
	{ KEY_RIGHT, cpus_right, NULL, NULL },
	{ KEY_UP, line_up, "up, down", "other lines; page up, page down, home, end" },
	{ KEY_DOWN, line_down, NULL, NULL },
	{ KEY_PPAGE, page_up, NULL, NULL },
	{ KEY_NPAGE, page_down, NULL, NULL },
	{ KEY_HOME, to_top, NULL, NULL },
	{ KEY_END, to_end, NULL, NULL },
	{ '?', toggle_help, "?", "this help, and back" },
	{ 'h', toggle_help, NULL, NULL },
};

static void press(struct screen *screen, int key)
{
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].key == key)
			keys[i].act(screen);
	}
}

/* ---- what is drawn ---- */

static const char *kinds_shown(const struct tune_rates_view *view)
{
	return view->no_softirqs ? "irqs" : view->no_irqs ? "softirqs" :
	       "irqs and softirqs";
}

static void draw_state(const struct screen *screen)
{
	static const char *const sorts[] = { "as listed", "by total", "by name" };
	const struct interview *interview = screen->interview;
	const struct tune_rates_view *view = &interview->view;
	const struct tune_rates *rates = &interview->rates;
	unsigned int nr = tune_rates_columns(rates, view);
	time_t seconds = (time_t)(rates->time_ns / 1000000000);
	char text[RT_ERR_MAX + 32], at[16];
	struct tm tm;

	strftime(at, sizeof(at), "%H:%M:%S", localtime_r(&seconds, &tm));
	snprintf(text, sizeof(text), "%s%s  %u of %u CPUs  %zu %s%s, %s",
		 screen->paused ? "PAUSED " : "", at, nr, rates->nr_cpus, screen->nr_shown,
		 view->changing ? "changing " : "", kinds_shown(view), sorts[view->sort]);
	if (screen->failure.code)
		snprintf(text, sizeof(text), "%s  %s", at, screen->failure.text);
	attron(A_BOLD);
	mvaddnstr(0, 0, text, COLS);
	attroff(A_BOLD);
}

static void draw_lines(struct screen *screen)
{
	struct interview *interview = screen->interview;
	struct tune_rates_view *view = &interview->view;
	struct rt_buf text = { 0 };
	size_t i, line;

	tune_rates_put_head(&text, &interview->rates, view);
	attron(A_REVERSE);
	if (rt_buf_str(&text))
		mvprintw(1, 0, "%-*s", COLS, text.data);
	attroff(A_REVERSE);
	for (i = 0; i < page_lines() && screen->first_line + i < screen->nr_shown; i++) {
		line = screen->first_line + i;
		text.len = 0;
		tune_rates_put_line(&text, &interview->rates, screen->order[line], view);
		if (!(screen->order[line]->total > 0))
			attron(A_DIM);
		if (rt_buf_str(&text))
			mvaddnstr((int)i + TOP_LINES, 0, text.data, COLS);
		attroff(A_DIM);
	}
	rt_buf_finish(&text);
}

static void draw_help(void)
{
	int line = TOP_LINES;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].name)
			mvprintw(line++, 2, "%-12s %s", keys[i].name, keys[i].help);
	}
	mvprintw(line + 1, 2, "Rates are a second; \".\" is none, \"-\" is not known (yet).");
}

static void draw(struct screen *screen)
{
	struct interview *interview = screen->interview;

	interview->view.width = (unsigned int)COLS;
	screen->nr_shown = tune_rates_order(&interview->rates, &interview->view, screen->order);
	lines_down(screen, 0);
	erase();
	draw_state(screen);
	if (screen->help)
		draw_help();
	else
		draw_lines(screen);
	mvaddnstr(LINES - 1, 0, "q quit  s sort  c changing  k kind  space pause  ? help", COLS);
	refresh();
}

/* ---- time ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A failed reading is shown, and the next one is tried. */
static int take_reading(struct screen *screen, struct rt_err *err)
{
	struct interview *interview = screen->interview;
	const struct tune_rate **order;

	screen->failure = (struct rt_err){ 0 };
	if (tune_rates_read(&interview->rates, interview->root, &interview->choice,
			    &screen->failure) < 0)
		return 0;
	if (interview->rates.n > screen->order_room) {
		order = reallocarray(screen->order, interview->rates.n, sizeof(*order));
		if (!order)
			return rt_err_set(err, -ENOMEM, "%zu lines", interview->rates.n);
		screen->order = order;
		screen->order_room = interview->rates.n;
	}
	return 0;
}

/* Acts on every key that comes until then; false when standard input has ended. */
static bool keys_until(struct screen *screen, uint64_t until_ns)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t now = now_ns();
	int key;

	while (!ended && now < until_ns) {
		if (poll(&in, 1, (int)((until_ns - now) / 1000000 + 1)) > 0 &&
		    !(in.revents & POLLIN))
			return false;
		while ((key = getch()) != ERR)
			press(screen, key);
		draw(screen);
		now = now_ns();
	}
	return true;
}

static int run(struct screen *screen, struct rt_err *err)
{
	uint64_t next = now_ns();
	int rc = take_reading(screen, err);

	while (rc == 0 && !ended) {
		draw(screen);
		/* the first comparison comes soon; behind a pause no reading is made up for */
		next += screen->interview->rates.seconds > 0 ? screen->interview->interval_ns :
			screen->interview->interval_ns / 4;
		if (next < now_ns())
			next = now_ns() + screen->interview->interval_ns;
		if (!keys_until(screen, next))
			break;
		if (!screen->paused && !ended)
			rc = take_reading(screen, err);
	}
	return rc;
}

int interview_screen(struct interview *interview, struct rt_err *err)
{
	const struct sigaction action = { .sa_handler = on_end };
	struct screen screen = { .interview = interview };
	SCREEN *terminal;
	int rc;

	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return rt_err_say(err, RT_ECANNOT, "this terminal (TERM is \"%s\") is not known: "
				  "--text prints lines", getenv("TERM") ? getenv("TERM") : "");
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, true);
	nodelay(stdscr, true);
	rc = run(&screen, err);
	endwin();
	delscreen(terminal);
	free(screen.order);
	return rc;
}

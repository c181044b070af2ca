'use strict';
/* page.js - what all pages do: follow the server's events, say whether they still come */

const $ = (id) => document.getElementById(id);

/* An element with attributes, and children or text. */
function make(tag, attributes, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {})) {
		if (value !== null && value !== undefined && value !== false)
			element.setAttribute(name, value === true ? '' : value);
	}
	element.append(...children);
	return element;
}

/* Touches the page only where something has changed: selections and scrolling stay. */
function setText(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}
function setClass(element, name) {
	if (element.className !== name)
		element.className = name;
}

function clock(seconds) {
	return new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
}

function rateText(rate) {
	if (rate === null)
		return '\u2013';
	if (rate === 0)
		return '\u00b7';
	if (rate >= 1e6)
		return (rate / 1e6).toFixed(1) + 'M';
	return rate >= 9.95 ? rate.toFixed(0) : rate >= 0.095 ? rate.toFixed(1) : rate.toFixed(3);
}

function bytesText(bytes) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	for (; bytes >= 1024 && i < units.length - 1; i++)
		bytes /= 1024;
	return (bytes >= 10 || Number.isInteger(bytes) ? Math.round(bytes) : bytes.toFixed(1)) + ' ' + units[i];
}

/* "0-2,5": a function that says whether a CPU is in it; null for no list at all. */
function cpuList(text) {
	const parts = text.split(',').map((part) => part.trim()).filter(Boolean)
		.map((part) => part.match(/^(\d+)(?:-(\d+))?$/));
	if (parts.some((part) => !part))
		return null;
	const ranges = parts.map((part) => [Number(part[1]), Number(part[2] || part[1])]);
	return (cpu) => ranges.length === 0 || ranges.some(([from, to]) => cpu >= from && cpu <= to);
}

const live = {
	paused: false, newest: null, at: null, lastEvent: 0, gap: 1000, source: null, show: null,
};

function say(is, text) {
	document.body.dataset.is = is;
	$('state').dataset.is = is;
	setText($('state'), text);
}

function sayLive() {
	say('live', (live.paused ? 'paused at ' : 'live, ') + live.at);
}

function sayLost() {
	say('lost', live.at ? 'server ended, last data at ' + live.at + '; trying again' :
		'no answer from the server; trying again');
}

function arrived() {
	const now = Date.now();
	if (live.lastEvent)
		live.gap = Math.max(live.gap * 0.7, Math.min(now - live.lastEvent, 60000));
	live.lastEvent = now;
	if (!live.paused)
		live.at = clock(now / 1000);
	sayLive();
}

function connect() {
	const source = live.source = new EventSource('events');
	source.onmessage = (event) => {
		live.newest = JSON.parse(event.data);
		if (!live.paused)
			live.show(live.newest);
		arrived();
	};
	source.addEventListener('same', arrived);
	source.addEventListener('failed', (event) => {
		live.lastEvent = Date.now();
		say('lost', 'cannot read: ' + JSON.parse(event.data));
	});
	/* A browser gives up for good where it is refused: another server may be there by now. */
	source.onerror = () => {
		sayLost();
		source.close();
		setTimeout(connect, 2000);
	};
}

/* A connection may hang without an error, as through a tunnel that is cut. */
function watch() {
	if (live.lastEvent && Date.now() - live.lastEvent > 5000 + 4 * live.gap)
		sayLost();
}

/* show: is given each reading. */
function follow(show) {
	live.show = show;
	connect();
	setInterval(watch, 1000);
}

function again() {
	if (live.newest)
		live.show(live.newest);
}

function pauseButton(button) {
	button.addEventListener('click', () => {
		live.paused = !live.paused;
		button.setAttribute('aria-pressed', live.paused);
		setText(button, live.paused ? 'Go on' : 'Pause');
		if (live.lastEvent) {
			live.at = clock(Date.now() / 1000);
			sayLive();
		}
		if (!live.paused)
			again();
	});
}

/*
 * A table that is kept, not made anew.  columns: { name, text(row), class(row), n: a number,
 * sort(row) }; the first one heads its row.
 */
class Table {
	constructor(table, columns, options = {}) {
		this.table = table;
		this.key = options.key;
		this.order = options.order || null;	/* [column name, 'ascending' | 'descending'] */
		this.rows = new Map();
		this.head = table.createTHead().insertRow();
		this.body = table.createTBody();
		this.setColumns(columns);
	}

	setColumns(columns) {
		const names = columns.map((column) => column.name).join('\n');
		this.columns = columns;
		if (names === this.names)
			return;
		this.names = names;
		this.rows.clear();
		this.body.replaceChildren();
		this.head.replaceChildren(...columns.map((column) => {
			const th = make('th', { scope: 'col', class: column.n ? 'n' : null, title: column.help });
			if (column.sort) {
				const button = make('button', { type: 'button' }, column.name);
				button.addEventListener('click', () => this.sortBy(column));
				th.append(button);
			} else {
				th.append(column.name);
			}
			return th;
		}));
		this.markOrder();
	}

	sortBy(column) {
		const [name, way] = this.order || [];
		const first = column.n ? 'descending' : 'ascending';
		if (name !== column.name)
			this.order = [column.name, first];
		else
			this.order = way === first ?
				[name, first === 'ascending' ? 'descending' : 'ascending'] : null;
		this.markOrder();
		again();
	}

	markOrder() {
		this.columns.forEach((column, i) => {
			const th = this.head.cells[i];
			if (this.order && this.order[0] === column.name)
				th.setAttribute('aria-sort', this.order[1]);
			else
				th.removeAttribute('aria-sort');
		});
	}

	sorted(data) {
		const column = this.order && this.columns.find((c) => c.name === this.order[0]);
		if (!column)
			return data;
		const sign = this.order[1] === 'ascending' ? 1 : -1;
		return data.slice().sort((a, b) => {
			const x = column.sort(a), y = column.sort(b);
			if (x === null || y === null)
				return (x === null) - (y === null);
			return sign * (typeof x === 'string' ?
				x.localeCompare(y, undefined, { numeric: true }) : x - y);
		});
	}

	newRow() {
		const row = make('tr');
		this.columns.forEach((column, i) => row.append(i === 0 ?
			make('th', { scope: 'row' }) : make('td')));
		return row;
	}

	fill(data) {
		const seen = new Set();
		let next = this.body.firstChild;
		for (const item of this.sorted(data)) {
			const key = this.key(item);
			let row = this.rows.get(key);
			if (!row)
				this.rows.set(key, row = this.newRow());
			seen.add(key);
			this.columns.forEach((column, i) => {
				const text = column.text(item);
				const kind = (column.n ? 'n ' : '') + (column.class ? column.class(item) || '' : '');
				setText(row.cells[i], text);
				setClass(row.cells[i], kind.trim());
				if (column.title && row.cells[i].title !== text)
					row.cells[i].title = text;
			});
			if (row === next)
				next = next.nextSibling;
			else
				this.body.insertBefore(row, next);
		}
		for (const [key, row] of this.rows) {
			if (!seen.has(key)) {
				row.remove();
				this.rows.delete(key);
			}
		}
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
//
// page.mjs MODULES SHOTS URL NAME PID REGEX: the page at URL in headless Chromium, as its
// command's test asks for it.  MODULES is where playwright-core is, SHOTS a folder for
// screenshots, PID the server's, REGEX what the page must show.  Prints what is wrong.
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [modules, shots, url, name, pid, regex] = process.argv.slice(2);
const { chromium } = createRequire(modules + '/')('playwright-core');
const findings = [];
let injecting = false;	// a complaint of the browser is what is wanted then
const expect = (right, words) => { if (!right) findings.push(`${name}: ${words}`); };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Waits until @probe is true, or tells that it never was.
async function until(words, probe) {
	for (let i = 0; i < 100; i++) {
		if (await probe().catch(() => false))
			return;
		await sleep(100);
	}
	findings.push(`${name}: ${words}`);
}

// A way to the server that can be cut, as a tunnel is.
function makeTunnel(port) {
	const open = new Set();
	const server = createServer((client) => {
		const there = connect(port, '127.0.0.1');
		for (const [a, b] of [[client, there], [there, client]]) {
			a.pipe(b);
			a.on('error', () => b.destroy());
			a.on('close', () => { b.destroy(); open.delete(a); });
			open.add(a);
		}
	});
	const listen = (at) => new Promise((done) => server.listen(at, '127.0.0.1', done));
	return {
		listen, port: () => server.address().port,
		cut: () => new Promise((done) => { server.close(done); open.forEach((s) => s.destroy()); }),
	};
}

const state = (page) => page.locator('#state').textContent();

async function load(page, requests) {
	page.on('pageerror', (error) => findings.push(`${name}: error in the page: ${error.message}`));
	page.on('console', (message) => {
		if (message.type() === 'error' && !injecting && !/ERR_|Failed to load/.test(message.text()))
			findings.push(`${name}: console: ${message.text()}`);
	});
	page.on('request', (request) => requests.push(request.url()));
	await page.goto(url);
	await until('not live', async () => (await state(page)).startsWith('live'));
	await until(`does not show ${regex}`, async () =>
		new RegExp(regex).test(await page.locator('main').innerText()));
}

async function updates(page) {
	const first = await state(page);
	await until('does not update', async () => (await state(page)) !== first);
}

// The page alone asks, of its own server, with the token; and the source names nothing else.
async function selfContained(page, requests) {
	for (const asked of requests)
		expect(asked.startsWith(url) || asked.startsWith('data:'), `asks for ${asked}`);
	const source = await (await page.request.get(url)).text();
	expect(!/(?:src|href)\s*=\s*"(?!data:|#)/.test(source), 'names another file');
	expect(!/url\(|@import|https?:\/\//.test(source), 'names an address');
	injecting = true;
	const injected = await page.evaluate(() => {
		const script = document.createElement('script');
		script.textContent = 'window.injected = true';
		document.body.append(script);
		return window.injected === true;
	});
	expect(!injected, 'runs a script without the nonce');
}

async function fits(page) {
	for (const width of [320, 375, 768, 1280]) {
		await page.setViewportSize({ width, height: 800 });
		await sleep(150);
		const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
		expect(wide <= 0, `is ${wide} px too wide in a window of ${width} px`);
	}
}

// Names for what is read aloud: every control has a label, every table a caption and heads.
async function accessible(page) {
	const wrong = await page.evaluate(() => {
		const shown = (e) => e.checkVisibility();
		const bad = [];
		for (const e of [...document.querySelectorAll('input, select, button')].filter(shown))
			if (!e.closest('label') && !e.getAttribute('aria-label') && !e.textContent.trim())
				bad.push('a control without a name');
		for (const table of [...document.querySelectorAll('table')].filter(shown)) {
			if (!table.caption) bad.push('a table without a caption');
			if (!table.querySelector('thead th[scope=col]')) bad.push('a table without heads');
			if (table.tBodies[0].rows.length && !table.querySelector('tbody th[scope=row]'))
				bad.push('rows without heads');
		}
		if (document.querySelectorAll('h1').length !== 1) bad.push('not one h1');
		return bad;
	});
	wrong.forEach((words) => findings.push(`${name}: ${words}`));
}

async function survivesACut(browser) {
	const tunnel = makeTunnel(Number(new URL(url).port));
	await tunnel.listen(0);
	const port = tunnel.port(), page = await browser.newPage();
	await page.goto(url.replace(/:\d+/, ':' + port));
	await until('not live through a tunnel', async () => (await state(page)).startsWith('live'));
	await tunnel.cut();
	await until('does not say that the server went away', async () =>
		/^server ended, last data at \d+:\d+:\d+/.test(await state(page)));
	await tunnel.listen(port);
	await until('does not come back', async () => (await state(page)).startsWith('live'));
	await page.close();
	await tunnel.cut();
}

async function survivesTheEnd(page) {
	process.kill(Number(pid), 'SIGTERM');
	await until('does not say that the server ended', async () =>
		/^server ended, last data at \d+:\d+:\d+/.test(await state(page)));
	expect(new RegExp(regex).test(await page.locator('main').innerText()), 'forgets its data');
}

async function shoot(page, label, width, colorScheme) {
	await page.emulateMedia({ colorScheme });
	await page.setViewportSize({ width, height: 800 });
	await sleep(200);
	await page.screenshot({ path: join(shots, `${name}-${label}.png`) });
}

const profile = mkdtempSync(join(tmpdir(), 'kvmrt-chromium-'));
const browser = await chromium.launchPersistentContext(profile, {
	executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true,
	args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
		'--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
	const page = await browser.newPage(), requests = [];
	await load(page, requests);
	await updates(page);
	await selfContained(page, requests);
	await fits(page);
	await accessible(page);
	await shoot(page, 'light', 1280, 'light');
	await shoot(page, 'dark', 1280, 'dark');
	await shoot(page, 'narrow', 375, 'light');
	await survivesACut(browser);
	await survivesTheEnd(page);
} catch (error) {
	findings.push(`${name}: ${error.message}`);
} finally {
	await browser.close();
	rmSync(profile, { recursive: true, force: true });
}
findings.forEach((words) => console.log(words));
process.exit(findings.length ? 1 : 0);

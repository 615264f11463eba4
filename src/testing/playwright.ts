/** Headless Chromium for tests of the dashboard's page. Chromium is that of the system, and playwright-core, which controls it, is
 * installed with what builds the page. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { securityHeaders } from '../dashboard/server/headers.ts';
import { root } from './projects.ts';

export const pageFolder: string = join(root, 'web', 'dist');
const fromPage = createRequire(join(root, 'web', 'package.json'));

const chromium = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim())
  .find((path) => path);

/** Why tests in a browser are skipped, or false if they can run. */
export const withoutPage: string | false = whyNot();

function whyNot(): string | false {
  if (chromium === undefined) return 'Chromium is not installed';
  const installed = join(root, 'web', 'node_modules', 'playwright-core');
  if (!existsSync(installed) || !existsSync(join(pageFolder, 'index.html')))
    return 'run `npm run build` first';
  return false;
}

/** The parts of playwright-core that tests use. */
interface Playwright {
  readonly chromium: {
    launch(options: { executablePath: string; args: readonly string[] }): Promise<Browser>;
  };
}
interface Browser {
  newPage(options: Viewing): Promise<Page>;
  close(): Promise<void>;
}
export interface Viewing {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
}
export interface Locator {
  click(): Promise<void>;
  fill(text: string): Promise<void>;
  focus(): Promise<void>;
  count(): Promise<number>;
  first(): Locator;
  nth(index: number): Locator;
  locator(selector: string): Locator;
  textContent(): Promise<string | null>;
  allTextContents(): Promise<string[]>;
  getAttribute(name: string): Promise<string | null>;
  boundingBox(): Promise<{ x: number; y: number; width: number; height: number } | null>;
  waitFor(options?: { timeout: number }): Promise<void>;
  setInputFiles(files: string | readonly string[]): Promise<void>;
}
export interface Page {
  goto(address: string): Promise<unknown>;
  locator(selector: string): Locator;
  getByRole(role: string, options?: { name?: string | RegExp; exact?: boolean }): Locator;
  getByText(text: string | RegExp): Locator;
  /** Evaluates an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  waitForTimeout(millis: number): Promise<void>;
  screenshot(options: { path: string }): Promise<unknown>;
  on(event: 'pageerror', listener: (error: Error) => void): unknown;
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): unknown;
  on(event: 'request', listener: (request: { url(): string }) => void): unknown;
  readonly keyboard: { press(key: string): Promise<void> };
  readonly mouse: {
    move(x: number, y: number, options?: { steps: number }): Promise<void>;
    down(): Promise<void>;
    up(): Promise<void>;
    dblclick(x: number, y: number): Promise<void>;
  };
  close(): Promise<void>;
}

// The browser itself must not send requests either.
const quiet = ['quic', 'gpu', 'background-networking', 'component-update', 'sync'].map(
  (part) => `--disable-${part}`,
);

export interface Visit {
  readonly page: Page;
  /** Errors of the page, messages of its console, and requests that leave the server, in the order in which they happened. */
  readonly complaints: readonly string[];
  /** Paths of the requests to the server. */
  readonly requests: readonly string[];
}

/** Opens an empty page that may only visit one server, and calls `use`. The browser is closed at the end. */
export async function withVisit<T>(
  address: string,
  viewing: Viewing,
  use: (visit: Visit) => Promise<T>,
): Promise<T> {
  const playwright = fromPage('playwright-core') as Playwright;
  const browser = await playwright.chromium.launch({
    executablePath: chromium ?? '',
    args: ['--no-sandbox', '--no-first-run', ...quiet],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...viewing });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('pageerror', ({ stack = '' }) => complaints.push(stack));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('request', (request) => {
      const url = request.url();
      if (url.startsWith(address)) requests.push(new URL(url).pathname);
      else if (!/^(data|blob):/.test(url)) complaints.push(`the page requests ${url}`);
    });
    return await use({ page, complaints, requests });
  } finally {
    await browser.close();
  }
}

/** Waits until an expression is true in the page. (`waitForFunction` of playwright-core would evaluate it within the page, whose
 * Content-Security-Policy forbids that.)
 * @throws Error after 30 seconds */
export async function until(page: Page, expression: string): Promise<void> {
  const end = performance.now() + 30_000;
  while ((await page.evaluate(expression)) !== true) {
    if (performance.now() > end) throw new Error(`not true after 30 seconds: ${expression}`);
    await page.waitForTimeout(50);
  }
}

/** Returns the serious problems that axe-core finds in the page as it is now. */
export async function seriousProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(fromPage.resolve('axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate(`axe.run().then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 200)).join(' | ')))`);
  return found as readonly string[];
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.wasm': 'application/wasm',
};

/** Serves the built page and the `data/` of a folder, like a static export, with the headers of the dashboard. */
export async function withFileServer<T>(folder: string, use: (address: string) => Promise<T>): Promise<T> {
  const server = createServer(({ url = '/' }, response) => {
    const path = new URL(url, 'http://localhost').pathname;
    const file = path.startsWith('/data/')
      ? join(folder, path)
      : join(pageFolder, path === '/' ? 'index.html' : path);
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    try {
      const content = readFileSync(file);
      response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream').end(content);
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

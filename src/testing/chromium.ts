/** Headless Chromium for slow tests: pages that a local server serves from folders. Chromium is that of the system, and
 * puppeteer-core, which controls it, comes from the npm registry. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tools } from './projects.ts';

const program = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim())
  .find((path) => path);
const puppeteer =
  program === undefined
    ? { path: '', skip: 'Chromium is not installed' }
    : tools('puppeteer', ['puppeteer-core@25']);

/** Why tests in a browser are skipped, or false if they can run. */
export const withoutChromium: string | false = puppeteer.skip;

/** The parts of puppeteer-core that tests use. */
interface Puppeteer {
  launch(options: { executablePath: string; args: readonly string[] }): Promise<Browser>;
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}
export interface Page {
  goto(address: string): Promise<unknown>;
  on(event: 'pageerror', listener: (error: Error) => void): unknown;
  on(event: 'request', listener: (request: { url(): string }) => void): unknown;
  /** Evaluates an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  waitForFunction(expression: string, options?: { timeout: number }): Promise<unknown>;
  $(selector: string): Promise<{ uploadFile(path: string): Promise<void> } | null>;
  screenshot(options: { path: string }): Promise<unknown>;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Opens the page `index.html` of a folder and calls `use`. Everything is closed at the end.
 * @throws Error with the first error that the page does not handle, and when the page requests something from another site */
export async function withPage<T>(folder: string, use: (page: Page) => Promise<T>): Promise<T> {
  const server = createServer(({ url = '/' }, response) => {
    const path = url === '/' ? '/index.html' : url;
    try {
      const content = readFileSync(join(folder, path));
      response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream').end(content);
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, '127.0.0.1');
  const resolved = createRequire(join(puppeteer.path, 'package.json')).resolve('puppeteer-core');
  const module = (await import(pathToFileURL(resolved).href)) as { readonly default: Puppeteer };
  const browser = await module.default.launch({ executablePath: program ?? '', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const failed = new Promise<never>((_, reject) => {
      page.on('pageerror', reject);
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(address) && !/^(data|blob):/.test(url))
          reject(new Error(`the page requests ${url}`));
      });
    });
    await page.goto(address);
    return await Promise.race([use(page), failed]);
  } finally {
    await browser.close();
    server.close();
  }
}

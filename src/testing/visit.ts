/** A visit of the page in headless Chromium, at whose end nothing may have gone wrong. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestedAddresses } from './net-log.ts';
import { launch, type Page, type Viewing } from './playwright.ts';

export interface Visit {
  readonly page: Page;
  /** Paths of the requests to the server. */
  readonly requests: readonly string[];
  /** Fails if the page has complained: with an error, with a warning or an error in its console, or by a request to another server.
   * The end of a visit checks this too. */
  readonly requireNoComplaints: () => void;
  /** From now on, the page may complain about this. */
  readonly allowComplaints: (about: RegExp) => void;
}

export interface VisitOptions extends Viewing {
  /** Whether there is a camera. It shows Chromium's test picture, and may be used without asking. */
  readonly hasCamera?: boolean;
  /** Whether there is a GPU. Chromium emulates it. */
  readonly hasGpu?: boolean;
}

// The browser itself must not send requests either. Whatever it tries finds no server.
const quiet = [
  ...['quic', 'gpu', 'background-networking', 'component-update', 'sync'].map((part) => `--disable-${part}`),
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];
const gpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
const camera = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];

/** Opens an empty page that may only visit one server, and calls `use`. The browser is closed at the end.
 * @throws AssertionError if the page complained */
export async function withVisit<T>(
  address: string,
  { hasCamera = false, hasGpu = false, ...viewing }: VisitOptions,
  use: (visit: Visit) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-visit-'));
  const netLog = join(folder, 'net-log.json');
  const args = [
    '--no-sandbox',
    '--no-first-run',
    ...quiet,
    ...(hasCamera ? camera : []),
    ...(hasGpu ? gpu : []),
  ];
  try {
    const browser = await launch([...args, `--log-net-log=${netLog}`]);
    const complaints: string[] = [];
    const requests: string[] = [];
    const allowed: RegExp[] = [];
    const requireNoComplaints = () => assert.deepEqual(complaints, []);
    const complain = (about: string) => {
      if (!allowed.some((pattern) => pattern.test(about))) complaints.push(about);
    };
    const isElsewhere = (url: string) => !url.startsWith(address) && !/^(data|blob):/.test(url);
    const result = await (async () => {
      try {
        const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...viewing });
        page.on('pageerror', ({ stack = '' }) => complain(stack));
        page.on('console', (message) => {
          if (['error', 'warning'].includes(message.type())) complain(message.text());
        });
        page.on('request', (request) => {
          const url = request.url();
          if (url.startsWith(address)) requests.push(new URL(url).pathname);
          else if (isElsewhere(url)) complain(`the page requests ${url}`);
        });
        const allowComplaints = (about: RegExp) => void allowed.push(about);
        return await use({ page, requests, requireNoComplaints, allowComplaints });
      } finally {
        await browser.close();
      }
    })();
    requireNoComplaints();
    const addresses = requestedAddresses(netLog);
    assert.ok(
      addresses.some((url) => url.startsWith(address)),
      'the log of Chromium has the requests',
    );
    assert.deepEqual(addresses.filter(isElsewhere), []);
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until an expression is true in the page. (`waitForFunction` of playwright-core would evaluate it within the page, whose
 * Content-Security-Policy forbids that.)
 * @throws Error when the time is over */
export async function until(page: Page, expression: string, timeout = 30_000): Promise<void> {
  const end = performance.now() + timeout;
  while ((await page.evaluate(expression)) !== true) {
    if (performance.now() > end) throw new Error(`not true after ${timeout / 1000} seconds: ${expression}`);
    await page.waitForTimeout(50);
  }
}

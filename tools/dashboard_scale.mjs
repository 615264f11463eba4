// @ts-check
/**
 * Measures how the dashboard opens many long runs, and how its page scrolls, in headless Chromium:
 *
 *     npm run build
 *     node tools/dashboard_scale.mjs --runs 100 --points 100000 --curves 1
 *
 * Every second run is an event file, the others are a `metrics.jsonl`. The points of a run are divided among its curves. The runs are
 * made in a temporary folder, which is removed at the end, or are those of `--logdir`. The command prints JSON, times in milliseconds:
 *
 * - `link`: from the start of the server's process until it prints its link
 * - `firstCurve`, `allCurves`: from the start of the navigation until the first chart shows a curve, and the curves of all runs.
 *   The page is opened as soon as the link is printed, so the server is reading meanwhile
 * - `startToAllCurves`: from the start of the process until all curves are drawn
 * - `allRead`: from the start of the process until the server has read all files
 * - `frames`: after that, the times between frames while the page scrolls for two seconds, from the trace of the browser, and the
 *   longest task
 * - `linkCpu`, `serverCpu`: CPU time of the server until it prints the link, and until all curves are drawn; `pageCpu`: that of the page's
 *   thread. These say more than the others if the machine has other work
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { maskedCrc32c } from '../dist/crc32c.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    points: { type: 'string', default: '100000' },
    curves: { type: 'string', default: '1' },
    logdir: { type: 'string' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    screenshot: { type: 'string' },
  },
});
const [runs, points, curves] = [Number(flags.runs), Number(flags.points), Number(flags.curves)];
const tags = Array.from({ length: curves }, (_, index) => (index === 0 ? 'total_loss' : `curve_${index}`));

/** @param {number} run @param {number} tag @param {number} at from 0 to 1 */
function valueAt(run, tag, at) {
  return (4 + run / 20) * Math.exp(-5 * at) + 0.4 + 0.02 * tag + 0.15 * Math.random();
}

/** Writes the record of an event with float scalars. @param {Buffer} buffer @param {number} from @param {number} run
 * @param {number} step @param {number} at from 0 to 1 */
function writeRecord(buffer, from, run, step, at) {
  let end = from + 12;
  const byte = (/** @type {number} */ value) => {
    buffer[end++] = value;
  };
  const varint = (/** @type {number} */ value) => {
    let rest = value;
    for (; rest > 127; rest >>>= 7) byte((rest & 127) | 128);
    byte(rest);
  };
  byte(0x09);
  end = buffer.writeDoubleLE(1_790_000_000 + run * 1000 + step / 100, end);
  byte(0x10);
  varint(step);
  byte(0x2a);
  varint(tags.reduce((sum, tag) => sum + tag.length + 9, 0));
  for (const [index, tag] of tags.entries()) {
    byte(0x0a);
    varint(tag.length + 7);
    byte(0x0a);
    varint(tag.length);
    end += buffer.write(tag, end, 'latin1');
    byte(0x15);
    end = buffer.writeFloatLE(valueAt(run, index, at), end);
  }
  buffer.writeUInt32LE(end - from - 12, from);
  buffer.writeUInt32LE(0, from + 4);
  buffer.writeUInt32LE(maskedCrc32c(buffer, from, from + 8), from + 8);
  return buffer.writeUInt32LE(maskedCrc32c(buffer, from + 12, end), end);
}

/** @param {string} folder @param {number} run */
function writeRun(folder, run) {
  mkdirSync(folder, { recursive: true });
  const steps = Math.ceil(points / curves);
  if (run % 2 === 1) {
    const lines = Array.from({ length: steps }, (_, step) => {
      const time = new Date((1_790_000_000 + run * 1000 + step / 100) * 1000).toISOString();
      const named = tags.map((tag, index) => [tag, valueAt(run, index, step / steps)]);
      return JSON.stringify({ time, step, ...Object.fromEntries(named) });
    });
    writeFileSync(join(folder, 'metrics.jsonl'), `${lines.join('\n')}\n`);
    return;
  }
  const buffer = Buffer.alloc(steps * (60 + curves * 40));
  let end = 0;
  for (let step = 0; step < steps; step++) end = writeRecord(buffer, end, run, step, step / steps);
  writeFileSync(join(folder, 'events.out.tfevents.1790000000.host.1.0'), buffer.subarray(0, end));
}

/** The CPU time of a process in milliseconds (Linux), or null. @param {number | undefined} pid */
function cpuMillis(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return null;
  }
}

/** @param {string} logdir */
async function startServer(logdir) {
  const started = performance.now();
  const server = spawn(
    process.execPath,
    [join(root, 'bin', 'cifar10.mjs'), 'dashboard', '--logdir', logdir, '--port', '0'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const link = await new Promise((resolve, reject) => {
    let text = '';
    server.stdout.on('data', (/** @type {Buffer} */ piece) => {
      text += piece;
      const found = /http:\/\/\S+/.exec(text)?.[0];
      if (found !== undefined) resolve(found);
    });
    server.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)));
  });
  const linkMillis = performance.now() - started;
  return { server, started, link: String(link), linkMillis, linkCpu: cpuMillis(server.pid) };
}

/** Times between drawn frames, and the longest task of the page, in milliseconds.
 * @param {readonly { name: string, ts: number, dur?: number, pid: number, tid: number }[]} events */
function framesIn(events) {
  const drawn = events
    .filter(({ name }) => name === 'DrawFrame')
    .map(({ ts }) => ts / 1000)
    .sort((a, b) => a - b);
  const gaps = drawn
    .slice(1)
    .map((time, index) => time - (drawn[index] ?? 0))
    .sort((a, b) => a - b);
  const tasks = events.filter(({ name }) => name === 'RunTask').map(({ dur = 0 }) => dur / 1000);
  const at = (/** @type {number} */ share) => round(gaps[Math.floor(share * (gaps.length - 1))] ?? NaN);
  return {
    count: drawn.length,
    perSecond: round((1000 * gaps.length) / ((drawn.at(-1) ?? 0) - (drawn[0] ?? 0))),
    median: at(0.5),
    p95: at(0.95),
    longest: at(1),
    longestTask: round(Math.max(0, ...tasks)),
  };
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/** @param {import('playwright-core').Page} page @param {string} expression */
async function until(page, expression) {
  const end = performance.now() + 120_000;
  while ((await page.evaluate(expression)) !== true) {
    if (performance.now() > end) throw new Error(`not true after two minutes: ${expression}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** @param {import('playwright-core').Page} page @param {string} link */
async function measurePage(page, link) {
  const list = await (await fetch(new URL('data/runs.json', link))).json();
  const show = list.runs.map(
    (/** @type {{ id: string }} */ { id }, /** @type {number} */ index) => `${id}~${index}`,
  );
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  const started = performance.now();
  await page.goto(`${link}#/runs?show=${show.join()}`, { waitUntil: 'commit' });
  // The label of a chart names five runs, and the number of the others.
  const label = "document.querySelector('.plot')?.getAttribute('aria-label') ?? ''";
  await until(page, `/ at step /.test(${label}) && document.querySelector('.plot canvas') !== null`);
  const firstCurve = performance.now() - started;
  const all = runs > 5 ? `/and ${runs - 5} more runs/` : '/ at step /';
  await until(page, `${all}.test(${label})`);
  await page.evaluate('new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))');
  const allCurves = performance.now() - started;
  const { metrics } = await client.send('Performance.getMetrics');
  const task = metrics.find((/** @type {{ name: string }} */ { name }) => name === 'TaskDuration');
  return { firstCurve, allCurves, pageCpu: round(1000 * (task?.value ?? Number.NaN)) };
}

/** Scrolls down and up for two seconds, and traces it. @param {import('playwright-core').Page} page */
async function measureScrolling(page) {
  const client = await page.context().newCDPSession(page);
  /** @type {{ name: string, ts: number, dur?: number, pid: number, tid: number }[]} */
  const events = [];
  client.on('Tracing.dataCollected', ({ value }) => events.push(.../** @type {any} */ (value)));
  await client.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      includedCategories: [
        'disabled-by-default-devtools.timeline',
        'devtools.timeline',
        'disabled-by-default-devtools.timeline.frame',
      ],
    },
  });
  await page.evaluate(`new Promise((resolve) => {
    const started = performance.now();
    const limit = Math.max(0, document.documentElement.scrollHeight - innerHeight);
    const move = () => {
      const at = (performance.now() - started) / 1000;
      if (at > 2) return resolve();
      const way = at * 1200 % (2 * limit);
      scrollTo(0, way > limit ? 2 * limit - way : way);
      requestAnimationFrame(move);
    };
    move();
  })`);
  const isComplete = new Promise((resolve) => client.once('Tracing.tracingComplete', resolve));
  await client.send('Tracing.end');
  await isComplete;
  return framesIn(events);
}

async function main() {
  const own = mkdtempSync(join(tmpdir(), 'cifar10-scale-'));
  const { chromium } = createRequire(join(root, 'web', 'package.json'))('playwright-core');
  const browser = await chromium.launch({
    executablePath: flags.chromium,
    args: ['--no-sandbox', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  });
  let end = () => {};
  try {
    const logdir = flags.logdir ?? own;
    if (flags.logdir === undefined)
      for (let run = 0; run < runs; run++) writeRun(join(own, `run-${run}`), run);
    // The browser is warm before the server starts.
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('pageerror', (/** @type {Error} */ error) => console.error(error.stack));
    await page.goto('about:blank');
    const { server, started, link, linkMillis, linkCpu } = await startServer(logdir);
    end = () => void server.kill('SIGINT');
    const opened = await measurePage(page, link);
    const serverCpu = cpuMillis(server.pid);
    const startToAllCurves = performance.now() - started;
    await until(
      page,
      "!/being read/.test(document.querySelector('.runs')?.closest('.panel')?.textContent ?? 'being read')",
    );
    const allRead = performance.now() - started;
    // The last curves are fetched again.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const frames = await measureScrolling(page);
    if (flags.screenshot !== undefined) await page.screenshot({ path: flags.screenshot });
    console.log(
      JSON.stringify({
        ...{ runs, points, curves, link: round(linkMillis), firstCurve: round(opened.firstCurve) },
        ...{
          allCurves: round(opened.allCurves),
          startToAllCurves: round(startToAllCurves),
          allRead: round(allRead),
          linkCpu,
          serverCpu,
        },
        ...{ pageCpu: opened.pageCpu, frames },
      }),
    );
  } finally {
    end();
    await browser.close();
    rmSync(own, { recursive: true, force: true });
  }
}

await main();

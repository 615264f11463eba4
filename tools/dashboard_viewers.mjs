// @ts-check
/**
 * Opens many viewers of a dashboard for some seconds, and prints how many changes they received:
 *
 *     node tools/dashboard_viewers.mjs --link http://127.0.0.1:6007/ --viewers 1000 --seconds 60
 *
 * Each viewer fetches the list of runs once, and then follows the changes. Without `--link`, trains the tutorial's network with
 * `--dashboard` alternately without and with viewers, and prints how much they slow it. The machine should have no other work:
 *
 *     npm run build
 *     node tools/dashboard_viewers.mjs --viewers 1000 --seconds 40 --rounds 4
 *
 * Everything is on the loopback address. The viewers have the low priority of the dashboard. A measurement begins
 * `--warmup` seconds after the first step, and after all viewers are connected. Printed are the steps per second of each run, the CPU
 * time of the dashboard and of the viewers during its measurement (Linux), and the ratio of the speeds with and without viewers: of each
 * round, its median, and its spread. Words after `--` are flags for `train`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const own = fileURLToPath(import.meta.url);
const program = fileURLToPath(new URL('../bin/cifar10.mjs', import.meta.url));
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    link: { type: 'string' },
    viewers: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '40' },
    rounds: { type: 'string', default: '4' },
    warmup: { type: 'string', default: '8' },
    'data-dir': { type: 'string', default: 'data' },
  },
});
const [viewers, seconds, rounds, warmup] = [flags.viewers, flags.seconds, flags.rounds, flags.warmup].map(
  Number,
);
/** The priority of the viewers, which is that of the dashboard, and how long connecting may take. With the lowest one, a busy machine would
 * hardly let them connect. */
const [low, connectMillis] = [10, 120_000];

/** Opens viewers until the time has passed, or the process that started this one ends it. @param {string} link */
async function view(link) {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const seen = { viewers, open: 0, failed: 0, messages: 0, bytes: 0 };
  /** @param {string} path @param {(response: import('node:http').IncomingMessage) => void} use */
  const request = (path, use) => {
    get(new URL(path, link), { agent }, use).on('error', () => {
      seen.failed++;
    });
  };
  const follow = () =>
    request('data/changes', (stream) => {
      if (stream.statusCode === 200) seen.open++;
      stream.on('data', (/** @type {Buffer} */ piece) => {
        seen.bytes += piece.length;
        if (piece.includes('data: ')) seen.messages++;
      });
      stream.on('error', () => undefined);
    });
  for (let index = 0; index < viewers; index++)
    request('data/runs.json', (response) => response.resume().on('end', follow));
  process.on('message', () => process.send?.(seen));
  process.once('disconnect', () => process.exit());
  await sleep(seconds * 1000);
  console.log(JSON.stringify(seen));
  process.exit();
}

/** The fields of `/proc/PID/stat` after the name of the program. @param {number | string | undefined} pid */
function statOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
  } catch {
    return undefined;
  }
}

/** The CPU time of a process in seconds, or NaN. @param {number | string | undefined} pid */
function cpuOf(pid) {
  const stat = statOf(pid);
  return stat === undefined ? Number.NaN : (Number(stat[11]) + Number(stat[12])) / 100;
}

/** The process of the dashboard that a process started. @param {number | undefined} parent */
function dashboardOf(parent) {
  if (!existsSync('/proc/self/stat')) return undefined;
  return readdirSync('/proc').find(
    (pid) =>
      /^\d+$/.test(pid) &&
      statOf(pid)?.[1] === String(parent) &&
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('cifar10-dashboard-process'),
  );
}

/** Trains, and measures the steps per second. @param {string} folder @param {boolean} isWatched */
async function measure(folder, isWatched) {
  const data = ['--dataset', 'synthetic', '--clip-norm', '5', '--data-dir', flags['data-dir']];
  const words = ['--train-dir', folder, '--max-steps', '1000000', '--log-frequency', '5', '--dashboard'];
  const training = spawn(process.execPath, [program, 'train', ...data, ...words, ...positionals], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  /** @type {{ step: number, time: number }[]} */
  const steps = [];
  let [text, link] = ['', ''];
  training.stdout.on('data', (/** @type {Buffer} */ piece) => {
    const lines = (text + piece).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      link ||= /^Dashboard: (\S+)/.exec(line)?.[1] ?? '';
      const step = /: step (\d+), /.exec(line)?.[1];
      if (step !== undefined) steps.push({ step: Number(step), time: performance.now() });
    }
  });
  /** @type {ReturnType<typeof startViewers> | undefined} */
  let watching;
  const ended = new Promise((resolve) => training.once('exit', resolve));
  try {
    while (link === '' || steps.length === 0) {
      if (training.exitCode !== null) throw new Error(`the training ended with code ${training.exitCode}`);
      await sleep(100);
    }
    watching = isWatched ? startViewers(link) : undefined;
    await watching?.areOpen();
    await sleep(warmup * 1000);
    const dashboard = dashboardOf(training.pid);
    const before = { server: cpuOf(dashboard), viewers: cpuOf(watching?.pid), at: steps.length - 1 };
    await sleep(seconds * 1000);
    const [first, last] = [steps[before.at], steps.at(-1)];
    if (first === undefined || last === undefined || first === last) throw new Error('there were no steps');
    const perSecond = (1000 * (last.step - first.step)) / (last.time - first.time);
    const serverCpu = cpuOf(dashboard) - before.server;
    const viewersCpu = cpuOf(watching?.pid) - before.viewers;
    const seen = await watching?.ask();
    return {
      isWatched,
      stepsPerSecond: round(perSecond, 3),
      serverCpu: round(serverCpu, 2),
      viewersCpu: round(viewersCpu, 2),
      seen,
    };
  } finally {
    watching?.end();
    training.kill('SIGINT');
    await ended;
  }
}

/** @param {string} link */
function startViewers(link) {
  const child = spawn(
    process.execPath,
    [
      own,
      '--link',
      link,
      '--viewers',
      String(viewers),
      '--seconds',
      String(seconds + warmup + connectMillis / 1000 + 60),
    ],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  if (child.pid !== undefined) setPriority(child.pid, low);
  /** @returns {Promise<{ open: number, failed: number }>} */
  const ask = () =>
    new Promise((resolve) => {
      child.once('message', (message) => resolve(/** @type {any} */ (message)));
      child.send('count');
    });
  const areOpen = async () => {
    const end = performance.now() + connectMillis;
    while ((await ask()).open < viewers) {
      if (performance.now() > end)
        throw new Error(`not all viewers could connect: ${JSON.stringify(await ask())}`);
      await sleep(200);
    }
  };
  return { pid: child.pid, ask, areOpen, end: () => child.disconnect() };
}

/** @param {number} value @param {number} digits */
function round(value, digits) {
  return Number.isFinite(value) ? Number(value.toFixed(digits)) : null;
}

async function compare() {
  /** @type {number[]} */
  const ratios = [];
  for (let index = 0; index < rounds; index++) {
    const folder = mkdtempSync(join(tmpdir(), 'cifar10-viewers-'));
    const speeds = { without: Number.NaN, with: Number.NaN };
    try {
      // The order changes, so that a machine that becomes slower favors neither.
      for (const isWatched of index % 2 === 0 ? [false, true] : [true, false]) {
        const run = await measure(join(folder, String(isWatched)), isWatched);
        console.log(JSON.stringify(run));
        speeds[isWatched ? 'with' : 'without'] = run.stepsPerSecond ?? Number.NaN;
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    ratios.push(speeds.with / speeds.without);
  }
  const sorted = ratios.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
  console.log(
    JSON.stringify({
      ...{ viewers, rounds, seconds, ratios: ratios.map((ratio) => round(ratio, 4)) },
      ...{
        median: round(median, 4),
        least: round(sorted[0] ?? 0, 4),
        greatest: round(sorted.at(-1) ?? 0, 4),
      },
    }),
  );
}

await (flags.link === undefined ? compare() : view(flags.link));

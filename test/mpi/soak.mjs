// @ts-check
/** Trains for a long time with two processes, and watches what they use. See `usage`. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Job, launcherOf, vendors } from './jobs.mjs';

const usage = `Usage: node test/mpi/soak.mjs [flags] [-- FLAGS OF TRAIN]

Trains with two processes on this host, and prints for each process the memory (RSS), threads and open files at 20 points
of the run. Fails if threads or files grow after the first tenth of the run, or if the memory at the end is larger than the
most in the third quarter by more than --bound.

  --steps N      default: 5000
  --mpi NAME     "Open MPI" (default) or MPICH
  --bound MB     default: 16
  --help         shows this help`;

const { values: flags, positionals } = parseArgs({
  options: {
    steps: { type: 'string', default: '5000' },
    mpi: { type: 'string', default: 'Open MPI' },
    bound: { type: 'string', default: '16' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const points = 20;

/** @typedef {{ step: number, rss: number, threads: number, files: number }} Sample RSS in megabytes */

/** @param {number} step @param {number} pid @returns {Sample} */
function sampleOf(step, pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (/** @type {string} */ name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const files = readdirSync(`/proc/${pid}/fd`).length;
  return { step, rss: number('VmRSS') / 1024, threads: number('Threads'), files };
}

/** Returns what grows. @param {readonly Sample[]} samples in the order of the steps */
function growthIn(samples) {
  const from = Math.ceil(samples.length / 10);
  const [early, middle, late] = [samples.slice(from, 2 * from), samples.slice(-10, -5), samples.slice(-1)];
  const most = (/** @type {readonly Sample[]} */ part, /** @type {'rss' | 'threads' | 'files'} */ what) =>
    Math.max(...part.map((sample) => sample[what]));
  const counts = /** @type {const} */ (['threads', 'files']).filter(
    (what) => most(late, what) > most(early, what),
  );
  const grown = most(late, 'rss') - most(middle, 'rss');
  return [...counts, ...(grown > Number(flags.bound) ? [`memory (${grown.toFixed(0)} MB)`] : [])];
}

/** @param {import('./jobs.mjs').Vendor} vendor @param {string} folder */
async function soak(vendor, folder) {
  const steps = Number(flags.steps);
  const every = Math.ceil(steps / points);
  const where = [
    '--dataset',
    'synthetic',
    '--data-dir',
    join(folder, 'data'),
    '--train-dir',
    join(folder, 'run'),
  ];
  const how = ['--max-steps', `${steps + 1}`, '--log-frequency', `${every}`, '--json'];
  const words = ['train', ...where, '--engine', 'onnx', '--batch-size', '8', ...how, ...positionals];
  const job = new Job(vendor, words, undefined, true);
  /** @type {Map<number, Sample[]>} */
  const samples = new Map();
  for (let step = every; step <= steps; step += every) {
    await job.reach(step, 600);
    const found = job.processes.map(({ rank, pid }) => ({ rank, ...sampleOf(step, pid) }));
    for (const { rank, ...sample } of found.sort((one, other) => one.rank - other.rank)) {
      samples.set(rank, [...(samples.get(rank) ?? []), sample]);
      const { rss, threads, files } = sample;
      console.log(`step ${step}  rank ${rank}  ${rss.toFixed(0)} MB  ${threads} threads  ${files} files`);
    }
  }
  const code = await job.code;
  if (code !== 0) throw new Error(`exit code ${code}\n${job.output}`);
  const growth = [...samples].flatMap(([rank, list]) =>
    growthIn(list).map((what) => `rank ${rank}: ${what}`),
  );
  console.log(growth.length === 0 ? 'nothing grows' : `grows: ${growth.join(', ')}`);
  return growth.length === 0 ? 0 : 1;
}

async function main() {
  const vendor = vendors.find(({ name }) => name === flags.mpi);
  if (vendor === undefined || launcherOf(vendor) === undefined)
    throw new Error(`${flags.mpi} is not installed`);
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-soak-'));
  try {
    return await soak(vendor, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (flags.help) console.log(usage);
else process.exitCode = await main();

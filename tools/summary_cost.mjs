// @ts-check
/**
 * What do summaries cost? Trains on the generated set with them and without, in turn, and prints the CPU time (user and
 * system, of all threads) that goes into summaries over that of the run, measured twice:
 *
 *     counted      what the process spends while it makes summaries, and what the thread that records them spends
 *     difference   of the whole processes with and without; on a machine that does other things too it varies by more
 *                  than it is, for threads that wait for each other spin
 *
 *     npm run build && node tools/summary_cost.mjs --engine onnx
 *     node tools/summary_cost.mjs --engine onednn --precision bfloat16 --steps 300 --rounds 3
 *
 * Linux only: a thread reads its own time in /proc.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    engine: { type: 'string', default: 'onnx' },
    precision: { type: 'string', default: 'float32' },
    steps: { type: 'string', default: '300' },
    'batch-size': { type: 'string', default: '128' },
    every: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
  },
});
const [steps, every, rounds] = [Number(flags.steps), Number(flags.every), Number(flags.rounds)];
/** @param {string} path */
const dist = (path) => new URL(`../dist/${path}`, import.meta.url);
const main = fileURLToPath(dist('cli/main.js'));
const folder = mkdtempSync(join(tmpdir(), 'cifar10-cost-'));

/** Loaded into the program, and into each of its threads, before it starts. What it leaves when it ends is what it has
 * cost, in microseconds: in all, and by the part of the work for summaries. */
const witness = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync, writeFileSync } from 'node:fs';
  import { isMainThread } from 'node:worker_threads';
  const file = process.env.CPU_FILE;
  const spent = () => { const { user, system } = process.cpuUsage(); return user + system; };
  const ofThread = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e3;
  if (isMainThread) {
    const { Summarizer } = await import('${dist('training/summarizer.js')}');
    const { TrainSummaries } = await import('${dist('cli/commands/train-summaries.js')}');
    const { WorkerSession } = await import('${dist('engine/worker-session.js')}');
    const cost = {};
    const count = (owner, name, what, clock = spent) => {
      const original = owner[name];
      owner[name] = async function (...words) {
        const before = clock();
        const result = await original.apply(this, words);
        const { micros, calls } = cost[what] ?? { micros: 0, calls: 0 };
        cost[what] = { micros: micros + clock() - before, calls: calls + 1 };
        return result;
      };
    };
    // Meanwhile the thread that records starts, which counts its time itself.
    count(TrainSummaries, 'open', 'opening', ofThread);
    count(Summarizer, 'create', 'compiling');
    count(Summarizer.prototype, 'look', 'looking');
    count(WorkerSession.prototype, 'read', 'reading');
    process.on('exit', () => writeFileSync(file, JSON.stringify({ all: spent(), cost })));
  } else if (process.argv[1]?.endsWith('recorder-worker.js')) {
    process.on('exit', () => writeFileSync(file + '.recorder', String(ofThread())));
  }
`)}`;

/** Runs the program; what its witness says.
 * @param {readonly string[]} words */
function watched(...words) {
  const file = join(folder, 'cpu.json');
  const { status, stderr } = spawnSync(process.execPath, ['--import', witness, main, ...words], {
    env: { ...process.env, CPU_FILE: file },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cifar10 ${words.join(' ')} left with ${status}:\n${stderr}`);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Seconds of CPU time of a run in all, and of its summaries by part.
 * @param {number} summarySteps @returns {{ all: number, parts: Readonly<Record<string, number>> }} */
function train(summarySteps) {
  const trainDir = join(folder, 'run');
  const recipe = [
    '--engine',
    flags.engine,
    '--precision',
    flags.precision,
    '--batch-size',
    flags['batch-size'],
  ];
  const length = ['--max-steps', String(steps), '--checkpoint-steps', String(steps), '--clip-norm', '5'];
  const data = ['--dataset', 'synthetic', '--data-dir', folder, '--train-dir', trainDir];
  const { all, cost } = watched(
    'train',
    ...data,
    ...recipe,
    ...length,
    '--summary-steps',
    String(summarySteps),
  );
  rmSync(trainDir, { recursive: true });
  if (summarySteps === 0) return { all: all / 1e6, parts: {} };
  const { looking, reading, opening, compiling } = cost;
  const parts = {
    opening: opening.micros,
    compiling: compiling.micros,
    looking: looking.micros,
    // The first one would be made without summaries too: a checkpoint is saved of it.
    reading: (reading.micros / reading.calls) * (looking.calls - 1),
    recording: Number(readFileSync(join(folder, 'cpu.json.recorder'), 'utf8')),
  };
  const seconds = Object.entries(parts).map(([part, micros]) => [part, micros / 1e6]);
  return { all: all / 1e6, parts: Object.fromEntries(seconds) };
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? Number.NaN) + (sorted[sorted.length >> 1] ?? Number.NaN)) / 2;
}

const percent = (/** @type {number} */ share) => `${(share * 100).toFixed(2)} %`;
try {
  spawnSync(process.execPath, [main, 'download', '--dataset', 'synthetic', '--data-dir', folder]);
  const what = `${flags.engine} ${flags.precision}, batch ${flags['batch-size']}, ${steps} steps`;
  console.log(`${what}, a summary every ${every}: CPU seconds`);
  const counted = [];
  const differences = [];
  for (let round = 0; round < rounds; round++) {
    // Every other round the other way round: whoever comes first may find the machine cooler.
    const first = round % 2 === 0 ? 0 : every;
    const results = [train(first), train(every - first)];
    const [plain, shown] = round % 2 === 0 ? results : results.reverse();
    if (plain === undefined || shown === undefined) throw new Error('a run is missing');
    const summaries = Object.values(shown.parts).reduce((a, b) => a + b, 0);
    counted.push(summaries / shown.all);
    differences.push((shown.all - plain.all) / shown.all);
    const parts = Object.entries(shown.parts).map(([part, seconds]) => `${part} ${seconds.toFixed(2)}`);
    console.log(
      `  without ${plain.all.toFixed(2)}, with ${shown.all.toFixed(2)}, counted ${summaries.toFixed(2)} (${parts.join(', ')})`,
    );
  }
  console.log(
    `share of the run, median of ${rounds}: counted ${percent(median(counted))}, difference ${percent(median(differences))}`,
  );
} finally {
  rmSync(folder, { recursive: true });
}

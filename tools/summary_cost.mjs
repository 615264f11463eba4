// @ts-check
/**
 * Measures what summaries cost. It trains on the generated set alternately with and without summaries, and prints
 * the CPU time (user and system, of all threads) that summaries need, as a share of the CPU time of the run. The
 * time is measured in two ways:
 *
 *     counted      the time that watched steps take beyond other steps (the first step is compared with the first step of the
 *                  run without summaries), the time that the process takes to make summaries of them, the time of the thread
 *                  that records the summaries, and the time to prepare the graph for watching
 *     difference   the difference between the whole processes with and without summaries; on a machine that is also doing other
 *                  work it varies by more than its own size, because threads that wait for each other spin
 *
 *     npm run build && node tools/summary_cost.mjs --engine onnx
 *     node tools/summary_cost.mjs --engine onednn --precision bfloat16 --steps 300 --rounds 3
 *
 * Works on Linux only, because a thread reads its own time in /proc.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** A script that is loaded into the program and into each of its threads before they start. When they end, it writes what
 * they cost, in microseconds: in total, and for each part of the work for summaries. */
const witness = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync, writeFileSync } from 'node:fs';
  import { isMainThread } from 'node:worker_threads';
  const file = process.env.CPU_FILE;
  const spent = () => { const { user, system } = process.cpuUsage(); return user + system; };
  const ofThread = () => Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e3;
  if (isMainThread) {
    const { Summarizer } = await import('${dist('training/summarizer.js')}');
    const { TrainingSummaries } = await import('${dist('run/training-summaries.js')}');
    const { WorkerSession } = await import('${dist('engine/worker-session.js')}');
    const cost = { opening: [], summarizing: [], watched: [], plain: [] };
    const count = (owner, name, what, clock) => {
      const original = owner[name];
      owner[name] = function (...words) {
        const before = clock();
        const note = () => cost[what(...words)].push(clock() - before);
        const result = original.apply(this, words);
        if (result instanceof Promise) return result.finally(note);
        note();
        return result;
      };
    };
    // The recorder thread starts during this time, but measures its time itself.
    count(TrainingSummaries, 'open', () => 'opening', ofThread);
    count(Summarizer.prototype, 'summarize', () => 'summarizing', ofThread);
    count(WorkerSession.prototype, 'step', (_, options) => (options?.watch ? 'watched' : 'plain'), spent);
    process.on('exit', () => writeFileSync(file, JSON.stringify({ all: spent(), cost })));
  } else if (process.argv[1]?.endsWith('cifar10-recorder-worker.js')) {
    // The thread is terminated, so it gets no exit event.
    setInterval(() => writeFileSync(file + '.recorder', String(ofThread())), 50).unref();
  }
`)}`;

/** Runs the program and returns what the script wrote.
 * @param {readonly string[]} words */
function watched(...words) {
  const file = join(folder, 'cpu.json');
  const { status, stderr } = spawnSync(process.execPath, [main, ...words], {
    // This is passed in NODE_OPTIONS, because threads do not inherit the flags of the process.
    env: { ...process.env, CPU_FILE: file, NODE_OPTIONS: `--import=${witness}` },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cifar10 ${words.join(' ')} exited with code ${status}:\n${stderr}`);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The seconds of CPU time of a run: in total, of its steps, and of its summaries by part.
 * @param {number} summarySteps */
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
  const seconds = (/** @type {readonly number[]} */ micros) => micros.map((one) => one / 1e6);
  const found = { all: all / 1e6, watched: seconds(cost.watched), plain: seconds(cost.plain) };
  if (summarySteps === 0) return { ...found, opening: 0, summarizing: 0, recording: 0 };
  return {
    ...found,
    opening: sum(seconds(cost.opening)),
    summarizing: sum(seconds(cost.summarizing)),
    recording: Number(readFileSync(join(folder, 'cpu.json.recorder'), 'utf8')) / 1e6,
  };
}

/** The seconds of CPU time that it takes to make a session of the training step, watched or not, in a separate process.
 * @param {boolean} watched */
function compiling(watched) {
  const program = `
    const { chooseEngine } = await import('${dist('engine/engines.js')}');
    const { buildTrainingGraph } = await import('${dist('training/training-graph.js')}');
    const { tutorialNetwork } = await import('${dist('model/networks/tutorial.js')}');
    const { tutorialHyperparameters } = await import('${dist('recipe/hyperparameters.js')}');
    const { withoutWatched } = await import('${dist('passes/watch.js')}');
    const { engine } = chooseEngine({ engine: '${flags.engine}', precision: '${flags.precision}' });
    const hyperparameters = { ...tutorialHyperparameters, clipNorm: 5 };
    const { graph } = buildTrainingGraph({ network: tutorialNetwork(10), batchSize: ${flags['batch-size']}, hyperparameters });
    const session = await engine.compile(${watched} ? graph : withoutWatched(graph));
    const { user, system } = process.cpuUsage();
    console.log((user + system) / 1e6);
    await session.release();`;
  const file = join(folder, 'compile.mjs');
  writeFileSync(file, program);
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot make a session:\n${stderr}`);
  return Number(stdout);
}

/** @param {readonly number[]} values */
function sum(values) {
  return values.reduce((a, b) => a + b, 0);
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
  const tries = Array.from({ length: 5 }, () => compiling(true) - compiling(false));
  const preparing = median(tries);
  const counted = [];
  const differences = [];
  for (let round = 0; round < rounds; round++) {
    // The order alternates, because the first run may find the machine cooler.
    const first = round % 2 === 0 ? 0 : every;
    const results = [train(first), train(every - first)];
    const [plain, shown] = round % 2 === 0 ? results : results.reverse();
    if (plain === undefined || shown === undefined) throw new Error('a run is missing');
    const [watched = 0, ...later] = shown.watched;
    const usual = median(plain.plain.slice(1));
    const watching = watched - (plain.plain[0] ?? 0) + sum(later) - later.length * median(shown.plain);
    const { opening, summarizing, recording } = shown;
    const parts = { opening, preparing, watching, summarizing, recording };
    const summaries = sum(Object.values(parts));
    counted.push(summaries / shown.all);
    differences.push((shown.all - plain.all) / shown.all);
    const list = Object.entries(parts).map(([part, seconds]) => `${part} ${seconds.toFixed(2)}`);
    console.log(
      `  without ${plain.all.toFixed(2)} (a step ${usual.toFixed(3)}), with ${shown.all.toFixed(2)}, counted ${summaries.toFixed(2)} (${list.join(', ')})`,
    );
  }
  console.log(
    `share of the run, median of ${rounds}: counted ${percent(median(counted))}, difference ${percent(median(differences))}`,
  );
} finally {
  rmSync(folder, { recursive: true });
}

// @ts-check
/**
 * Runs trainings of cifar10 (in one process or as an MPI job) and of PyTorch in processes of their own, and times their steps.
 * The competitors run in turn, A B C C B A A B C …, so that noise from the machine affects all of them equally.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runPeer } from '../../dist/bench/peers.js';
import { spread } from '../../dist/bench/statistics.js';
import { ensureSynthetic } from '../../dist/data/synthetic/generate.js';
import { findLauncher, forRoot, mpiVendors } from '../../dist/testing/mpirun.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** @typedef {{ title: string, run: () => Promise<number> }} Competitor  `run` returns the median time of a step in milliseconds */
/** @typedef {{ words: string[], env?: Record<string, string> }} Launch  the command before `node`, and its variables */

/** The launchers of this machine by title. Prints which are missing. @returns {Map<string, (ranks: number) => Launch>} */
export function launchers() {
  const found = new Map();
  for (const vendor of mpiVendors) {
    const launcher = findLauncher(vendor);
    if ('missing' in launcher) console.log(`skipped: ${launcher.missing}`);
    else
      found.set(vendor, (/** @type {number} */ ranks) => ({
        words: [launcher.command, ...launcher.flags, '-np', `${ranks}`],
        env: forRoot,
      }));
  }
  return found;
}

/** Runs Node.js, and yields its lines. @param {Launch} launch @param {string[]} words */
export async function* linesOf({ words: before, env = {} }, words) {
  const [command = '', ...rest] = [...before, process.execPath, ...words];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const code = new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  yield* createInterface({ input: child.stdout });
  if ((await code) !== 0) throw new Error(`${command} ${rest.join(' ')} exited with code ${await code}`);
}

/** Trains the tutorial's network on generated images. The first steps are not timed.
 * @param {Launch} launch
 * @param {{ folder: string, flags: string[], batch: number, steps: number, warmUp: number }} options */
export async function trainingMillis(launch, { folder, flags, batch, steps, warmUp }) {
  await ensureSynthetic(join(folder, 'data'));
  const train = mkdtempSync(join(folder, 'train-'));
  const words = [
    ...['train', '--dataset', 'synthetic', '--data-dir', join(folder, 'data'), '--train-dir', train],
    ...['--learning-rate', '0.01', '--summary-steps', '0', '--checkpoint-steps', '1000000', '--json'],
    ...['--log-frequency', '1', '--batch-size', `${batch}`, '--max-steps', `${steps + warmUp}`, ...flags],
  ];
  const millis = [];
  for await (const line of linesOf(launch, [join(root, 'bin', 'cifar10.mjs'), ...words])) {
    const event = line.startsWith('{') ? JSON.parse(line) : {};
    if (event.kind === 'step' && event.step >= warmUp) millis.push((batch / event.examplesPerSecond) * 1e3);
  }
  rmSync(train, { recursive: true });
  return spread(millis).median;
}

/** Returns whether Python has PyTorch. Prints if it has not. */
export function hasTorch() {
  const has = spawnSync('python3', ['-c', 'import torch']).status === 0;
  if (!has) console.log('skipped: PyTorch is not installed for python3 (pip install torch)');
  return has;
}

/** @param {string} words the flags of torch_ddp.py @param {number} batch */
export async function torchMillis(words, batch) {
  const program = JSON.stringify(join(root, 'bench', 'peers', 'torch_ddp.py'));
  const found = await runPeer(`python3 ${program} --batch ${batch} ${words}`);
  return (batch / Math.max(...found.map(({ imagesPerSecond }) => imagesPerSecond))) * 1e3;
}

/** Runs all competitors in every round, and prints how many times as fast as the first each is.
 * @param {readonly Competitor[]} competitors @param {number} rounds */
export async function compare(competitors, rounds) {
  const millis = competitors.map(() => /** @type {number[]} */ ([]));
  const order = [...competitors.keys()];
  for (let round = 0; round < rounds; round++) {
    for (const index of round % 2 === 0 ? order : order.toReversed())
      millis[index]?.push((await competitors[index]?.run()) ?? Number.NaN);
    const found = millis.map((times, index) => `${competitors[index]?.title} ${times.at(-1)?.toFixed(1)} ms`);
    console.log(`round ${round + 1} of ${rounds}: ${found.join(', ')}`);
  }
  console.log();
  for (const [index, { title }] of competitors.entries()) {
    const times = millis[index] ?? [];
    const ratios = spread(times.map((time, round) => (millis[0]?.[round] ?? Number.NaN) / time));
    const range = `range ${ratios.fastest.toFixed(3)} … ${ratios.slowest.toFixed(3)}`;
    const ratio = `; ${ratios.median.toFixed(3)} × as fast as ${competitors[0]?.title} (${range})`;
    console.log(`${title}: ${spread(times).median.toFixed(1)} ms per step${index === 0 ? '' : ratio}`);
  }
}

/** Calls `body` with a temporary folder. @param {(folder: string) => Promise<void>} body */
export async function inTemporaryFolder(body) {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-ranks-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

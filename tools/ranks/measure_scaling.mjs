// @ts-check
/**
 * Measures what `scaling_model.mjs` needs, and writes it to a file: steps of one thread with several numbers of images, sums of
 * values over 1 to 4 processes that compute nothing else, and steps of jobs of 1 to 4 processes. Needs a build (`npm run build`),
 * oneDNN and a quiet machine. Where there are fewer cores than processes, the processes share cores, and their times say nothing
 * about more cores.
 *
 *     node tools/ranks/measure_scaling.mjs scaling.json
 *
 * Flags: --steps 40 (timed steps of each training), --warm-up 10, --repeats 200 (of each sum), --rounds 3.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { spread } from '../../dist/bench/statistics.js';
import { engineSupport } from '../../dist/engine/engines.js';
import { inTemporaryFolder, launchers, linesOf, root, trainingMillis } from './runs.mjs';

/** @typedef {Record<string, string | number>} Facts  what was measured, such as the number of processes */
/** @typedef {{ kind: string, run: () => Promise<(Facts & { millis: number })[]> }} Task */

const { values: given, positionals } = parseArgs({
  options: {
    ...{ steps: { type: 'string', default: '40' }, 'warm-up': { type: 'string', default: '10' } },
    ...{ repeats: { type: 'string', default: '200' }, rounds: { type: 'string', default: '3' } },
  },
  allowPositionals: true,
});
const [file] = positionals;
if (file === undefined) {
  console.error('expected the file to write, such as scaling.json');
  process.exit(2);
}
const timing = { steps: Number(given.steps), warmUp: Number(given['warm-up']) };
/** Those that are fast on this CPU. */
const precisions = /** @type {const} */ (['float32', 'bfloat16']).filter((precision) => {
  const support = engineSupport('onednn', precision);
  if (support.verdict === 'fast') return true;
  console.log(`skipped: ${precision}, because ${support.why}`);
  return false;
});
if (precisions.length === 0) {
  console.error('oneDNN does not work here, so there is nothing to measure');
  process.exit(1);
}
const allImages = [128, 64, 32, 16, 8];
/** The last number is that of the gradients of the tutorial's network. */
const lengths = [1, 1000, 10_000, 100_000, 1_068_298];
const allRanks = [1, 2, 3, 4];
const batch = 128;
const oneThread = { OMP_NUM_THREADS: '1' };

/** @param {string} folder @returns {Task[]} */
function tasksIn(folder) {
  const found = [...launchers()];
  /** @param {string} precision */
  const flagsOf = (precision) => ['--engine', 'onednn', '--precision', precision, '--towers', '1'];
  const compute = precisions.flatMap((precision) =>
    allImages.map((images) => ({
      kind: 'compute',
      run: async () => {
        const options = { folder, flags: flagsOf(precision), batch: images, ...timing };
        return [{ precision, images, millis: await trainingMillis({ words: [], env: oneThread }, options) }];
      },
    })),
  );
  const steps = precisions.flatMap((precision) =>
    found.flatMap(([mpi, launch]) =>
      allRanks.map((ranks) => ({
        kind: 'steps',
        run: async () => {
          const { words, env } = launch(ranks);
          const flags = [...flagsOf(precision), ...(ranks === 1 ? ['--collective', 'mpi'] : [])];
          const options = { folder, flags, batch, ...timing };
          const millis = await trainingMillis({ words, env: { ...env, ...oneThread } }, options);
          return [{ precision, mpi, ranks, millis }];
        },
      })),
    ),
  );
  // Without shared memory, the processes talk through the network stack, as on several hosts.
  const overTcp = { OMPI_MCA_pml: 'ob1', OMPI_MCA_btl: 'tcp,self' };
  const sums = found.flatMap(([mpi, launch]) =>
    allRanks.flatMap((ranks) => {
      const { words, env } = launch(ranks);
      const shared = { kind: 'sums', run: () => sumsOf(mpi, { words, env }) };
      const tcp = { kind: 'sums', run: () => sumsOf('TCP', { words, env: { ...env, ...overTcp } }) };
      return mpi === 'Open MPI' ? [shared, tcp] : [shared];
    }),
  );
  return [...compute, ...steps, ...sums];
}

/** @param {string} transport @param {import('./runs.mjs').Launch} launch */
async function sumsOf(transport, launch) {
  const found = [];
  const words = [join(root, 'tools', 'ranks', 'sum_member.mjs'), given.repeats, ...lengths.map(String)];
  for await (const line of linesOf(launch, words)) {
    const { ranks, values, median } = JSON.parse(line);
    found.push({ transport, ranks, values, millis: median });
  }
  return found;
}

/** Runs all tasks in every round. @param {readonly Task[]} tasks @param {number} rounds
 * @returns {Promise<Record<string, (Facts & { millis: number })[]>>} the medians over the rounds */
async function measure(tasks, rounds) {
  /** @type {Map<string, number[]>} */
  const times = new Map();
  for (let round = 0; round < rounds; round++)
    for (const { kind, run } of tasks)
      for (const { millis, ...facts } of await run()) {
        const key = JSON.stringify({ kind, ...facts });
        times.set(key, [...(times.get(key) ?? []), millis]);
        console.log(
          `round ${round + 1} of ${rounds}: ${kind}, ${Object.values(facts).join(', ')}: ${millis.toFixed(3)} ms`,
        );
      }
  /** @type {Record<string, (Facts & { millis: number })[]>} */
  const found = {};
  for (const [key, all] of times) {
    const { kind, ...facts } = JSON.parse(key);
    found[kind] = [...(found[kind] ?? []), { ...facts, millis: spread(all).median }];
  }
  return found;
}

await inTemporaryFolder(async (folder) => {
  const found = await measure(tasksIn(folder), Number(given.rounds));
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`;
  const all = { time: new Date().toISOString(), machine, cores: cpus().length, batch, ...found };
  writeFileSync(file, `${JSON.stringify(all, null, 1)}\n`);
  console.log(`\nwritten to ${file}; next: node tools/ranks/scaling_model.mjs ${file}`);
});

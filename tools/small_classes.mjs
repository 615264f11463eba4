// @ts-check
/**
 * Measures what `train --data` reaches on few pictures with its defaults, compared with the recipe of the tutorial: networks for three
 * classes, from 300 pictures of each.
 *
 *     npm run build && node tools/small_classes.mjs --pictures photos --work work
 *
 * `photos` contains `train` and `test` with a folder for each class. Every seed has other training pictures: seed 0 has the first
 * 300 of each class, seed 1 the next 300, and so on. All networks are scored on all test pictures of the three classes. The rows:
 *
 * - the defaults of `train --data`
 * - the recipe of the tutorial for the same time (of the training steps, without reading data and compiling)
 * - the recipe of the tutorial for 3,000 steps
 *
 * `--tutorial` lists the lengths of the tutorial's recipe: numbers of steps, or `time` for the same time, as in `time,3000`. The same time
 * depends on the machine, so measure it on an idle one. The folder `work` keeps pictures, runs and results. A second call
 * makes only what the first one did not finish. `--also best` adds another recipe. `--device cuda` trains on a GPU. A run that diverges
 * is reported, and is not part of the means.
 */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    pictures: { type: 'string' },
    work: { type: 'string' },
    classes: { type: 'string', default: 'cat,horse,truck' },
    each: { type: 'string', default: '300' },
    seeds: { type: 'string', default: '5' },
    tutorial: { type: 'string', default: 'time,3000' },
    also: { type: 'string' },
    device: { type: 'string', default: 'cpu' },
  },
});
const { pictures, work } = flags;
if (pictures === undefined || work === undefined) throw new Error('--pictures and --work are required');
const classes = flags.classes.split(',');
const [each = 0, seeds = 0] = [flags.each, flags.seeds].map(Number);
const device = /** @type {import('../src/index.ts').DeviceChoice} */ (flags.device);
/** @type {typeof import('../src/index.ts')} */
const { evaluate, train } = await import(new URL('../dist/index.js', import.meta.url).href);

/** @type {typeof import('../src/run/mean-deviation.ts')} */
const { meanDeviation } = await import(new URL('../dist/run/mean-deviation.js', import.meta.url).href);

/** @type {typeof import('../src/bench/step-clock.ts')} */
const { StepClock } = await import(new URL('../dist/bench/step-clock.js', import.meta.url).href);

/** @type {typeof import('../src/errors.ts')} */
const { failureData } = await import(new URL('../dist/errors.js', import.meta.url).href);

/** @typedef {Omit<import('../src/index.ts').TrainingRequest, 'trainDir' | 'dataDir' | 'data'>} Options */
/**
 * @typedef {object} Result
 * @property {number | null} precision null if the run diverged
 * @property {number} seconds
 * @property {number} steps
 */

/** @type {readonly { title: string, options: Options, limitedBy?: string }[]} */
const variants = [
  { title: 'defaults', options: {} },
  ...flags.tutorial
    .split(',')
    .map((length) =>
      length === 'time'
        ? { title: 'tutorial, same time', options: { recipe: 'tutorial' }, limitedBy: 'defaults' }
        : { title: `tutorial, ${length} steps`, options: { recipe: 'tutorial', maxSteps: Number(length) } },
    ),
  ...(flags.also === undefined ? [] : [{ title: flags.also, options: { recipe: flags.also } }]),
];

/**
 * Makes the folder of the pictures of a seed.
 * @param {number} seed
 */
function folderOf(seed) {
  const folder = join(String(work), `pictures-${seed}`);
  if (existsSync(join(folder, 'complete'))) return join(folder, 'pictures');
  for (const split of ['train', 'test'])
    for (const label of classes) {
      const from = join(String(pictures), split, label);
      const all = readdirSync(from).sort();
      const files = split === 'train' ? all.slice(seed * each, (seed + 1) * each) : all;
      if (split === 'train' && files.length < each)
        throw new Error(`${from}: found ${all.length} pictures, expected at least ${(seed + 1) * each}`);
      for (const file of files) place(join(from, file), join(folder, 'pictures', split, label, file));
    }
  writeFileSync(join(folder, 'complete'), '');
  return join(folder, 'pictures');
}

/** @param {string} from @param {string} to */
function place(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  if (existsSync(to)) return;
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/**
 * Trains and scores a network, unless its result is already there.
 * @param {number} seed
 * @param {(typeof variants)[number]} variant
 * @param {number} mostSeconds the time of the training steps
 * @returns {Promise<Result>}
 */
async function resultOf(seed, { title, options }, mostSeconds) {
  const name = `${title.replaceAll(/\W+/g, '-')}-${seed}`;
  const file = join(String(work), `${name}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  // A run that was interrupted starts again, because its time is not known.
  const trainDir = join(String(work), name);
  rmSync(trainDir, { recursive: true, force: true });
  const stop = new AbortController();
  const clock = new StepClock();
  let [before, steps] = [0, 0];
  const onStep = () => {
    const now = performance.now();
    // The first step, in which engines allocate memory, counts as much as the mean of the others.
    const isFirst = steps++ === 0;
    clock.add(isFirst ? 0 : now - before, isFirst);
    before = now;
    if (clock.seconds >= mostSeconds) stop.abort();
  };
  const data = folderOf(seed);
  const kept = { summarySteps: 0, checkpointSteps: 1_000_000 };
  const request = { ...options, ...kept, seed, device, data, trainDir };
  const checkpoint = await train(request, { signal: stop.signal, onStep }).then(
    (result) => result.checkpoint,
    unlessDiverged,
  );
  const score = { evalDir: join(trainDir, 'eval'), numExamples: 100_000, device };
  const precision =
    checkpoint === undefined ? null : (await evaluate({ ...score, checkpointDir: checkpoint })).precision;
  const result = { precision, seconds: clock.seconds, steps };
  writeFileSync(file, JSON.stringify(result));
  return result;
}

/**
 * @param {unknown} error
 * @returns {undefined}
 */
function unlessDiverged(error) {
  if (failureData(error, 'CIFAR10_DIVERGED') === undefined) throw error;
}

/** @type {Map<string, Result[]>} */
const results = new Map(variants.map(({ title }) => [title, []]));
for (let seed = 0; seed < seeds; seed++)
  for (const variant of variants) {
    const { title, limitedBy } = variant;
    const timed = limitedBy === undefined ? undefined : results.get(limitedBy)?.[seed];
    if (timed?.precision === null)
      throw new Error(`seed ${seed}: ${title}: no time limit, because ${limitedBy} diverged`);
    const result = await resultOf(seed, variant, timed?.seconds ?? Number.POSITIVE_INFINITY);
    results.get(title)?.push(result);
    const { precision, seconds, steps } = result;
    console.log(
      `seed ${seed}, ${title}: ${precision?.toFixed(4) ?? 'diverged'} after ${steps} steps, ${seconds.toFixed(0)} s`,
    );
  }

/** @param {number | null} value */
const shown = (value) => value?.toFixed(3) ?? '';

/** @param {readonly (number | null)[]} values */
const known = (values) => values.filter((value) => value !== null);

const defaults = (results.get('defaults') ?? []).map(({ precision }) => precision);
console.log(
  '\n| | runs | mean | standard deviation | lowest | highest | margin of the defaults, mean ± deviation | seconds | steps |\n|---|---|---|---|---|---|---|---|---|',
);
for (const [title, all] of results) {
  const values = all.map(({ precision }) => precision);
  const scored = known(values);
  if (scored.length === 0) {
    console.log(`| ${title} | 0 | | | | | | | |`);
    continue;
  }
  const { mean, deviation } = meanDeviation(scored);
  // The seeds are paired: both networks of a pair have the same pictures.
  const margins = known(
    values.map((value, seed) => {
      const usual = defaults[seed] ?? null;
      return value === null || usual === null ? null : usual - value;
    }),
  );
  const margin = margins.length === 0 ? { mean: null, deviation: null } : meanDeviation(margins);
  const cells = [mean, deviation, Math.min(...scored), Math.max(...scored)].map(shown);
  const lead =
    title === 'defaults' ? '' : [margin.mean, margin.deviation].map(shown).filter(Boolean).join(' ± ');
  const ended = all.filter((one) => one.precision !== null);
  const [seconds, steps] = [ended.map((one) => one.seconds), ended.map((one) => one.steps)].map((list) =>
    meanDeviation(list).mean.toFixed(0),
  );
  console.log(`| ${[title, scored.length, ...cells, lead, seconds, steps].join(' | ')} |`);
}

// @ts-check
/**
 * Measures fine-tuning: networks for three classes, from 100 pictures of each, that start with the weights of a network for other
 * classes, compared with networks that start with random weights. It trains that source on the pictures of the other classes only.
 *
 *     npm run build && node tools/fine_tuning.mjs --pictures photos --work work
 *
 * `photos` contains `train` and `test` with a folder for each class. Every seed has other training pictures: seed 0 has the first
 * 100 of each class, seed 1 the next 100, and so on. All networks are scored on all test pictures of the three classes. The folder
 * `work` keeps pictures and runs. A second call resumes what the first one did not finish.
 *
 * With `--also RUN`, there is another source, such as a run on all classes of the photographs. It has seen the pictures of the three
 * classes, so its results are no measurement of fine-tuning for new classes.
 */
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    pictures: { type: 'string' },
    work: { type: 'string' },
    classes: { type: 'string', default: 'cat,horse,truck' },
    each: { type: 'string', default: '100' },
    seeds: { type: 'string', default: '5' },
    'source-steps': { type: 'string', default: '3000' },
    steps: { type: 'string', default: '600' },
    also: { type: 'string' },
  },
});
const { pictures, work } = flags;
if (pictures === undefined || work === undefined) throw new Error('--pictures and --work are required');
const classes = flags.classes.split(',');
const [each, seeds, sourceSteps, steps] = [flags.each, flags.seeds, flags['source-steps'], flags.steps].map(
  Number,
);
/** @type {typeof import('../src/index.ts')} */
const { evaluate, train } = await import(new URL('../dist/index.js', import.meta.url).href);
/** @type {typeof import('../src/run/mean-deviation.ts')} */
const { meanDeviation } = await import(new URL('../dist/run/mean-deviation.js', import.meta.url).href);

/** Where data sets would be, of which none is used. */
const dataDir = join(work, 'data');

/**
 * Makes a folder of class folders with the pictures of others.
 * @param {string} name the name of the new folder
 * @param {readonly string[]} names the classes
 * @param {number} first the first training picture of each class
 * @param {number} [count] the number of training pictures of each class
 */
function folderOf(name, names, first, count) {
  const folder = join(String(work), name);
  if (existsSync(join(folder, 'complete'))) return join(folder, 'pictures');
  for (const split of ['train', 'test'])
    for (const label of names) {
      const from = join(String(pictures), split, label);
      const all = readdirSync(from).sort();
      const last = count === undefined ? all.length : first + count;
      for (const file of split === 'train' ? all.slice(first, last) : all)
        place(join(from, file), join(folder, 'pictures', split, label, file));
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
 * Trains a network, and returns its precision @ 1 on the test pictures.
 * @param {string} name the name of the folder of the run
 * @param {import('../src/index.ts').TrainingRequest['data']} data
 * @param {Omit<import('../src/index.ts').TrainingRequest, 'trainDir' | 'dataDir' | 'data'>} request
 */
async function precisionOf(name, data, { initFrom, ...request }) {
  const trainDir = join(String(work), name);
  const isNew = !existsSync(join(trainDir, 'checkpoint'));
  const places = { dataDir, summarySteps: 0, checkpointSteps: 1_000_000 };
  const { checkpoint } = await train({ ...places, ...request, trainDir, data, ...(isNew && { initFrom }) });
  const { precision } = await evaluate({
    ...{ checkpointDir: checkpoint, evalDir: join(trainDir, 'eval'), dataDir, numExamples: 100_000 },
  });
  return precision;
}

const others = readdirSync(join(pictures, 'train'))
  .filter((name) => !classes.includes(name))
  .sort();
console.log(`Source: ${sourceSteps} steps on ${others.join(', ')}`);
const source = join(work, 'source');
const ofSource = await precisionOf('source', folderOf('source-pictures', others, 0), {
  recipe: 'tutorial',
  maxSteps: sourceSteps,
});
console.log(`precision @ 1 of the source on its ${others.length} classes: ${ofSource.toFixed(4)}`);

/** What is compared: the title of a row, and the options of its runs. */
const variants = [
  { name: 'scratch', title: 'from scratch, learning rate 0.1', learningRate: 0.1 },
  { name: 'scratch-slow', title: 'from scratch, learning rate 0.01', learningRate: 0.01 },
  { name: 'tuned', title: 'fine-tuned', learningRate: 0.01, initFrom: source },
  {
    ...{ name: 'frozen', title: 'fine-tuned, `--freeze conv1,conv2`', learningRate: 0.01 },
    ...{ initFrom: source, freeze: ['conv1', 'conv2'] },
  },
  ...(flags.also === undefined
    ? []
    : [
        {
          ...{
            name: 'also',
            title: 'fine-tuned from a network that has seen the classes',
            learningRate: 0.01,
          },
          initFrom: flags.also,
        },
      ]),
];
/** @type {Map<string, number[]>} */
const results = new Map(variants.map(({ title }) => [title, []]));
for (let seed = 0; seed < Number(seeds); seed++) {
  const data = folderOf(`pictures-${seed}`, classes, seed * Number(each), Number(each));
  for (const { name, title, learningRate, ...start } of variants) {
    const hyperparameters = { learningRate };
    const request = { ...start, recipe: 'tutorial', hyperparameters, seed, batchSize: 32, maxSteps: steps };
    const precision = await precisionOf(`${name}-${seed}`, data, request);
    results.get(title)?.push(precision);
    console.log(`seed ${seed}, ${title}: ${precision.toFixed(4)}`);
  }
}

console.log('\n| | mean | standard deviation | lowest | highest |\n|---|---|---|---|---|');
for (const [title, values] of results) {
  const { mean, deviation } = meanDeviation(values);
  const cells = [mean, deviation, Math.min(...values), Math.max(...values)].map(
    (value) => value?.toFixed(3) ?? '',
  );
  console.log(`| ${title} | ${cells.join(' | ')} |`);
}

// @ts-check
/**
 * Measures training steps of the tutorial's network on every device other than the CPU that works here, and PyTorch on the same GPU,
 * alternately. Prints a Markdown table of the rows, and what bounds them. `gpu_rows.sh` installs what is missing and calls this.
 *
 *     npm run build && node tools/gpu_rows.mjs --out gpu.md
 *
 * --batch-sizes 128,512,2048   images of a step
 * --steps 20                   steps that are timed in each round, after three that are not
 * --rounds 2                   rounds, in which every program is measured once
 * --roof-side 2048             rows and columns of the matrix product that is the roof
 * --device webgpu              only this device
 * --time-limit 450             seconds after which nothing new is measured
 * --python python3             the Python that has PyTorch; empty: without PyTorch
 * --out FILE                   also writes the table to a file
 * --offline                    ignored here; gpu_rows.sh then installs nothing
 *
 * The roof is the rate of the matrix product on the same device in the same precision: a graph with several products in a row, less a
 * graph with one. The transfer is the time of a step that only copies a batch to the device, and one number back.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    'batch-sizes': { type: 'string', default: '128,512,2048' },
    steps: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '2' },
    'roof-side': { type: 'string', default: '2048' },
    device: { type: 'string' },
    'time-limit': { type: 'string', default: '450' },
    python: { type: 'string', default: 'python3' },
    out: { type: 'string' },
    offline: { type: 'boolean' },
  },
});
/** @param {string} flag @param {string} text */
function count(flag, text) {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  console.error(`gpu_rows: --${flag}: expected a whole number from 1, found ${JSON.stringify(text)}`);
  process.exit(2);
}
const sizes = flags['batch-sizes'].split(',').map((size) => count('batch-sizes', size));
const [steps, rounds] = [count('steps', flags.steps), count('rounds', flags.rounds)];
const side = count('roof-side', flags['roof-side']);
const end = performance.now() + 1e3 * count('time-limit', flags['time-limit']);
const inTime = () => performance.now() < end;

/** @param {string} path */
const dist = (path) => new URL(`../dist/${path}`, import.meta.url).href;
const { chooseEngine, engineSupport } = await import(dist('engine/engines.js'));
const { allOffers } = await import(dist('engine/offers.js'));
const { GraphBuilder } = await import(dist('ops/builder.js'));
const { float32, sizeOf } = await import(dist('tensor/tensor.js'));
const { tutorialRecipe } = await import(dist('recipe/recipes/tutorial.js'));
const { subjectOf } = await import(dist('bench/subject.js'));
const { profileStep, startTraining, stepFlop } = await import(dist('bench/step.js'));
const { profileSums } = await import(dist('bench/profile.js'));
const { peerEnvironment, readPeerLine } = await import(dist('bench/peers.js'));
const { noiseExamples } = await import(dist('testing/examples.js'));
const { version } = await import(dist('version.js'));

const subject = subjectOf(tutorialRecipe);
const report = [];
/** @param {string} line */
const say = (line = '') => {
  console.log(line);
  report.push(line);
};

/** @typedef {{ title: string, engine: any, adapter: string }} Variant */

/** @type {Variant[]} */
const variants = [];
const missing = [];
/** @type {string[]} */
const failures = [];
/** @param {string} what @param {string} why */
function failed(what, why) {
  failures.push(`${what}: ${why}`);
  console.error(`gpu_rows: ${what}: ${why}`);
}
for (const { engine, device: kind, precision } of allOffers) {
  const device = flags.device ?? kind;
  if (kind === 'cpu' || device.split(':')[0] !== kind) continue;
  const support = engineSupport(engine, precision, device);
  const title = `${engine} ${precision} on ${device}`;
  if (support.verdict === 'missing' || support.verdict === 'impossible')
    missing.push(`${title}: ${support.why}`);
  else {
    const chosen = chooseEngine({ engine, precision, device, emulate: true });
    variants.push({ title, engine: chosen.engine, adapter: support.adapter ?? '' });
  }
}

/** @param {readonly number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
/** @param {string} command @param {readonly string[]} words */
const output = (command, words) => spawnSync(command, words, { encoding: 'utf8' }).stdout?.trim() ?? '';

/** Runs a graph a few times, and returns the fastest time in milliseconds.
 * @param {any} engine @param {any} graph @param {ReadonlyMap<string, any>} [feeds] */
async function fastest(engine, graph, feeds = new Map()) {
  const session = await engine.compile(graph);
  try {
    await session.write(
      new Map(
        [...graph.variables].map(([name, { shape }]) => [
          name,
          float32(shape, new Float32Array(sizeOf(shape)).fill(1e-3)),
        ]),
      ),
    );
    const times = [];
    for (let run = 0; run < 6; run++) {
      const start = performance.now();
      await session.step(feeds);
      times.push(performance.now() - start);
    }
    return Math.min(...times);
  } finally {
    await session.release();
  }
}

/** A graph that returns one element of a value. @param {string} name @param {(b: any) => any} build */
function oneElement(name, build) {
  const b = new GraphBuilder(name);
  const y = build(b);
  const ones = y.shape.map(() => 1);
  const attributes = { begin: y.shape.map(() => 0), size: ones, strides: ones };
  b.output('y', b.op('StridedSlice', { x: y }, attributes));
  return b.build();
}

/** The rate of the matrix product, in floating-point operations per second. @param {any} engine */
async function roofOf(engine) {
  const products = (/** @type {number} */ count) =>
    oneElement('roof', (b) => {
      const type = { dtype: 'float32', shape: [side, side] };
      const a = b.variable('a', type);
      let y = b.variable('b', type);
      for (let product = 0; product < count; product++)
        y = b.op('MatMul', { a, b: y }, { transposeA: false, transposeB: false });
      return y;
    });
  // Many products, because a single one takes less time than a step varies.
  const more = 65;
  const millis = (await fastest(engine, products(more))) - (await fastest(engine, products(1)));
  return ((more - 1) * 2 * side ** 3) / (millis / 1e3);
}

/** Milliseconds to copy a batch to the device, and one number back. @param {any} engine @param {number} batch */
function transferOf(engine, batch) {
  const shape = [batch, ...subject.network.imageShape];
  const graph = oneElement('transfer', (b) => b.op('Neg', { x: b.input('x', { dtype: 'float32', shape }) }));
  return fastest(engine, graph, new Map([['x', float32(shape, new Float32Array(sizeOf(shape)))]]));
}

/** The times of steps, in milliseconds. @param {any} engine @param {number} batch @param {any} examples */
async function stepsOf(engine, batch, examples) {
  const training = await startTraining({ engine, towers: 1 }, examples, subject, batch);
  try {
    for (let step = 0; step < 3; step++) await training.step();
    const times = [];
    for (let step = 0; step < steps; step++) {
      const start = performance.now();
      await training.step();
      times.push(performance.now() - start);
    }
    return times;
  } finally {
    await training.release();
  }
}

/** The variants of PyTorch with their images per second. @param {number} batch @param {string} only @returns {Map<string, number>} */
function torch(batch, only) {
  const script = fileURLToPath(new URL('../bench/peers/torch_step.py', import.meta.url));
  const words = [
    script,
    '--device',
    torchDevice,
    '--batch',
    `${batch}`,
    '--steps',
    `${steps}`,
    '--only',
    only,
  ];
  const { stdout, stderr, status, error } = spawnSync(flags.python, words, {
    encoding: 'utf8',
    timeout: Math.ceil(Math.max(1e3, end - performance.now())),
    env: peerEnvironment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const isLate = error !== undefined && 'code' in error && error.code === 'ETIMEDOUT';
  if (isLate) failed(`PyTorch, ${batch} images`, 'out of time');
  else if (status !== 0)
    failed(
      `PyTorch, ${batch} images`,
      error?.message ?? (stderr.trim().split('\n').at(-1) || 'it printed no error'),
    );
  const lines = (stdout ?? '').split('\n').flatMap((line) => readPeerLine(line));
  return new Map(lines.map(({ variant, imagesPerSecond }) => [variant, imagesPerSecond]));
}

const hasTorch =
  flags.python !== '' && output(flags.python, ['-c', 'import torch; print(torch.__version__)']);
const torchGpu =
  hasTorch &&
  output(flags.python, [
    '-c',
    'import torch; print(torch.cuda.is_available() and torch.cuda.get_device_name())',
  ]);
const torchDevice = torchGpu && torchGpu !== 'False' ? 'cuda' : 'cpu';

const cards = output('nvidia-smi', ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader']);
const adapters = [...new Set(variants.map(({ adapter }) => adapter).filter((adapter) => adapter !== ''))];
say(`Measured on ${new Date().toISOString().slice(0, 10)} with \`tools/gpu_rows.sh\`.`);
say();
say(
  `- GPU: ${[cards.replaceAll('\n', '; '), ...adapters].filter((text) => text !== '').join('; ') || 'none found'}`,
);
say(`- CPU: ${cpus()[0]?.model.trim()}, ${cpus().length} threads`);
const library = variants[0]?.engine.library ?? 'no engine';
say(
  `- Versions: cifar10 ${version}, ${library}, Node.js ${process.versions.node}, ${hasTorch ? `PyTorch ${hasTorch}` : 'no PyTorch'}`,
);
for (const text of missing) say(`- Missing: ${text}`);
if (hasTorch && torchDevice === 'cpu')
  say('- Missing: a GPU that PyTorch can use. Its rows are those of the CPU');
say();
if (variants.length === 0) {
  console.error('gpu_rows: no device other than the CPU works here, so there is nothing to measure');
  process.exit(1);
}

const examples = noiseExamples(Math.max(...sizes));
/** @type {Map<string, { title: string, batch: number, rates: number[] }>} */
const rows = new Map();
/** @param {string} title @param {number} batch @param {number} rate */
function add(title, batch, rate) {
  const key = `${title} ${batch}`;
  const row = rows.get(key) ?? { title, batch, rates: [] };
  row.rates.push(rate);
  rows.set(key, row);
}

/** @param {string} only which variants of PyTorch */
async function round(only) {
  for (const batch of sizes) {
    for (const { title, engine } of variants) {
      if (!inTime()) return;
      try {
        add(title, batch, (1e3 * batch) / median(await stepsOf(engine, batch, examples)));
      } catch (error) {
        failed(`${title}, ${batch} images`, error instanceof Error ? error.message : `${error}`);
      }
    }
    if (!hasTorch || !inTime()) continue;
    for (const [variant, rate] of torch(batch, only))
      add(`PyTorch ${variant} on ${torchDevice}`, batch, rate);
  }
}

// On a CPU, PyTorch's own local response normalization takes most of a step.
for (let index = 0; index < rounds; index++) await round(torchDevice === 'cuda' ? 'eager' : 'eager banded');
/** @type {Map<string, { roof: number, transfers: Map<number, number>, longest: any }>} */
const bounds = new Map();
for (const { title, engine } of variants) {
  if (!inTime()) break;
  const roof = await roofOf(engine);
  const transfers = new Map();
  for (const batch of sizes) transfers.set(batch, await transferOf(engine, batch));
  const batch = sizes[0] ?? 128;
  bounds.set(title, { roof, transfers, longest: profileSums(await profileStep(engine, subject, batch, 3)) });
}
// torch.compile takes minutes, so it is measured last, in the remaining time.
if (hasTorch && torchDevice === 'cuda' && inTime()) await round('compiled');

const whole = (/** @type {number} */ value) => Math.round(value).toLocaleString('en-US');
say(
  '| program | images of a step | images/s, in each round | GFLOP/s of the step | share of the roof | transfer of a batch, ms |',
);
say('|---|---|---|---|---|---|');
for (const { title, batch, rates } of [...rows.values()].sort((a, b) => a.batch - b.batch)) {
  const rate = (stepFlop(subject, batch) * median(rates)) / batch;
  const bound = bounds.get(title);
  const cells = [title, whole(batch), rates.map(whole).join(', '), whole(rate / 1e9)];
  cells.push(bound === undefined ? '' : `${((100 * rate) / bound.roof).toFixed(0)}%`);
  cells.push(bound?.transfers.get(batch)?.toFixed(1) ?? '');
  say(`| ${cells.join(' | ')} |`);
}
say();
for (const [title, { roof, longest }] of bounds) {
  say(
    `What bounds ${title} (${sizes[0]} images of a step; the roof is ${whole(roof / 1e9)} GFLOP/s, a product of ${side} × ${side}):`,
  );
  say();
  say('| operator | share of the time | calls |');
  say('|---|---|---|');
  for (const { what, millis, calls } of longest.operators)
    if (millis >= 0.05 * longest.millis)
      say(`| ${what} | ${((100 * millis) / longest.millis).toFixed(0)}% | ${calls} |`);
  say();
}
for (const text of failures) say(`- Failed: ${text}`);
if (!inTime())
  say(`The time limit of ${flags['time-limit']} s ended the measurements, so rows may be missing.`);
if (flags.out !== undefined) writeFileSync(flags.out, `${report.join('\n').trim()}\n`);

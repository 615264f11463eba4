// @ts-check
/**
 * Measures points of the curve of precision and training time, and adds them to bench/curve.json: complete runs of a recipe with several
 * widths and lengths, and the same runs in PyTorch.
 *
 *     npm run build && node tools/measure_curve.mjs --data-dir data --recipe airbench-muon --batch-size 512 --points 0.25x3,0.5x6
 *
 * A point is WIDTHxEPOCHS. `--recipe` is airbench, airbench-muon, fast or best, whose rates follow `--batch-size` on both sides
 * (tools/curve_settings.mjs). Without `--batch-size`, the batches of fast and best fit the epochs of a point, as in `train`. `--runs` is
 * the number of runs of each point (1). `--peer` names the variant of bench/peers/torch_airbench.py, such as "channels_last fp32 eager";
 * without it, only our points are measured. `--engine` and `--precision` are those of our runs, `--flags="--towers 1"` adds flags to them,
 * and `--peer-flags="--threads 2"` to those of PyTorch. A point that the file already has, with as many runs, is measured again only with `--again`.
 *
 * Times are only comparable on an idle machine. Then `node tools/draw_curve.mjs` draws the picture.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { settingsOf } from './curve_settings.mjs';

const root = new URL('../', import.meta.url);
const { values: flags } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    recipe: { type: 'string', default: 'airbench-muon' },
    points: { type: 'string' },
    'batch-size': { type: 'string' },
    runs: { type: 'string', default: '1' },
    engine: { type: 'string', default: 'onednn' },
    precision: { type: 'string', default: 'float32' },
    flags: { type: 'string', default: '' },
    peer: { type: 'string', default: '' },
    'peer-flags': { type: 'string', default: '' },
    out: { type: 'string', default: fileURLToPath(new URL('bench/curve.json', root)) },
    again: { type: 'boolean', default: false },
  },
});
const { 'data-dir': dataDir, points, recipe, runs, out } = flags;
if (dataDir === undefined || points === undefined) throw new Error('--data-dir and --points are required');
const size = flags['batch-size'] === undefined ? undefined : Number(flags['batch-size']);
/** The names of the variants: everything else that may change a run. */
const theirs = [flags.peer, flags['peer-flags']].filter((word) => word !== '').join(' ');
const ours = [flags.engine, flags.precision, flags.flags].filter((word) => word !== '').join(' ');

/**
 * @typedef {object} CurvePoint
 * @property {string} program `cifar10` or `PyTorch`
 * @property {string} variant the engine, precision and other flags, or the variant and flags of PyTorch
 * @property {string} recipe
 * @property {number} width
 * @property {number} epochs
 * @property {number} batchSize
 * @property {readonly { seed: number, precision: number, ttaPrecision: number, seconds: number }[]} runs
 * @property {string} machine
 * @property {string} date
 */

/** @type {CurvePoint[]} */
const known = existsSync(out) ? JSON.parse(readFileSync(out, 'utf8')).points : [];
const machine = `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? 'an unknown CPU'}`;
const words = (/** @type {string} */ text) => text.split(' ').filter((word) => word !== '');

/** @param {string} command @param {readonly string[]} args @returns {readonly any[]} the lines of JSON that it printed */
function linesOf(command, args) {
  const { status, stdout } = spawnSync(command, args, {
    ...{ encoding: 'utf8', maxBuffer: 2 ** 28 },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** @param {number} width @param {number} epochs @returns {Omit<CurvePoint, 'date'>} */
function ourPoint(width, epochs) {
  const { toml } = settingsOf(recipe, size, epochs);
  const main = fileURLToPath(new URL('bin/cifar10.mjs', root));
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-curve-'));
  const file = join(folder, `${recipe}.toml`);
  writeFileSync(file, toml);
  const lines = linesOf(process.execPath, [
    ...[main, 'bench', '--recipe', file, '--width', `${width}`, '--epochs', `${epochs}`],
    ...['--runs', runs, '--tta', 'full', '--data-dir', String(dataDir), '--json'],
    ...['--engine', flags.engine, '--precision', flags.precision],
    ...words(flags.flags),
  ]);
  rmSync(folder, { recursive: true });
  const done = lines.filter(({ kind }) => kind === 'benchCompleteRun');
  return {
    ...pointOf(width, epochs),
    ...{ program: 'cifar10', variant: ours },
    runs: done.map(({ seed, precision, ttaPrecision, seconds }) => ({
      seed,
      precision,
      ttaPrecision,
      seconds,
    })),
  };
}

/** @param {number} width @param {number} epochs @returns {Omit<CurvePoint, 'date'>} */
function peerPoint(width, epochs) {
  const { batchSize, peer } = settingsOf(recipe, size, epochs);
  const program = fileURLToPath(new URL('bench/peers/torch_airbench.py', root));
  const done = Array.from({ length: Number(runs) }, (_, seed) => {
    const last = linesOf('python3', [
      ...[program, '--recipe', peer.recipe, '--bias-epochs', `${peer.biasEpochs}`],
      ...['--width', `${width}`, '--epochs', `${epochs}`, '--seed', `${seed}`],
      ...['--data-dir', String(dataDir), '--only', flags.peer],
      ...['--batch', `${batchSize}`, ...words(flags['peer-flags'])],
    ]).at(-1);
    return { seed, precision: last.precision.none, ttaPrecision: last.precision.full, seconds: last.seconds };
  });
  return { ...pointOf(width, epochs), program: 'PyTorch', variant: theirs, runs: done };
}

/** @param {number} width @param {number} epochs */
function pointOf(width, epochs) {
  const { batchSize } = settingsOf(recipe, size, epochs);
  return { recipe, width, epochs, batchSize, machine };
}

/** @param {Omit<CurvePoint, 'date' | 'runs'>} point @param {number} count the number of its runs */
const keyOf = (
  { program, variant, recipe: ofPoint, width, epochs, batchSize: images, machine: where },
  count,
) => JSON.stringify([program, variant, ofPoint, width, epochs, images, where, count]);

for (const point of points.split(',')) {
  const [width = Number.NaN, epochs = Number.NaN] = point.split('x').map(Number);
  if (!(width > 0 && epochs > 0))
    throw new Error(`--points: found ${point}, expected WIDTHxEPOCHS, such as 0.5x6`);
  const sides = [
    { program: 'cifar10', variant: ours, measure: ourPoint },
    ...(flags.peer === '' ? [] : [{ program: 'PyTorch', variant: theirs, measure: peerPoint }]),
  ];
  for (const { program, variant, measure } of sides) {
    const key = keyOf({ ...pointOf(width, epochs), program, variant }, Number(runs));
    const index = known.findIndex((one) => keyOf(one, one.runs.length) === key);
    if (index !== -1 && !flags.again) continue;
    const found = { ...measure(width, epochs), date: new Date().toISOString().slice(0, 10) };
    if (index === -1) known.push(found);
    else known[index] = found;
    writeFileSync(out, `${JSON.stringify({ points: known }, null, 1)}\n`);
    const seconds = found.runs.map((run) => run.seconds.toFixed(0)).join(', ');
    const precision = found.runs.map((run) => run.ttaPrecision.toFixed(4)).join(', ');
    console.log(`${program}, width ${width}, ${epochs} epochs: ${precision} after ${seconds} s`);
  }
}

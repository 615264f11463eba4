// @ts-check
/**
 * Prints hashes of what short runs write, to compare two versions of the program on one machine. They must be equal if a
 * change is not supposed to alter results.
 *
 *     node tools/run_hashes.mjs [CLONE] [--steps 200] > before.txt      # in a clone of the version before
 *     node tools/run_hashes.mjs > after.txt; diff before.txt after.txt
 *
 * For every engine and precision of this machine, it trains on the generated set, resumes once, evaluates, and prints
 * the SHA-256 sums of each variable, of the scalars in metrics.jsonl, of the event files without their times, and of the
 * result of the evaluation.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { steps: { type: 'string', default: '200' }, flags: { type: 'string', default: '' } },
  allowPositionals: true,
});
const steps = Number(values.steps);
const clone = resolve(positionals[0] ?? '.');
const program = join(clone, 'dist', 'cli', 'main.js');
const recipe = values.flags.split(' ').filter((word) => word !== '');

/** Engines and precisions as flags. */
const variants = [
  ['onnx', 'float32'],
  ['onednn', 'float32'],
  ['onednn', 'bfloat16'],
];

const folder = mkdtempSync(join(tmpdir(), 'cifar10-hashes-'));
try {
  for (const [engine = '', precision = ''] of variants) {
    const run = join(folder, `${engine}-${precision}`);
    const data = ['--data-dir', join(folder, 'data')];
    const flags = [
      '--dataset',
      'synthetic',
      '--engine',
      engine,
      '--precision',
      precision,
      ...data,
      ...recipe,
    ];
    const train = ['train', ...flags, '--train-dir', run, '--summary-steps', '50', '--quiet'];
    const half = cifar10([...train, '--max-steps', String(Math.ceil(steps / 2))]);
    if (half !== 0) {
      console.log(`${engine} ${precision}: not available here`);
      continue;
    }
    cifar10([...train, '--max-steps', String(steps)]);
    const evaluation = ['--checkpoint-dir', run, '--eval-dir', `${run}-eval`, '--engine', engine];
    cifar10(['eval', '--run-once', ...data, ...evaluation, '--precision', precision, '--quiet']);
    print(`${engine} ${precision}`, run);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {readonly string[]} words @returns {number | null} the exit code */
function cifar10(words) {
  return spawnSync(process.execPath, [program, ...words], { stdio: ['ignore', 'ignore', 'inherit'] }).status;
}

/** @param {string} title @param {string} run */
function print(title, run) {
  const { tensors, bytes } = safetensors(readFileSync(join(run, `model.ckpt-${steps}.safetensors`)));
  for (const [name, { data_offsets }] of Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1)))
    if (name !== '__metadata__') console.log(`${title} ${name} ${sha256(bytes.subarray(...data_offsets))}`);
  console.log(
    `${title} metrics.jsonl ${sha256(withoutTimes(readFileSync(join(run, 'metrics.jsonl'), 'utf8')))}`,
  );
  const [{ precision, count } = {}] = readFileSync(join(`${run}-eval`, 'evaluations.jsonl'), 'utf8')
    .split('\n', 1)
    .map((line) => JSON.parse(line));
  console.log(`${title} evaluation ${JSON.stringify({ precision, count })}`);
  for (const [place, dir] of [
    ['train', run],
    ['eval', `${run}-eval`],
  ])
    console.log(`${title} events of ${place} ${sha256(events(String(dir)))}`);
}

/** The scalars of each step without the time of day and other values that depend on the clock.
 * @param {string} text */
function withoutTimes(text) {
  return text.replaceAll(
    /"time":"[^"]*",|"[^"]*(images_per_sec|waiting|fraction_of_|examples_per|queue|sec)[^"]*":[^,}]*,?/g,
    '',
  );
}

/** The sizes of all records in the event files of a folder. Values that depend on the clock have a fixed length.
 * @param {string} dir */
function events(dir) {
  const files = readdirSync(dir)
    .filter((name) => name.includes('tfevents'))
    .sort();
  return files
    .map((name) => {
      const bytes = readFileSync(join(dir, name));
      const lengths = [];
      for (let at = 0; at + 16 <= bytes.length; ) {
        const length = Number(bytes.readBigUInt64LE(at));
        lengths.push(length);
        at += 16 + length;
      }
      return lengths.join();
    })
    .join('\n');
}

/** @param {Buffer} file @returns {{tensors: Record<string, {data_offsets: [number, number]}>, bytes: Buffer}} */
function safetensors(file) {
  const length = Number(file.readBigUInt64LE(0));
  return { tensors: JSON.parse(file.toString('utf8', 8, 8 + length)), bytes: file.subarray(8 + length) };
}

/** @param {string | Uint8Array} content */
function sha256(content) {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

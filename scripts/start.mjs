// @ts-check
/**
 * `npm start`: sets up, trains 1,000 steps in runs/start and evaluates once. On CIFAR-10 if it is in data/ or can be
 * downloaded, else on the generated set. Run again, it goes on for another 1,000 steps.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cifar10, root, setup } from './setup.mjs';

const stepsAtOnce = 1000;

setup();
// Relative to the root, where every command runs, so that what is printed is short and can be typed again.
const trainDir = join('runs', 'start');
const dataDir = 'data';
const done = stepsDone();
// What is chosen at first is taken from the checkpoint later.
const dataset = done > 0 ? [] : chooseDataset();
const data = ['--data-dir', dataDir];
const steps = String(done + stepsAtOnce);
cifar10('train', ...dataset, ...data, '--train-dir', trainDir, '--max-steps', steps);
cifar10(
  'eval',
  '--run-once',
  ...data,
  '--checkpoint-dir',
  trainDir,
  '--eval-dir',
  join('runs', 'start-eval'),
);
console.log(`
What next:
  npm start                                another ${stepsAtOnce} steps
  npx cifar10 train --help                 all that training can be told
  npx cifar10 inspect graph                the network, layer by layer
  docs/getting-started.md                  train on CIFAR-10, evaluate, understand`);

/** Steps of the newest checkpoint of the run, 0 where there is none. */
function stepsDone() {
  const folder = join(root, trainDir);
  if (!existsSync(folder)) return 0;
  const steps = readdirSync(folder).map((name) =>
    Number(/^model\.ckpt-(\d+)\.safetensors$/.exec(name)?.[1] ?? 0),
  );
  return Math.max(0, ...steps);
}

/** The flags of a first run: CIFAR-10 if it is on the disk, else if it can be downloaded; only then the generated set. */
function chooseDataset() {
  if (existsSync(join(root, dataDir, 'cifar-10-batches-bin'))) return [];
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'dist', 'cli', 'main.js'), 'download', '--data-dir', dataDir],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (status === 0) return [];
  if (status === 130 || status === 143) process.exit(status);
  console.log(
    '>> CIFAR-10 cannot be had here: using the generated set instead, ten classes of drawn pictures',
  );
  // So simple pictures are soon known for certain, and then the tutorial's learning rate is too high without a limit.
  return ['--dataset', 'synthetic', '--clip-norm', '5'];
}

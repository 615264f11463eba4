// @ts-check
/**
 * `npm start`: sets up, trains 1,000 steps in runs/start and evaluates once. It uses CIFAR-10 if it is in data/ or can be
 * downloaded, and the generated set otherwise. Running it again trains another 1,000 steps.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cifar10, root, setup } from './setup.mjs';

const stepsAtOnce = 1000;

setup();
// The paths are relative to the root, where every command runs, so that printed commands are short and can be copied.
const trainDir = join('runs', 'start');
const dataDir = 'data';
const done = stepsDone();
// Only the first run chooses a data set and the flags for it. Later runs take them from the checkpoint.
const dataset = done > 0 ? [] : chooseDataset();
const data = ['--data-dir', dataDir];
const steps = String(done + stepsAtOnce);
const evalDir = join('runs', 'start-eval');
console.log(
  `>> Training ${done > 0 ? 'another ' : ''}${stepsAtOnce.toLocaleString('en-US')} steps: 1 to 4 minutes on two cores. Ctrl-C saves`,
);
cifar10('train', ...dataset, ...data, '--train-dir', trainDir, '--max-steps', steps);
console.log('\n>> Evaluating on the test images');
const where = ['--checkpoint-dir', trainDir, '--eval-dir', evalDir];
cifar10('eval', '--run-once', '--report', ...data, ...where);
console.log(`
The report and images with predictions (open these files in a browser):
  ${join(evalDir, 'report.html')}
  ${join(evalDir, `pictures-${steps}-test-ema.html`)}
Next:
  npm start                                train another ${stepsAtOnce.toLocaleString('en-US')} steps
  npx cifar10 dashboard --logdir runs      show the curves and results in a page (after npm run build)
  npx cifar10 inspect runs                 list the runs so far
  npx cifar10 inspect graph                show the network, layer by layer
  npx cifar10 train --help                 list all flags of train
  docs/getting-started.md                  train on CIFAR-10, and more
  docs/pictures.md                         train on your own pictures`);

/** The step of the newest checkpoint of the run, or 0 if there is none. */
function stepsDone() {
  const folder = join(root, trainDir);
  if (!existsSync(folder)) return 0;
  const steps = readdirSync(folder).map((name) =>
    Number(/^model\.ckpt-(\d+)\.safetensors$/.exec(name)?.[1] ?? 0),
  );
  return Math.max(0, ...steps);
}

/** The flags of a first run: CIFAR-10 if it is on the disk or can be downloaded, and the generated set otherwise. */
function chooseDataset() {
  if (existsSync(join(root, dataDir, 'cifar-10-batches-bin'))) return [];
  const program = join(root, 'dist', 'cli', 'main.js');
  const { status, stderr } = spawnSync(process.execPath, [program, 'download', '--data-dir', dataDir], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'pipe'],
    encoding: 'utf8',
  });
  if (status === 0) return [];
  if (status === 130 || status === 143) process.exit(status);
  const [, reason = 'no reason given'] = /cannot be downloaded: \S+ (.*)/.exec(stderr) ?? [];
  console.log(`>> CIFAR-10 is not in ${dataDir} and cannot be downloaded here:\n   ${reason}`);
  console.log('   Using the generated set instead: ten classes of drawn images');
  // On such simple images, the network soon predicts with high confidence. The learning rate of the tutorial is then too
  // high, unless the gradient is limited.
  return ['--dataset', 'synthetic', '--clip-norm', '5'];
}

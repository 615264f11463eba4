/** Tests what `train` prints apart from its steps. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { datasets } from '../data/datasets.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import type { TrainingEvent } from '../run/training.ts';
import { cifar10 } from '../testing/in-process.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { createConsole } from './console.ts';
import { flagTable } from './flag-table.ts';
import { TrainReporter } from './train-reporter.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-train-reporter-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Returns the lines that are printed for the events: on a terminal with the given number of columns, or to a pipe if no number
 * is given. */
function printed(events: readonly TrainingEvent[], columns?: number, trainDir = 'run', json = false): string {
  let text = '';
  const out = {
    write: (more: string) => {
      text += more;
    },
    ...(columns !== undefined && { isTTY: true, columns }),
  };
  const console = createConsole({ quiet: false, json }, { out, err: out }, { TERM: 'dumb' });
  const flags = { trainDir, dataDir: 'data', maxSteps: 9, logFrequency: 10, summarySteps: 100 };
  const reporter = new TrainReporter(console, flags);
  for (const event of events) reporter.report(event);
  return text;
}

const start = (
  resumedFrom?: string,
  held = 0,
  hyperparameters = tutorialHyperparameters,
  network = 'cifar10',
) =>
  ({
    kind: 'start',
    run: {
      hyperparameters,
      network: { name: network },
      ...{ batchSize: 128, seed: 0, examples: { count: 10_000, dataset: datasets.synthetic } },
      engine: { name: 'onnx', library: 'onnxruntime-node', precision: 'float32', threads: 2 },
      ...(held > 0 && { validation: { count: held } }),
    },
    engineReason: undefined,
    ...{ resumedFrom, maxSteps: 9 },
  }) as unknown as TrainingEvent;
const epoch = { kind: 'epoch', epoch: 3, globalStep: 9, images: 4000, correct: 3000, seconds: 7 } as const;
const validation = {
  kind: 'validation',
  globalStep: 9,
  precision: 0.5,
  best: true,
  path: 'run/best/x',
  endsEpoch: false,
} as const;
const end = { kind: 'end', globalStep: 1000, stopped: false, waitedMillis: 0, skippedSteps: 0 } as const;

test('the line of an epoch that another process began says which images are counted', () => {
  const whole = printed([start(), { ...epoch, isPartial: false }]);
  assert.match(whole, /epoch 3, training accuracy = 0\.750 \(4,000 images, 7 s\)/);
  const partial = printed([start(), { ...epoch, isPartial: true }]);
  assert.match(partial, /epoch 3, training accuracy = 0\.750 \(4,000 images since the resume, 7 s\)/);
});

test('the line of an epoch contains the score of the held-out images, which then has no line of its own', () => {
  const score = { ...validation, endsEpoch: true };
  const scored = { ...epoch, isPartial: false, validation: score };
  const wide = printed([start(), score, scored]).trimEnd().split('\n').slice(1);
  assert.equal(wide.length, 1);
  assert.match(
    wide[0] ?? '',
    /: epoch 3, training accuracy = 0\.750 \(4,000 images, 7 s\), validation precision @ 1 = 0\.500, the best so far: run\/best\/x$/,
  );
  const narrow = printed([start(), score, scored], 80);
  assert.match(narrow, /^epoch 3: training accuracy 0\.750, validation 0\.500, the best so far \(7 s\)$/m);
  assert.doesNotMatch(narrow, /step 9/);
  const { path: _, ...unsaved } = score;
  const worse = { ...unsaved, best: false };
  assert.match(printed([start(), { ...scored, validation: worse }]), /= 0\.500$/m);
});

test('if epochs have few steps, a line covers those of at least 10 steps, and the best score and the end have lines', () => {
  const epochs = Array.from({ length: 25 }, (_, index) => {
    const step = index + 1;
    const score = { ...validation, endsEpoch: true, globalStep: step, best: step === 4 };
    const counts = { globalStep: step, images: 100, correct: step, seconds: 1, isPartial: false };
    return { kind: 'epoch', epoch: step, ...counts, validation: score } as const;
  });
  const begin = { ...start(), maxSteps: 25 } as TrainingEvent;
  const lines = printed([begin, ...epochs]).match(/epoch \d.* images, \d+ s/g);
  assert.deepEqual(lines, [
    'epoch 1, training accuracy = 0.010 (100 images, 1 s',
    'epoch 4, training accuracy = 0.030 (300 images, 3 s',
    'epoch 14, training accuracy = 0.095 (1,000 images, 10 s',
    'epoch 24, training accuracy = 0.195 (1,000 images, 10 s',
    'epoch 25, training accuracy = 0.250 (100 images, 1 s',
  ]);
});

test('on narrow terminals no line has the date', () => {
  const text = printed([start(), { ...epoch, isPartial: true }, validation], 80);
  assert.doesNotMatch(text, /\d{4}-\d\d-\d\d/);
  assert.match(text, /^\d\d:\d\d:\d\d: step 9, validation precision @ 1 = 0\.500, the best so far$/m);
  assert.match(printed([start(), validation], 200), /^\d{4}-\d\d-\d\d .*, the best so far: run\/best\/x$/m);
});

test('resuming in the default folder prints which run that is, and how to start another', () => {
  const checkpoint = join(folder, 'model.ckpt-30.safetensors');
  writeFileSync(checkpoint, '');
  assert.match(printed([start(checkpoint)]), /^Resuming from .*model\.ckpt-30\.safetensors$/m);
  assert.match(
    printed([start(checkpoint)], undefined, flagTable.trainDir.default),
    /^Resuming the run of \d{4}-\d\d-\d\d \d\d:\d\d in \/tmp\/cifar10_train, from model\.ckpt-30\.safetensors; to start another, use --train-dir or --restart$/m,
  );
  const complete = {
    kind: 'complete',
    skippedSteps: 0,
    globalStep: 1000,
    hasHeldOut: false,
    hyperparameters: tutorialHyperparameters,
  } as const;
  const elsewhere = printed([complete, end], undefined, flagTable.trainDir.default);
  assert.match(elsewhere, /is complete: 1,000 steps; to start another, use --train-dir or --restart$/m);
});

test('a run with held-out images suggests evaluating those, not the test images', () => {
  assert.match(printed([start(), end]), /eval --run-once --checkpoint-dir run /);
  for (const first of [
    start(undefined, 1000),
    {
      kind: 'complete',
      skippedSteps: 0,
      globalStep: 9,
      hasHeldOut: true,
      hyperparameters: tutorialHyperparameters,
    } as const,
  ])
    assert.match(printed([first, end]), /eval --run-once --eval-data validation --checkpoint-dir run /);
});

test('a run whose schedule ended suggests stretching the schedule for more steps', () => {
  assert.doesNotMatch(printed([start(), end]), /--decay-steps/);
  const hyperparameters = { ...tutorialHyperparameters, schedule: 'cosine', decaySteps: 1000 } as const;
  const complete = {
    kind: 'complete',
    skippedSteps: 0,
    globalStep: 1000,
    hasHeldOut: false,
    hyperparameters,
  } as const;
  for (const first of [start(undefined, 0, hyperparameters), complete])
    assert.match(printed([first, end]), /--max-steps 2000 --decay-steps 2000$/m);
});

describe('a complete run', () => {
  const data = join(folder, 'data');
  const run = join(folder, 'run');
  const train = (dataDir: string, ...more: readonly string[]) =>
    cifar10(['train', '--data-dir', dataDir, '--train-dir', run, '--max-steps', '2', ...more]);
  before(async () => {
    await copySynthetic(data);
    const first = ['--dataset', 'synthetic', '--clip-norm', '5', '--batch-size', '8', '--holdout', '0.1'];
    assert.equal((await train(data, ...first)).code, 0);
  });

  test('is reported without its data', async () => {
    const nowhere = join(folder, 'nowhere');
    const outcome = await train(nowhere);
    assert.equal(outcome.code, 0);
    assert.equal(outcome.errors, '');
    assert.match(outcome.output, /^The run in .* is complete: 2 steps\nFor more steps:\n.*--max-steps 4\n/);
    const changed = await train(nowhere, '--learning-rate', '0.01', '--keep', '3');
    assert.match(
      changed.output,
      /is complete: 2 steps\. Without further steps, --learning-rate and --keep have no effect$/m,
    );
    const shorter = await cifar10([
      ...['train', '--json', '--data-dir', nowhere, '--train-dir', run, '--epochs', '0.001'],
    ]);
    assert.equal(JSON.parse(shorter.output).kind, 'end');
    assert.throws(() => readFileSync(nowhere), { code: 'ENOENT' });
  });

  test('needs its data for more steps', async () => {
    const outcome = await train(join(folder, 'data'), '--max-steps', '3');
    assert.match(outcome.output, /Done at step 3: 8 images/);
  });
});

test('the first line names a network other than the one of the tutorial', () => {
  assert.match(printed([start()]), /^Training on 10,000 images/);
  assert.match(
    printed([start(undefined, 0, tutorialHyperparameters, 'resnet')]),
    /^Training resnet on 10,000 images/,
  );
});

test('every skipped step has a line, and an object with --json, and the last line counts them', () => {
  const step = (number: number, isSkipped: boolean, skippedSteps: number) =>
    ({
      kind: 'step',
      ...{
        step: number,
        totalLoss: 4,
        losses: new Map([['total_loss', 4]]),
        towerLosses: [],
        learningRate: 0.1,
      },
      ...{ lossScale: 65_536, isSkipped, skippedSteps, correct: 0, waitedMillis: 0, stepMillis: 1 },
    }) as const;
  const ready = { kind: 'ready', globalStep: 0, changes: [], recipe: [], history: [] } as const;
  const events = [
    ...[start(), ready, step(0, false, 0), step(1, true, 1), step(2, false, 1), step(3, true, 2)],
    { ...end, skippedSteps: 2 },
  ];
  const text = printed(events, 300);
  assert.deepEqual(text.match(/^step .*$/gm), [
    'step 1 changed nothing, because its gradients were not finite: the loss scale 65,536 is halved (1 step skipped so far)',
    'step 3 changed nothing, because its gradients were not finite: the loss scale 65,536 is halved (2 steps skipped so far)',
  ]);
  assert.match(text, /images\/s, 2 steps skipped\. Checkpoints are in run$/m);
  assert.doesNotMatch(printed([start(), ready, step(0, false, 0), end], 300), /skipped/);
  const objects = printed(events, undefined, 'run', true)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    objects.flatMap(({ kind, step: number, isSkipped, skippedSteps, lossScale }) =>
      kind === 'step' ? [[number, isSkipped, skippedSteps, lossScale]] : [],
    ),
    [
      [0, false, 0, 65_536],
      [1, true, 1, 65_536],
      [3, true, 2, 65_536],
    ],
  );
  assert.equal(objects.find(({ kind }) => kind === 'end')?.['skippedSteps'], 2);
});

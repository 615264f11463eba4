/** Programs in plain JavaScript may pass anything. Unsuitable values are refused with the name of the argument,
 * before any work is done. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { requireFiniteNumber, requireOneOf, requireWholeNumber } from './arguments.ts';
import * as browser from './browser.ts';
import { UsageError } from './errors.ts';
import * as main from './index.ts';
import * as node from './node.ts';
import * as tensorboard from './tensorboard.ts';
import { engines } from './testing/engines.ts';
import { noiseExamples } from './testing/examples.ts';

/** All values of the entries of the package. */
const library = { ...browser, ...node, ...tensorboard, ...main };
const { CheckpointStore, chooseEngine, evaluateCheckpoint, makeRun, trainSteps } = library;
const { tutorialHyperparameters, tutorialNetwork } = library;

/** Returns the function as a program in JavaScript calls it, without types. */
const untyped = (call: unknown) => call as (...args: readonly unknown[]) => unknown;

const examples = noiseExamples(20);
const { engine } = chooseEngine({ engine: 'onnx', precision: 'float32', threads: 1 });
const recipe = {
  network: tutorialNetwork(10),
  hyperparameters: tutorialHyperparameters,
  batchSize: 4,
  seed: 0,
  holdout: 0,
};
const refused = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UsageError, String(error));
  assert.match(error.message, message);
  return true;
};

test('numbers must be whole or finite and within their bounds, and errors contain the value that was found', () => {
  const found: readonly (readonly [unknown, RegExp])[] = [
    [Number.NaN, /^n: found NaN, expected a whole number of at least 1$/],
    [undefined, /^n: found undefined, /],
    [null, /^n: found null, /],
    ['3', /^n: found "3", /],
    [1.5, /^n: found 1\.5, /],
    [0, /^n: found 0, /],
    [Infinity, /^n: found Infinity, /],
    [{}, /^n: found an object, /],
    [[1], /^n: found an array, /],
    [3n, /^n: found 3, /],
  ];
  for (const [value, message] of found)
    assert.throws(() => requireWholeNumber('n', value, 1), refused(message));
  requireWholeNumber('n', 1, 1);
  const outside = /^x: found 2, expected a number from 0 to 1$/;
  assert.throws(() => requireFiniteNumber('x', 2, 0, 1), refused(outside));
  requireFiniteNumber('x', 0.5, 0, 1);
  assert.throws(
    () => requireOneOf('way', 'up', ['left', 'right']),
    refused(/found "up", expected left or right/),
  );
});

describe('chooseEngine', () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ engine: 'tpu', precision: 'float32' }, /^engine: found "tpu", expected auto, onnx or onednn$/],
    [{ engine: 'ONNX', precision: 'float32' }, /"ONNX".*Did you mean onnx\?$/],
    [{ precision: 'float32' }, /engine/],
    [{ engine: 'onnx', precision: 'float64' }, /float32/],
    [{ engine: 'auto', precision: 'double' }, /"double"/],
    [{ engine: 'auto' }, /precision/],
    [{ engine: 'onnx', precision: 'float32', threads: 0 }, /^threads: found 0/],
    [{ engine: 'onnx', precision: 'float32', threads: Number.NaN }, /^threads: found NaN/],
  ];
  for (const [request, message] of cases)
    test(`refuses ${JSON.stringify(request)}`, () =>
      assert.throws(() => untyped(chooseEngine)(request), refused(message)));
});

describe('makeRun', () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    [
      'a batch size of NaN',
      { batchSize: Number.NaN },
      /^batchSize: found NaN, expected a whole number of at least 1/,
    ],
    ['no batch size', { batchSize: undefined }, /^batchSize: found undefined/],
    ['a seed that is not whole', { seed: 0.5 }, /^seed: found 0\.5/],
    ['a holdout of 2', { holdout: 2 }, /^holdout: found 2, expected a number from 0 to 1/],
    [
      'a learning rate as text',
      { hyperparameters: { ...tutorialHyperparameters, learningRate: '0.1' } },
      /^hyperparameters\.learningRate: found "0\.1", expected a number of at least 0/,
    ],
    [
      'an optimizer that does not exist',
      { hyperparameters: { ...tutorialHyperparameters, optimizer: 'best' } },
      /^hyperparameters\.optimizer: found "best", expected sgd, momentum, nesterov, adam, adamw or muon$/,
    ],
    [
      'missing hyperparameters',
      { hyperparameters: undefined },
      /^hyperparameters: found undefined, expected an object/,
    ],
  ];
  for (const [title, change, message] of cases)
    test(`refuses ${title}`, () =>
      assert.throws(() => untyped(makeRun)({ ...recipe, ...change }, examples, engine), refused(message)));

  test('refuses an object that is not an engine', () => {
    const chosen = chooseEngine({ engine: 'onnx', precision: 'float32' });
    const call = () => untyped(makeRun)(recipe, examples, chosen);
    assert.throws(call, refused(/^engine: found an object, expected an engine: chooseEngine/));
  });

  test('refuses a network whose number of classes differs from that of the data, with both numbers', () => {
    const five = { ...recipe, network: tutorialNetwork(5) };
    assert.throws(() => makeRun(five, examples, engine), {
      name: 'RunError',
      message: /has 5 classes, but found 10 in .*; .*tutorialNetwork\(dataset\.classes\.length\)/,
    });
  });
});

describe('trainSteps', () => {
  const store = new CheckpointStore('nowhere', { keep: 5, onWarning: () => undefined });
  const options = {
    run: makeRun(recipe, examples, engine),
    store,
    maxSteps: 1,
    checkpointSteps: 1,
    versions: { cifar10: 'test' },
  };
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ maxSteps: Number.NaN }, /^maxSteps: found NaN, expected a whole number of at least 0/],
    [{ maxSteps: undefined }, /^maxSteps: found undefined/],
    [{ maxSteps: Infinity }, /^maxSteps: found Infinity/],
    [{ checkpointSteps: 0 }, /^checkpointSteps: found 0, expected a whole number of at least 1/],
    [{ readers: 1.5 }, /^readers: found 1\.5/],
    [{ summarySteps: 0 }, /^summarySteps: found 0/],
    [{ store: 'run' }, /^store: found "run", expected a CheckpointStore/],
  ];
  for (const [change, message] of cases)
    test(`refuses ${Object.entries(change).map(String).join()}`, () => {
      const events = trainSteps({ ...options, ...change } as typeof options);
      return assert.rejects(events.next(), refused(message));
    });
});

describe('evaluateCheckpoint', () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ weights: 'best' }, /^weights: found "best", expected ema or raw/],
    [{ weights: undefined }, /^weights: found undefined/],
    [{ batchSize: 0 }, /^batchSize: found 0/],
    [{ numExamples: Number.NaN }, /^numExamples: found NaN/],
    [{ engine: 'onnx' }, /^engine: found "onnx"/],
  ];
  for (const [change, message] of cases)
    test(`refuses ${Object.entries(change).map(String).join()}`, () => {
      const checkpoint = { tensors: new Map(), metadata: {} };
      const options = { engine, checkpoint, examples, weights: 'ema', batchSize: 4, numExamples: 4 };
      const call = async () => untyped(evaluateCheckpoint)({ ...options, ...change });
      return assert.rejects(call, refused(message));
    });
});

/** Iterates a generator to its end, or awaits a promise. */
async function settled(result: unknown): Promise<void> {
  if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result)
    for await (const _ of result as AsyncIterable<unknown>);
  else await result;
}

const folders = { trainDir: 'nowhere', dataDir: 'nowhere' };
const evaluation = { checkpointDir: 'nowhere', evalDir: 'nowhere', dataDir: 'nowhere' };
const warn = { onWarning: () => undefined };
const hyperparameters = tutorialHyperparameters;
type Call = () => unknown;
const called =
  (call: unknown, ...args: readonly unknown[]): Call =>
  () =>
    untyped(call)(...args);
const created =
  (made: typeof CheckpointStore | typeof library.SummaryWriter, ...args: readonly unknown[]): Call =>
  () =>
    Reflect.construct(made, args);
const definition = { name: 'own', summary: 'x', imageShape: [3, 32, 32], create: () => undefined };
/** Looks like onnxruntime-web. */
const runtime = { InferenceSession: {}, Tensor: Array };
const cpu = { kind: 'cpu', threads: 1, library: 'onnxruntime-web' };
/** Looks like the examples of a page. */
const onePage = { training: examples, heldOut: examples };

const making = { imageShape: [3, 24, 24], images: library.tutorialImages };
/** For every exported function that takes options, calls that it must refuse. */
const refusals: Readonly<Record<string, readonly (readonly [Call, RegExp])[]>> = {
  runTraining: [
    [
      called(library.runTraining, { ...folders, maxStep: 200 }),
      /^unknown option `maxStep`\. Did you mean `maxSteps`\?$/,
    ],
    [called(library.runTraining, { ...folders, max_steps: 200 }), /`max_steps`\. Did you mean `maxSteps`\?$/],
    [called(library.runTraining, { ...folders, seeds: undefined }), /`seeds`\. Did you mean `seed`\?$/],
    [
      called(library.runTraining, { ...folders, learningRate: 0.1 }),
      /`learningRate`\. Did you mean `hyperparameters\.learningRate`\?$/,
    ],
    [
      called(library.runTraining, { ...folders, hyperparameters: { clipnorm: 5 } }),
      /^unknown option `hyperparameters\.clipnorm`\. Did you mean `hyperparameters\.clipNorm`\?$/,
    ],
    [
      called(library.runTraining, { ...folders, banana: 1 }),
      /^unknown option `banana`\. Known: trainDir, dataDir, /,
    ],
    [
      called(library.runTraining, folders, { onProgress: 1 }),
      /`onProgress`\. Did you mean `onSaveProgress`\?$/,
    ],
    [
      called(library.runTraining, folders, { signal: 'stop' }),
      /^signal: found "stop", expected an AbortSignal/,
    ],
    [called(library.runTraining), /^options: found undefined, expected an object$/],
    [called(library.runTraining, { dataDir: 'nowhere' }), /^trainDir: found undefined, expected a text$/],
    [
      called(library.runTraining, { ...folders, trainDir: new URL('file:///x') }),
      /^trainDir: found an object/,
    ],
    [
      called(library.runTraining, { ...folders, dataset: 'synthetik' }),
      /^dataset: found "synthetik", expected cifar10, .* or synthetic\. Did you mean synthetic\?$/,
    ],
    [called(library.runTraining, { ...folders, dataset: null }), /^dataset: found null, /],
    [
      called(library.runTraining, { ...folders, engine: 'ort' }),
      /^engine: found "ort", expected auto, onnx or onednn/,
    ],
    [
      called(library.runTraining, { ...folders, precision: 'float23' }),
      /^precision: .* Did you mean float32\?$/,
    ],
    [
      called(library.runTraining, { ...folders, batchSize: 0 }),
      /^batchSize: found 0, expected a whole number from 1 to 16384/,
    ],
    [called(library.runTraining, { ...folders, seed: -1 }), /^seed: found -1/],
    [called(library.runTraining, { ...folders, holdout: 1.5 }), /^holdout: found 1\.5/],
    [called(library.runTraining, { ...folders, maxSteps: '200' }), /^maxSteps: found "200"/],
    [called(library.runTraining, { ...folders, epochs: Number.NaN }), /^epochs: found NaN/],
    [called(library.runTraining, { ...folders, readers: 0 }), /^readers: found 0/],
    [called(library.runTraining, { ...folders, checkpointSteps: 0 }), /^checkpointSteps: found 0/],
    [called(library.runTraining, { ...folders, keep: -1 }), /^keep: found -1/],
    [called(library.runTraining, { ...folders, evalEvery: 0 }), /^evalEvery: found 0/],
    [called(library.runTraining, { ...folders, summarySteps: -5 }), /^summarySteps: found -5/],
    [
      called(library.runTraining, { ...folders, restart: 'yes' }),
      /^restart: found "yes", expected true or false$/,
    ],
    [called(library.runTraining, { ...folders, initFrom: 3 }), /^initFrom: found 3/],
    [
      called(library.runTraining, { ...folders, hyperparameters: { optimizer: 'Adam' } }),
      /^hyperparameters\.optimizer: found "Adam", .* Did you mean adam\?$/,
    ],
    [
      called(library.runTraining, { ...folders, hyperparameters: 5 }),
      /^hyperparameters: found 5, expected an object$/,
    ],
    [
      called(library.runTraining, { ...folders, hyperparameters: { learningRate: -1 } }),
      /^hyperparameters\.learningRate: /,
    ],
  ],
  runEvaluation: [
    [called(library.runEvaluation, { ...evaluation, trainDir: 'x' }), /^unknown option `trainDir`\./],
    [
      called(library.runEvaluation, { ...evaluation, runonce: true }),
      /`runonce`\. Did you mean `runOnce`\?$/,
    ],
    [
      called(library.runEvaluation, { ...evaluation, evalData: 'train' }),
      /^evalData: .* Did you mean train_eval\?$/,
    ],
    [
      called(library.runEvaluation, { ...evaluation, weights: 'average' }),
      /^weights: found "average", expected ema or raw/,
    ],
    [
      called(library.runEvaluation, { ...evaluation, dataset: 'cifar' }),
      /^dataset: .* Did you mean cifar10\?$/,
    ],
    [called(library.runEvaluation, { ...evaluation, numExamples: 0 }), /^numExamples: found 0/],
    [called(library.runEvaluation, { ...evaluation, batchSize: 0.5 }), /^batchSize: found 0\.5/],
    [called(library.runEvaluation, { ...evaluation, evalIntervalSecs: -1 }), /^evalIntervalSecs: found -1/],
    [called(library.runEvaluation, { ...evaluation, report: 1 }), /^report: found 1/],
    [called(library.runEvaluation, { ...evaluation, engine: 'tpu' }), /^engine: found "tpu"/],
    [called(library.runEvaluation, { evalDir: 'x', dataDir: 'x' }), /^checkpointDir: found undefined/],
    [called(library.runEvaluation, evaluation, { Signal: 1 }), /`Signal`\. Did you mean `signal`\?$/],
  ],
  train: [
    [
      called(library.train, { ...folders, maxstep: 1 }),
      /^unknown option `maxstep`\. Did you mean `maxSteps`\?$/,
    ],
    [
      called(library.train, folders, { onSteps: () => 1 }),
      /^unknown option `onSteps`\. Did you mean `onStep`\?$/,
    ],
    [called(library.train, folders, { onStep: 'print' }), /^onStep: found "print", expected a function$/],
    [called(library.train, folders, { signal: 3 }), /^signal: found 3, expected an AbortSignal/],
    [called(library.train), /^options: found undefined, expected an object$/],
  ],
  trainSteps: [
    [called(library.trainSteps, { maxstep: 1 }), /^unknown option `maxstep`\. Did you mean `maxSteps`\?$/],
  ],
  defineNetwork: [
    [called(library.defineNetwork, { ...definition, number: {} }), /`defineNetwork\.number`\. Did you mean /],
    [called(library.defineNetwork, { ...definition, create: 3 }), /create: found 3, expected a function$/],
    [called(library.defineNetwork, definition, { replaces: true }), /Did you mean `.*replace`\?$/],
  ],
  runSweep: [
    [
      called(library.runSweep, { sweepDir: 'nowhere', dataDir: 'nowhere', very: {} }),
      /`very`\. Did you mean `vary`\?$/,
    ],
    [
      called(library.runSweep, { sweepDir: 'nowhere', dataDir: 'nowhere', vary: { batchsize: [1] } }),
      /`vary\.batchsize`\. Did you mean `vary\.batchSize`\?$/,
    ],
    [called(library.runSweep, { sweepDir: 'nowhere', dataDir: 'nowhere' }), /^vary: found undefined/],
  ],
  makeRun: [
    [called(library.makeRun, { ...recipe, batchsize: 4 }, examples, engine), /Did you mean `batchSize`\?$/],
    [
      called(
        library.makeRun,
        { ...recipe, hyperparameters: { ...hyperparameters, lerningRate: 1 } },
        examples,
        engine,
      ),
      /`hyperparameters\.lerningRate`\. Did you mean `hyperparameters\.learningRate`\?$/,
    ],
    [
      called(
        library.makeRun,
        { ...recipe, groups: [{ match: '*', learningrate: 2, weightDecay: 1 }] },
        examples,
        engine,
      ),
      /`groups\[0\]\.learningrate`\. Did you mean `groups\[0\]\.learningRate`\?$/,
    ],
    [
      called(library.makeRun, { ...recipe, network: 'cifar10' }, examples, engine),
      /^network: found "cifar10", expected a network/,
    ],
  ],
  findLearningRate: [
    [called(library.findLearningRate, { ...folders, maxStep: 1 }), /Did you mean `maxSteps`\?$/],
    [called(library.findLearningRate, folders, { sginal: 1 }), /Did you mean `signal`\?$/],
  ],
  buildTrainingGraph: [
    [called(library.buildTrainingGraph, { ...recipe, group: [] }), /`group`\. Did you mean `groups`\?$/],
    [called(library.buildTrainingGraph, { ...recipe, batchSize: -1 }), /^batchSize: found -1/],
  ],
  evaluate: [
    [called(library.evaluate, { ...evaluation, weight: 'ema' }), /`weight`\. Did you mean `weights`\?$/],
    [called(library.evaluate, { ...evaluation, runOnce: false }), /^unknown option `runOnce`/],
    [called(library.evaluate, { ...evaluation, evalIntervalSecs: 1 }), /^unknown option `evalIntervalSecs`/],
    [called(library.evaluate, evaluation, { onStep: () => 1 }), /^unknown option `onStep`/],
    [called(library.evaluate, evaluation, { onProgress: 1 }), /^onProgress: found 1, expected a function$/],
  ],
  evaluateCheckpoint: [
    [called(library.evaluateCheckpoint, { weight: 'ema' }), /`weight`\. Did you mean `weights`\?$/],
  ],
  openExportedModel: [
    [called(library.openExportedModel, 'model.onnx', runtime), /^file: expected the bytes of an ONNX file/],
    [called(library.openExportedModel, new Uint8Array(3)), /^runtime: found undefined, expected the module/],
    [
      called(library.openExportedModel, new Uint8Array(3), {}),
      /^runtime: found an object, expected the module/,
    ],
    [called(library.openExportedModel, new Uint8Array(3), runtime, 3), /^sessionOptions: found 3, /],
  ],
  PageModel: [
    [called(library.PageModel.open, undefined, cpu, new Uint8Array(3)), /^runtime: found undefined, /],
    [called(library.PageModel.open, runtime, { ...cpu, kind: 'gpu' }), /^device\.kind: found "gpu", /],
    [called(library.PageModel.open, runtime, cpu, 'model.onnx'), /^file: expected the bytes of a checkpoint/],
  ],
  PageTraining: [
    [called(library.PageTraining.create, runtime, cpu), /^examples: found undefined, expected what /],
    [
      called(library.PageTraining.create, runtime, { ...cpu, threads: 0 }, onePage),
      /^device\.threads: found 0, /,
    ],
    [
      called(library.PageTraining.create, runtime, cpu, onePage, { batchsize: 4 }),
      /`batchsize`\. Did you mean `batchSize`\?$/,
    ],
    [called(library.PageTraining.create, runtime, cpu, onePage, { seed: -1 }), /^seed: found -1/],
    [called(library.PageTraining.resume, runtime, cpu, 3), /^examples: found 3/],
  ],
  examplesOfPictures: [
    [called(library.examplesOfPictures, 'cat', []), /^classes: found "cat", expected an array$/],
    [called(library.examplesOfPictures, ['cat', 'dog'], {}), /^pictures: found an object, /],
    [called(library.examplesOfPictures, ['cat', 'dog'], [], 0.5), /^seed: found 0\.5/],
  ],
  drawGeneratedSet: [[called(library.drawGeneratedSet, 3), /^onProgress: found 3, expected a function$/]],
  pageRecipe: [[called(library.pageRecipe, 'many'), /^pictures: found "many", expected a whole number/]],
  SummaryWriter: [
    [created(library.SummaryWriter, 3), /^dir: found 3, expected a text$/],
    [created(library.SummaryWriter, ''), /^dir: found "", expected a text$/],
    [created(library.SummaryWriter, 'nowhere', { startSteps: 3 }), /Did you mean `startStep`\?$/],
    [created(library.SummaryWriter, 'nowhere', { flushSeconds: 0 }), /^flushSeconds: found 0/],
  ],
  readSummaries: [
    [called(library.readSummaries, 3), /^path: found 3, expected a text$/],
    [called(library.readSummaries, 'x', { onWarn: () => 1 }), /Did you mean `onWarning`\?$/],
  ],
  readRun: [[called(library.readRun, undefined), /^path: found undefined, expected a text$/]],
  chooseEngine: [
    [
      called(library.chooseEngine, { engine: 'auto', precision: 'float32', thread: 2 }),
      /Did you mean `threads`\?$/,
    ],
  ],
  createOnnxEngine: [[called(library.createOnnxEngine, { threads: 2 }), /^threads: found an object/]],
  createOnednnEngine: [
    [called(library.createOnednnEngine, { thread: 2 }), /Did you mean `threads`\?$/],
    [called(library.createOnednnEngine, { precision: 'bfloat' }), /^precision: .* Did you mean bfloat16\?$/],
  ],
  CheckpointStore: [
    [created(CheckpointStore, 'x', { keeps: 5, ...warn }), /Did you mean `keep`\?$/],
    [created(CheckpointStore, 'x', { keep: 1.5, ...warn }), /^keep: found 1\.5/],
    [created(CheckpointStore, 'x', { keep: 5 }), /^onWarning: found undefined, expected a function$/],
  ],
  readCheckpoint: [[called(library.readCheckpoint, 'x', { link: 'refuse' }), /Did you mean `links`\?$/]],
  exportModel: [
    [
      called(library.exportModel, { checkpointDir: 'x', outputs: 'y' }),
      /`outputs`\. Did you mean `output`\?$/,
    ],
    [
      called(library.exportModel, { checkpointDir: 'x', format: 'tflite' }),
      /^format: found "tflite", expected /,
    ],
    [called(library.exportModel, { checkpointDir: 'x' }, { sginal: 1 }), /Did you mean `signal`\?$/],
  ],
  openModel: [
    [called(library.openModel, 'x', { weight: 'raw' }), /`weight`\. Did you mean `weights`\?$/],
    [called(library.openModel, 'x', { batchSize: 0 }), /^batchSize: found 0/],
  ],
  predict: [
    [called(library.predict, { checkpointDir: 'x', source: ['a'] }), /`source`\. Did you mean `sources`\?$/],
    [called(library.predict, { checkpointDir: 'x', sources: ['a'], topK: 0 }), /^topK: found 0/],
    [called(library.predict, { checkpointDir: 'x', sources: 'a' }), /^sources: /],
  ],
  importPictures: [
    [called(library.importPictures, { source: 'x', dataDir: 'y' }), /^unknown option `source`/],
    [called(library.importPictures, { dataDir: 'y' }), /^from: found undefined, expected a text$/],
    [
      called(library.importPictures, { from: 'x', dataDir: 'y', imageSize: 2 }),
      /^imageSize: found 2, expected /,
    ],
  ],
  ensureSynthetic: [[called(library.ensureSynthetic, 'x', { onEvents: warn }), /Did you mean `onEvent`\?$/]],
  withLabels: [
    [called(library.withLabels, 'cifar100', 'fine'), /^dataset: found "cifar100", expected a data set/],
    [called(library.withLabels, library.datasets.cifar100, 'fin'), /^labels: .* Did you mean fine\?$/],
  ],
  loadExamples: [
    [
      called(library.loadExamples, 'x', 'synthetic', 'train'),
      /^dataset: found "synthetic", expected a data set/,
    ],
    [
      called(library.loadExamples, 'x', library.datasets.synthetic, 'tests'),
      /^split: .* Did you mean test\?$/,
    ],
    [called(library.loadExamples, 'x', library.datasets.synthetic, 'test', {}), /^signal: found an object/],
  ],
  prefetchBatches: [
    [
      called(library.prefetchBatches, examples, {
        ...making,
        seed: 0,
        batchSize: 4,
        firstStep: 0,
        reader: 1,
      }),
      /Did you mean `readers`\?$/,
    ],
    [
      called(library.prefetchBatches, examples, { ...making, batchSize: 4, firstStep: 0 }),
      /^seed: found undefined/,
    ],
  ],
  prefetchEvaluation: [
    [
      called(library.prefetchEvaluation, examples, { ...making, batchSize: 4, numexamples: 1 }),
      /Did you mean `numExamples`\?$/,
    ],
    [
      called(library.prefetchEvaluation, examples, { ...making, batchSize: 0, numExamples: 1 }),
      /^batchSize: found 0/,
    ],
  ],
  startMpi: [
    [called(library.startMpi, 'openmpi'), /^collective: found "openmpi", expected auto, none or mpi/],
  ],
  tutorialNetwork: [
    [called(library.tutorialNetwork, 10, { conv1: 1, conv2: 1, local3: 1, local5: 1 }), /`widths\.local5`/],
    [
      called(library.tutorialNetwork, 10, { conv1: 1, conv2: 1, local3: 1 }),
      /^widths\.local4: found undefined/,
    ],
    [called(library.tutorialNetwork, '10'), /^classes: found "10"/],
  ],
  whiteningInit: [
    [called(library.whiteningInit, { images: 500 }), /^epsilon: found undefined/],
    [called(library.whiteningInit, { images: 0, epsilon: 1 }), /^images: found 0/],
  ],
};

/** Exported functions whose arguments are tensors, graphs and files rather than options. */
const withoutOptions = [
  ...['ConfusionMatrix', 'Evaluator', 'GraphBuilder', 'GraphError', 'Layers', 'RunError', 'SaveRequests'],
  ...[
    'PictureError',
    'StoppedError',
    'UsageError',
    'buildEvaluationGraph',
    'failureData',
    'gradients',
    'initialVariables',
  ],
  ...['makeNetwork', 'multiplyAdds', 'onnxModel', 'prepareForOnnx', 'printGraph', 'withoutWatched'],
  ...['constantInit', 'diracThen', 'heNormal', 'truncatedNormal', 'uniformByFanIn', 'writeCheckpoint'],
  ...[
    'BatchMaker',
    'ExampleOrder',
    'encodeRecord',
    'sampleImages',
    'makeImages',
    'stepScalars',
    'hyperparametersOf',
  ],
];

test('a name means the same in every entry of the package', () => {
  const entries: readonly object[] = [main, node, browser, tensorboard];
  for (const entry of entries)
    for (const [name, value] of Object.entries(entry)) assert.equal(value, Reflect.get(library, name), name);
});

test('every exported function that takes options is called with wrong options below', () => {
  const functions = Object.entries(library).flatMap(([name, value]) =>
    typeof value === 'function' ? [name] : [],
  );
  const tried = [...Object.keys(refusals), ...withoutOptions];
  assert.deepEqual(
    functions.filter((name) => !tried.includes(name)),
    [],
  );
});

for (const [name, calls] of Object.entries(refusals))
  test(`${name} refuses unknown and unsuitable options before it does anything`, async () => {
    for (const [call, message] of calls) await assert.rejects(async () => settled(call()), refused(message));
    assert.ok(!existsSync('nowhere'));
  });

test('sessions and evaluators refuse unknown options', async () => {
  const evaluator = await library.Evaluator.create(engine, recipe.network, 4, library.tutorialImages);
  try {
    const score = untyped(evaluator.score.bind(evaluator));
    await assert.rejects(
      async () => score(new Map(), 'ema', examples, { onScore: 1 }),
      refused(/`onScore`\. Did you mean `onScored`\?$/),
    );
  } finally {
    await evaluator.release();
  }
  const graph = library.buildEvaluationGraph(recipe.network, 1);
  for (const one of engines.filter(({ skip }) => skip === false).map(({ create }) => create(1))) {
    await assert.rejects(
      async () => untyped(one.compile)(graph, { profile: true }),
      refused(/`profile`\. Did you mean `profiling`\?$/),
    );
    const session = await one.compile(graph);
    try {
      const step = untyped(session.step.bind(session));
      await assert.rejects(async () => step(new Map(), { wach: true }), refused(/Did you mean `watch`\?$/));
    } finally {
      await session.release();
    }
  }
});

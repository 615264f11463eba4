/** Programs in plain JavaScript may give anything: it is refused by name, before work is spent. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requireFiniteNumber, requireOneOf, requireWholeNumber } from './arguments.ts';
import { UsageError } from './errors.ts';
import {
  CheckpointStore,
  chooseEngine,
  evaluate,
  makeRun,
  train,
  tutorialHyperparameters,
  tutorialNetwork,
} from './index.ts';
import { noiseExamples } from './testing/examples.ts';

/** As a program in JavaScript calls it, without types. */
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

test('numbers are whole, or finite, and within their bounds; what was found is shown', () => {
  const found: readonly (readonly [unknown, RegExp])[] = [
    [Number.NaN, /^n: found NaN, expected a whole number from 1 on$/],
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
    [{ engine: 'tpu', precision: 'float32' }, /"tpu".*onnx, onednn.*auto/],
    [{ engine: 'ONNX', precision: 'float32' }, /"ONNX"/],
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
      /^batchSize: found NaN, expected a whole number from 1/,
    ],
    ['no batch size', { batchSize: undefined }, /^batchSize: found undefined/],
    ['half a seed', { seed: 0.5 }, /^seed: found 0\.5/],
    ['a holdout of 2', { holdout: 2 }, /^holdout: found 2, expected a number from 0 to 1/],
    [
      'a learning rate as text',
      { hyperparameters: { ...tutorialHyperparameters, learningRate: '0.1' } },
      /^hyperparameters\.learningRate: found "0\.1", expected a number from 0 on/,
    ],
    [
      'an optimizer that does not exist',
      { hyperparameters: { ...tutorialHyperparameters, optimizer: 'best' } },
      /^hyperparameters\.optimizer: found "best", expected sgd or momentum/,
    ],
    ['no hyperparameters', { hyperparameters: undefined }, /^hyperparameters\.\w+: found undefined/],
  ];
  for (const [title, change, message] of cases)
    test(`refuses ${title}`, () =>
      assert.throws(() => untyped(makeRun)({ ...recipe, ...change }, examples, engine), refused(message)));

  test('refuses an object that is not an engine', () => {
    const chosen = chooseEngine({ engine: 'onnx', precision: 'float32' });
    const call = () => untyped(makeRun)(recipe, examples, chosen);
    assert.throws(call, refused(/^engine: found an object, expected an engine: chooseEngine/));
  });

  test('refuses a network with another number of classes than the data, with both numbers', () => {
    const five = { ...recipe, network: tutorialNetwork(5) };
    assert.throws(() => makeRun(five, examples, engine), {
      name: 'RunError',
      message: /has 5 classes, and .* has 10: .*tutorialNetwork\(dataset\.classes\.length\)/,
    });
  });
});

describe('train', () => {
  const store = new CheckpointStore('nowhere', { keep: 5, onWarning: () => undefined });
  const options = {
    run: makeRun(recipe, examples, engine),
    store,
    maxSteps: 1,
    checkpointSteps: 1,
    versions: { cifar10: 'test' },
  };
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ maxSteps: Number.NaN }, /^maxSteps: found NaN, expected a whole number from 0 on/],
    [{ maxSteps: undefined }, /^maxSteps: found undefined/],
    [{ maxSteps: Infinity }, /^maxSteps: found Infinity/],
    [{ checkpointSteps: 0 }, /^checkpointSteps: found 0, expected a whole number from 1 on/],
    [{ readers: 1.5 }, /^readers: found 1\.5/],
    [{ summarySteps: 0 }, /^summarySteps: found 0/],
    [{ store: 'run' }, /^store: found "run", expected a CheckpointStore/],
  ];
  for (const [change, message] of cases)
    test(`refuses ${Object.entries(change).map(String).join()}`, () => {
      const events = train({ ...options, ...change } as typeof options);
      return assert.rejects(events.next(), refused(message));
    });
});

describe('evaluate', () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ weights: 'best' }, /^weights: found "best", expected ema or raw/],
    [{ weights: undefined }, /^weights: found undefined/],
    [{ batchSize: 0 }, /^batchSize: found 0/],
    [{ numExamples: Number.NaN }, /^numExamples: found NaN/],
    [{ engine: 'onnx' }, /^engine: found "onnx"/],
  ];
  for (const [change, message] of cases)
    test(`refuses ${Object.entries(change).map(String).join()}`, () => {
      const options = { engine, checkpoint: {}, examples, weights: 'ema', batchSize: 4, numExamples: 4 };
      const call = async () => untyped(evaluate)({ ...options, ...change });
      return assert.rejects(call, refused(message));
    });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../engine/engine.ts';
import { makeNetwork } from '../model/networks.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import type { StepTimes } from './fastest-towers.ts';
import { earlySizeWarning, towersOf } from './training-request.ts';

const conditions = { precision: 'float32', threads: 4 } as const;
const engine: Engine = { ...conditions, name: 'onnx', device: 'cpu', library: 'none', compile: assert.fail };
const network = makeNetwork('cifar10', 10);
const fourAreFastest: StepTimes = {
  ...{ ...conditions, engine: 'onnx', network: network.name },
  millis: new Map([
    [1, 10],
    [4, 5],
  ]),
};

/** Returns the automatic number of towers of each process.
 * @param before the number in the checkpoint from which the run resumes */
function automatic(batchSize: number, processes: number, before?: number): number {
  const stored = before === undefined ? undefined : { towers: before };
  return towersOf({ towers: 'auto' }, engine, { batchSize, network }, stored, processes, [fourAreFastest]);
}

test('a resumed run keeps its number of towers, if every tower has an image', () => {
  assert.equal(automatic(16, 1, 8), 8);
  assert.equal(automatic(16, 2, 8), 8);
  assert.equal(automatic(16, 4, 8), 4);
  assert.equal(automatic(15, 4, 8), 3);
});

test('a new run uses the fastest number of towers, if every tower has an image', () => {
  assert.equal(automatic(16, 1), 4);
  assert.equal(automatic(16, 4), 4);
  assert.equal(automatic(16, 5), 3);
  assert.equal(automatic(3, 1), 3);
});

test('a number of towers in the request is not changed', () =>
  assert.equal(towersOf({ towers: 8 }, engine, { batchSize: 16, network }, undefined, 4), 8));

test('a size of early images that changes nothing is reported', () => {
  const hyperparameters = { ...tutorialHyperparameters, decaySteps: 100, earlySize: 16, earlyShare: 0.25 };
  const asked = { hyperparameters: { earlySize: 16 } };
  const at = (globalStep: number, earlySize: number) =>
    earlySizeWarning(
      asked,
      { network, hyperparameters },
      { globalStep, hyperparameters: { ...hyperparameters, earlySize } },
    );
  assert.equal(
    at(25, 0),
    '`earlySize: 16` has no effect, because only the first 25 steps have such images (`earlyShare: 0.25`), and the run is at step 25',
  );
  assert.equal(at(24, 0), undefined, 'a step is left');
  assert.equal(at(50, 16), undefined, 'the same command resumes the run');
  assert.equal(earlySizeWarning({}, { network, hyperparameters }, undefined), undefined);
  assert.match(
    earlySizeWarning(asked, { network, hyperparameters: { ...hyperparameters, earlyShare: 0 } }, undefined) ??
      '',
    /because no step has such images \(`earlyShare: 0` of 100 steps\)$/,
  );
});

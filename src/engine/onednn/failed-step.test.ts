import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { newSharedGroup } from '../../collective/shared-group.ts';
import { RunError } from '../../errors.ts';
import { tutorialNetwork } from '../../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { engineCase } from '../../testing/engines.ts';
import { buildTrainingGraph, initialVariables } from '../../training/training-graph.ts';
import type { ExchangeStart, Tensors } from '../engine.ts';
import { Execution } from './execution.ts';
import { Onednn } from './native/onednn.ts';

const network = tutorialNetwork(10, { conv1: 8, conv2: 8, local3: 8, local4: 8 });
const training = buildTrainingGraph({ network, batchSize: 2, hyperparameters: tutorialHyperparameters });
const start = initialVariables(training, 0) as ReadonlyMap<string, Tensor>;
const feeds: Tensors = new Map(
  [...training.graph.inputs].map(([name, { dtype, shape }]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = dtype === 'int32' ? new Int32Array(size) : new Float32Array(size).fill(0.1);
    return [name, { dtype, shape, data } as Tensor];
  }),
);

/** How many primitives run before one fails. */
let allowed = Number.POSITIVE_INFINITY;
const execute = Object.getOwnPropertyDescriptor(Onednn.prototype, 'execute');
before(() =>
  Object.defineProperty(Onednn.prototype, 'execute', {
    configurable: true,
    get(this: Onednn) {
      const run = execute?.get?.call(this) as Onednn['execute'];
      const counted: Onednn['execute'] = (primitive, args) => {
        if (allowed-- <= 0) throw new Error('a fault of the test');
        run(primitive, args);
      };
      return counted;
    },
  }),
);
after(() => execute && Object.defineProperty(Onednn.prototype, 'execute', execute));

/** Fails the step at each of its primitives, and returns for each whether the variables could be read, which are then unchanged. */
function readable(exchange?: ExchangeStart): readonly boolean[] {
  const execution = new Execution(training.graph, 1, 'float32', { exchange });
  const found: boolean[] = [];
  try {
    for (let failed = 0; ; failed++) {
      allowed = Number.POSITIVE_INFINITY;
      execution.write(start);
      execution.step(feeds);
      execution.write(start);
      allowed = failed;
      try {
        execution.step(feeds);
        return found;
      } catch (error) {
        assert.ok(error instanceof RunError && /a fault of the test/.test(error.message), String(error));
      }
      allowed = Number.POSITIVE_INFINITY;
      try {
        assert.deepEqual(
          execution.read(),
          new Map([...execution.read().keys()].map((name) => [name, start.get(name)])),
        );
        found.push(true);
      } catch (error) {
        if (!(error instanceof RunError)) throw error;
        assert.match(error.message, /has updated some of the variables/);
        found.push(false);
      }
    }
  } finally {
    allowed = Number.POSITIVE_INFINITY;
    execution.close();
  }
}

describe('after a step that failed', { skip: engineCase('onednn').skip }, () => {
  test('the variables can be read if none was updated, and never if only some were', () => {
    const all = readable();
    const unchanged = all.indexOf(false);
    assert.ok(unchanged > 10, `${unchanged} of ${all.length} primitives`);
    assert.deepEqual(
      all,
      [...all].sort((a, b) => Number(b) - Number(a)),
      'readable up to the first update',
    );
  });

  test('that averages with others, they can be read until the averages are known', () => {
    const group = { kind: 'threads', memory: newSharedGroup(1), rank: 0 } as const;
    const [alone, exchanging] = [readable(), readable({ group, weight: 1 })].map((all) => all.indexOf(false));
    assert.ok((exchanging ?? 0) > (alone ?? 0), `${exchanging}, ${alone}`);
  });
});

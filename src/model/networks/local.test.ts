import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layersOf } from '../../inspect/network.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import { RandomStream } from '../../tensor/random.ts';
import { float32, float32Data, scalar, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { engines } from '../../testing/engines.ts';
import { buildTrainingGraph, initialVariables } from '../../training/training-graph.ts';
import { makeNetwork } from '../networks.ts';

test('the layers have the shapes of those in cuda-convnet, and separate filters and biases for each of 36 positions', () => {
  const layers = layersOf(makeNetwork('cifar10_local', 10));
  assert.deepEqual(
    layers.map(({ layer, output, parameters }) => [layer, output.join('×'), parameters]),
    [
      ['conv1', '64×24×24', 64 * 75 + 64],
      ['pool1', '64×12×12', 0],
      ['norm1', '64×12×12', 0],
      ['conv2', '64×12×12', 64 * 1600 + 64],
      ['norm2', '64×12×12', 0],
      ['pool2', '64×6×6', 0],
      ['local3', '64×6×6', 36 * 64 * 576 + 36 * 64],
      ['local4', '32×6×6', 36 * 32 * 576 + 36 * 32],
      ['softmax_linear', '10', 1152 * 10 + 10],
    ],
  );
  const sum = (name: 'parameters' | 'multiplyAdds') => layers.reduce((total, one) => total + one[name], 0);
  assert.deepEqual([sum('parameters'), sum('multiplyAdds')], [2_112_970, 19_512_576]);
});

/** A training step of a small version of the network, on random images. */
const training = buildTrainingGraph({
  network: makeNetwork('cifar10_local', 10, { conv1: 16, conv2: 16, local3: 16, local4: 8 }),
  batchSize: 8,
  hyperparameters: tutorialHyperparameters,
});

function feeds(): ReadonlyMap<string, Tensor> {
  const stream = new RandomStream(0, 'test');
  const shape = [8, 3, 24, 24];
  return new Map<string, Tensor>([
    [
      'images',
      float32(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
      ),
    ],
    ['labels', { dtype: 'int32', shape: [8], data: Int32Array.from({ length: 8 }, (_, i) => i) }],
    ['learning_rate', scalar(0.1)],
    ['moving_average_decay', scalar(0.99)],
  ]);
}

test('weight decay applies only to the locally connected weights', () => {
  const share = (name: string) =>
    training.parameters.find(({ variable }) => variable.name === name)?.decayShare;
  assert.deepEqual(
    ['conv1/weights', 'local3/weights', 'local4/weights', 'softmax_linear/weights'].map(share),
    [0, 1, 1, 0],
  );
  assert.equal(share('local3/biases'), undefined);
});

for (const { name, skip, create } of engines)
  test(`the engine ${name} overfits one batch`, { skip }, async () => {
    const session = await create(1).compile(training.graph);
    await session.write(initialVariables(training, 0));
    const losses: number[] = [];
    for (let step = 0; step < 120; step++) {
      const loss = (await session.step(feeds())).get('cross_entropy');
      assert.ok(loss);
      losses.push(float32Data(loss)[0] ?? Number.NaN);
    }
    await session.release();
    const [first = 0, last = 0] = [losses[0], losses.at(-1)];
    assert.ok(Math.abs(first - Math.log(10)) < 0.2, `first loss ${first}`);
    assert.ok(last < 1.5, `last loss ${last}`);
  });

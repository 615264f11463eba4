import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tutorialNetwork } from '../../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../../recipe/hyperparameters.ts';
import { float32, scalar, type Tensor } from '../../tensor/tensor.ts';
import { engines } from '../../testing/engines.ts';
import { buildTrainingGraph, initialVariables } from '../../training/training-graph.ts';
import { Execution } from './execution.ts';

const skip = engines[1]?.skip ?? 'not in the list';
const narrow = { conv1: 16, conv2: 16, local3: 8, local4: 8 };
const network = { ...tutorialNetwork(10, narrow), imageShape: [3, 8, 8] };
const training = buildTrainingGraph({ network, batchSize: 2, hyperparameters: tutorialHyperparameters });
const feeds = new Map<string, Tensor>([
  ['images', float32([2, 3, 8, 8], new Float32Array(384).fill(0.5))],
  ['labels', { dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) }],
  ['learning_rate', scalar(0.1)],
  ['moving_average_decay', scalar(0.9)],
]);

const residentMegabytes = () => process.memoryUsage().rss / 2 ** 20;

test('memory does not grow over 20,000 steps', { skip }, () => {
  const execution = new Execution(training.graph, 1, 'float32');
  execution.write(initialVariables(training, 0));
  const run = (count: number) => {
    for (let i = 0; i < count; i++) execution.step(feeds, i % 10 === 0);
  };
  run(4000);
  const before = residentMegabytes();
  run(16_000);
  const grown = residentMegabytes() - before;
  execution.close();
  assert.ok(grown < 24, `${grown.toFixed(1)} MB`);
});

test('sessions release their memory', { skip }, () => {
  const open = () => new Execution(training.graph, 1, 'float32').close();
  for (let i = 0; i < 10; i++) open();
  const before = residentMegabytes();
  for (let i = 0; i < 60; i++) open();
  const grown = residentMegabytes() - before;
  assert.ok(grown < 48, `${grown.toFixed(1)} MB over 60 sessions`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeNetwork } from '../model/networks.ts';
import { averageName } from '../optimizer/moving-average.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { type Float32Tensor, scalar } from '../tensor/tensor.ts';
import { smallWidths } from '../testing/trained.ts';
import { requireStoredVariables } from './stored-network.ts';
import { buildTrainingGraph, initialVariables } from './training-graph.ts';

test('a run resumes only from the variables of its network', () => {
  const network = makeNetwork('cifar10', 10, smallWidths);
  const training = buildTrainingGraph({ network, batchSize: 2, hyperparameters: tutorialHyperparameters });
  const stored = new Map<string, Float32Tensor>(initialVariables(training, 0));
  const check = (changes: readonly (readonly [string, Float32Tensor | undefined])[]) => {
    const tensors = new Map<string, Float32Tensor>();
    for (const [name, value] of [...stored, ...changes])
      value ? tensors.set(name, value) : tensors.delete(name);
    requireStoredVariables('model.ckpt-1', tensors, training);
  };
  check([]);
  check([[averageName('old'), scalar(1)]]);
  const other = 'it was trained with another definition of the network';
  for (const [name, value, message] of [
    ['conv1/weights', undefined, 'model.ckpt-1 has no conv1/weights'],
    ['conv3/weights', scalar(1), 'model.ckpt-1 has conv3/weights, which the network does not'],
    ['conv1/biases', scalar(1), 'conv1/biases of the checkpoint: found float32 [], expected [8]'],
  ] as const)
    assert.throws(() => check([[name, value]]), { name: 'RunError', message: `${message}; ${other}` });
});

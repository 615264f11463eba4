/** Small checkpoints for tests. */
import type { Checkpoint } from '../checkpoint/content.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { float32 } from '../tensor/tensor.ts';

/** Returns a complete checkpoint of a network with 9 numbers. */
export function sampleCheckpoint(globalStep: number): Checkpoint {
  return {
    tensors: new Map([
      ['softmax_linear/weights', float32([2, 3], [1, 2, 3, 4, 5, globalStep])],
      ['softmax_linear/biases', float32([3], [0.1, -0, 1e-40])],
    ]),
    metadata: {
      globalStep,
      skippedSteps: 0,
      lossScale: undefined,
      seed: 2 ** 53 - 1,
      dataset: {
        name: 'synthetic',
        labels: 'class',
        trainingExamples: 10_000,
        testExamples: 2_000,
        classes: ['circle', 'square', 'étoile'],
        checksum: 'sha256:00ff',
        image: [3, 32, 32],
        statistics: { mean: [0.5, 0.4, 0.3], deviation: [0.3, 0.25, 0.2] },
        origin: undefined,
      },
      recipe: 'tutorial',
      network: { name: 'tutorial', configuration: { conv1: 64, softmax_linear: 10 } },
      holdout: 0.1,
      validationPrecision: globalStep > 0 ? 0.75 : null,
      batchSize: 128,
      device: 'cpu',
      precision: 'float32',
      engine: 'onnx',
      threads: 2,
      towers: 1,
      ranks: 1,
      hyperparameters: tutorialHyperparameters,
      length: { maxSteps: 1_000_000 },
      history: [],
      groups: [],
      freeze: [],
      augmentation: 'tutorial',
      normalization: 'per_image',
      statistics: 'own',
      versions: { cifar10: '0.1.0', node: '20.20.2', engine: 'onnxruntime-node 1.30.0' },
    },
  };
}

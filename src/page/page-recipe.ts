/**
 * How a network is trained in a page: a small network of the tutorial's kind, so that its first layer has filters that people can look
 * at, with Muon, with which it learns from few steps. WebAssembly makes a step of 64 pictures about four times as slow as Node.js, and
 * people watch, so what counts is the number of steps.
 *
 * Precision on 1,000 held-out pictures of the generated set, seed 0, batches of 64, onnxruntime-node, 2026-11-26 (docs/log.md has what
 * else was tried):
 *
 * | step              | 50    | 100   | 150   | 200   | 300   |
 * |-------------------|-------|-------|-------|-------|-------|
 * | this recipe       | 0.531 | 0.728 | 0.791 | 0.853 | 0.903 |
 * | Adam, rate 0.002  | 0.190 | 0.353 | 0.420 | 0.475 |       |
 *
 * The rate is constant, because a run in a page has no end: people stop when they have seen enough, and lower the rate themselves.
 */
import { requireWholeNumber } from '../arguments.ts';
import type { RecipeOptions } from '../recipe/recipe.ts';

/** Nesterov's momentum, for what Muon does not train. */
const plain = { learningRate: 1, weightDecay: 0, optimizer: 'nesterov', momentum: 0.85 } as const;

/** The network, in the words of `--network`. */
export const pageNetwork = 'cifar10:conv1=16,conv2=16,local3=64,local4=32';
/** The learning rate with which runs begin. Twice as much is too high. */
export const pageLearningRate = 0.05;
/** Batches of 32 learn less than half as well from the same number of steps. */
const usualBatch = 64;

/** Returns the recipe of a run in a page.
 * @param pictures the number of training pictures */
export function pageRecipe(pictures: number): RecipeOptions {
  requireWholeNumber('pictures', pictures, 1);
  return {
    network: pageNetwork,
    batchSize: Math.min(usualBatch, pictures),
    hyperparameters: {
      optimizer: 'muon',
      momentum: 0.6,
      newtonSchulzSteps: 3,
      weightNorm: 1,
      learningRate: pageLearningRate,
      schedule: 'constant',
      weightDecay: 0,
      movingAverageDecay: 0.95,
    },
    groups: [
      { match: '*/biases', ...plain },
      { match: 'softmax_linear/weights', ...plain },
    ],
  };
}

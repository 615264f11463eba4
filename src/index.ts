/**
 * `cifar10-ts`: train image classifiers, evaluate them, classify pictures and export models. docs/library.md is the manual.
 *
 * `train` and `evaluate` do what `cifar10 train` and `cifar10 eval` do, and return a promise. `runTraining`, `runEvaluation`,
 * `runSweep` and `findLearningRate` do the same as generators of events. `openModel` classifies single pictures, and `predict` files
 * and folders. The other entries of the package are `cifar10-ts/node` (the parts, for a training loop of your own),
 * `cifar10-ts/browser` and `cifar10-ts/tensorboard`.
 *
 * @module cifar10-ts
 *
 * @example
 * import { evaluate, openModel, train } from 'cifar10-ts';
 *
 * // Ten classes of generated images. For CIFAR-10, leave out `dataset` and `hyperparameters`.
 * const trained = await train(
 *   { trainDir: 'run', dataDir: 'data', dataset: 'synthetic', hyperparameters: { clipNorm: 5 }, batchSize: 128, maxSteps: 1000 },
 *   { onStep: ({ step, loss }) => console.log(step, loss) },
 * );
 *
 * const { precision } = await evaluate({
 *   checkpointDir: trained.checkpoint,
 *   evalDir: 'run-eval',
 *   dataDir: 'data',
 *   numExamples: 2000,
 * });
 * console.log(precision);
 *
 * const model = await openModel('run');
 * const gray = { data: new Uint8Array(32 * 32 * 3).fill(128), width: 32, height: 32 };
 * const [best] = await model.classify(gray);
 * console.log(best?.label, best?.probability);
 * await model.release();
 */
export { datasets } from './data/datasets.ts';
export { failureData, GraphError, RunError, StoppedError, UsageError } from './errors.ts';
export { exportModel } from './export/export.ts';
export { defineNetwork } from './model/define-network.ts';
export {
  constantInit,
  diracThen,
  heNormal,
  truncatedNormal,
  uniformByFanIn,
} from './model/initializers.ts';
export { Layers } from './model/layers.ts';
export { networkNames } from './model/networks.ts';
export { whiteningInit } from './model/whitening.ts';
export { PictureError } from './pictures/decode.ts';
export { predict } from './predict/predict.ts';
export { openModel } from './predict/trained-model.ts';
export { recipes } from './recipe/recipes.ts';
export { evaluate } from './run/evaluate.ts';
export { runEvaluation } from './run/evaluation.ts';
export { importPictures } from './run/import-pictures.ts';
export { findLearningRate } from './run/learning-rate-search.ts';
export { runSweep } from './run/sweep.ts';
export { train } from './run/train.ts';
export { runTraining } from './run/training.ts';
export { SaveRequests } from './training/train.ts';
export type * from './types.ts';
export { version } from './version.ts';

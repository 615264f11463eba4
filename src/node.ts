/**
 * `cifar10-ts/node`: the parts that `train` and `evaluate` are made of, for programs with a training loop of their own: data sets and
 * batches, networks, graphs and their gradients, engines, checkpoints, the loop and the evaluation of a checkpoint.
 *
 * @module cifar10-ts/node
 */
export { gradients } from './autodiff/gradients.ts';
export type { CheckpointReadOptions } from './checkpoint/checkpoint.ts';
export { readCheckpoint, writeCheckpoint } from './checkpoint/checkpoint.ts';
export type { Checkpoint } from './checkpoint/content.ts';
export type { CheckpointStoreOptions, FoundCheckpoint } from './checkpoint/store.ts';
export { CheckpointStore } from './checkpoint/store.ts';
export type { CollectiveName } from './collective/mpi/start-mpi.ts';
export { startMpi } from './collective/mpi/start-mpi.ts';
export { withLabels } from './data/dataset.ts';
export { datasets } from './data/datasets.ts';
export type { ExampleRecords } from './data/examples.ts';
export { loadExamples } from './data/files.ts';
export { ensureSynthetic } from './data/synthetic/generate.ts';
export type { ReadOptions } from './disk/read-options.ts';
export type { ChosenEngine, EngineRequest } from './engine/engines.ts';
export { chooseEngine } from './engine/engines.ts';
export type { EngineOptions } from './engine/maker.ts';
export type { OnednnOptions } from './engine/onednn/onednn-engine.ts';
export { createOnednnEngine } from './engine/onednn/onednn-engine.ts';
export { onnxModel } from './engine/onnx/compile/compile.ts';
export { prepare as prepareForOnnx } from './engine/onnx/compile/passes.ts';
export { createOnnxEngine } from './engine/onnx/runtime/onnx-engine.ts';
export { failureData, GraphError, RunError, StoppedError, UsageError } from './errors.ts';
export type { EvaluateOptions, ScoredBatch, Scoring } from './evaluation/evaluate.ts';
export { Evaluator, evaluateCheckpoint } from './evaluation/evaluate.ts';
export type { EvaluationGraph } from './evaluation/evaluation-graph.ts';
export { buildEvaluationGraph } from './evaluation/evaluation-graph.ts';
export type { ScoringRanks } from './evaluation/scoring-ranks.ts';
export { printGraph } from './graph/print.ts';
export type { ImageRecipe } from './input/augmentations.ts';
export { tutorialImages } from './input/augmentations.ts';
export type { Batch, BatchBuffers, Share } from './input/batch.ts';
export type {
  BatchOptions,
  BatchSource,
  EvaluationBatches,
  Prefetching,
  TrainingBatches,
  Turns,
} from './input/prefetch.ts';
export { prefetchBatches, prefetchEvaluation } from './input/prefetch.ts';
export { sampleImages } from './input/sample-images.ts';
export {
  constantInit,
  diracThen,
  heNormal,
  truncatedNormal,
  uniformByFanIn,
} from './model/initializers.ts';
export { Layers } from './model/layers.ts';
export type { TutorialWidths } from './model/networks/tutorial.ts';
export { tutorialNetwork } from './model/networks/tutorial.ts';
export { makeNetwork, networkNames } from './model/networks.ts';
export { whiteningInit } from './model/whitening.ts';
export { GraphBuilder } from './ops/builder.ts';
export { multiplyAdds } from './passes/multiply-adds.ts';
export { withoutWatched } from './passes/watch.ts';
export { tutorialHyperparameters } from './recipe/hyperparameters.ts';
export { recipeNames, recipes } from './recipe/recipes.ts';
export type { SummaryValue } from './summary/event.ts';
export type { TrainOptions } from './training/train.ts';
export { SaveRequests, trainSteps } from './training/train.ts';
export type { GraphOptions, GraphRecipe, TrainingGraph } from './training/training-graph.ts';
export { buildTrainingGraph, initialVariables } from './training/training-graph.ts';
export type { Versions } from './training/training-run.ts';
export { makeRun } from './training/training-run.ts';
export type { Validation } from './training/validation.ts';
export type * from './types.ts';
export { version } from './version.ts';

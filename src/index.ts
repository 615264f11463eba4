/**
 * `cifar10` as a library: the parts that the command line is made of.
 *
 * @example
 * import { chooseEngine, datasets, loadExamples, train, CheckpointStore, tutorialNetwork } from 'cifar10';
 *
 * const examples = await loadExamples('data', datasets.cifar10, 'train');
 * const run = { network: tutorialNetwork(10), hyperparameters: tutorialHyperparameters, batchSize: 128, seed: 0,
 *   examples, ...chooseEngine({ engine: 'auto', precision: 'float32' }) };
 * const store = new CheckpointStore('run', { keep: 5, onWarning: console.warn });
 * for await (const event of train({ run, store, maxSteps: 1000, checkpointSteps: 1000, versions: { cifar10: '' } })) {
 *   if (event.kind === 'step') console.log(event.step, event.totalLoss);
 * }
 */
export { gradients } from './autodiff/gradients.ts';
export { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint/checkpoint.ts';
export type { CheckpointMetadata } from './checkpoint/metadata.ts';
export { CheckpointStore } from './checkpoint/store.ts';
export { type DatasetDescription, type DatasetName, datasets, type Split } from './data/dataset.ts';
export { type Examples, loadExamples } from './data/files.ts';
export { ensureSynthetic } from './data/synthetic/generate.ts';
export type { Engine, EngineName, Precision, Session, Tensors } from './engine/engine.ts';
export { type ChosenEngine, chooseEngine, type EngineRequest } from './engine/engines.ts';
export { createOnednnEngine, type OnednnOptions } from './engine/onednn/onednn-engine.ts';
export { createOnnxEngine, onnxModel } from './engine/onnx/onnx-engine.ts';
export { GraphError, RunError, UsageError } from './errors.ts';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluation/evaluate.ts';
export { buildEvaluationGraph } from './evaluation/evaluation-graph.ts';
export type { Graph, Node, Value } from './graph/graph.ts';
export { printGraph } from './graph/print.ts';
export type { Batch } from './input/batch.ts';
export { type BatchSource, prefetchBatches, prefetchEvaluation } from './input/prefetch.ts';
export {
  type Inference,
  inference,
  type Network,
  type NetworkWidths,
  tutorialNetwork,
} from './model/network.ts';
export { GraphBuilder } from './ops/builder.ts';
export { multiplyAdds } from './passes/multiply-adds.ts';
export type { DType, Float32Tensor, Shape, Tensor, TensorType } from './tensor/tensor.ts';
export { type Hyperparameters, tutorialHyperparameters } from './training/hyperparameters.ts';
export type { TrainingRun } from './training/run.ts';
export { type TrainEvent, type TrainOptions, train } from './training/train.ts';
export type { StepReport } from './training/train-step.ts';
export { buildTrainingGraph, initialVariables, type TrainingGraph } from './training/training-graph.ts';
export type { Validation, ValidationReport } from './training/validation.ts';

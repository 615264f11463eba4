/**
 * `cifar10-ts` as a library: the parts that the command line is made of.
 *
 * @example
 * import {
 *   CheckpointStore, chooseEngine, datasets, ensureSynthetic, evaluate, loadExamples, makeRun, train,
 *   tutorialHyperparameters, tutorialNetwork, version,
 * } from 'cifar10-ts';
 *
 * // Ten classes of drawn pictures. For CIFAR-10, in data/cifar-10-batches-bin: datasets.cifar10, and no clipNorm.
 * const dataset = datasets.synthetic;
 * await ensureSynthetic('data');
 * const { engine } = chooseEngine({ engine: 'auto', precision: 'float32' });
 * const run = makeRun(
 *   {
 *     network: tutorialNetwork(dataset.classes.length),
 *     hyperparameters: { ...tutorialHyperparameters, clipNorm: 5 },
 *     batchSize: 128,
 *     seed: 0,
 *     holdout: 0,
 *   },
 *   await loadExamples('data', dataset, 'train'),
 *   engine,
 * );
 *
 * const store = new CheckpointStore('run', { keep: 5, onWarning: console.warn });
 * const resume = await store.latest();
 * const events = train({
 *   run, store, ...(resume && { resume }), maxSteps: 1000, checkpointSteps: 1000, versions: { cifar10: version },
 * });
 * for await (const event of events) {
 *   if (event.kind === 'step') console.log(event.step, event.totalLoss);
 * }
 *
 * const trained = await store.latest();
 * if (trained === undefined) throw new Error('nothing was saved');
 * const examples = await loadExamples('data', dataset, 'test');
 * const { precision } = await evaluate({
 *   engine, checkpoint: trained.checkpoint, examples, weights: 'ema', batchSize: 100, numExamples: examples.count,
 * });
 * console.log(precision);
 */
export { gradients } from './autodiff/gradients.ts';
export { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint/checkpoint.ts';
export type {
  CheckpointMetadata,
  DatasetDescription as StoredDataset,
  NetworkDescription,
  Versions as StoredVersions,
} from './checkpoint/metadata.ts';
export { CheckpointStore, type CheckpointStoreOptions, type FoundCheckpoint } from './checkpoint/store.ts';
export type { Archive, DatasetFile } from './data/dataset.ts';
export { type DatasetDescription, type DatasetName, datasets, type Split } from './data/dataset.ts';
export type { Bringing, DataEvent } from './data/events.ts';
export type { Examples } from './data/examples.ts';
export { loadExamples } from './data/files.ts';
export { ensureSynthetic } from './data/synthetic/generate.ts';
export type { ReadOptions } from './disk/regular-file.ts';
export type {
  CompileOptions,
  Engine,
  EngineName,
  PartTime,
  Precision,
  Session,
  StepOptions,
  Tensors,
} from './engine/engine.ts';
export { type ChosenEngine, chooseEngine, type EngineRequest } from './engine/engines.ts';
export type { PrecisionOf } from './engine/offers.ts';
export { createOnednnEngine, type OnednnOptions } from './engine/onednn/onednn-engine.ts';
export { onnxModel } from './engine/onnx/compile/compile.ts';
export { prepare as prepareForOnnx } from './engine/onnx/compile/passes.ts';
export { createOnnxEngine } from './engine/onnx/runtime/onnx-engine.ts';
export type { EngineOptions } from './engine/registry.ts';
export { GraphError, RunError, StoppedError, UsageError } from './errors.ts';
export type { ClassResult, ConfusionMatrix } from './evaluation/confusion.ts';
export {
  type EvaluateOptions,
  type Evaluation,
  Evaluator,
  evaluate,
  type Score,
  type Scored,
  type ScoredBatch,
  type Scoring,
  type Weights,
} from './evaluation/evaluate.ts';
export { buildEvaluationGraph, type EvaluationGraph } from './evaluation/evaluation-graph.ts';
export type { Graph, Node, Value, Variable, VariableRole } from './graph/graph.ts';
export { printGraph } from './graph/print.ts';
export type { ResultRole, Results } from './graph/results.ts';
export type {
  AttributesOf,
  EngineOpSignatures,
  InputNames,
  LrnAttributes,
  NoAttributes,
  OpName,
  OpSignatures,
  OutputNames,
  Padding,
  PerInput,
  PerOutput,
  PoolAttributes,
  ReductionAttributes,
} from './graph/signature.ts';
export type { Batch, BatchBuffers, ExampleRecords } from './input/batch.ts';
export type { EvaluationBatches, Prefetching, TrainingBatches } from './input/prefetch.ts';
export { type BatchSource, prefetchBatches, prefetchEvaluation } from './input/prefetch.ts';
export type { Initializer } from './model/initializers.ts';
export type { Parameter } from './model/network.ts';
export {
  type Inference,
  inference,
  type Network,
  type NetworkWidths,
  tutorialNetwork,
} from './model/network.ts';
export { GraphBuilder } from './ops/builder.ts';
export type { Apply } from './ops/definition.ts';
export { multiplyAdds } from './passes/multiply-adds.ts';
export { withoutWatched } from './passes/watch.ts';
export type { HyperparameterName } from './recipe/hyperparameters.ts';
export { type Hyperparameters, tutorialHyperparameters } from './recipe/hyperparameters.ts';
export type { ParameterGroup } from './recipe/parameter-groups.ts';
export type { ScoringEvent } from './run/checkpoint-scorer.ts';
export { type EvaluationEvent, runEvaluation } from './run/evaluation.ts';
export type { EvalData, EvaluationRequest } from './run/evaluation-request.ts';
export { runTraining, type TrainingControl, type TrainingEvent } from './run/training.ts';
export type { TrainingRequest } from './run/training-request.ts';
export type { EncodedImage, PluginValue, SummaryContent, SummaryValue } from './summary/event.ts';
export type { Histogram } from './summary/histogram.ts';
export type { RecordedValue } from './summary/recorded-value.ts';
export type { Tag } from './summary/tags.ts';
export type { DataOf } from './tensor/dtype.ts';
export type { DType, Float32Tensor, Shape, Tensor, TensorType } from './tensor/tensor.ts';
export type { EpochReport } from './training/epochs.ts';
export type { StepSummary } from './training/summarizer.ts';
export { SaveRequests, type TrainEvent, type TrainOptions, train } from './training/train.ts';
export type { StepReport } from './training/train-step.ts';
export type { GraphRecipe } from './training/training-graph.ts';
export { buildTrainingGraph, initialVariables, type TrainingGraph } from './training/training-graph.ts';
export type { RecipeChange } from './training/training-run.ts';
export { makeRun, type Recipe, type TrainingRun, type Versions } from './training/training-run.ts';
export type { Validation, ValidationReport } from './training/validation.ts';
export { version } from './version.ts';

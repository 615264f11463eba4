/**
 * `cifar10-ts/node`: the parts that `train` and `evaluate` are made of, for programs with a training loop of their own: data sets and
 * batches, networks, graphs and their gradients, engines, checkpoints, the loop and the evaluation of a checkpoint.
 *
 * @module cifar10-ts/node
 */
export type { NumberBounds } from './arguments.ts';
export { gradients } from './autodiff/gradients.ts';
export {
  type Checkpoint,
  type CheckpointReadOptions,
  readCheckpoint,
  writeCheckpoint,
} from './checkpoint/checkpoint.ts';
export type {
  CheckpointMetadata,
  DatasetDescription as StoredDataset,
  StoredImageShape,
  StoredOrigin,
  StoredStatistics,
  Versions as StoredVersions,
} from './checkpoint/metadata.ts';
export { CheckpointStore, type CheckpointStoreOptions, type FoundCheckpoint } from './checkpoint/store.ts';
export type { GroupStart, OuterGroup, SharedFloats, SharedMemoryOfGroup } from './collective/group-start.ts';
export { type CollectiveName, type Job, startMpi } from './collective/mpi/start-mpi.ts';
export type { Archive, DatasetFile } from './data/dataset.ts';
export {
  type ChannelStatistics,
  type DatasetDescription,
  type DatasetName,
  type OtherVersion,
  type PicturesName,
  type PicturesOrigin,
  type Split,
  withLabels,
} from './data/dataset.ts';
export { datasets } from './data/datasets.ts';
export type { DataEvent, DataOptions } from './data/events.ts';
export type { ExampleRecords, Examples } from './data/examples.ts';
export { loadExamples } from './data/files.ts';
export type { ImageShape, LabelField, RecordLayout } from './data/record.ts';
export { ensureSynthetic } from './data/synthetic/generate.ts';
export type { ReadOptions } from './disk/read-options.ts';
export type {
  CompileOptions,
  Engine,
  ExchangeStart,
  PartTime,
  PlacedKernel,
  Recovered,
  Session,
  StepOptions,
  Tensors,
} from './engine/engine.ts';
export { type ChosenEngine, chooseEngine, type EngineRequest } from './engine/engines.ts';
export type { EngineOptions } from './engine/maker.ts';
export type { EngineName, Precision, PrecisionOf } from './engine/offers.ts';
export { createOnednnEngine, type OnednnOptions } from './engine/onednn/onednn-engine.ts';
export { onnxModel } from './engine/onnx/compile/compile.ts';
export { prepare as prepareForOnnx } from './engine/onnx/compile/passes.ts';
export { createOnnxEngine } from './engine/onnx/runtime/onnx-engine.ts';
export { type Failures, failureData, GraphError, RunError, StoppedError, UsageError } from './errors.ts';
export type { ClassResult, ConfusionMatrix } from './evaluation/confusion.ts';
export {
  type EvaluateOptions,
  type Evaluation,
  Evaluator,
  evaluateCheckpoint,
  type Score,
  type Scored,
  type ScoredBatch,
  type Scoring,
} from './evaluation/evaluate.ts';
export { buildEvaluationGraph, type EvaluationGraph } from './evaluation/evaluation-graph.ts';
export type { Weights } from './evaluation/network-session.ts';
export type { ScoringRanks } from './evaluation/scoring-ranks.ts';
export type { Graph, Node, Value, Variable, VariableRole } from './graph/graph.ts';
export { printGraph } from './graph/print.ts';
export type { ResultRole, Results } from './graph/results.ts';
export type {
  AttributesOf,
  BatchNormAttributes,
  ConvolutionAttributes,
  CrossEntropyAttributes,
  EngineOpSignatures,
  ExplicitPadding,
  GeluAttributes,
  InputNames,
  LocalAttributes,
  LrnAttributes,
  NoAttributes,
  Op,
  OpName,
  OpSignatures,
  OutputNames,
  Padding,
  PerInput,
  PerOutput,
  PoolAttributes,
  ReductionAttributes,
  RowsAndColumns,
} from './graph/signature.ts';
export type { AugmentationName, Draw, ImageMaker } from './input/augmentation.ts';
export { type ImageRecipe, tutorialImages } from './input/augmentations.ts';
export type { Batch, BatchBuffers, Share } from './input/batch.ts';
export type { NormalizationName, StatisticsChoice } from './input/normalization.ts';
export type {
  BatchOptions,
  EvaluationBatches,
  Prefetching,
  TrainingBatches,
  Turns,
} from './input/prefetch.ts';
export { type BatchSource, prefetchBatches, prefetchEvaluation } from './input/prefetch.ts';
export { constantInit, heNormal, type Initializer, truncatedNormal } from './model/initializers.ts';
export type {
  BatchNormalizationOptions,
  ConvolutionOptions,
  DenseOptions,
  DropoutOptions,
  LocalOptions,
  WeightOptions,
} from './model/layer-options.ts';
export { Layers } from './model/layers.ts';
export type {
  DropoutMask,
  Inference,
  Network,
  NetworkConfiguration,
  NetworkMode,
  Parameter,
  State,
} from './model/network.ts';
export type { NetworkInput, NetworkKind, NetworkNumber } from './model/network-kind.ts';
export { type TutorialWidths, tutorialNetwork } from './model/networks/tutorial.ts';
export { makeNetwork, type NetworkReference, networkNames } from './model/networks.ts';
export { GraphBuilder } from './ops/builder.ts';
export type { Apply, ApplyAll } from './ops/definition.ts';
export { multiplyAdds } from './passes/multiply-adds.ts';
export { withoutWatched } from './passes/watch.ts';
export type { HyperparameterName } from './recipe/hyperparameters.ts';
export { type Hyperparameters, tutorialHyperparameters } from './recipe/hyperparameters.ts';
export type { NetworkDescription, NetworkRequest } from './recipe/network-request.ts';
export type { FrozenLayers, FrozenRequest, ParameterGroup } from './recipe/parameter-groups.ts';
export type {
  Length,
  Recipe,
  RecipeOptions,
} from './recipe/recipe.ts';
export { type RecipeName, recipeNames, recipes } from './recipe/recipes.ts';
export type { ScaledFrom, ScalingName } from './recipe/scale-learning-rate.ts';
export type { EncodedImage, PluginValue, SummaryContent, SummaryValue } from './summary/event.ts';
export type { Histogram } from './summary/histogram.ts';
export type { RecordedValue } from './summary/recorded-value.ts';
export type { Tag } from './summary/tags.ts';
export type { DataOf, DType } from './tensor/dtype.ts';
export type { Float32Tensor, Shape, Tensor, TensorType } from './tensor/tensor.ts';
export type { EpochReport } from './training/epochs.ts';
export type { RangePoint } from './training/learning-rate-range.ts';
export type { PlacedNode, Placement, TowerPlacement } from './training/placement.ts';
export type { Ranks, RunDefinition, TrainingRun } from './training/run-definition.ts';
export type { StepSummary } from './training/summarizer.ts';
export { SaveRequests, type TrainEvent, type TrainOptions, trainSteps } from './training/train.ts';
export type { StepReport } from './training/train-step.ts';
export type { GraphOptions, GraphRecipe } from './training/training-graph.ts';
export { buildTrainingGraph, initialVariables, type TrainingGraph } from './training/training-graph.ts';
export type { RecipeChange } from './training/training-run.ts';
export { makeRun, type Versions } from './training/training-run.ts';
export type { Validation, ValidationReport } from './training/validation.ts';
export { version } from './version.ts';

/**
 * `cifar10-ts/browser`: the parts that run in a web page. A page can classify pictures with an exported ONNX file
 * (`openExportedModel`), or build networks, training steps and batches, and run their ONNX models with `onnxruntime-web`.
 *
 * @module cifar10-ts/browser
 */
export type { NumberBounds } from './arguments.ts';
export { gradients } from './autodiff/gradients.ts';
export type {
  Archive,
  ChannelStatistics,
  DatasetDescription,
  DatasetFile,
  DatasetName,
  OtherVersion,
  PicturesName,
  PicturesOrigin,
  Split,
} from './data/dataset.ts';
export { withLabels } from './data/dataset.ts';
export { datasets } from './data/datasets.ts';
export type { ExampleRecords, Examples } from './data/examples.ts';
export type { ImageShape, LabelField, RecordLayout } from './data/record.ts';
export { encodeRecord } from './data/record.ts';
export type { Tensors } from './engine/engine.ts';
export { onnxModel } from './engine/onnx/compile/compile.ts';
export { prepare as prepareForOnnx } from './engine/onnx/compile/passes.ts';
export type { Failures } from './errors.ts';
export { GraphError, RunError, UsageError } from './errors.ts';
export type { EvaluationGraph } from './evaluation/evaluation-graph.ts';
export { buildEvaluationGraph } from './evaluation/evaluation-graph.ts';
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
export type { ImageRecipe, ImageSource } from './input/augmentations.ts';
export { makeImages, tutorialImages } from './input/augmentations.ts';
export type { Batch, BatchBuffers, BatchPart } from './input/batch.ts';
export { BatchMaker } from './input/batch.ts';
export type { NormalizationName, StatisticsChoice } from './input/normalization.ts';
export { ExampleOrder } from './input/order.ts';
export type {
  ConfigurationOf,
  DefinedNetwork,
  DefinitionOptions,
  NetworkDefinition,
} from './model/define-network.ts';
export { defineNetwork } from './model/define-network.ts';
export type { Initializer } from './model/initializers.ts';
export { constantInit, heNormal, truncatedNormal } from './model/initializers.ts';
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
export type { TutorialWidths } from './model/networks/tutorial.ts';
export { tutorialNetwork } from './model/networks/tutorial.ts';
export type { NetworkReference } from './model/networks.ts';
export { makeNetwork, networkNames } from './model/networks.ts';
export { GraphBuilder } from './ops/builder.ts';
export type { Apply, ApplyAll } from './ops/definition.ts';
export type {
  ExportedModel,
  OnnxOutput,
  OnnxRuntime,
  OnnxSession,
  PageClassifyOptions,
} from './page/exported-model.ts';
export { openExportedModel } from './page/exported-model.ts';
export { multiplyAdds } from './passes/multiply-adds.ts';
export { withoutWatched } from './passes/watch.ts';
export type { Pixels } from './pictures/decode.ts';
export type { Prediction } from './predict/prediction.ts';
export type { HyperparameterName, Hyperparameters } from './recipe/hyperparameters.ts';
export { tutorialHyperparameters } from './recipe/hyperparameters.ts';
export type { NetworkDescription } from './recipe/network-request.ts';
export type { FrozenLayers, ParameterGroup } from './recipe/parameter-groups.ts';
export type { Length, Recipe } from './recipe/recipe.ts';
export type { RecipeName } from './recipe/recipes.ts';
export { recipeNames, recipes } from './recipe/recipes.ts';
export type { DataOf, DType } from './tensor/dtype.ts';
export type { Float32Tensor, Shape, Tensor, TensorType } from './tensor/tensor.ts';
export type { GraphOptions, GraphRecipe, TrainingGraph } from './training/training-graph.ts';
export { buildTrainingGraph, initialVariables, stepScalars } from './training/training-graph.ts';

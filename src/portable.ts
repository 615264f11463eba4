/** The types of the public functions that run both in Node.js and in web pages. */
export type { NumberBounds } from './arguments.ts';
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
export type { Examples } from './data/examples.ts';
export type { ImageShape, LabelField, RecordLayout } from './data/record.ts';
export type { DeviceKind } from './engine/device.ts';
export type { Tensors } from './engine/engine.ts';
export type { EngineName, Precision, PrecisionOf } from './engine/offers.ts';
export type { Target } from './engine/onnx/compile/targets.ts';
export type { Failures } from './errors.ts';
export type { Graph, Node, Value, Variable, VariableRole } from './graph/graph.ts';
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
export type { NormalizationName, StatisticsChoice } from './input/normalization.ts';
export type { EarlyImages } from './input/shrink.ts';
export type { TestTimeAugmentation } from './input/test-time.ts';
export type {
  ConfigurationOf,
  DefinedNetwork,
  DefinitionOptions,
  NetworkDefinition,
} from './model/define-network.ts';
export type { Initializer, SampleImages } from './model/initializers.ts';
export type {
  BatchNormalizationOptions,
  ConvolutionOptions,
  DenseOptions,
  DropoutOptions,
  LocalOptions,
  WeightOptions,
} from './model/layer-options.ts';
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
export type { NetworkReference } from './model/networks.ts';
export type { WhiteningOptions } from './model/whitening.ts';
export type { Apply, ApplyAll } from './ops/definition.ts';
export type { OptimizerName } from './optimizer/optimizers.ts';
export type { Pixels } from './pictures/decode.ts';
export type { Prediction } from './predict/prediction.ts';
export type { HyperparameterName, Hyperparameters } from './recipe/hyperparameters.ts';
export type { NetworkDescription, NetworkRequest } from './recipe/network-request.ts';
export type { FrozenLayers, FrozenRequest, ParameterGroup } from './recipe/parameter-groups.ts';
export type { Length, Recipe, RecipeOptions } from './recipe/recipe.ts';
export type { RecipeName } from './recipe/recipes.ts';
export type { DataOf, DType, FloatType } from './tensor/dtype.ts';
export type { Float32Tensor, Shape, Tensor, TensorType } from './tensor/tensor.ts';

/**
 * One training step as one graph. The graph is a function of the variables, the batch, and scalars such as the learning rate.
 *
 *     forward ─► loss terms ─► gradients ─┬► clip ─► optimizer ─► parameters, slots ─► moving averages
 *                                         │
 *                                    exchanged: several workers average here
 *
 * With loss scaling, the gradients of the loss are multiplied by the input `loss_scale` in the backward pass, and divided by it
 * before the exchange. The sum of their squares after the exchange must be finite for the updates to be applied, so that all workers
 * decide the same.
 *
 * The outputs are the terms of the loss of the batch, computed before the update. The watched values are those that histograms
 * show: activations, variables before the update, and the gradients that are applied.
 */
import {
  anything,
  aWholeNumber,
  type OptionChecks,
  optional,
  required,
  requireOptions,
} from '../arguments.ts';
import { gradients } from '../autodiff/gradients.ts';
import type { Tensors } from '../engine/engine.ts';
import type { Precision } from '../engine/offers.ts';
import { RunError, UsageError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import type { SampleImages } from '../model/initializers.ts';
import { type Loss, loss, lossNames } from '../model/loss.ts';
import {
  addNetwork,
  aNetwork,
  type DropoutMask,
  type Network,
  type Parameter,
  type State,
} from '../model/network.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { clipByGlobalNorm } from '../optimizer/clip.ts';
import { lookAhead, lookAheadName, lookAheadScalars } from '../optimizer/look-ahead.ts';
import { averageName, movingAverageDecay, updateAverage } from '../optimizer/moving-average.ts';
import type { Optimizer, OptimizerOptions } from '../optimizer/optimizer.ts';
import { optimizers } from '../optimizer/optimizers.ts';
import { learningRate } from '../optimizer/schedule.ts';
import { applyOptimizers } from '../optimizer/update.ts';
import { allHyperparameters, type Hyperparameters } from '../recipe/hyperparameters.ts';
import {
  type FrozenLayers,
  frozenCheck,
  groupsCheck,
  isFrozen,
  matches,
  type ParameterGroup,
  settingsOf,
} from '../recipe/parameter-groups.ts';
import { tagOf } from '../summary/tags.ts';
import { describeType, type Float32Tensor, float32, sameShape, scalar, sizeOf } from '../tensor/tensor.ts';
import { shortened } from '../wording.ts';
import { isLossScaled } from './loss-scale.ts';
import type { TrainingRun } from './run-definition.ts';
import { shownActivations } from './shown-values.ts';

/** Returns the name of the running average of a loss term, as in TensorFlow. */
export function lossAverageName(term: string): string {
  return `${term}/avg`;
}
/** Returns the tag of the histogram of a variable's gradient (r0.11, `cifar10.train`). */
export function gradientTag(variable: string): string {
  return tagOf('gradient', { variable }).tag;
}
/** The name of the output that contains the logits, [N, classes]. */
export const logitsName = 'logits';

/** The decay of the running averages of the loss terms (r0.11, `_add_loss_summaries`). */
const lossAverageDecay = 0.9;

/** Returns the bias-corrected running average of a loss term after an update, as in r0.12: a / (1 - 0.9^(updates + 1)), where a is
 * the stored average (D. P. Kingma, J. Ba, "Adam", ICLR 2015, section 3). For a skipped step, it is the average with the term of that
 * step, which is not stored.
 * @param before the stored average before the step
 * @param value the term at the step
 * @param updates the number of updates made before the step */
export function averagedLoss(before: number, value: number, updates: number): number {
  return unbiasedAverage(before - (1 - lossAverageDecay) * (before - value), updates + 1);
}

/** Returns the bias-corrected value of a stored running average of a loss term.
 * @param updates the number of updates made, at least 1 */
export function unbiasedAverage(stored: number, updates: number): number {
  return stored / (1 - lossAverageDecay ** updates);
}

/** The graph of a training step, with what a loop needs to run it. */
export interface TrainingGraph {
  readonly network: Network;
  /** Takes `images` [N, C, H, W], `labels` [N] int32, the scalars of `stepScalars`, and `masks`. */
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
  readonly states: readonly State[];
  /** The inputs for the masks of dropout (`drawMasks`). */
  readonly masks: readonly DropoutMask[];
  /** Whether the graph has the input `loss_scale`, and skips its updates if gradients are not finite. */
  readonly isLossScaled: boolean;
  /** The names of the outputs, which are scalars: the terms of the loss and `total_loss`. */
  readonly lossNames: readonly string[];
  /** The names of the activations in the order of the layers: `conv1/conv1` … `softmax_linear/softmax_linear`. */
  readonly activations: readonly string[];
}

/** The part of a recipe that determines its graph. */
export interface GraphRecipe {
  readonly network: Network;
  /** The number of images per step. */
  readonly batchSize: number;
  readonly hyperparameters: Hyperparameters;
  readonly groups?: readonly ParameterGroup[];
  readonly freeze?: FrozenLayers;
}

/** A recipe, or a whole run, of which only the settings in `GraphRecipe` are used. */
type RecipeOrRun = GraphRecipe & Partial<Omit<TrainingRun, keyof GraphRecipe>>;

/** The checks of a `GraphRecipe`. Every new setting needs a line here. */
export const graphChecks: OptionChecks<GraphRecipe> = {
  network: required(aNetwork),
  batchSize: required(aWholeNumber(1)),
  hyperparameters: required(allHyperparameters),
  groups: optional(groupsCheck),
  freeze: optional(frozenCheck),
};
const recipeOrRunChecks: OptionChecks<RecipeOrRun> = {
  ...graphChecks,
  recipe: optional(anything),
  seed: optional(anything),
  holdout: optional(anything),
  augmentation: optional(anything),
  normalization: optional(anything),
  statistics: optional(anything),
  length: optional(anything),
  history: optional(anything),
  examples: optional(anything),
  validation: optional(anything),
  checksum: optional(anything),
  engine: optional(anything),
  towers: optional(anything),
  ranks: optional(anything),
};

/** Options of `buildTrainingGraph`. */
export interface GraphOptions {
  /** Whether the processes that train together vote on stopping after the step. Default: false. */
  readonly votes?: boolean;
  /** Whether the loss is scaled. Default: whether `recipe` is a run with an engine that needs it (precision float16). */
  readonly lossScaling?: boolean;
}

/** The name of the input with the scale of the loss, which is a power of two (`training/loss-scale.ts`). */
export const lossScaleName = 'loss_scale';
/** The name of the output with half the sum of the squares of all gradients, before clipping, if the loss is scaled. If it is not
 * finite, the step has changed no variable. */
export const gradientsL2Name = 'gradients_l2_loss';

/** The name of the input with the vote of a process: 1 to stop after the step, or 0. */
export const stopVoteName = 'stop_vote';
/** The name of the output with the average of the votes of all processes. */
export const stopVotesName = 'stop_votes';

/** Builds the graph of one training step.
 * @throws UsageError for a setting that is unknown or out of range, with its name, and for a group without parameters */
export function buildTrainingGraph(
  recipe: GraphRecipe & { readonly engine?: { readonly precision: Precision } },
  options: GraphOptions = {},
): TrainingGraph {
  requireOptions(recipe, recipeOrRunChecks);
  const {
    votes = false,
    lossScaling = recipe.engine !== undefined && isLossScaled(recipe.engine.precision),
  } = options;
  const { network, batchSize, hyperparameters, groups = [], freeze = [] } = recipe;
  const builder = new GraphBuilder('train');
  const images = builder.input('images', { dtype: 'float32', shape: [batchSize, ...network.imageShape] });
  const labels = builder.input('labels', { dtype: 'int32', shape: [batchSize] });
  const learningRate = builder.input('learning_rate', { dtype: 'float32', shape: [] });
  const averageDecay =
    hyperparameters.movingAverageDecay > 0
      ? builder.input('moving_average_decay', { dtype: 'float32', shape: [] })
      : undefined;

  const frozen = (variable: string) => isFrozen(variable, freeze);
  const model = addNetwork(builder, network, images, { training: true, isFrozen: frozen });
  requireMatches(groups, model.parameters);
  requireTrainedAndFrozen(freeze, model.parameters);
  const parameters = model.parameters.map((parameter) => withSettings(parameter, recipe));
  const { weightDecay, labelSmoothing } = hyperparameters;
  const decayed = { ...model, parameters: parameters.map(decayedInLoss) };
  const losses = loss(builder, decayed, labels, { weightDecay, labelSmoothing });
  const trainable = parameters.filter(({ variable }) => !frozen(variable.name));
  const variables = trainable.map(({ variable }) => variable);
  const averageOverBatch = lossScaling
    ? scaledGradients(builder, losses.total.value, variables)
    : gradients(builder, losses.total.value, variables);
  exchange(builder, losses, variables, averageOverBatch);
  if (lossScaling) requireFiniteGradients(builder, averageOverBatch);
  const afterUpdate = lookAhead(builder, hyperparameters);
  const states = updateStates(builder, model.states, afterUpdate);
  const applied = clipped(builder, averageOverBatch, hyperparameters.clipNorm);
  const rateScalars = addGroupScalars(builder, groups);
  const trained = trainable.map(({ decayShare = 0, ...parameter }, index) => ({
    ...parameter,
    gradient: applied[index] ?? parameter.variable,
    rateScalars: rateScalars(parameter.variable.name),
    weightDecay: isDecoupled(parameter) ? weightDecay * decayShare : 0,
  }));
  const scalars = Object.keys(optimizerScalars(1, recipe));
  const updated = applyOptimizers(builder, learningRate, scalars, trained, afterUpdate);
  if (averageDecay !== undefined) {
    const fixed = parameters.flatMap(({ variable }) => (frozen(variable.name) ? [variable] : []));
    averageVariables(
      builder,
      [...variables, ...fixed, ...model.states.map(({ variable }) => variable)],
      [...updated, ...fixed, ...states],
      averageDecay,
    );
  }
  averageLosses(builder, losses);
  builder.output(logitsName, model.logits);
  if (votes) voteOnStopping(builder);
  for (const [tag, activation] of shownActivations(builder, model)) builder.watch(tag, activation);
  for (const { variable, gradient } of trained) {
    builder.watch(variable.name, variable);
    builder.watch(gradientTag(variable.name), gradient);
  }
  return {
    network,
    graph: builder.build(),
    parameters: model.parameters,
    states: model.states,
    masks: model.masks,
    isLossScaled: lossScaling,
    lossNames: lossNames(losses),
    activations: model.activations.map(({ name }) => name),
  };
}

/** Options of `stepScalars`. */
export interface ScalarOptions {
  /** The number of earlier steps that were skipped because their gradients were not finite. Default: 0. */
  readonly skippedSteps?: number;
  /** The scale of the loss, for a graph with loss scaling. */
  readonly lossScale?: number | undefined;
}

/** Returns the scalar inputs of a step. The learning rate depends on the number of steps. What corrects averages depends on the
 * number of updates, which is smaller if steps were skipped.
 * @param step the number of steps before this one
 * @param trainingExamples the number of examples in an epoch */
export function stepScalars(
  step: number,
  trainingExamples: number,
  recipe: Pick<GraphRecipe, 'batchSize' | 'hyperparameters' | 'groups'>,
  { skippedSteps = 0, lossScale }: ScalarOptions = {},
): ReadonlyMap<string, number> {
  const { batchSize, hyperparameters } = recipe;
  const { schedule, numEpochsPerDecay, movingAverageDecay: cap } = hyperparameters;
  const stepsPerDecay = epochsInSteps(numEpochsPerDecay, trainingExamples, batchSize);
  const update = step - skippedSteps + 1;
  return new Map([
    ['learning_rate', learningRate(schedule, step, stepsPerDecay, hyperparameters)],
    ...(cap > 0 ? ([['moving_average_decay', movingAverageDecay(update, cap)]] as const) : []),
    ...Object.entries(optimizerScalars(update, recipe)),
    ...Object.entries(lookAheadScalars(update, hyperparameters, step + 1)),
    ...groupScalars(step, trainingExamples, recipe),
    ...(lossScale === undefined ? [] : ([[lossScaleName, lossScale]] as const)),
  ]);
}

/** Returns the scalars of all optimizers of a recipe, by name: those of its own optimizer and of those of its groups.
 * @param update the number of the update, from 1 */
function optimizerScalars(
  update: number,
  { hyperparameters, groups = [] }: Pick<GraphRecipe, 'hyperparameters' | 'groups'>,
): Readonly<Record<string, number>> {
  const names = [hyperparameters.optimizer, ...groups.flatMap(({ optimizer = [] }) => optimizer)];
  return Object.fromEntries(
    names.flatMap((name) => Object.entries(optimizers[name].scalars(update, hyperparameters))),
  );
}

/** Returns ⌊examples / batch size · epochs⌋, but at least 1. The 350 epochs of the tutorial are 136,718 steps. */
export function epochsInSteps(epochs: number, trainingExamples: number, batchSize: number): number {
  return Math.max(1, Math.floor((trainingExamples / batchSize) * epochs));
}

/** Requires every group to match a parameter.
 * @throws UsageError for a group that matches none, because its pattern is probably misspelled */
function requireMatches(groups: readonly ParameterGroup[], parameters: readonly Parameter[]): void {
  const names = parameters.map(({ variable }) => variable.name);
  const index = groups.findIndex((group) => !names.some((name) => matches(name, group)));
  if (index === -1) return;
  const pattern = JSON.stringify(groups[index]?.match);
  throw new UsageError(
    `groups[${index}].match: ${pattern} matches no parameter of the network, which has ${shortened(names.join(', '))}`,
  );
}

/** Requires every pattern for frozen layers to match a parameter, and some parameter to be trained.
 * @throws UsageError for a pattern that matches none, because it is probably misspelled */
function requireTrainedAndFrozen(freeze: FrozenLayers, parameters: readonly Parameter[]): void {
  const names = parameters.map(({ variable }) => variable.name);
  const unmatched = freeze.find((layer) => !names.some((name) => isFrozen(name, [layer])));
  const layers = [...new Set(names.map((name) => name.replace(/\/.*/, '')))];
  if (unmatched !== undefined)
    throw new UsageError(
      `\`freeze\`: ${JSON.stringify(unmatched)} matches no layer of the network, which has ${shortened(layers.join(', '))}`,
    );
  if (names.every((name) => isFrozen(name, freeze)))
    throw new UsageError('`freeze`: all layers are frozen, so there is nothing to train');
}

/** A parameter with the settings of its groups. */
interface GroupedParameter extends Parameter {
  readonly learningRateFactor: number;
  readonly optimizer: Optimizer;
  readonly options: OptimizerOptions;
}

/** Returns a parameter with the settings of its groups, or else those of the recipe. */
function withSettings(
  parameter: Parameter,
  { hyperparameters, groups = [] }: Pick<GraphRecipe, 'hyperparameters' | 'groups'>,
): GroupedParameter {
  const settings = settingsOf(parameter.variable.name, groups);
  const { optimizer = hyperparameters.optimizer, momentum = hyperparameters.momentum } = settings;
  const { decayShare } = parameter;
  return {
    ...parameter,
    learningRateFactor: settings.learningRate,
    optimizer: optimizers[optimizer],
    options: { ...hyperparameters, momentum },
    ...(decayShare && { decayShare: decayShare * settings.weightDecay }),
  };
}

function isDecoupled({ optimizer }: Pick<GroupedParameter, 'optimizer'>): boolean {
  return optimizer.weightDecay === 'decoupled';
}

/** Returns a parameter with the weight decay that the loss contains. */
function decayedInLoss(parameter: GroupedParameter): Parameter {
  return isDecoupled(parameter) && parameter.decayShare !== undefined
    ? { ...parameter, decayShare: 0 }
    : parameter;
}

/** Returns the gradients of the loss. In the backward pass they are multiplied by the input `loss_scale`. */
function scaledGradients(builder: GraphBuilder, loss: Value, variables: readonly Value[]): readonly Value[] {
  const scale = builder.input(lossScaleName, { dtype: 'float32', shape: [] });
  const scaled = gradients(builder, loss, variables, scale);
  return builder.scope('unscaled', () => {
    const one = builder.op('Constant', {}, { value: scalar(1) }, 'one');
    const inverse = builder.op('Div', { a: one, b: scale }, {}, 'inverse_scale');
    return scaled.map((gradient, index) =>
      builder.op('Mul', { a: gradient, b: inverse }, {}, variables[index]?.name ?? 'gradient'),
    );
  });
}

/** Lets the step update variables only if all gradients are finite. (The sum of their squares is also infinite if gradients are
 * larger than 10¹⁹, which no scale can help.) */
function requireFiniteGradients(builder: GraphBuilder, slopes: readonly Value[]): void {
  const sum = builder.scope('finite_check', () =>
    slopes
      .map((x) => builder.op('L2Loss', { x }, {}, 'half_squares'))
      .reduce((a, b) => builder.op('Add', { a, b }, {}, 'sum')),
  );
  builder.output(gradientsL2Name, sum);
  builder.result('finite', gradientsL2Name, sum);
}

/** Marks what several workers average before the update: the gradients of the mean loss of their batches, and
 * the terms of that loss. */
function exchange(
  builder: GraphBuilder,
  { terms, total }: Loss,
  variables: readonly Value[],
  slopes: readonly Value[],
): void {
  variables.forEach(({ name }, index) => {
    const gradient = slopes[index];
    if (gradient !== undefined) builder.result('exchanged', gradientTag(name), gradient);
  });
  for (const { name, value } of [...terms, total]) builder.result('exchanged', name, value);
}

/** Averages the votes of all workers. */
function voteOnStopping(builder: GraphBuilder): void {
  const vote = builder.input(stopVoteName, { dtype: 'float32', shape: [] });
  const one = builder.op('Constant', {}, { value: scalar(1) }, 'one_vote');
  const cast = builder.op('Mul', { a: vote, b: one }, {}, 'cast_vote');
  builder.result('exchanged', stopVotesName, cast);
  builder.output(stopVotesName, cast);
}

/** Sets the values of states, such as running means, after the step. Workers average them, because each worker sees
 * only its part of the batch.
 * @returns the values of the states after the step */
function updateStates(
  builder: GraphBuilder,
  states: readonly State[],
  afterUpdate: (variable: Value, updated: Value) => Value,
): readonly Value[] {
  return states.map(({ variable, update }) => {
    if (update === undefined) return variable;
    builder.result('exchanged', variable.name, update);
    const after = afterUpdate(variable, update);
    builder.update(variable, after);
    return after;
  });
}

/** Adds a scalar input for each group that is trained for a part of the run. Returns a function that finds those of a parameter. */
function addGroupScalars(
  builder: GraphBuilder,
  groups: readonly ParameterGroup[],
): (parameter: string) => readonly Value[] {
  const scalars = groups.flatMap((group, index) =>
    group.epochs === undefined
      ? []
      : [{ group, value: builder.input(groupScalarName(index), { dtype: 'float32', shape: [] }) }],
  );
  return (parameter) => scalars.flatMap(({ group, value }) => (matches(parameter, group) ? [value] : []));
}

function groupScalarName(index: number): string {
  return `group_${index}_is_trained`;
}

/** Returns the scalars of the groups that are trained for a part of the run: 1 while a group is trained, and then 0. */
function groupScalars(
  step: number,
  trainingExamples: number,
  { batchSize, groups = [] }: Pick<GraphRecipe, 'batchSize' | 'groups'>,
): readonly (readonly [string, number])[] {
  return groups.flatMap(({ epochs }, index) => {
    if (epochs === undefined) return [];
    const isTrained = step < (epochs * trainingExamples) / batchSize;
    return [[groupScalarName(index), isTrained ? 1 : 0] as const];
  });
}

/** Returns the gradients, clipped if the recipe has a clip norm. */
function clipped(builder: GraphBuilder, found: readonly Value[], clipNorm: number): readonly Value[] {
  if (clipNorm === 0) return found;
  return builder.scope('clip', () => clipByGlobalNorm(builder.op, found, clipNorm));
}

/** Adds a moving average of each variable to the graph. Running statistics are averaged as well, like the model variables in
 * TF-Slim and the buffers in timm's `ModelEmaV2`, because statistics of the latest weights do not fit averaged weights.
 * @param updated the values of the variables after the step */
function averageVariables(
  builder: GraphBuilder,
  variables: readonly Value[],
  updated: readonly Value[],
  decay: Value,
): void {
  variables.forEach((variable, index) => {
    const average = builder.variable(averageName(variable.name), variable, 'average');
    updateAverage(builder, average, updated[index] ?? variable, decay);
  });
}

function averageLosses(builder: GraphBuilder, { terms, total }: Loss): void {
  const decay = builder.op('Constant', {}, { value: scalar(lossAverageDecay) }, 'loss_average_decay');
  for (const { name, value } of [...terms, total]) {
    const average = builder.variable(lossAverageName(name), { dtype: 'float32', shape: [] }, 'average');
    builder.watch(average.name, average);
    updateAverage(builder, average, value, decay);
    builder.output(name, value);
  }
}

/** Returns the initial values of all variables. Weights come from their initializers or from `given`, moving averages and
 * slow copies (look-ahead) are copies of the weights and states, and all other variables, such as loss averages, are zero.
 *
 * @param given the values of all parameters and of the state, such as running statistics, to use instead of initializers
 * @param images training images, for networks with initial weights that depend on them (`sampleImages`)
 * @throws RunError when a tensor is missing or has another shape
 * @throws UsageError when the network needs images and there are none */
export function initialVariables(
  { graph, parameters, states }: TrainingGraph,
  seed: number,
  given?: Tensors,
  images?: SampleImages,
): ReadonlyMap<string, Float32Tensor> {
  const initial = new Map<string, Float32Tensor>();
  const start = ({ variable, initializer }: Parameter | State, index: number) =>
    given === undefined ? initializer(variable.shape, seed, index, images) : taken(given, variable);
  for (const [index, variable] of [...parameters, ...states].entries()) {
    const { name } = variable.variable;
    const values = start(variable, index);
    initial.set(name, values);
    for (const copy of [averageName(name), lookAheadName(name)])
      if (graph.variables.has(copy)) initial.set(copy, values);
  }
  for (const [name, { shape }] of graph.variables) {
    if (!initial.has(name)) initial.set(name, float32(shape, new Float32Array(sizeOf(shape))));
  }
  return initial;
}

function taken(given: Tensors, { name, shape }: Value): Float32Tensor {
  const found = given.get(name);
  if (found === undefined) throw new RunError(`the initial checkpoint does not contain ${name}`);
  if (found.dtype === 'float32' && sameShape(found.shape, shape)) return found;
  throw new RunError(
    `${name} in the initial checkpoint: found ${describeType(found)}, expected float32 [${shape.join(', ')}]`,
  );
}

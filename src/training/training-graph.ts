/**
 * One training step as one graph: a function of the variables, the batch, the learning rate and the decay of the
 * moving averages. Returns the loss terms of the batch before the update; updates the weights by gradient descent,
 * then the moving averages of the new weights, and the running averages of the loss terms. Watched are the histograms of
 * a summary: activations, variables before the update, and the gradients that it applies.
 */
import { gradients } from '../autodiff/gradients.ts';
import type { Tensors } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { type Loss, loss, lossNames } from '../model/loss.ts';
import { inference, type Network, type Parameter } from '../model/network.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { describeType, type Float32Tensor, float32, sameShape, scalar, sizeOf } from '../tensor/tensor.ts';
import { clipByGlobalNorm } from './clip.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { shownActivations } from './shown-values.ts';

/** Name of a variable's moving average, TensorFlow's. */
export function averageName(variable: string): string {
  return `${variable}/ExponentialMovingAverage`;
}
/** Name of a loss term's running average, TensorFlow's. */
export function lossAverageName(term: string): string {
  return `${term}/avg`;
}
/** Tag of the histogram of a variable's gradient (r0.11, `cifar10.train`). */
export function gradientTag(variable: string): string {
  return `${variable}/gradients`;
}
/** Decay of the loss terms' running averages (r0.11, `_add_loss_summaries`). */
const lossAverageDecay = 0.9;

/** The running average of a loss term after step `step` (counted from 0), without the bias of its start at zero, which r0.12
 * took away: a / (1 - 0.9^(step + 1)) (D. P. Kingma, J. Ba, "Adam", ICLR 2015, section 3).
 * @param before the average before the step, as it is stored
 * @param value of the term at the step */
export function averagedLoss(before: number, value: number, step: number): number {
  const after = before - (1 - lossAverageDecay) * (before - value);
  return after / (1 - lossAverageDecay ** (step + 1));
}

export interface TrainingGraph {
  /** Fed `images` [N, 3, 24, 24], `labels` [N] int32, `learning_rate` and `moving_average_decay` (scalars). */
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
  /** The outputs: six loss terms and `total_loss`, scalars. */
  readonly lossNames: readonly string[];
  /** Names of the activations in the order of the layers: `conv1/conv1` … `softmax_linear/softmax_linear`. */
  readonly activations: readonly string[];
}

/** What of a recipe is in its graph. */
export type GraphHyperparameters = Pick<Hyperparameters, 'weightDecay' | 'clipNorm'>;

export function buildTrainingGraph(
  network: Network,
  batchSize: number,
  { weightDecay, clipNorm }: GraphHyperparameters,
): TrainingGraph {
  const builder = new GraphBuilder('train');
  const images = builder.input('images', { dtype: 'float32', shape: [batchSize, ...network.imageShape] });
  const labels = builder.input('labels', { dtype: 'int32', shape: [batchSize] });
  const learningRate = builder.input('learning_rate', { dtype: 'float32', shape: [] });
  const decay = builder.input('moving_average_decay', { dtype: 'float32', shape: [] });

  const model = inference(builder, images, network);
  const losses = loss(builder, model, labels, weightDecay);
  const slopes = appliedGradients(builder, model.parameters, losses.total.value, clipNorm);
  for (const { variable, gradient } of slopes) {
    const updated = builder.op(
      'ApplyGradientDescent',
      { variable, gradient, learningRate },
      {},
      `train/${variable.name}`,
    );
    const average = builder.variable(averageName(variable.name), variable);
    const averaged = builder.op(
      'ExponentialMovingAverage',
      { average, value: updated, decay },
      {},
      `train/${average.name}`,
    );
    builder.update(variable, updated);
    builder.update(average, averaged);
  }
  averageLosses(builder, losses);
  for (const [tag, activation] of shownActivations(builder, model)) builder.watch(tag, activation);
  for (const { variable, gradient } of slopes) {
    builder.watch(variable.name, variable);
    builder.watch(gradientTag(variable.name), gradient);
  }
  return {
    graph: builder.build(),
    parameters: model.parameters,
    lossNames: lossNames(losses),
    activations: model.activations.map(({ name }) => name),
  };
}

/** Weights and biases, and the gradient of the total loss for each, clipped where the recipe says so. */
function appliedGradients(
  builder: GraphBuilder,
  parameters: readonly Parameter[],
  totalLoss: Value,
  clipNorm: number,
): readonly { readonly variable: Value; readonly gradient: Value }[] {
  const variables = parameters.map(({ variable }) => variable);
  const found = gradients(builder, totalLoss, variables);
  const applied =
    clipNorm > 0 ? builder.scope('clip', () => clipByGlobalNorm(builder.op, found, clipNorm)) : found;
  return variables.map((variable, index) => ({ variable, gradient: applied[index] ?? variable }));
}

function averageLosses(builder: GraphBuilder, { terms, total }: Loss): void {
  const decay = builder.op('Constant', {}, { value: scalar(lossAverageDecay) }, 'loss_average_decay');
  for (const { name, value } of [...terms, total]) {
    const average = builder.variable(lossAverageName(name), { dtype: 'float32', shape: [] });
    builder.watch(average.name, average);
    builder.update(
      average,
      builder.op('ExponentialMovingAverage', { average, value, decay }, {}, `train/${average.name}`),
    );
    builder.output(name, value);
  }
}

/** What every variable starts from: weights by their initializers, or as given; moving averages as copies of them, loss
 * averages at zero.
 *
 * @param given values of weights and biases to take instead
 * @throws RunError when one of those is missing or has another shape */
export function initialVariables(
  { graph, parameters }: TrainingGraph,
  seed: number,
  given?: Tensors,
): ReadonlyMap<string, Float32Tensor> {
  const initial = new Map<string, Float32Tensor>();
  parameters.forEach(({ variable, initializer }, index) => {
    const values = given === undefined ? initializer(variable.shape, seed, index) : taken(given, variable);
    initial.set(variable.name, values).set(averageName(variable.name), values);
  });
  for (const [name, { shape }] of graph.variables) {
    if (!initial.has(name)) initial.set(name, float32(shape, new Float32Array(sizeOf(shape))));
  }
  return initial;
}

function taken(given: Tensors, { name, shape }: Value): Float32Tensor {
  const found = given.get(name);
  if (found === undefined) throw new RunError(`the checkpoint to start from has no ${name}`);
  if (found.dtype === 'float32' && sameShape(found.shape, shape)) return found;
  throw new RunError(
    `the checkpoint to start from has ${name} as ${describeType(found)}, this network needs float32 [${shape.join(', ')}]`,
  );
}

/**
 * What a summary looks at, as a graph of its own: the activations of a batch and the gradients that a step on it would
 * apply. It changes nothing, so a run ends with the same bits whether summaries are written or not; and the training
 * graph stays as fast as it is, for it need not keep what only summaries want.
 */
import { gradients } from '../autodiff/gradients.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { loss } from '../model/loss.ts';
import { inference, type Network } from '../model/network.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { clipByGlobalNorm } from './clip.ts';
import type { Hyperparameters } from './hyperparameters.ts';

export interface SummaryGraph {
  /** Fed `images` [N, 3, 24, 24] and `labels` [N] int32. Its outputs have the tags of their histograms; activations that
   * are images are [H, W, N, C]. */
  readonly graph: Graph;
  /** Names of the activations in the order of the layers: `conv1/conv1` … `softmax_linear/softmax_linear`. */
  readonly activations: readonly string[];
  /** Names of the variables: weights and biases. */
  readonly variables: readonly string[];
}

/** Tag of an activation's histogram, and of the share of its values that are exactly zero (r0.11,
 * `_activation_summary`). */
export const activationTag = (name: string): string => `${name}/activations`;
export const sparsityTag = (name: string): string => `${name}/sparsity`;
/** Tag of the histogram of a variable's gradient (r0.11, `cifar10.train`). */
export const gradientTag = (variable: string): string => `${variable}/gradients`;

export function buildSummaryGraph(
  network: Network,
  batchSize: number,
  { weightDecay, clipNorm }: Pick<Hyperparameters, 'weightDecay' | 'clipNorm'>,
): SummaryGraph {
  const builder = new GraphBuilder('summary');
  const images = builder.input('images', { dtype: 'float32', shape: [batchSize, ...network.imageShape] });
  const labels = builder.input('labels', { dtype: 'int32', shape: [batchSize] });
  const model = inference(builder, images, network);
  const { total } = loss(builder, model, labels, weightDecay);
  const variables = model.parameters.map(({ variable }) => variable);
  const found = gradients(builder, total.value, variables);
  const slopes =
    clipNorm > 0 ? builder.scope('clip', () => clipByGlobalNorm(builder.op, found, clipNorm)) : found;
  for (const activation of model.activations) {
    builder.output(activationTag(activation.name), asComputed(builder, activation));
  }
  variables.forEach(({ name }, index) => {
    const slope = slopes[index];
    if (slope !== undefined) builder.output(gradientTag(name), slope);
  });
  return {
    graph: builder.build(),
    activations: model.activations.map(({ name }) => name),
    variables: variables.map(({ name }) => name),
  };
}

/**
 * Images as [H, W, N, C], the order in which the ONNX engine keeps them: what is shown of them does not depend on any
 * order, and to turn them would take a third of the time of this graph there. oneDNN turns them either way.
 */
function asComputed({ op }: GraphBuilder, activation: Value): Value {
  if (activation.shape.length !== 4) return activation;
  return op('Transpose', { x: activation }, { order: [2, 3, 0, 1] }, `shown/${activation.name}`);
}

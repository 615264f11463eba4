/**
 * What a summary looks at, as a graph of its own: the activations of a batch and the gradients that a step on it would
 * apply. It changes nothing, so a run ends with the same bits whether summaries are written or not; and the training
 * graph stays as fast as it is, for it need not keep what only summaries want.
 */
import type { Graph } from '../graph/graph.ts';
import type { Network } from '../model/network.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { batchInputs, type GraphHyperparameters, lossGradients } from './loss-gradients.ts';
import { outputActivations } from './shown-values.ts';

export interface SummaryGraph {
  /** Fed `images` [N, 3, 24, 24] and `labels` [N] int32. Its outputs have the tags of their histograms; activations that
   * are images are [H, W, N, C]. */
  readonly graph: Graph;
  /** Names of the activations in the order of the layers: `conv1/conv1` … `softmax_linear/softmax_linear`. */
  readonly activations: readonly string[];
  /** Names of the variables: weights and biases. */
  readonly variables: readonly string[];
}

/** Tag of the histogram of a variable's gradient (r0.11, `cifar10.train`). */
export const gradientTag = (variable: string): string => `${variable}/gradients`;

export function buildSummaryGraph(
  network: Network,
  batchSize: number,
  hyperparameters: GraphHyperparameters,
): SummaryGraph {
  const builder = new GraphBuilder('summary');
  const batch = batchInputs(builder, network, batchSize);
  const { model, slopes } = lossGradients(builder, batch, network, hyperparameters);
  outputActivations(builder, model);
  for (const { variable, gradient } of slopes) builder.output(gradientTag(variable.name), gradient);
  return {
    graph: builder.build(),
    activations: model.activations.map(({ name }) => name),
    variables: slopes.map(({ variable }) => variable.name),
  };
}

/** The graph that an evaluation runs: the network from images to logits. */
import type { Graph } from '../graph/graph.ts';
import { addNetwork, type Network } from '../model/network.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { shownActivations } from '../training/shown-values.ts';

/** The graph of an evaluation, and its values. */
export interface EvaluationGraph extends Graph {
  /** The names of the activations in the order of the layers: `conv1/conv1` … `softmax_linear/softmax_linear`. */
  readonly activations: readonly string[];
}

/** Builds a graph with the input `images` [N, C, H, W] and the output `logits` [N, classes]. Its variables are the
 * parameters and the state of the network. Activations can be watched under the tags of their histograms. */
export function buildEvaluationGraph(network: Network, batchSize: number): EvaluationGraph {
  const builder = new GraphBuilder('eval');
  const images = builder.input('images', { dtype: 'float32', shape: [batchSize, ...network.imageShape] });
  const model = addNetwork(builder, network, images, { training: false });
  builder.output('logits', model.logits);
  for (const [tag, activation] of shownActivations(builder, model)) builder.watch(tag, activation);
  return { ...builder.build(), activations: model.activations.map(({ name }) => name) };
}

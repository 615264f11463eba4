/** The graph that an exported model computes: from the pixels of pictures to logits. */

import type { ImageShape } from '../data/record.ts';
import type { Graph } from '../graph/graph.ts';
import type { ImageMaker } from '../input/augmentation.ts';
import { addNetwork, type Network } from '../model/network.ts';
import { GraphBuilder } from '../ops/builder.ts';

/** The names of the input and the output of the graph. */
export const pixelsName = 'pixels';
export const logitsName = 'logits';

/** Builds a graph with the input `pixels`, float32 [N, C, H, W] of values 0 … 255, and the output `logits` [N, classes]. It
 * crops and normalizes the pixels as an evaluation does.
 * @param picture the shape of the pictures
 * @param images makes the network's images */
export function buildInferenceGraph(
  network: Network,
  picture: ImageShape,
  images: ImageMaker,
  batchSize: number,
): Graph {
  const builder = new GraphBuilder(network.name);
  const pixels = builder.input(pixelsName, { dtype: 'float32', shape: [batchSize, ...picture] });
  const made = builder.scope('input', () => images.addEvaluation(builder.op, pixels));
  builder.output(logitsName, addNetwork(builder, network, made, { training: false }).logits);
  return builder.build();
}

/** The network alone, from images to logits: what evaluation runs. */
import type { Graph } from '../graph/graph.ts';
import { inference, type Network } from '../model/network.ts';
import { GraphBuilder } from '../ops/builder.ts';

/** Fed `images` [N, 3, 24, 24]; returns `logits` [N, classes]. Its variables are the ten weights and biases. */
export function buildEvaluationGraph(network: Network, batchSize: number): Graph {
  const builder = new GraphBuilder('eval');
  const images = builder.input('images', { dtype: 'float32', shape: [batchSize, ...network.imageShape] });
  builder.output('logits', inference(builder, images, network).logits);
  return builder.build();
}

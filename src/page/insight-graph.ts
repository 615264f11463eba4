/** The graph that explains a prediction: from the pixels of a picture to logits, the activations of every layer, and the gradient of the
 * score of a class with respect to the pixels. */
import { gradients } from '../autodiff/gradients.ts';
import type { TrainedNetwork } from '../export/trained-network.ts';
import type { Graph } from '../graph/graph.ts';
import { addNetwork } from '../model/network.ts';
import { GraphBuilder } from '../ops/builder.ts';

/** The names of the inputs and outputs. */
export const insightNames = {
  pixels: 'pixels',
  /** [1, classes], 1 for the class whose score is differentiated and 0 for the others. */
  chosen: 'chosen',
  logits: 'logits',
  gradient: 'pixel_gradient',
} as const;

export interface InsightGraph {
  readonly graph: Graph;
  /** The outputs with the activations, in the order of the layers, with the names of the layers. */
  readonly layers: readonly { readonly name: string; readonly output: string }[];
}

/** Builds the graph for one picture, float32 [1, C, H, W] of values 0 … 255. Its crop and normalization are part of what is
 * differentiated, so the gradient says how the score changes with each value of the picture itself. */
export function buildInsightGraph({
  network,
  picture,
  images,
}: Pick<TrainedNetwork, 'network' | 'picture' | 'images'>): InsightGraph {
  const builder = new GraphBuilder('insight');
  const type = { dtype: 'float32', shape: [1, ...picture] } as const;
  const pixels = builder.input(insightNames.pixels, type);
  const chosen = builder.input(insightNames.chosen, { dtype: 'float32', shape: [1, network.classes] });
  const made = builder.scope('input', () => images.addEvaluation(builder.op, pixels));
  const { logits, activations } = addNetwork(builder, network, made, { training: false });
  builder.output(insightNames.logits, logits);
  const layers = activations.map((activation, index) => {
    const output = `activation_${index}`;
    builder.output(output, activation);
    return { name: activation.name.replace(/\/.*/, ''), output };
  });
  const score = builder.scope('score', () =>
    builder.op('Sum', { x: builder.op('Mul', { a: logits, b: chosen }) }, { axes: [0, 1], keepDims: false }),
  );
  const [gradient] = gradients(builder, score, [pixels]);
  if (gradient !== undefined) builder.output(insightNames.gradient, gradient);
  return { graph: builder.build(), layers };
}

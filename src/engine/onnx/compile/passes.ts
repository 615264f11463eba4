/** The passes of the ONNX engine over a graph before lowering, in order. Every pass checks its result. */
import type { Graph } from '../../../graph/graph.ts';
import { commuteBias, commuteRelu } from '../../../passes/commute-pool.ts';
import { mergeEqual, type Pass, prune } from '../../../passes/rewrite.ts';
import { cancelTransposes } from './cancel-transposes.ts';
import { expand } from './expand.ts';
import { expandAveragePooling } from './expand-average-pooling.ts';
import { expandBatchNormalization } from './expand-batch-normalization.ts';
import { expandConvolution } from './expand-convolution.ts';
import { expandElementwise } from './expand-elementwise.ts';
import { expandLocallyConnected } from './expand-locally-connected.ts';
import { expandMovement } from './expand-movement.ts';
import { expandNormalization } from './expand-normalization.ts';
import { expandPooling } from './expand-pooling.ts';
import { sinkTransposes } from './sink-transposes.ts';

export const onnxPasses: readonly Pass[] = [
  prune,
  commuteRelu,
  commuteBias,
  expand({
    ...expandConvolution,
    ...expandLocallyConnected,
    ...expandElementwise,
    ...expandNormalization,
    ...expandBatchNormalization,
    ...expandPooling,
    ...expandAveragePooling,
  }),
  // This runs before `sinkTransposes`, which then only sees transpositions of operands in the graph's order of axes.
  cancelTransposes,
  sinkTransposes,
  expand(expandMovement),
  cancelTransposes,
  mergeEqual,
  prune,
];

/** Returns an equivalent graph that ONNX Runtime computes faster. */
export function prepare(graph: Graph): Graph {
  return onnxPasses.reduce((current, pass) => pass(current), graph);
}

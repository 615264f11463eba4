/** Compiles a graph of inference to a model file for other programs. Weights are constants of the file, batches may have any
 * size, and the operators are those that other programs compute fast, such as Conv and LRN. (The passes of the engine, in
 * contrast, replace these by what is fast in training.) */
import type { Graph } from '../../../graph/graph.ts';
import { foldBatchNormalization } from '../../../passes/fold-batch-normalization.ts';
import { mergeEqual, type Pass, prune } from '../../../passes/rewrite.ts';
import { type SplitGraph, splitWeights } from '../../../passes/split-weights.ts';
import { withoutWatched } from '../../../passes/watch.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import { cancelTransposes } from './cancel-transposes.ts';
import { expand } from './expand.ts';
import { expandLocallyConnected } from './expand-locally-connected.ts';
import { withFreeBatch } from './free-batch.ts';
import { fuseBias } from './fuse-bias.ts';
import { lower, type OnnxGraph } from './lower.ts';
import { capabilitiesOf, cpuTarget } from './targets.ts';

const passes: readonly Pass[] = [
  withoutWatched,
  prune,
  foldBatchNormalization,
  expand(expandLocallyConnected),
  cancelTransposes,
  mergeEqual,
];

/** Separates what can be computed in advance, such as the filters into which batch normalization is folded. */
export function splitForInference(graph: Graph): SplitGraph {
  return splitWeights(passes.reduce((current, pass) => pass(current), graph));
}

/** Lowers a graph for batches of any size, with its weights.
 * @param graphFor returns the graph for a number of images
 * @param weights the values of all variables that `splitForInference(graph).rest` reads
 * @throws GraphError when the graph depends on the batch size in a way that ONNX cannot express */
export function portableGraph(
  graphFor: (batchSize: number) => Graph,
  weights: ReadonlyMap<string, Tensor>,
): OnnxGraph {
  return fuseBias(
    withFreeBatch(
      (size) => lower(splitForInference(graphFor(size)).rest, capabilitiesOf(cpuTarget), weights),
      weights,
    ),
  );
}

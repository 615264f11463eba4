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
import { roundToFloat16 } from './round-to-float16.ts';
import { sinkTransposes } from './sink-transposes.ts';
import { splitBatch } from './split-batch.ts';
import { type Capabilities, capabilitiesOf, cpuTarget, type Target } from './targets.ts';
import { toFloat16 } from './to-float16.ts';

/** Returns the passes for a target, except those that choose the precision. */
export function onnxPasses(capabilities: Capabilities): readonly Pass[] {
  return [
    prune,
    commuteRelu,
    commuteBias,
    ...(capabilities.partBytes === undefined ? [] : [splitBatch(capabilities.partBytes)]),
    expand({
      ...expandConvolution(capabilities),
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
}

/** Returns the passes that make a graph compute in a precision. They see the whole step, because whether a value stays float32 depends on
 * its readers. ReLU and bias move first: nothing then separates them from their pools. */
export function precisionPasses(
  { precision }: Target,
  { float16, inFloat32 }: Capabilities,
): readonly Pass[] {
  if (precision === 'float32') return [];
  const typed = [prune, commuteRelu, commuteBias, toFloat16(inFloat32)];
  return float16 === 'native' ? typed : [...typed, roundToFloat16];
}

/** Returns the graph with the types that a target computes in. */
export function inPrecision(graph: Graph, target: Target): Graph {
  return applied(precisionPasses(target, capabilitiesOf(target)), graph);
}

/** Returns an equivalent graph that ONNX Runtime computes faster on the target.
 * @param graph a graph that already has the types of the target (`inPrecision`) */
export function optimized(graph: Graph, target: Target): Graph {
  return applied(onnxPasses(capabilitiesOf(target)), graph);
}

/** Returns the graph in the precision of the target, and in operators that ONNX Runtime computes fast there. */
export function prepare(graph: Graph, target: Target = cpuTarget): Graph {
  return optimized(inPrecision(graph, target), target);
}

function applied(passes: readonly Pass[], graph: Graph): Graph {
  return passes.reduce((current, pass) => pass(current), graph);
}

/**
 * Moves biases into the operators that have an input for them. Models for other programs are smaller and easier to read this
 * way, and runtimes need not find the pattern.
 *
 *     before  c = Conv(x, filter), r = Reshape(bias, [-1, 1, 1]), y = Add(c, r)     m = Gemm(a, b), y = Add(m, bias)
 *     after   y = Conv(x, filter, bias)                                            y = Gemm(a, b, bias)
 *
 * This applies if only the addition reads the result, and the bias is an initializer.
 */
import type { OnnxNode } from '../../../ops/definition.ts';
import type { OnnxGraph } from './lower.ts';

export function fuseBias(graph: OnnxGraph): OnnxGraph {
  const { nodes, initializers, outputs } = graph;
  const producerOf = new Map(nodes.map((node) => [node.outputs[0], node]));
  const reads = new Map<string, number>(outputs.map(({ name }) => [name, 1]));
  for (const name of nodes.flatMap(({ inputs }) => inputs)) reads.set(name, (reads.get(name) ?? 0) + 1);
  const isReadOnce = (name: string) => reads.get(name) === 1;

  /** Returns the vector that an addition adds, if it is an initializer. */
  const biasOf = (name: string): string | undefined => {
    const producer = producerOf.get(name);
    const source = producer?.opType === 'Reshape' ? producer.inputs[0] : name;
    return source !== undefined && initializers.get(source)?.shape.length === 1 ? source : undefined;
  };

  const fused = new Map<OnnxNode, OnnxNode>();
  const removed = new Set<OnnxNode>();
  for (const addition of nodes) {
    const [sum = '', added = ''] = addition.inputs;
    const product = producerOf.get(sum);
    if (addition.opType !== 'Add' || product === undefined || !isReadOnce(sum)) continue;
    if (!(product.opType in rankOf) || product.inputs.length !== 2) continue;
    const bias = biasOf(added);
    if (bias === undefined) continue;
    const reshape = producerOf.get(added);
    // A vector that is added as it is belongs to the last axis, which is the axis of the channels only in a matrix.
    if ((reshape !== undefined) !== (rankOf[product.opType] === 4)) continue;
    fused.set(addition, { ...product, inputs: [...product.inputs, bias], outputs: addition.outputs });
    removed.add(product);
    if (reshape !== undefined && isReadOnce(added)) removed.add(reshape);
  }
  const kept = nodes.filter((node) => !removed.has(node)).map((node) => fused.get(node) ?? node);
  const read = new Set(kept.flatMap(({ inputs }) => inputs));
  return {
    ...graph,
    nodes: kept,
    initializers: new Map([...initializers].filter(([name]) => read.has(name))),
  };
}

/** The operators with an input for a bias, with the number of axes of their results. */
const rankOf: Readonly<Record<string, 2 | 4>> = { Conv: 4, Gemm: 2 };

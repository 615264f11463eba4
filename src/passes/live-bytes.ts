/** The minimum memory that a step needs: the largest total size of the tensors that are live at the same time. */
import { type Graph, inputsOf, outputsOf, type Value } from '../graph/graph.ts';
import { resultValues } from '../graph/results.ts';
import { dtypes } from '../tensor/dtype.ts';
import { sizeOf } from '../tensor/tensor.ts';

/** Returns the peak number of bytes of computed tensors when the nodes run in order, no node writes its output over one of its
 * inputs, and a tensor is freed after its last reader. Inputs, variables and constants are not included. */
export function liveBytes(graph: Graph): number {
  const readAt = new Map<Value, number>();
  for (const [index, node] of graph.nodes.entries())
    for (const [, value] of inputsOf(node)) readAt.set(value, index);
  const kept = new Set(resultValues(graph.results));
  const computed = new Set<Value>();
  let [live, most] = [0, 0];
  for (const [index, node] of graph.nodes.entries()) {
    const outputs = node.op === 'Constant' ? [] : outputsOf(node).map(([, value]) => value);
    for (const value of outputs) {
      computed.add(value);
      live += bytesOf(value);
    }
    most = Math.max(most, live);
    for (const value of new Set([...inputsOf(node).map(([, input]) => input), ...outputs])) {
      const isDead = computed.has(value) && !kept.has(value) && (readAt.get(value) ?? index) === index;
      if (isDead) live -= bytesOf(value);
    }
  }
  return most;
}

function bytesOf({ dtype, shape }: Value): number {
  return sizeOf(shape) * dtypes[dtype].bytesPerElement;
}

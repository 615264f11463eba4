/**
 * Every expansion transposes its operands to the engine's order and its result back (`layout.ts`). This pass removes
 * adjacent transpositions that cancel each other, and merges consecutive Reshapes.
 *
 *     before  b = Transpose(Transpose(a, p), q)        after  b = a, where q undoes p
 *     before  c = Reshape(Reshape(a, s), t)            after  c = Reshape(a, t), and c = a where t is a's shape
 */
import type { Node, Value } from '../../../graph/graph.ts';
import { type Pass, prune, rewrite } from '../../../passes/rewrite.ts';
import { sameShape } from '../../../tensor/tensor.ts';

export const cancelTransposes: Pass = (graph) => {
  const transposed = new Map<Value, Node<'Transpose'>>();
  const reshaped = new Map<Value, Value>(); // result → source
  const canceled = rewrite(graph, (node, builder) => {
    if (node.op === 'Transpose') {
      const before = transposed.get(node.inputs.x);
      if (before !== undefined && undoes(before.attributes.order, node.attributes.order))
        return { y: before.inputs.x };
      const outputs = builder.outputsOf(node.op, node.inputs, node.attributes);
      transposed.set(outputs.y, node);
      return outputs;
    }
    if (node.op !== 'Reshape') return undefined;
    const source = reshaped.get(node.inputs.x) ?? node.inputs.x;
    if (sameShape(source.shape, node.attributes.shape)) return { y: source };
    const y = builder.op('Reshape', { x: source }, node.attributes);
    reshaped.set(y, source);
    return { y };
  });
  return prune(canceled);
};

/** Whether the second permutation is the inverse of the first. */
function undoes(first: readonly number[], second: readonly number[]): boolean {
  return second.every((axis, position) => first[axis] === position);
}

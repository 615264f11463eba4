/**
 * Gradients of pooling are made, and filter gradients are read, with the channels innermost: the transpositions
 * between the two undo each other, and a bias gradient can be summed in either order.
 *
 *     before  b = Transpose(Transpose(a, p), q)       after  b = a, where q undoes p
 *     before  b = BiasAddGrad(Transpose(a, NHWC→NCHW)) after  b = Sum(a, [0, 1, 2])
 */
import type { Node, Value } from '../../graph/graph.ts';
import { type Pass, prune, rewrite } from '../../passes/rewrite.ts';

export const cancelTransposes: Pass = (graph) => {
  const transposed = new Map<Value, Node<'Transpose'>>();
  const cancelled = rewrite(graph, (node, builder) => {
    if (node.op === 'BiasAddGrad') {
      const before = transposed.get(node.inputs.dy);
      if (before?.attributes.order.join() !== '0,3,1,2') return undefined;
      return { y: builder.op('Sum', { x: before.inputs.x }, { axes: [0, 1, 2], keepDims: false }) };
    }
    if (node.op !== 'Transpose') return undefined;
    const before = transposed.get(node.inputs.x);
    const together = before?.attributes.order.map(
      (_, axis) => before.attributes.order[node.attributes.order[axis] ?? 0],
    );
    if (before !== undefined && together?.every((axis, position) => axis === position))
      return { y: before.inputs.x };
    const outputs = builder.outputsOf(node.op, node.inputs, node.attributes);
    transposed.set(outputs.y, node);
    return outputs;
  });
  return prune(cancelled);
};

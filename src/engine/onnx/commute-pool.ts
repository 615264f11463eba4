/**
 * ReLU and max pooling commute, for both are monotonous: pool first, and the ReLU, its gradient and its output are
 * a quarter of the size. Same result and same gradient, but where several cells of a window tie at or below 0: there
 * the gradient is 0 either way.
 *
 *     before  r = Relu(x);    y = MaxPool(r);  dr = MaxPoolGrad(r, y, dy);             dx = ReluGrad(dr, r)
 *     after   p = MaxPool(x); y = Relu(p);                                dx = MaxPoolGrad(x, p, ReluGrad(dy, y))
 *
 * Applies where nothing else reads r and dr.
 */
import { type Graph, type Node, producers, readers, resultsOf, type Value } from '../../graph/graph.ts';
import { type Pass, rewrite } from '../../passes/rewrite.ts';

export const commutePool: Pass = (graph) => {
  const moved = commuting(graph);
  const pooled = new Map<Value, Value>(); // y → p
  return rewrite(graph, (node, builder) => {
    if (!moved.has(node.name)) return undefined;
    if (node.op === 'Relu') return { y: node.inputs.x };
    if (node.op === 'ReluGrad') return { y: node.inputs.dy };
    if (node.op === 'MaxPool') {
      const p = builder.op('MaxPool', node.inputs, node.attributes);
      const y = builder.op('Relu', { x: p });
      pooled.set(y, p);
      return { y };
    }
    if (node.op !== 'MaxPoolGrad') return undefined;
    const { x, y, dy } = node.inputs;
    const gated = builder.op('ReluGrad', { dy, y });
    return { y: builder.op('MaxPoolGrad', { x, y: pooled.get(y) ?? y, dy: gated }, node.attributes) };
  });
};

/** Names of the nodes that take part: each Relu before a pool with its three companions, or without gradients two. */
function commuting(graph: Graph): ReadonlySet<string> {
  const readBy = readers(graph);
  const makers = producers(graph);
  const results = new Set(resultsOf(graph));
  const found = graph.nodes.flatMap((relu) => {
    if (relu.op !== 'Relu' || results.has(relu.outputs.y)) return [];
    const group = readBy.get(relu.outputs.y) ?? [];
    const poolGrads = group.filter((node) => node.op === 'MaxPoolGrad' && node.inputs.x === relu.outputs.y);
    const fits = (node: Node) => {
      if (node.op === 'MaxPool') return true;
      if (node.op === 'MaxPoolGrad')
        return readBy.get(node.outputs.y)?.length === 1 && makers.get(node.inputs.y)?.op === 'MaxPool';
      return (
        node.op === 'ReluGrad' &&
        poolGrads.some((grad) => grad.op === 'MaxPoolGrad' && grad.outputs.y === node.inputs.dy)
      );
    };
    const kinds = group
      .map(({ op }) => op)
      .sort()
      .join();
    const whole = kinds === 'MaxPool' || kinds === 'MaxPool,MaxPoolGrad,ReluGrad';
    return whole && group.every(fits) ? [relu.name, ...group.map(({ name }) => name)] : [];
  });
  return new Set(found);
}

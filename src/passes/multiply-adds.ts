/** How much arithmetic a graph asks for. */
import type { Graph, Node } from '../graph/graph.ts';
import type { OpName } from '../graph/signature.ts';
import { definitions } from '../ops/table.ts';

/** Multiply-adds of the graph's matrix work (convolutions, matrix products and their gradients), padding taps counted
 * as the tutorial counts them. Two floating-point operations each. */
export function multiplyAdds(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + ofNode(node), 0);
}

function ofNode<N extends OpName>(node: Node<N>): number {
  return definitions[node.op].multiplyAdds?.(node.inputs, node.outputs) ?? 0;
}

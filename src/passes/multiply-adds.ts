/** Counts the arithmetic of a graph. */
import type { Graph, Node } from '../graph/graph.ts';
import type { OpName } from '../graph/signature.ts';
import { definitions } from '../ops/table.ts';

/** Returns the multiply-adds of convolutions, matrix products and their gradients. Products with padding cells are included, as
 * in the tutorial. One multiply-add is two floating-point operations. */
export function multiplyAdds(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + ofNode(node), 0);
}

function ofNode<N extends OpName>(node: Node<N>): number {
  return definitions[node.op].multiplyAdds?.(node.inputs, node.outputs) ?? 0;
}

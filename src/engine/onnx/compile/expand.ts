/** Replaces operators that ONNX lacks, or that ONNX Runtime computes slowly. */
import type { Node, Value } from '../../../graph/graph.ts';
import type { OpName, PerOutput } from '../../../graph/signature.ts';
import type { GraphBuilder } from '../../../ops/builder.ts';
import { type Pass, rewrite } from '../../../passes/rewrite.ts';

/** For some operators, a function that expresses a node in other operators. It returns undefined to leave a node unchanged. */
export type Expansions = {
  readonly [N in OpName]?: (node: Node<N>, builder: GraphBuilder) => PerOutput<N, Value> | undefined;
};

/** Returns the pass that applies expansions to every node that has one. */
export function expand(expansions: Expansions): Pass {
  return (graph) => rewrite(graph, (node, builder) => expandNode(expansions, node, builder));
}

function expandNode<N extends OpName>(
  expansions: Expansions,
  node: Node<N>,
  builder: GraphBuilder,
): Readonly<Record<string, Value>> | undefined {
  const expansion = expansions[node.op];
  return expansion?.(node, builder);
}

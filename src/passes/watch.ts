/**
 * Watched values do not affect how a step is optimized, so steps that do not request them pay nothing for them. Passes that
 * look at one node at a time need no special handling. A pass that checks which nodes read a value must ignore the readers
 * that are needed only for watched results (`withoutWatched`), and must first duplicate the nodes it changes for those
 * readers (`duplicateForWatched`).
 */
import type { Graph, Node, Value } from '../graph/graph.ts';
import { outputsOf } from '../graph/graph.ts';
import { mapResults, withoutRole } from '../graph/results.ts';
import { checked } from '../ops/check.ts';
import { prune, withInputs } from './rewrite.ts';

/** Returns the graph without watched results and the nodes that only they need. */
export function withoutWatched(graph: Graph): Graph {
  return prune({ ...graph, results: withoutRole(graph.results, 'watched') });
}

/**
 * Duplicates those nodes of the step for which `changes` is true: the nodes that a pass is about to change. Nodes that are
 * needed only for watched results read the duplicates.
 *
 *      before  r = Relu(x);                      y = MaxPool(r)       watch r
 *      after   r = Relu(x);  r' = Relu(x);       y = MaxPool(r)       watch r'
 */
export function duplicateForWatched(graph: Graph, changes: (node: Node) => boolean): Graph {
  const step = new Set(withoutWatched(graph).nodes);
  const copies = new Map<Value, Value>();
  const duplicate = (value: Value) => copies.get(value) ?? value;
  const nodes = graph.nodes.flatMap((node) => {
    if (!step.has(node)) return [withInputs(node, duplicate)];
    return changes(node) ? [node, copyOf(withInputs(node, duplicate), copies)] : [node];
  });
  const results = mapResults(graph.results, (value, _, role) =>
    role === 'watched' ? duplicate(value) : value,
  );
  return prune(checked({ ...graph, nodes, results }));
}

/** Duplicates the node under another name and records its outputs in `copies`. */
function copyOf(node: Node, copies: Map<Value, Value>): Node {
  const outputs = outputsOf(node).map(([output, value]) => {
    const copy = { ...value, name: `${value.name}/watched` };
    copies.set(value, copy);
    return [output, copy] as const;
  });
  return { ...node, name: `${node.name}/watched`, outputs: Object.fromEntries(outputs) } as Node;
}

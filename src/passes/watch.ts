/**
 * Watched values do not affect how a step is optimized, so steps that are not watched pay nothing for them. Passes that look
 * only at nodes need to know nothing of it. A pass that checks who reads a value must ignore readers that are only watched
 * (`withoutWatched`), and first duplicate the nodes it changes for those readers (`duplicateForWatched`).
 */
import type { Graph, Node, Value } from '../graph/graph.ts';
import { outputsOf } from '../graph/graph.ts';
import { mapResults, withoutRole } from '../graph/results.ts';
import { checked } from '../ops/check.ts';
import { prune, withInputs } from './rewrite.ts';

/** What a step computes that is not watched. */
export function withoutWatched(graph: Graph): Graph {
  return prune({ ...graph, results: withoutRole(graph.results, 'watched') });
}

/**
 * The graph with copies of some of the step's nodes. What is only watched reads the copies instead.
 *
 *     before  r = Relu(x);                      y = MaxPool(r)       watch r
 *     after   r = Relu(x);  r' = Relu(x);       y = MaxPool(r)       watch r'
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

/** The node under another name. Enters its outputs into `copies`. */
function copyOf(node: Node, copies: Map<Value, Value>): Node {
  const outputs = outputsOf(node).map(([output, value]) => {
    const copy = { ...value, name: `${value.name}/watched` };
    copies.set(value, copy);
    return [output, copy] as const;
  });
  return { ...node, name: `${node.name}/watched`, outputs: Object.fromEntries(outputs) } as Node;
}

/**
 * What a step computes is rewritten as if nobody watched, so that watching costs the steps that nobody watches nothing. Passes
 * that only ask what a node is need to know nothing of it; one that asks who reads a value asks of the step alone
 * (`unwatched`), and first puts copies of what it will change aside for those who only watch (`setAside`).
 */
import type { Graph, Node, Value } from '../graph/graph.ts';
import { outputsOf } from '../graph/graph.ts';
import { checked } from '../ops/check.ts';
import { prune, withInputs } from './rewrite.ts';

/** What a step computes that nobody watches. */
export function unwatched(graph: Graph): Graph {
  return prune({ ...graph, watched: new Map() });
}

/**
 * The graph with copies of some of the step's nodes, which what is only watched reads in their stead.
 *
 *     before  r = Relu(x);                      y = MaxPool(r)       watch r
 *     after   r = Relu(x);  r' = Relu(x);       y = MaxPool(r)       watch r'
 */
export function setAside(graph: Graph, changes: (node: Node) => boolean): Graph {
  const step = new Set(unwatched(graph).nodes);
  const copies = new Map<Value, Value>();
  const now = (value: Value) => copies.get(value) ?? value;
  const nodes = graph.nodes.flatMap((node) => {
    if (!step.has(node)) return [withInputs(node, now)];
    return changes(node) ? [node, copyOf(withInputs(node, now), copies)] : [node];
  });
  const watched = new Map([...graph.watched].map(([name, value]) => [name, now(value)] as const));
  return prune(checked({ ...graph, nodes, watched }));
}

/** The node under another name; which outputs stand for which is noted. */
function copyOf(node: Node, copies: Map<Value, Value>): Node {
  const outputs = outputsOf(node).map(([output, value]) => {
    const copy = { ...value, name: `${value.name}/watched` };
    copies.set(value, copy);
    return [output, copy] as const;
  });
  return { ...node, name: `${node.name}/watched`, outputs: Object.fromEntries(outputs) } as Node;
}

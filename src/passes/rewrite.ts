/** The building blocks of passes: rewriting, pruning and merging nodes. */
import { GraphError } from '../errors.ts';
import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../graph/graph.ts';
import { mapResults, resultEntries, resultValues } from '../graph/results.ts';
import type { OpName } from '../graph/signature.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { checked } from '../ops/check.ts';

/** A pass returns a graph that computes the same results. */
export type Pass = (graph: Graph) => Graph;

/** Returns replacements for the outputs of a node, by name, or undefined to keep the node. The inputs of the node already
 * belong to the new graph. The names of nodes that the callback adds with `builder` begin with the name of the node. */
export type Replace = (node: Node, builder: GraphBuilder) => Readonly<Record<string, Value>> | undefined;

/** Copies the graph node by node, in order, applying `replace` to each. */
export function rewrite(graph: Graph, replace: Replace): Graph {
  const builder = new GraphBuilder(graph.name);
  const moved = new Map<Value, Value>();
  const replaced = (value: Value): Value => {
    const found = moved.get(value);
    if (found === undefined)
      throw new GraphError(`graph ${graph.name}: ${value.name} is read before it is computed`);
    return found;
  };
  for (const [name, value] of graph.inputs) moved.set(value, builder.input(name, value));
  for (const [name, value] of graph.variables) moved.set(value, builder.variable(name, value, value.role));
  for (const node of graph.nodes) {
    const here = withInputs(node, replaced);
    const outputs =
      builder.scope(node.name, () => replace(here, builder)) ?? addNode(here, builder, node.name);
    for (const [name, value] of outputsOf(node)) {
      const replacement = outputs[name];
      if (replacement !== undefined) moved.set(value, replacement);
    }
  }
  for (const [role, name, value] of resultEntries(graph.results)) builder.result(role, name, replaced(value));
  return builder.build();
}

/** Returns the node with each of its inputs replaced. */
export function withInputs(node: Node, replacement: (value: Value) => Value): Node {
  const inputs = inputsOf(node).map(([name, value]) => [name, replacement(value)] as const);
  return {
    ...node,
    inputs: Array.isArray(node.inputs) ? inputs.map(([, value]) => value) : Object.fromEntries(inputs),
  } as Node;
}

/** Adds a node with the operator, the inputs and the attributes of another one, and returns its outputs by name. */
export function addNode<N extends OpName>(
  { op, inputs, attributes }: Node<N>,
  builder: GraphBuilder,
  name: string = op,
): Readonly<Record<string, Value>> {
  return builder.outputsOf<N>(op, inputs, attributes, name);
}

/** Removes nodes that no result needs. */
export function prune(graph: Graph): Graph {
  const needed = nodesFor(graph, resultValues(graph.results));
  return checked({ ...graph, nodes: graph.nodes.filter((node) => needed.has(node)) });
}

/** Returns the nodes that the values depend on. */
export function nodesFor({ nodes }: Graph, values: Iterable<Value>): ReadonlySet<Node> {
  const needed = new Set(values);
  const found = new Set<Node>();
  for (const node of nodes.toReversed()) {
    if (!outputsOf(node).some(([, value]) => needed.has(value))) continue;
    found.add(node);
    for (const [, value] of inputsOf(node)) needed.add(value);
  }
  return found;
}

/** Removes nodes that repeat an earlier node: the same operator with the same inputs and attributes. */
export function mergeEqual(graph: Graph): Graph {
  const first = new Map<string, Node>();
  const keyOf = keys();
  const same = new Map<Value, Value>();
  const replaced = (value: Value) => same.get(value) ?? value;
  const nodes = graph.nodes.flatMap((node) => {
    const here = withInputs(node, replaced);
    const key = keyOf(here);
    const twin = first.get(key);
    if (twin === undefined) {
      first.set(key, here);
      return [here];
    }
    const outputs = new Map(outputsOf(twin));
    for (const [name, value] of outputsOf(here)) same.set(value, outputs.get(name) ?? value);
    return [];
  });
  return checked({ ...graph, nodes, results: mapResults(graph.results, replaced) });
}

/** Returns a function that makes a key for a node. Nodes with the same key compute the same values. */
function keys(): (node: Node) => string {
  const numberOf = contentNumbers();
  /** Replaces lists by their numbers, and the numbers that JSON cannot represent (NaN, the infinities and -0) by text. */
  const exactly = (_: string, value: unknown): unknown => {
    if (isList(value)) return { content: numberOf(value) };
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
      return { number: Object.is(value, -0) ? '-0' : String(value) };
    return value;
  };
  return (node) => {
    const inputs = inputsOf(node).map(([name, value]) => `${name}: ${value.name}`);
    return `${node.op}(${inputs.join()})${JSON.stringify(node.attributes, exactly)}`;
  };
}

type List = ArrayLike<number | bigint>;

function isList(value: unknown): value is List {
  if (ArrayBuffer.isView(value)) return true;
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

/** Returns a function that numbers distinct lists. Keys contain the number of a list instead of its elements, because the
 * elements of constants and index lists would make the keys long. */
function contentNumbers(): (list: List) => number {
  const known = new Map<string, { readonly list: List; readonly number: number }[]>();
  let count = 0;
  return (list) => {
    const beginning = `${list.length}: ${Array.prototype.slice.call(list, 0, 16).join()}`;
    const alike = known.get(beginning) ?? [];
    const same = alike.find((other) => sameItems(other.list, list));
    if (same !== undefined) return same.number;
    known.set(beginning, [...alike, { list, number: count }]);
    return count++;
  };
}

function sameItems(a: List, b: List): boolean {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return a.length === b.length;
}

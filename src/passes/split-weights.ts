/**
 * Splits a graph into the part that depends only on its variables, and the rest. If the variables no longer change, the first
 * part needs to be computed only once.
 *
 *     before  y = Conv2D(x, Mul(filter, factor))
 *     after   weights: the output weights = Mul(filter, factor)      rest: y = Conv2D(x, weights), with the variable weights
 */
import { type Graph, inputsOf, type Node, outputsOf, type Value, type Variable } from '../graph/graph.ts';
import { mapResults, resultsOf, resultValues } from '../graph/results.ts';
import { prune, withInputs } from './rewrite.ts';

export interface SplitGraph {
  /** The part that depends only on variables. Its outputs have the names of the variables that `rest` reads instead. It has no
   * outputs if there is nothing to compute. */
  readonly weights: Graph;
  /** The rest, with the variables that it reads. */
  readonly rest: Graph;
}

export function splitWeights(graph: Graph): SplitGraph {
  const computed = nodesOfVariables(graph);
  const values = new Set([...computed].flatMap((node) => outputsOf(node).map(([, value]) => value)));
  const others = graph.nodes.filter((node) => !computed.has(node));
  const passed = new Map<Value, Variable>();
  for (const value of readValues(others, graph)) {
    const { name, dtype, shape } = value;
    if (values.has(value)) passed.set(value, { name, dtype, shape, role: 'parameter' });
  }
  const outputs = new Map([...passed.keys()].map((value) => [value.name, value] as const));
  const replaced = (value: Value): Value => passed.get(value) ?? value;
  const nodes = others.map((node) => withInputs(node, replaced));
  const results = mapResults(graph.results, replaced);
  const read = readValues(nodes, { results });
  const variables = [...graph.variables.values(), ...passed.values()].filter((value) => read.has(value));
  return {
    weights: prune({ ...graph, inputs: new Map(), results: resultsOf({ output: outputs }) }),
    rest: prune({ ...graph, nodes, results, variables: new Map(variables.map((one) => [one.name, one])) }),
  };
}

/** Returns the nodes that depend only on variables and constants, without the constants themselves. */
function nodesOfVariables(graph: Graph): ReadonlySet<Node> {
  const fixed = new Set<Value>(graph.variables.values());
  const computed = new Set<Node>();
  for (const node of graph.nodes) {
    const inputs = inputsOf(node);
    if (!inputs.every(([, value]) => fixed.has(value))) continue;
    for (const [, value] of outputsOf(node)) fixed.add(value);
    if (inputs.length > 0) computed.add(node);
  }
  return computed;
}

/** Returns the values that nodes or results read. */
function readValues(nodes: readonly Node[], { results }: Pick<Graph, 'results'>): ReadonlySet<Value> {
  const inputs = nodes.flatMap((node) => inputsOf(node).map(([, value]) => value));
  return new Set([...inputs, ...resultValues(results)]);
}

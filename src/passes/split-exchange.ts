/**
 * Splits a step at the point where workers exchange values: the first half computes the exchanged values, and the second
 * continues from their averages over all workers. Both halves read the variables as they were before the step.
 *
 *      step      g = gradient(x, v);   v' = v - g          exchanged g
 *      first     g = gradient(x, v)                        output g
 *      second    v' = v - g                                input g
 */
import { GraphError } from '../errors.ts';
import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../graph/graph.ts';
import { mapResults, type Results, resultEntries, resultsOf } from '../graph/results.ts';
import { checked } from '../ops/check.ts';
import { prune, withInputs } from './rewrite.ts';

export interface SplitStep {
  /** Computes the exchanged values, the carried values, and every other result that does not depend on the exchanged ones. */
  readonly first: Graph;
  /** Takes extra inputs: `averaged/<name>` for each exchanged value, and the carried values. */
  readonly second: Graph;
  /** The names of those outputs of the first half that have to be averaged. */
  readonly exchanged: readonly string[];
  /** The names of those outputs of the first half that are passed to the second half unchanged, as inputs of the same names. */
  readonly carried: readonly string[];
}

/** Returns the name of the input of the second half that takes the average of an exchanged value. */
export function averagedName(exchanged: string): string {
  return `averaged/${exchanged}`;
}

/** Splits the graph of a step.
 * @throws GraphError when the graph has no exchanged values, or when the second half would need a value that depends on an
 * exchanged one without being exchanged itself */
export function splitExchange(graph: Graph): SplitStep {
  const { exchanged } = graph.results;
  if (exchanged.size === 0) throw new GraphError(`graph ${graph.name} has no exchanged values`);
  const after = nodesAfter(graph);
  const second = graph.nodes.filter((node) => after.has(node));
  const made = new Set([...exchanged.values(), ...second.flatMap(valuesOf)]);
  const belongs = dividedResults(graph.results, made);
  const known = new Set<Value>([...made, ...graph.inputs.values(), ...graph.variables.values()]);
  const read = [
    ...second.flatMap((node) => inputsOf(node).map(([, value]) => value)),
    ...resultEntries(belongs.second).map(([, , value]) => value),
  ];
  const carried = new Map(
    read.flatMap((value) => (known.has(value) ? [] : [[`carried/${value.name}`, value] as const])),
  );
  const fed = new Map([
    ...[...exchanged].map(([name, value]) => [value, { ...value, name: averagedName(name) }] as const),
    ...[...carried].map(([name, value]) => [value, { ...value, name }] as const),
  ]);
  const replaced = (value: Value) => fed.get(value) ?? value;
  return {
    first: checked({
      ...graph,
      name: `${graph.name}, before the exchange`,
      nodes: graph.nodes.filter((node) => !after.has(node)),
      results: { ...belongs.first, output: new Map([...belongs.first.output, ...exchanged, ...carried]) },
    }),
    second: checked({
      ...graph,
      name: `${graph.name}, after the exchange`,
      inputs: new Map([...graph.inputs, ...[...fed.values()].map((value) => [value.name, value] as const)]),
      nodes: second.map((node) => withInputs(node, replaced)),
      results: mapResults(belongs.second, replaced),
    }),
    exchanged: [...exchanged.keys()],
    carried: [...carried.keys()],
  };
}

/** Returns the nodes that depend on an exchanged value, without those that an exchanged value depends on. */
function nodesAfter(graph: Graph): ReadonlySet<Node> {
  const exchanged = [...graph.results.exchanged.values()];
  const before = new Set(
    prune({ ...graph, results: resultsOf({ exchanged: graph.results.exchanged }) }).nodes,
  );
  const reached = new Set(exchanged);
  const after = new Set<Node>();
  for (const node of graph.nodes) {
    if (!inputsOf(node).some(([, value]) => reached.has(value))) continue;
    if (!before.has(node)) after.add(node);
    for (const value of valuesOf(node)) reached.add(value);
  }
  requireAveraged(graph, after, reached);
  return after;
}

/** Checks that the second half reads no value that differs between workers. A value that depends on an exchanged one does,
 * unless it is averaged itself.
 * @throws GraphError when the second half would read such a value from the first half */
function requireAveraged(graph: Graph, after: ReadonlySet<Node>, reached: ReadonlySet<Value>): void {
  const averaged = new Set([...graph.results.exchanged.values(), ...[...after].flatMap(valuesOf)]);
  const read = [...after].flatMap((node) => inputsOf(node).map(([, value]) => value));
  for (const value of [...read, ...graph.results.output.values(), ...graph.results.update.values()]) {
    if (!reached.has(value) || averaged.has(value)) continue;
    throw new GraphError(
      `graph ${graph.name}: ${value.name} depends on an exchanged value and is not exchanged itself`,
    );
  }
}

/** Assigns the results that depend on the exchange, and all updates, to the second half.
 * @param made the values that the second half takes as inputs or computes */
function dividedResults(
  results: Results<Value>,
  made: ReadonlySet<Value>,
): { readonly first: Results<Value>; readonly second: Results<Value> } {
  const inSecond = (value: Value) => made.has(value);
  const some = (values: ReadonlyMap<string, Value>, wanted: (value: Value) => boolean) =>
    new Map([...values].filter(([, value]) => wanted(value)));
  const { output, update, watched } = results;
  return {
    first: resultsOf({
      output: some(output, (value) => !inSecond(value)),
      watched: some(watched, (value) => !inSecond(value)),
    }),
    second: resultsOf({ output: some(output, inSecond), update, watched: some(watched, inSecond) }),
  };
}

function valuesOf(node: Node): readonly Value[] {
  return outputsOf(node).map(([, value]) => value);
}

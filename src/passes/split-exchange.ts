/**
 * Splits a step at the point where workers exchange values: the first half computes the exchanged values, and the second
 * continues from their averages over all workers. Both halves read the variables as they were before the step.
 *
 *      step      g = gradient(x, v);   s = decay · m;   v' = v - g - s         exchanged g
 *      first     g = gradient(x, v)                                            output exchanged/g
 *      second    s = decay · m;        v' = v - exchanged/g - s                input exchanged/g
 *
 * The first half contains only what is needed before the exchange, so that few values have to be passed on to the second. Values
 * that must be finite are checked at the end of the second half. They must be averages, or be computed from averages, so that all
 * workers either apply their updates or keep their variables.
 */
import { GraphError } from '../errors.ts';
import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../graph/graph.ts';
import { mapResults, type Results, resultsOf, resultValues, withoutRole } from '../graph/results.ts';
import { nodesFor, prune, withInputs } from './rewrite.ts';
import { uniqueNames } from './unique-names.ts';

export interface SplitStep {
  /** Computes the exchanged values, the carried values, and every other output that does not depend on an exchanged value. */
  readonly first: Graph;
  /** Computes the other outputs and all updates. Its inputs are those of the step, the exchanged values, and the carried ones. */
  readonly second: Graph;
  /** For each exchanged value, in the order of the graph: the name of the output of the first half that has to be averaged, and
   * of the input of the second half that takes the average. */
  readonly exchanged: ReadonlyMap<string, string>;
  /** The names of those outputs of the first half that are passed to the second half unchanged, as inputs of the same names. */
  readonly carried: readonly string[];
}

/** Splits the graph of a step.
 * @throws GraphError when the graph has no exchanged values, when the second half would need a value that depends on an
 * exchanged one without being exchanged itself, or when a value that must be finite depends on no exchanged value */
export function splitExchange(graph: Graph): SplitStep {
  const { exchanged } = graph.results;
  if (exchanged.size === 0) throw new GraphError(`graph ${graph.name} has no exchanged values`);
  const later = nodesOfSecond(graph);
  const made = new Set([...exchanged.values(), ...[...later].flatMap(madeBy)]);
  const results = dividedResults(graph.results, made);
  const unique = uniqueNames(namesIn(graph));
  const links = [...exchanged].map(([name, value]) => [value, name, unique(`exchanged/${name}`)] as const);
  const carried = [...carriedValues(graph, later, results.second)].map(
    (value) => [value, unique(`carried/${value.name}`)] as const,
  );
  const passed = [...links.map(([value, , link]) => [value, link] as const), ...carried];
  const inputs = new Map(passed.map(([value, name]) => [value, { ...value, name }] as const));
  const replaced = (value: Value) => inputs.get(value) ?? value;
  const outputs = new Map(passed.map(([value, name]) => [name, value] as const));
  return {
    first: prune({
      ...graph,
      name: `${graph.name}, before the exchange`,
      nodes: graph.nodes.filter((node) => !later.has(node)),
      results: { ...results.first, output: new Map([...results.first.output, ...outputs]) },
    }),
    second: prune({
      ...graph,
      name: `${graph.name}, after the exchange`,
      inputs: new Map([
        ...graph.inputs,
        ...[...inputs.values()].map((value) => [value.name, value] as const),
      ]),
      nodes: graph.nodes
        .filter((node) => later.has(node) || isConstant(node))
        .map((node) => withInputs(node, replaced)),
      results: mapResults(results.second, replaced),
    }),
    exchanged: new Map(links.map(([, name, link]) => [name, link] as const)),
    carried: carried.map(([, name]) => name),
  };
}

/** Returns the nodes that the exchanged values and the outputs of the first half do not need, without constants, which are in
 * every half that reads them. A node that is needed only for watched values is in the first half, unless it reads a value of the second. */
function nodesOfSecond(graph: Graph): ReadonlySet<Node> {
  const { exchanged, output } = graph.results;
  const after = nodesAfter(graph);
  const late = new Set([...exchanged.values(), ...[...after].flatMap(madeBy)]);
  const early = [...output.values()].filter((value) => !late.has(value));
  const before = nodesFor(graph, [...exchanged.values(), ...early]);
  const step = nodesFor(graph, resultValues(withoutRole(graph.results, 'watched')));
  const second = new Set<Node>();
  for (const node of graph.nodes) {
    if (before.has(node) || isConstant(node)) continue;
    if (!step.has(node) && !readBy(node).some((value) => late.has(value))) continue;
    second.add(node);
    for (const value of madeBy(node)) late.add(value);
  }
  return second;
}

/** Returns the nodes that depend on an exchanged value, without those that an exchanged value depends on. */
function nodesAfter(graph: Graph): ReadonlySet<Node> {
  const exchanged = [...graph.results.exchanged.values()];
  const before = nodesFor(graph, exchanged);
  const reached = new Set(exchanged);
  const after = new Set<Node>();
  for (const node of graph.nodes) {
    if (!readBy(node).some((value) => reached.has(value))) continue;
    if (!before.has(node)) after.add(node);
    for (const value of madeBy(node)) reached.add(value);
  }
  requireAveraged(graph, after, reached);
  return after;
}

/** Checks that the second half reads no value that differs between workers. Values that depend on exchanged values differ,
 * unless they are averaged themselves.
 * @throws GraphError when the second half would read such a value from the first half */
function requireAveraged(graph: Graph, after: ReadonlySet<Node>, reached: ReadonlySet<Value>): void {
  const averaged = new Set([...graph.results.exchanged.values(), ...[...after].flatMap(madeBy)]);
  const read = [...after].flatMap(readBy);
  for (const value of [...read, ...graph.results.output.values(), ...graph.results.update.values()]) {
    if (!reached.has(value) || averaged.has(value)) continue;
    throw new GraphError(
      `graph ${graph.name}: ${value.name} depends on an exchanged value and is not exchanged itself`,
    );
  }
  for (const [name, value] of graph.results.finite) {
    if (averaged.has(value)) continue;
    throw new GraphError(
      `graph ${graph.name}: the value ${name}, which must be finite, is not computed from exchanged values, so it would differ between workers`,
    );
  }
}

/** Assigns the results that are computed after the exchange, all updates, and the values that must be finite to the second half.
 * @param made the exchanged values, and those that the second half computes */
function dividedResults(
  results: Results<Value>,
  made: ReadonlySet<Value>,
): { readonly first: Results<Value>; readonly second: Results<Value> } {
  const inSecond = (value: Value) => made.has(value);
  const some = (values: ReadonlyMap<string, Value>, wanted: (value: Value) => boolean) =>
    new Map([...values].filter(([, value]) => wanted(value)));
  const { output, update, finite, watched } = results;
  return {
    first: resultsOf({
      output: some(output, (value) => !inSecond(value)),
      watched: some(watched, (value) => !inSecond(value)),
    }),
    second: resultsOf({ output: some(output, inSecond), update, finite, watched: some(watched, inSecond) }),
  };
}

/** Returns the values that the second half reads from the first, other than the exchanged ones.
 * @param later the nodes of the second half */
function carriedValues(graph: Graph, later: ReadonlySet<Node>, results: Results<Value>): ReadonlySet<Value> {
  const constants = graph.nodes.filter(isConstant);
  const known = new Set([
    ...[...graph.inputs.values(), ...graph.variables.values(), ...graph.results.exchanged.values()],
    ...[...later, ...constants].flatMap(madeBy),
  ]);
  const wanted = resultValues(results);
  const needed = nodesFor({ ...graph, nodes: [...later] }, wanted);
  return new Set([...[...needed].flatMap(readBy), ...wanted].filter((value) => !known.has(value)));
}

/** Returns all names in a graph. */
function namesIn({ inputs, variables, nodes, results }: Graph): readonly string[] {
  const values = nodes.flatMap(madeBy).map(({ name }) => name);
  return [
    ...inputs.keys(),
    ...variables.keys(),
    ...values,
    ...results.output.keys(),
    ...results.watched.keys(),
  ];
}

function isConstant(node: Node): boolean {
  return inputsOf(node).length === 0;
}

function readBy(node: Node): readonly Value[] {
  return inputsOf(node).map(([, value]) => value);
}

function madeBy(node: Node): readonly Value[] {
  return outputsOf(node).map(([, value]) => value);
}

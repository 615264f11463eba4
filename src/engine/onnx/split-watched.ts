/**
 * ONNX Runtime computes all of a model whatever of it is fetched. So what only watching needs is a model of its own,
 * run behind the step's where somebody watches, on values that the step's model computes anyway and returns in that case.
 */
import { type Graph, inputsOf, outputsOf, type Value } from '../../graph/graph.ts';
import { unwatched } from '../../passes/watch.ts';
import { updateName } from './lower.ts';

export interface SplitGraph {
  /** The step. What watching needs of it are outputs beyond its own. */
  readonly step: Graph;
  /** What is left to compute, a function of those, of the inputs and of the variables before the step. */
  readonly watch: Graph | undefined;
  /** Names of the outputs of the step that only watching wants. */
  readonly shared: readonly string[];
  /** What is watched → the input, the variable, or the output of either graph that it is. */
  readonly watched: ReadonlyMap<string, string>;
}

export function splitWatched(graph: Graph): SplitGraph {
  const step = unwatched(graph);
  const inStep = new Set(step.nodes);
  const nodes = graph.nodes.filter((node) => !inStep.has(node));
  const fed = new Map([...graph.inputs, ...graph.variables]);
  const made = new Set(nodes.flatMap((node) => outputsOf(node).map(([, value]) => value)));
  const names = new Map([...graph.outputs, ...fed].map(([name, value]) => [value, name] as const));
  const unique = uniqueNames([
    ...fed.keys(),
    ...graph.outputs.keys(),
    ...[...graph.updates.keys()].map(updateName),
  ]);
  const shared = new Map<string, Value>();
  const inputs = new Map<string, Value>();
  /** The name of a value that the step makes or is fed. */
  const nameOf = (value: Value) => {
    const known = names.get(value);
    if (known !== undefined) return known;
    const name = unique(`watched/${value.name}`);
    names.set(value, name);
    shared.set(name, value);
    return name;
  };
  for (const [, value] of nodes.flatMap(inputsOf)) if (!made.has(value)) inputs.set(nameOf(value), value);
  const outputs = new Map<string, Value>();
  const watched = new Map<string, string>();
  for (const [name, value] of graph.watched) {
    if (!made.has(value)) watched.set(name, nameOf(value));
    else {
      const output = unique(`computed/${name}`);
      outputs.set(output, value);
      watched.set(name, output);
    }
  }
  const none: ReadonlyMap<string, Value> = new Map();
  const watch = { name: `${graph.name}/watched`, nodes, inputs, outputs };
  return {
    step: { ...step, outputs: new Map([...graph.outputs, ...shared]) },
    watch: outputs.size > 0 ? { ...watch, variables: none, updates: none, watched: none } : undefined,
    shared: [...shared.keys()],
    watched,
  };
}

/** Gives each name only once, and none of those that are taken. */
function uniqueNames(taken: Iterable<string>): (name: string) => string {
  const used = new Set(taken);
  return (name) => {
    let free = name;
    while (used.has(free)) free += '+';
    used.add(free);
    return free;
  };
}

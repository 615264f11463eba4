/**
 * ONNX Runtime computes all of a model whatever of it is fetched. So what only watching needs is a model of its own,
 * run behind the step's where somebody watches, on values that the step's model has anyway and then returns too.
 */
import { type Graph, inputsOf, outputsOf, type Value } from '../../graph/graph.ts';
import { unwatched } from '../../passes/watch.ts';

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
  const shared = new Map<string, Value>();
  const inputs = new Map<string, Value>();
  /** The name of a value that the step makes or is fed. */
  const nameOf = (value: Value) => {
    const name = names.get(value) ?? `watched/${value.name}`;
    if (!names.has(value)) shared.set(name, value);
    return name;
  };
  for (const [, value] of nodes.flatMap(inputsOf)) if (!made.has(value)) inputs.set(nameOf(value), value);
  const computed = new Map([...graph.watched].filter(([, value]) => made.has(value)));
  const none: ReadonlyMap<string, Value> = new Map();
  const watch = { name: `${graph.name}/watched`, nodes, inputs, outputs: computed };
  return {
    watched: new Map(
      [...graph.watched].map(([name, value]) => [name, made.has(value) ? name : nameOf(value)]),
    ),
    step: { ...step, outputs: new Map([...graph.outputs, ...shared]) },
    shared: [...shared.keys()],
    watch: computed.size > 0 ? { ...watch, variables: none, updates: none, watched: none } : undefined,
  };
}

/**
 * ONNX Runtime always computes a whole model, whichever outputs are requested. Computations that only watched steps need are
 * therefore moved to a second model. It runs after the model of the step, on values that the step's model computes anyway
 * and returns on request.
 */
import { type Graph, inputsOf, outputsOf, type Value } from '../../../graph/graph.ts';
import { resultEntries, resultsOf } from '../../../graph/results.ts';
import { uniqueNames } from '../../../passes/unique-names.ts';
import { withoutWatched } from '../../../passes/watch.ts';
import { outputName } from './lower.ts';

export interface SplitGraph {
  /** The step. In addition to its own outputs, it returns the watched values that it computes, and those that `watch` needs. */
  readonly step: Graph;
  /** The graph of the remaining nodes. Its inputs are values that the step returns, inputs of the step, and variables as they
   * were before the step. It is undefined if no watched value needs it. */
  readonly watch: Graph | undefined;
  /** The names of the outputs of the step that only watched steps need. */
  readonly shared: readonly string[];
  /** For each watched result, the name of what holds it: an input, a variable, or an output of one of the two graphs. */
  readonly watched: ReadonlyMap<string, string>;
}

/** @param onDevice whether only models can read variables, and values that the step computes but does not return. Then `watch` copies
 * those of them that are watched */
export function splitWatched(graph: Graph, onDevice = false): SplitGraph {
  const { output } = graph.results;
  const step = withoutWatched(graph);
  const inStep = new Set(step.nodes);
  const nodes = graph.nodes.filter((node) => !inStep.has(node));
  const fed = new Map<string, Value>([...graph.inputs, ...graph.variables]);
  const made = new Set(nodes.flatMap((node) => outputsOf(node).map(([, value]) => value)));
  const names = new Map([...output, ...fed].map(([name, value]) => [value, name] as const));
  const returned = resultEntries(step.results).map(([role, name]) => outputName(graph, role, name));
  const unique = uniqueNames([...fed.keys(), ...returned]);
  const shared = new Map<string, Value>();
  const inputs = new Map<string, Value>();
  /** The name of a value that the step computes or takes as an input. */
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
  const readable = new Set<Value>([...graph.inputs.values(), ...output.values()]);
  const watched = new Map<string, string>();
  for (const [name, value] of graph.results.watched) {
    const isInStep = !made.has(value);
    if (isInStep && (!onDevice || readable.has(value))) watched.set(name, nameOf(value));
    else {
      if (isInStep) inputs.set(nameOf(value), value);
      const output = unique(`computed/${name}`);
      outputs.set(output, value);
      watched.set(name, output);
    }
  }
  const watch: Graph = {
    name: `${graph.name}/watched`,
    inputs,
    variables: new Map(),
    nodes,
    results: resultsOf({ output: outputs }),
  };
  return {
    step: { ...step, results: { ...step.results, output: new Map([...output, ...shared]) } },
    watch: outputs.size > 0 ? watch : undefined,
    shared: [...shared.keys()],
    watched,
  };
}

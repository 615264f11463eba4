/** Compiles a graph for ONNX Runtime, in a browser or in Node. The result contains the bytes of the models, and how their
 * inputs and outputs correspond to the graph. */
import { RunError } from '../../../errors.ts';
import type { Graph } from '../../../graph/graph.ts';
import { resultEntries, resultValues, withoutRole } from '../../../graph/results.ts';
import { liveBytes } from '../../../passes/live-bytes.ts';
import { withoutWatched } from '../../../passes/watch.ts';
import type { TensorType } from '../../../tensor/tensor.ts';
import { finiteName, lower, outputName, updateName } from './lower.ts';
import { encodeModel } from './model.ts';
import { inPrecision, optimized, prepare } from './passes.ts';
import { splitWatched } from './split-watched.ts';
import { capabilitiesOf, cpuTarget, type Target } from './targets.ts';

export interface CompiledGraph {
  /** The model of a step. */
  readonly model: Uint8Array;
  /** For every variable, the output of the model that holds its new value, or null if a step does not change it. */
  readonly variables: readonly {
    readonly name: string;
    readonly type: TensorType;
    readonly update: string | null;
  }[];
  /** Whether the variables, their new values and `shared` stay in the memory of the device. */
  readonly keepsValues: boolean;
  /** The outputs that every step returns. */
  readonly outputs: readonly string[];
  /** The outputs of the model that must be finite. Otherwise a step does not change the variables. */
  readonly finite: readonly string[];
  /** For each watched result, the name of what holds it: an input, a variable, or an output of one of the two models. */
  readonly watched: ReadonlyMap<string, string>;
  /** The outputs of the step's model that only watched steps need. */
  readonly shared: readonly string[];
  /** The model that computes those watched values that are not part of a step. */
  readonly watch?: { readonly model: Uint8Array; readonly inputs: readonly string[] };
  /** For outputs whose name is not the path of the node that computes them, such as new values of variables, that path. */
  readonly paths: ReadonlyMap<string, string>;
  /** The peak memory of the tensors of a step, in bytes. */
  readonly liveBytes: number;
}

/** @throws RunError for a graph with neither outputs nor updates, because ONNX Runtime rejects its model */
export function compileGraph(graph: Graph, target: Target = cpuTarget): CompiledGraph {
  return compileTyped(inPrecision(withoutExchange(graph), target), target);
}

/** Compiles a graph that already has the types of the target, such as a half of a step.
 * @throws RunError for a graph with neither outputs nor updates */
export function compileTyped(graph: Graph, target: Target): CompiledGraph {
  const capabilities = capabilitiesOf(target);
  const { keepsValues } = capabilities;
  const prepared = optimized(withoutExchange(graph), target);
  const { step, shared, watch, watched } = splitWatched(prepared, keepsValues);
  if (resultValues(step.results).length === 0)
    throw new RunError(`graph ${graph.name} has no output and no update, so there is nothing to compute`);
  return {
    model: encodeModel(lower(step, capabilities)),
    variables: [...graph.variables].map(([name, { dtype, shape }]) => ({
      name,
      type: { dtype, shape },
      update: graph.results.update.has(name) ? updateName(name) : null,
    })),
    keepsValues,
    outputs: [...graph.results.output.keys()],
    finite: [...graph.results.finite.keys()].map(finiteName),
    watched,
    shared,
    ...(watch !== undefined && {
      watch: { model: encodeModel(lower(watch, capabilities)), inputs: [...watch.inputs.keys()] },
    }),
    paths: new Map(
      resultEntries(step.results).map(([role, name, value]) => [outputName(step, role, name), value.name]),
    ),
    liveBytes: liveBytes(step),
  };
}

/** Returns the graph as an ONNX model file that other programs can read. Watched values are omitted. */
export function onnxModel(graph: Graph): Uint8Array {
  return encodeModel(
    lower(prepare(withoutWatched(withoutExchange(graph)), cpuTarget), capabilitiesOf(cpuTarget)),
  );
}

/** Removes the exchanges between workers, because there is only one worker. */
function withoutExchange(graph: Graph): Graph {
  return { ...graph, results: withoutRole(graph.results, 'exchanged') };
}

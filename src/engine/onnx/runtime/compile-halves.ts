/** Compiles a step with an exchange to two models, one for each half of the step. */
import type { Graph } from '../../../graph/graph.ts';
import { splitExchange } from '../../../passes/split-exchange.ts';
import type { TensorType } from '../../../tensor/tensor.ts';
import { type CompiledGraph, compileTyped } from '../compile/compile.ts';
import { inPrecision } from '../compile/passes.ts';
import type { Target } from '../compile/targets.ts';

/** A value that is averaged between the halves. */
export interface ExchangedValue {
  /** The name of the exchanged value in the graph. */
  readonly name: string;
  readonly type: TensorType;
  /** The name of the output of the first half, and of the input of the second half. */
  readonly link: string;
}

export interface CompiledHalves {
  /** Computes the exchanged and the carried values, and changes no variables. */
  readonly first: CompiledGraph;
  /** Takes the inputs of the step, the averages, and the carried values. */
  readonly second: CompiledGraph;
  /** The exchanged values, in the order of the graph. */
  readonly exchanged: readonly ExchangedValue[];
  /** The names of those outputs of the first half that the second half takes unchanged. */
  readonly carried: readonly string[];
}

/** @throws GraphError for a graph without exchanged values
 * @throws RunError for a graph with neither outputs nor updates that depend on exchanged values */
export function compileHalves(graph: Graph, target: Target): CompiledHalves {
  const { first, second, exchanged, carried } = splitExchange(inPrecision(graph, target));
  const links = new Set([...exchanged.values(), ...carried]);
  const compiled = compileTyped(first, target);
  return {
    first: { ...compiled, outputs: compiled.outputs.filter((name) => !links.has(name)) },
    second: compileTyped(second, target),
    exchanged: [...graph.results.exchanged].map(([name, { dtype, shape }]) => ({
      name,
      type: { dtype, shape },
      link: exchanged.get(name) ?? name,
    })),
    carried,
  };
}

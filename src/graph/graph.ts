/**
 * A graph: what is computed from what, with the shape of everything. It is a function of the values fed
 * (`inputs`) and of the variables, and lists what it returns (`outputs`), which of its values are the new values of which
 * variables (`updates`), and what it tells when asked (`watched`). Nodes stand in an order in which they can be computed.
 */
import { GraphError } from '../errors.ts';
import { sameShape, type TensorType } from '../tensor/tensor.ts';
import type { AttributesOf, OpName, PerInput, PerOutput } from './signature.ts';

/** A tensor that will be. Values are the same when they are the same object. */
export interface Value extends TensorType {
  /** Unique in its graph: the path of the node that makes it, or the name it is fed under. */
  readonly name: string;
}

/** The call of an operator. `Node` is the union over all operators; `Node<'LRN'>` is a call of that one. */
export type Node<N extends OpName = OpName> = {
  readonly [K in N]: {
    readonly op: K;
    /** Path in the graph, such as `conv1/BiasAdd`. */
    readonly name: string;
    readonly inputs: PerInput<K, Value>;
    readonly attributes: AttributesOf<K>;
    readonly outputs: PerOutput<K, Value>;
  };
}[N];

export interface Graph {
  readonly name: string;
  readonly inputs: ReadonlyMap<string, Value>;
  readonly variables: ReadonlyMap<string, Value>;
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlyMap<string, Value>;
  /** Name of a variable → its value after the step. */
  readonly updates: ReadonlyMap<string, Value>;
  /** What a step returns only when asked. To ask changes no bit of the step; where nobody asks it is not computed. */
  readonly watched: ReadonlyMap<string, Value>;
}

/** The inputs of any node in their order, by name (by position where an operator takes a list). */
export function inputsOf(node: { readonly inputs: object }): readonly [string, Value][] {
  return Object.entries(node.inputs as Readonly<Record<string, Value>>);
}

/** The outputs of any node in their order, by name. */
export function outputsOf(node: { readonly outputs: object }): readonly [string, Value][] {
  return Object.entries(node.outputs as Readonly<Record<string, Value>>);
}

/** The values a graph must deliver: its outputs, the new values of its variables and what is watched. */
export function resultsOf({ outputs, updates, watched }: Graph): readonly Value[] {
  return [...outputs.values(), ...updates.values(), ...watched.values()];
}

/** Which node makes a value. Fed values and variables are made by none. */
export function producers(graph: Graph): ReadonlyMap<Value, Node> {
  return new Map(graph.nodes.flatMap((node) => outputsOf(node).map(([, value]) => [value, node] as const)));
}

/** Which nodes read a value. */
export function readers(graph: Graph): ReadonlyMap<Value, readonly Node[]> {
  const found = new Map<Value, Node[]>();
  for (const node of graph.nodes) {
    for (const [, value] of inputsOf(node)) found.set(value, [...(found.get(value) ?? []), node]);
  }
  return found;
}

/** Asserts that the new value of a variable can take its place.
 * @throws GraphError naming both types. */
export function requireSameType(where: string, variable: TensorType, update: TensorType): void {
  if (variable.dtype === update.dtype && sameShape(variable.shape, update.shape)) return;
  const say = ({ dtype, shape }: TensorType) => `${dtype} [${shape.join(', ')}]`;
  throw new GraphError(`${where}: the variable is ${say(variable)}, its new value ${say(update)}`);
}

/**
 * A graph: what is computed from what, with the shape of everything. It is a function of the values fed (`inputs`) and of
 * the variables, and names what it computes by role (`results`). Nodes are in an order in which they can be computed.
 */
import { GraphError } from '../errors.ts';
import { sameShape, type TensorType } from '../tensor/tensor.ts';
import type { Results } from './results.ts';
import type { AttributesOf, OpName, PerInput, PerOutput } from './signature.ts';

/** A symbolic tensor. Two values are the same when they are the same object. */
export interface Value extends TensorType {
  /** Unique in its graph: the path of the node that makes it, or the name it is fed under. */
  readonly name: string;
}

/** What a variable is for. */
export type VariableRole =
  /** Trained: it has a gradient. */
  | 'parameter'
  /** Changed by the forward pass, such as running statistics. */
  | 'state'
  /** Kept by the optimizer for a parameter, such as its momentum. */
  | 'slot'
  /** A moving average. */
  | 'average';

/** A value that a session keeps from step to step. */
export interface Variable extends Value {
  readonly role: VariableRole;
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
  readonly variables: ReadonlyMap<string, Variable>;
  readonly nodes: readonly Node[];
  readonly results: Results<Value>;
}

/** The inputs of any node in their order, by name (by position where an operator takes a list). */
export function inputsOf(node: { readonly inputs: object }): readonly [string, Value][] {
  return Object.entries(node.inputs as Readonly<Record<string, Value>>);
}

/** The outputs of any node in their order, by name. */
export function outputsOf(node: { readonly outputs: object }): readonly [string, Value][] {
  return Object.entries(node.outputs as Readonly<Record<string, Value>>);
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

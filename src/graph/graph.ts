/**
 * A graph is a list of nodes in topological order, with the types of all their inputs and outputs. It is a function of the
 * values that are passed in at every step (`inputs`) and of the variables; `results` names the values it returns.
 */
import { GraphError } from '../errors.ts';
import { sameShape, type TensorType } from '../tensor/tensor.ts';
import type { Results } from './results.ts';
import type { AttributesOf, OpName, PerInput, PerOutput } from './signature.ts';

/** A symbolic tensor, identified by object identity. */
export interface Value extends TensorType {
  /** Unique in its graph: derived from the path of the node that computes it, or the name of the input or variable. */
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

/** A value that a session keeps between steps. */
export interface Variable extends Value {
  readonly role: VariableRole;
}

/** A call of an operator. `Node` is the union over all operators; `Node<'LRN'>` is a call of `LRN`. */
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

/** A function of inputs and variables. Shapes are static, and nodes are in topological order. */
export interface Graph {
  readonly name: string;
  readonly inputs: ReadonlyMap<string, Value>;
  readonly variables: ReadonlyMap<string, Variable>;
  readonly nodes: readonly Node[];
  readonly results: Results<Value>;
}

/** Returns the inputs of any node in order, each with its name, or with its position if the operator takes a list. */
export function inputsOf(node: { readonly inputs: object }): readonly [string, Value][] {
  return Object.entries(node.inputs as Readonly<Record<string, Value>>);
}

/** Returns the outputs of any node in order, with their names. */
export function outputsOf(node: { readonly outputs: object }): readonly [string, Value][] {
  return Object.entries(node.outputs as Readonly<Record<string, Value>>);
}

/** Maps each value to the node that computes it. Inputs and variables have no producer. */
export function producers(graph: Graph): ReadonlyMap<Value, Node> {
  return new Map(graph.nodes.flatMap((node) => outputsOf(node).map(([, value]) => [value, node] as const)));
}

/** Maps each value to the nodes that read it. */
export function readers(graph: Graph): ReadonlyMap<Value, readonly Node[]> {
  const found = new Map<Value, Node[]>();
  for (const node of graph.nodes) {
    for (const [, value] of inputsOf(node)) found.set(value, [...(found.get(value) ?? []), node]);
  }
  return found;
}

/** Checks that the new value of a variable has the type of the variable.
 * @throws GraphError with both types */
export function requireSameType(where: string, variable: TensorType, update: TensorType): void {
  if (variable.dtype === update.dtype && sameShape(variable.shape, update.shape)) return;
  const print = ({ dtype, shape }: TensorType) => `${dtype} [${shape.join(', ')}]`;
  throw new GraphError(`${where}: the variable is ${print(variable)}, its new value is ${print(update)}`);
}

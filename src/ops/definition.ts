/** What an operator is: one record with its shape rule, its gradient and its lowerings side by side. */
import type { Value } from '../graph/graph.ts';
import type { AttributesOf, InputNames, OpName, PerInput, PerOutput } from '../graph/signature.ts';
import type { Tensor, TensorType } from '../tensor/tensor.ts';
import type { PrimitiveContext, Slot } from './primitives.ts';

export interface OpDefinition<N extends OpName> {
  /** The types of the outputs.
   * @throws GraphError when the inputs do not fit each other or the attributes; the caller adds where. */
  readonly infer: (inputs: PerInput<N, TensorType>, attributes: AttributesOf<N>) => PerOutput<N, TensorType>;
  readonly gradient: GradientRule<N> | NotDifferentiable;
  readonly onnx: OnnxRule<N> | ExpandedBefore;
  readonly onednn: OnednnRule<N> | NotOffered;
  /** Multiplications of the operator that are added up (matrix work); none by default. */
  readonly multiplyAdds?: (inputs: PerInput<N, TensorType>, outputs: PerOutput<N, TensorType>) => number;
}

/** Absence is never silent: why there is no gradient. */
export interface NotDifferentiable {
  readonly notDifferentiable: string;
}
/** The pass of the ONNX engine that replaces this operator by others before lowering. */
export interface ExpandedBefore {
  readonly expandedBy: string;
}

/** Why an engine has no form of the operator. */
export interface NotOffered {
  readonly notOffered: string;
}

/** Adds a node to the graph at hand and returns its first output. */
export type Apply = <N extends OpName>(
  op: N,
  inputs: PerInput<N, Value>,
  ...rest: Record<never, never> extends AttributesOf<N>
    ? [attributes?: AttributesOf<N>, name?: string]
    : [attributes: AttributesOf<N>, name?: string]
) => Value;

export interface GradientContext<N extends OpName> {
  readonly op: Apply;
  readonly inputs: PerInput<N, Value>;
  readonly attributes: AttributesOf<N>;
  readonly outputs: PerOutput<N, Value>;
  /** The gradient of the first output. Other outputs have none. */
  readonly dy: Value;
}

/** For each input how its gradient is made of dy, or null, with a comment, where it cannot have one. A gradient
 * of a broadcast operand has the shape of dy; the backward walk sums it to the operand's. */
export type GradientRule<N extends OpName> =
  number extends InputNames<N>
    ? (context: GradientContext<N>, index: number) => Value
    : { readonly [I in InputNames<N>]: ((context: GradientContext<N>) => Value) | null };

/** An ONNX node as plain data. Attributes are ints, floats, strings or lists of ints. */
export interface OnnxNode {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] };

/** Adds an ONNX node and returns the name of its output. */
export type Emit = (
  opType: string,
  inputs: readonly string[],
  attributes?: Readonly<Record<string, OnnxAttribute>>,
) => string;

export interface OnnxContext<N extends OpName> {
  readonly inputs: PerInput<N, string>;
  readonly inputTypes: PerInput<N, TensorType>;
  readonly outputTypes: PerOutput<N, TensorType>;
  readonly attributes: AttributesOf<N>;
  readonly emit: Emit;
  /** The name of an initializer that holds the tensor; equal tensors share one. */
  readonly constant: (value: Tensor) => string;
}
/** Returns the ONNX name of every output. */
export type OnnxRule<N extends OpName> = (context: OnnxContext<N>) => PerOutput<N, string>;

export interface OnednnContext<N extends OpName> extends PrimitiveContext {
  readonly inputs: PerInput<N, Slot>;
  readonly inputTypes: PerInput<N, TensorType>;
  readonly outputTypes: PerOutput<N, TensorType>;
  readonly attributes: AttributesOf<N>;
}
/** Returns the slot of every output. */
export type OnednnRule<N extends OpName> = (context: OnednnContext<N>) => PerOutput<N, Slot>;

/** A whole-number list as ONNX takes shapes, axes and the like: an int64 vector. */
export function int64Vector(values: readonly number[]): Tensor {
  return { dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) };
}

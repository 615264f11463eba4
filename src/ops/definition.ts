/** The definition of an operator is one record: its shape rule, its gradient, and its forms in ONNX and oneDNN. */
import type { Value } from '../graph/graph.ts';
import type { AttributesOf, InputNames, OpName, PerInput, PerOutput } from '../graph/signature.ts';
import type { Tensor, TensorType } from '../tensor/tensor.ts';
import type { PrimitiveContext, Slot } from './primitives.ts';

export interface OpDefinition<N extends OpName> {
  /** Infers the types of the outputs.
   * @throws GraphError when the inputs do not fit each other or the attributes. `inferTypes` adds the operator and the path
   * of the node to the message */
  readonly infer: (inputs: PerInput<N, TensorType>, attributes: AttributesOf<N>) => PerOutput<N, TensorType>;
  readonly gradient: GradientRule<N> | JointGradient<N> | NotDifferentiable;
  readonly float16: Float16Policy;
  readonly onnx: OnnxRule<N> | ExpandedBefore;
  readonly onednn: OnednnRule<N> | NotOffered;
  /** The number of multiply-adds of one call. Only convolutions and matrix products define it; other operators count as 0. */
  readonly multiplyAdds?: (inputs: PerInput<N, TensorType>, outputs: PerOutput<N, TensorType>) => number;
}

/**
 * What the operator does when the precision is float16 (`engine/onnx/compile/to-float16.ts`). The lists of PyTorch's autocast make
 * the same distinctions (docs of torch.amp, "CUDA Ops that can autocast to float16" and "… to float32").
 *
 * - `operands`: matrix work. It reads float16 operands, and its result is float16.
 * - `follows`: it computes in float16 if an operand is float16, and in float32 otherwise.
 * - `exact`: the same, and its result has no rounding error: it moves or selects elements, or changes their sign.
 * - `rounds`: it reads and computes float32. Its first output is rounded to float16 if an operand was float16. These are formulas
 *   whose parts exceed the range of float16, or lose too much in it, such as the sum of squares of a normalization.
 * - `sums`: it reads and returns float32, because a sum of many float16 numbers in float16 stops growing.
 * - `never`: it reads and returns float32, and the values from which its operands are computed without matrix work stay float32.
 */
export type Float16Policy = 'operands' | 'follows' | 'exact' | 'rounds' | 'sums' | 'never';

/** States why an operator has no gradient, so that a missing gradient is always deliberate. */
export interface NotDifferentiable {
  readonly notDifferentiable: string;
}
/** Names the pass of the ONNX engine that replaces this operator with others before the graph is lowered to ONNX. */
export interface ExpandedBefore {
  readonly expandedBy: string;
}

/** States why an engine does not support the operator. */
export interface NotOffered {
  readonly notOffered: string;
}

/** Adds a node to the graph being built and returns its first output. */
export type Apply = <N extends OpName>(
  op: N,
  inputs: PerInput<N, Value>,
  ...rest: Record<never, never> extends AttributesOf<N>
    ? [attributes?: AttributesOf<N>, name?: string]
    : [attributes: AttributesOf<N>, name?: string]
) => Value;

/** Adds a node to the graph being built and returns all its outputs. */
export type ApplyAll = <N extends OpName>(
  op: N,
  inputs: PerInput<N, Value>,
  attributes: AttributesOf<N>,
  name?: string,
) => PerOutput<N, Value>;

export interface GradientContext<N extends OpName> {
  readonly op: Apply;
  readonly outputsOf: ApplyAll;
  readonly inputs: PerInput<N, Value>;
  readonly attributes: AttributesOf<N>;
  readonly outputs: PerOutput<N, Value>;
  /** The gradient of the first output. Gradient rules do not receive the gradients of other outputs. */
  readonly dy: Value;
}

/** For each input, a rule that computes its gradient from dy, or null (with a comment that gives the reason) if it cannot have
 * one. The gradient of a broadcast operand has the shape of dy; the backward walk then sums it to the shape of the operand. */
export type GradientRule<N extends OpName> =
  number extends InputNames<N>
    ? (context: GradientContext<N>, index: number) => Value
    : { readonly [I in InputNames<N>]: ((context: GradientContext<N>) => Value) | null };

/** One rule for the gradients of all inputs, for the case that one operator computes them together. */
export interface JointGradient<N extends OpName> {
  readonly joint: (context: GradientContext<N>) => { readonly [I in InputNames<N>]: Value };
}

/** An ONNX node as plain data. */
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

/**
 * How an ONNX model computes a mask of zeros and ones. `hardSigmoid`: with HardSigmoid and a slope of 3.4e38, in one pass over the
 * elements that uses all threads of a CPU. `comparison`: with a comparison, whose booleans become numbers or choose them. In float16
 * the slope would be infinite.
 */
export type Mask = 'hardSigmoid' | 'comparison';

export interface OnnxContext<N extends OpName> {
  readonly inputs: PerInput<N, string>;
  readonly inputTypes: PerInput<N, TensorType>;
  readonly outputTypes: PerOutput<N, TensorType>;
  readonly attributes: AttributesOf<N>;
  readonly mask: Mask;
  readonly emit: Emit;
  /** Returns the name of an initializer that holds the tensor. Equal tensors share one initializer. */
  readonly constant: (value: Tensor) => string;
}
/** Emits the ONNX nodes of one operator and returns the ONNX name of each of its outputs. */
export type OnnxRule<N extends OpName> = (context: OnnxContext<N>) => PerOutput<N, string>;

export interface OnednnContext<N extends OpName> extends PrimitiveContext {
  readonly inputs: PerInput<N, Slot>;
  readonly inputTypes: PerInput<N, TensorType>;
  readonly outputTypes: PerOutput<N, TensorType>;
  readonly attributes: AttributesOf<N>;
}
/** Makes the oneDNN calls of one operator and returns the slot of each of its outputs. */
export type OnednnRule<N extends OpName> = (context: OnednnContext<N>) => PerOutput<N, Slot>;

/** Returns the integers as an int64 vector, the form in which ONNX takes shapes, axes and similar inputs. */
export function int64Vector(values: readonly number[]): Tensor {
  return { dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) };
}

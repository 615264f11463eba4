/**
 * The form that operators have for oneDNN: calls of oneDNN primitives, as plain data. A call reads and writes slots. A slot
 * is a tensor whose memory and layout the engine chooses. `primitive-kinds.ts` lists the kinds of primitives. This file does
 * not depend on the native library.
 */

import { float32, type Shape, sizeOf, type Tensor } from '../tensor/tensor.ts';
import type { CallKind, NamedArgument, TensorArgument } from './primitive-kinds.ts';

export type { CallKind } from './primitive-kinds.ts';

/** The 16-bit types of activations and of the operands of matrix operations. */
export type ReducedType = 'bfloat16' | 'float16';
export type SlotType = 'float32' | ReducedType | 'int32';

/** A tensor of a program. It is written once. Scalars have the dims [1]. */
export interface Slot {
  readonly name: string;
  readonly dims: Shape;
  readonly type: SlotType;
  /** The slot whose memory this slot shares. Both hold the same elements in row-major order, with different dims. */
  readonly base?: Slot;
}

export type Slots = Readonly<Partial<Record<TensorArgument, Slot>> & Record<NamedArgument, Slot>>;

/** Functions of one element: `linear` is alpha · x + beta, `pow` is alpha · x^beta, `swish` is x · sigmoid(alpha · x). */
export type Unary = 'relu' | 'sqrt' | 'linear' | 'exp' | 'pow' | 'geluErf' | 'geluTanh' | 'swish';
/** Functions of two elements; comparisons return 1 or 0. */
export type Binary = 'add' | 'sub' | 'mul' | 'div' | 'max' | 'ge' | 'gt' | 'eq';

export type Reduction = 'sum' | 'mean';

/** The average is taken over the cells inside the tensor; padding cells are not counted. */
export type Pooling = 'poolingMax' | 'poolingAverage';

/** A function applied to each element of a call's result before it is written. */
export type PostOp =
  | { readonly unary: Unary; readonly alpha: number; readonly beta: number }
  | { readonly binary: Binary; readonly operand: Slot };

/** A sliding window: strides, kernel size, and the number of zero cells before and after the tensor. Each is a pair of rows
 * and columns. */
export interface Window {
  readonly strides: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
}
/** A part of a tensor: the offset of its first element and the strides of its axes, in elements, and its dims. */
export interface View {
  readonly offset: number;
  readonly strides: Shape;
  readonly dims: Shape;
}
/** One of the moves that a copy makes: a part of `source` to a part of the result. A part that is omitted is the
 * whole tensor. */
export interface Piece {
  readonly source: Slot;
  readonly from?: View;
  readonly to?: View;
}

export interface CallParameters {
  readonly unary?: Unary;
  readonly alpha?: number;
  readonly beta?: number;
  /** A small number that is added to a variance before its square root is taken. */
  readonly epsilon?: number;
  /** Whether a normalization also computes the ReLU of its result, or a backward normalization the gradient through that
   * ReLU. */
  readonly relu?: true;
  readonly binary?: Binary;
  readonly reduction?: Reduction;
  /** The kind of pooling. Default: maximum. */
  readonly pooling?: Pooling;
  readonly window?: Window;
  /** The matrix operands that are read transposed. */
  readonly transposed?: readonly ('src' | 'weights')[];
  /** Whether the primitive uses the layouts of adjacent calls instead of choosing its own. */
  readonly follows?: true;
  readonly pieces?: readonly Piece[];
  /** For a copy that computes images of a convolution: the layout of the result is the one that oneDNN would choose for it in a
   * direct convolution. */
  readonly likeDirect?: LikeDirect;
  /** For a copy of parts to images [N, C, H, W]: the result has the order [N, H, W, C] in memory, instead of row-major order. */
  readonly channelsLast?: true;
}

/** An operand or the result of a direct convolution. */
export interface LikeDirect {
  readonly x: Shape;
  readonly filter: Shape;
  readonly window: Window;
  readonly argument: 'src' | 'dst';
}

export interface Call {
  /** The operator that the call was lowered from. */
  readonly op: string;
  /** The name of the call, which starts with the path of its node, such as `conv1/Conv2D`. */
  readonly name: string;
  readonly kind: CallKind;
  readonly reads: Slots;
  readonly writes: Slots;
  readonly parameters: CallParameters;
  readonly postOps: readonly PostOp[];
  /** The names of the calls that were fused into this one. Default: none. */
  readonly fused?: readonly string[];
}

/** The functions that lowering rules use to build calls. */
export interface PrimitiveContext {
  /** Adds a call and returns its first result, which has the given dims. */
  readonly call: (kind: CallKind, reads: Slots, dims: Shape, parameters?: CallParameters) => Slot;
  /** Adds a call with several results, which have the given dims. The first must be the result that the record of the
   * primitive names. */
  readonly callAll: <A extends TensorArgument>(
    kind: CallKind,
    reads: Slots,
    dims: Readonly<Record<A, Shape>>,
    parameters?: CallParameters,
  ) => Readonly<Record<A, Slot>>;
  readonly constant: (value: Tensor) => Slot;
  /** Returns a slot for the same elements in the same order, with other dims. */
  readonly alias: (slot: Slot, dims: Shape) => Slot;
  /** Returns the workspace of the pooling call that computed y from x. Adds the call if it does not exist. */
  readonly workspace: (x: Slot, y: Slot, window: Window) => Slot;
}

/** Returns the dims of a value. A scalar becomes a vector with one element. */
export function slotDims(shape: Shape): Shape {
  return shape.length === 0 ? [1] : shape;
}

export function unary(
  { call }: PrimitiveContext,
  name: Unary,
  src: Slot,
  alpha: number = 0,
  beta: number = 0,
): Slot {
  return call('eltwise_forward', { src }, src.dims, { unary: name, alpha, beta });
}

const commutative: readonly Binary[] = ['add', 'mul', 'max', 'eq'];

/** Adds a call of a function of two operands, which broadcast to `shape` as in NumPy. */
export function binary(context: PrimitiveContext, name: Binary, a: Slot, b: Slot, shape: Shape): Slot {
  const dims = slotDims(shape);
  if (!isWhole(a, dims) && isWhole(b, dims) && commutative.includes(name)) {
    return binary(context, name, b, a, shape);
  }
  const src = stretch(context, a, dims);
  return context.call('binary', { src, src1: aligned(context, b, dims) }, dims, { binary: name });
}

/** Broadcasts x to dims, for the first operand of a primitive, which must have the full shape. */
export function stretch(context: PrimitiveContext, x: Slot, dims: Shape): Slot {
  if (isWhole(x, dims)) return x;
  const zeros = context.constant(float32(dims, new Float32Array(sizeOf(dims))));
  return context.call('binary', { src: zeros, src1: aligned(context, x, dims) }, dims, { binary: 'add' });
}

const isWhole = (slot: Slot, dims: Shape) => slot.dims.join() === dims.join();

/** Adds leading axes of size 1 to x until it has as many axes as dims. */
export function aligned({ alias }: PrimitiveContext, x: Slot, dims: Shape): Slot {
  if (x.dims.length === dims.length) return x;
  return alias(x, [...new Array<number>(dims.length - x.dims.length).fill(1), ...x.dims]);
}

/** Returns x in row-major order. Slots with at most two axes are always row-major. */
export function plain({ call }: PrimitiveContext, x: Slot): Slot {
  return x.dims.length <= 2 ? x : call('copy', {}, x.dims, { pieces: [{ source: x }] });
}

/** Returns the sum or mean over those axes that have size 1 in dims. If no axis is reduced, no call is added, because oneDNN
 * would reject it. */
export function reduce({ call }: PrimitiveContext, reduction: Reduction, src: Slot, dims: Shape): Slot {
  return isWhole(src, dims) ? src : call('reduction', { src }, dims, { reduction });
}

/** Returns the strides of a row-major tensor, in elements. */
export function stridesOf(dims: Shape): readonly number[] {
  return dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
}

/** Returns a part of a row-major tensor: along every axis, `size` elements from `begin` on, `strides` (default: 1) apart. */
export function partOf(
  dims: Shape,
  { begin, strides, size }: { readonly begin: Shape; readonly strides?: Shape; readonly size: Shape },
): View {
  const along = stridesOf(dims);
  return {
    offset: begin.reduce((sum, index, axis) => sum + index * (along[axis] ?? 1), 0),
    strides: along.map((step, axis) => step * (strides?.[axis] ?? 1)),
    dims: size,
  };
}

/** Elementwise operators. If there are two operands, they broadcast. The gradient of an operand has the shape of y until the
 * backward walk sums it to the shape of the operand. */

import type { Value } from '../graph/graph.ts';
import { dtypes } from '../tensor/dtype.ts';
import { scalarLike } from '../tensor/float16.ts';
import { scalar, type TensorType } from '../tensor/tensor.ts';
import type { Apply, Emit, GradientContext, Mask, OpDefinition } from './definition.ts';
import { type Binary, binary, type PrimitiveContext, type Slot, type Unary, unary } from './primitives.ts';
import { broadcast, like, requireFloat, requireSame } from './shapes.ts';

const inferBinary = ({ a, b }: { a: TensorType; b: TensorType }) => ({ y: like(a, broadcast(a, b)) });

const inferUnary = ({ x }: { x: TensorType }) => {
  requireFloat('x', x);
  return { y: x };
};

const onnxBinary =
  (opType: string) =>
  ({ inputs: { a, b }, emit }: { inputs: { a: string; b: string }; emit: Emit }) => ({
    y: emit(opType, [a, b]),
  });

const onnxUnary =
  (opType: string) =>
  ({ inputs: { x }, emit }: { inputs: { x: string }; emit: Emit }) => ({ y: emit(opType, [x]) });

interface BinaryContext extends PrimitiveContext {
  readonly inputs: { readonly a: Slot; readonly b: Slot };
  readonly outputTypes: { readonly y: TensorType };
}
const onednnBinary = (name: Binary) => (context: BinaryContext) => ({
  y: binary(context, name, context.inputs.a, context.inputs.b, context.outputTypes.y.shape),
});

interface UnaryContext extends PrimitiveContext {
  readonly inputs: { readonly x: Slot };
}
const onednnUnary =
  (name: Unary, alpha = 0) =>
  (context: UnaryContext) => ({ y: unary(context, name, context.inputs.x, alpha) });

const times = (op: Apply, factor: number, x: Value) =>
  op('Mul', { a: x, b: op('Constant', {}, { value: scalar(factor) }) });

/** y = a + b. */
export const add: OpDefinition<'Add'> = {
  infer: inferBinary,
  gradient: { a: ({ dy }) => dy, b: ({ dy }) => dy },
  float16: 'follows',
  onnx: onnxBinary('Add'),
  onednn: onednnBinary('add'),
};

/** y = a - b. */
export const sub: OpDefinition<'Sub'> = {
  infer: inferBinary,
  gradient: { a: ({ dy }) => dy, b: ({ op, dy }) => op('Neg', { x: dy }) },
  float16: 'follows',
  onnx: onnxBinary('Sub'),
  onednn: onednnBinary('sub'),
};

/** y = a · b. */
export const mul: OpDefinition<'Mul'> = {
  infer: inferBinary,
  gradient: {
    a: ({ op, inputs: { b }, dy }) => op('Mul', { a: dy, b }),
    b: ({ op, inputs: { a }, dy }) => op('Mul', { a: dy, b: a }),
  },
  float16: 'follows',
  onnx: onnxBinary('Mul'),
  onednn: onednnBinary('mul'),
};

/** y = a / b, so dy/db = -y / b. */
export const div: OpDefinition<'Div'> = {
  infer: inferBinary,
  gradient: {
    a: ({ op, inputs: { b }, dy }) => op('Div', { a: dy, b }),
    b: ({ op, inputs: { b }, outputs: { y }, dy }) =>
      op('Neg', { x: op('Mul', { a: dy, b: op('Div', { a: y, b }) }) }),
  },
  float16: 'follows',
  onnx: onnxBinary('Div'),
  onednn: onednnBinary('div'),
};

/** y = max(a, b) = relu(a - b) + b. If both are equal, the gradient goes to b. */
export const maximum: OpDefinition<'Maximum'> = {
  infer: inferBinary,
  gradient: {
    a: slopeOfLarger,
    b: (context) => context.op('Sub', { a: context.dy, b: slopeOfLarger(context) }),
  },
  float16: 'exact',
  onnx: onnxBinary('Max'),
  onednn: onednnBinary('max'),
};

/** The gradient of max(a, b) with respect to a: dy where a > b, else 0. */
function slopeOfLarger({ op, inputs: { a, b }, dy }: GradientContext<'Maximum'>): Value {
  return op('ReluGrad', { dy, y: op('Relu', { x: op('Sub', { a, b }) }) });
}

/** y = -x. */
export const neg: OpDefinition<'Neg'> = {
  infer: inferUnary,
  gradient: { x: ({ op, dy }) => op('Neg', { x: dy }) },
  float16: 'exact',
  onnx: onnxUnary('Neg'),
  onednn: onednnUnary('linear', -1),
};

/** y = x². */
export const square: OpDefinition<'Square'> = {
  infer: inferUnary,
  gradient: { x: ({ op, inputs: { x }, dy }) => op('Mul', { a: times(op, 2, x), b: dy }) },
  float16: 'follows',
  onnx: ({ inputs: { x }, emit }) => ({ y: emit('Mul', [x, x]) }),
  // A square is written as a product because fusion starts a chain at a binary call, never at a unary one.
  onednn: (context) => ({
    y: binary(context, 'mul', context.inputs.x, context.inputs.x, context.inputs.x.dims),
  }),
};

/** y = √x, so dy/dx = 1 / 2y. */
export const sqrt: OpDefinition<'Sqrt'> = {
  infer: inferUnary,
  gradient: { x: ({ op, outputs: { y }, dy }) => op('Div', { a: dy, b: times(op, 2, y) }) },
  float16: 'follows',
  onnx: onnxUnary('Sqrt'),
  onednn: onednnUnary('sqrt'),
};

/** y = max(x, 0). */
export const relu: OpDefinition<'Relu'> = {
  infer: inferUnary,
  gradient: { x: ({ op, outputs: { y }, dy }) => op('ReluGrad', { dy, y }) },
  float16: 'exact',
  onnx: onnxUnary('Relu'),
  onednn: onednnUnary('relu'),
};

/** dx = dy where y > 0, else 0. The gradient at 0 is 0, as in TensorFlow. */
export const reluGrad: OpDefinition<'ReluGrad'> = {
  infer: ({ dy, y }) => {
    requireSame('dy and y', dy, y);
    return { y };
  },
  gradient: {
    dy: ({ op, inputs: { y }, dy }) => op('ReluGrad', { dy, y }),
    y: null, // dx is a step function of y, whose derivative is 0 wherever it exists
  },
  float16: 'exact',
  onnx: ({ inputs: { dy, y }, inputTypes, mask, emit, constant }) => {
    if (maskOf(mask, inputTypes.y) === 'hardSigmoid') return { y: emit('Mul', [dy, step(emit, y, 0)]) };
    const zero = constant(scalarLike(inputTypes.y, 0));
    return { y: emit('Where', [emit('Greater', [y, zero]), dy, zero]) };
  },
  onednn: (context) => {
    const { dy, y } = context.inputs;
    const above = binary(context, 'gt', y, context.constant(scalar(0)), y.dims);
    return { y: binary(context, 'mul', above, dy, y.dims) };
  },
};

/** y = 1 where a ≥ b, else 0. */
export const greaterEqual: OpDefinition<'GreaterEqual'> = {
  infer: inferBinary,
  gradient: { notDifferentiable: 'a comparison has no derivative' },
  float16: 'exact',
  onnx: ({ inputs: { a, b }, inputTypes, mask, emit }) => {
    if (maskOf(mask, inputTypes.a) === 'hardSigmoid') return { y: step(emit, emit('Sub', [a, b]), 1) };
    const to = { int: dtypes[inputTypes.a.dtype].onnx };
    return { y: emit('Cast', [emit('GreaterOrEqual', [a, b])], { to }) };
  },
  onednn: onednnBinary('ge'),
};

/** Values that are float32 in a model with float16 are also compared with HardSigmoid: ONNX Runtime 1.30 may move transpositions between a
 * comparison and its Cast, and WebGPU has no transposition of booleans. */
function maskOf(mask: Mask, { dtype }: TensorType): Mask {
  return dtype === 'float32' ? 'hardSigmoid' : mask;
}

/**
 * Computes 1 for x > 0, 0 for x < 0, and `atZero` for 0, with one operator: HardSigmoid is min(max(alpha · x + beta, 0), 1),
 * and with the largest float32 as alpha it clamps every x that is not subnormal. ONNX Runtime runs comparisons and casts of
 * booleans on a single thread, and Where needs three passes over memory; HardSigmoid needs one pass and uses all threads.
 */
function step(emit: Emit, x: string, atZero: 0 | 1): string {
  return emit('HardSigmoid', [x], { alpha: { float: 3.4e38 }, beta: { float: atZero } });
}

/** y has the numbers of x in the type `to`. The gradient passes through as if nothing were rounded. */
export const cast: OpDefinition<'Cast'> = {
  infer: ({ x }, { to }) => {
    requireFloat('x', x);
    return { y: { dtype: to, shape: x.shape } };
  },
  gradient: {
    x: ({ op, inputs: { x }, dy }) =>
      op('Cast', { x: dy }, { to: x.dtype === 'float16' ? 'float16' : 'float32' }),
  },
  float16: 'exact',
  onnx: ({ inputs: { x }, attributes: { to }, emit }) => ({
    y: emit('Cast', [x], { to: { int: dtypes[to].onnx } }),
  }),
  onednn: { notOffered: 'only passes of the ONNX engine use this operator' },
};

/** y is the tensor stored in the attribute. */
export const constant: OpDefinition<'Constant'> = {
  infer: (_, { value }) => ({ y: { dtype: value.dtype, shape: value.shape } }),
  gradient: {},
  float16: 'never',
  onnx: ({ attributes: { value }, constant }) => ({ y: constant(value) }),
  onednn: ({ attributes: { value }, constant }) => ({ y: constant(value) }),
};

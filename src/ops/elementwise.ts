/** Elementwise operators. Two operands broadcast; their gradients have the shape of y until the backward walk sums them. */

import { GraphError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import { describeType, scalar, type TensorType } from '../tensor/tensor.ts';
import type { Apply, Emit, OpDefinition } from './definition.ts';
import { broadcast, float32Type, like, requireSame } from './shapes.ts';

const inferBinary = ({ a, b }: { a: TensorType; b: TensorType }) => ({ y: like(a, broadcast(a, b)) });

const inferUnary = ({ x }: { x: TensorType }) => {
  if (x.dtype !== 'float32') throw new GraphError(`x must be float32, it is ${describeType(x)}`);
  return { y: float32Type(x.shape) };
};

const onnxBinary =
  (opType: string) =>
  ({ inputs: { a, b }, emit }: { inputs: { a: string; b: string }; emit: Emit }) => ({
    y: emit(opType, [a, b]),
  });

const onnxUnary =
  (opType: string) =>
  ({ inputs: { x }, emit }: { inputs: { x: string }; emit: Emit }) => ({ y: emit(opType, [x]) });

const times = (op: Apply, factor: number, x: Value) =>
  op('Mul', { a: x, b: op('Constant', {}, { value: scalar(factor) }) });

/** y = a + b. */
export const add: OpDefinition<'Add'> = {
  infer: inferBinary,
  gradient: { a: ({ dy }) => dy, b: ({ dy }) => dy },
  onnx: onnxBinary('Add'),
};

/** y = a - b. */
export const sub: OpDefinition<'Sub'> = {
  infer: inferBinary,
  gradient: { a: ({ dy }) => dy, b: ({ op, dy }) => op('Neg', { x: dy }) },
  onnx: onnxBinary('Sub'),
};

/** y = a · b. */
export const mul: OpDefinition<'Mul'> = {
  infer: inferBinary,
  gradient: {
    a: ({ op, inputs: { b }, dy }) => op('Mul', { a: dy, b }),
    b: ({ op, inputs: { a }, dy }) => op('Mul', { a: dy, b: a }),
  },
  onnx: onnxBinary('Mul'),
};

/** y = a / b, so dy/db = -y / b. */
export const div: OpDefinition<'Div'> = {
  infer: inferBinary,
  gradient: {
    a: ({ op, inputs: { b }, dy }) => op('Div', { a: dy, b }),
    b: ({ op, inputs: { b }, outputs: { y }, dy }) =>
      op('Neg', { x: op('Mul', { a: dy, b: op('Div', { a: y, b }) }) }),
  },
  onnx: onnxBinary('Div'),
};

/** y = max(a, b). */
export const maximum: OpDefinition<'Maximum'> = {
  infer: inferBinary,
  gradient: { notDifferentiable: 'engine passes alone make it, after differentiation' },
  onnx: onnxBinary('Max'),
};

/** y = -x. */
export const neg: OpDefinition<'Neg'> = {
  infer: inferUnary,
  gradient: { x: ({ op, dy }) => op('Neg', { x: dy }) },
  onnx: onnxUnary('Neg'),
};

/** y = x². */
export const square: OpDefinition<'Square'> = {
  infer: inferUnary,
  gradient: { x: ({ op, inputs: { x }, dy }) => op('Mul', { a: times(op, 2, x), b: dy }) },
  onnx: ({ inputs: { x }, emit }) => ({ y: emit('Mul', [x, x]) }),
};

/** y = √x, so dy/dx = 1 / 2y. */
export const sqrt: OpDefinition<'Sqrt'> = {
  infer: inferUnary,
  gradient: { x: ({ op, outputs: { y }, dy }) => op('Div', { a: dy, b: times(op, 2, y) }) },
  onnx: onnxUnary('Sqrt'),
};

/** y = max(x, 0). */
export const relu: OpDefinition<'Relu'> = {
  infer: inferUnary,
  gradient: { x: ({ op, outputs: { y }, dy }) => op('ReluGrad', { dy, y }) },
  onnx: onnxUnary('Relu'),
};

/** dx = dy where y > 0, else 0: at the kink the gradient is 0, as in TensorFlow. */
export const reluGrad: OpDefinition<'ReluGrad'> = {
  infer: ({ dy, y }) => {
    requireSame('dy and y', dy, y);
    return { y };
  },
  gradient: {
    dy: ({ op, inputs: { y }, dy }) => op('ReluGrad', { dy, y }),
    y: null, // a step function of y: flat wherever it has a derivative
  },
  onnx: ({ inputs: { dy, y }, emit }) => ({ y: emit('Mul', [dy, step(emit, y, 0)]) }),
};

/** y = 1 where a ≥ b, else 0. */
export const greaterEqual: OpDefinition<'GreaterEqual'> = {
  infer: inferBinary,
  gradient: { notDifferentiable: 'a comparison has no derivative' },
  onnx: ({ inputs: { a, b }, emit }) => ({ y: step(emit, emit('Sub', [a, b]), 1) }),
};

/**
 * 1 for x > 0, 0 for x < 0, and `atZero` for 0, in one operator: HardSigmoid is min(max(alpha · x + beta, 0), 1), and
 * with the largest alpha there is every x but the subnormal ones is far beyond the ramp. ONNX Runtime compares and casts
 * truth values on one thread, and its Where makes three passes; this is one pass on all threads.
 */
function step(emit: Emit, x: string, atZero: 0 | 1): string {
  return emit('HardSigmoid', [x], { alpha: { float: 3.4e38 }, beta: { float: atZero } });
}

/** The tensor in the attribute. */
export const constant: OpDefinition<'Constant'> = {
  infer: (_, { value }) => ({ y: { dtype: value.dtype, shape: value.shape } }),
  gradient: {},
  onnx: ({ attributes: { value }, constant }) => ({ y: constant(value) }),
};

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

/** Numbers of the element types in ONNX (TensorProto.DataType). */
const onnxTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;

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
  // ONNX Runtime's Where makes three passes on one thread; a product with the mask is faster.
  onnx: ({ inputs: { dy, y }, emit, constant }) => {
    const passes = emit('Cast', [emit('Greater', [y, constant(scalar(0))])], {
      to: { int: onnxTypes.float32 },
    });
    return { y: emit('Mul', [dy, passes]) };
  },
};

const logical = (why: string) => ({ notDifferentiable: why });

/** y = (a = b). */
export const equal: OpDefinition<'Equal'> = {
  infer: ({ a, b }) => ({ y: { dtype: 'bool', shape: broadcast(a, b) } }),
  gradient: logical('a comparison has no derivative'),
  onnx: ({ inputs: { a, b }, emit }) => ({ y: emit('Equal', [a, b]) }),
};

/** y = not x. */
export const not: OpDefinition<'Not'> = {
  infer: ({ x }) => {
    requireDType('x', x, 'bool');
    return { y: x };
  },
  gradient: logical('truth values have no derivative'),
  onnx: ({ inputs: { x }, emit }) => ({ y: emit('Not', [x]) }),
};

/** y = a and b. */
export const and: OpDefinition<'And'> = {
  infer: ({ a, b }) => {
    requireDType('a', a, 'bool');
    requireDType('b', b, 'bool');
    return { y: { dtype: 'bool', shape: broadcast(a, b) } };
  },
  gradient: logical('truth values have no derivative'),
  onnx: ({ inputs: { a, b }, emit }) => ({ y: emit('And', [a, b]) }),
};

/** y = a where the condition holds, else b. */
export const select: OpDefinition<'Select'> = {
  infer: ({ condition, a, b }) => {
    requireDType('condition', condition, 'bool');
    const both = like(a, broadcast(a, b));
    return { y: like(a, broadcast(like(a, condition.shape), both)) };
  },
  gradient: {
    condition: null, // truth values have no derivative
    a: ({ op, inputs: { condition }, dy }) => op('Select', { condition, a: dy, b: zero(op) }),
    b: ({ op, inputs: { condition }, dy }) => op('Select', { condition, a: zero(op), b: dy }),
  },
  onnx: ({ inputs: { condition, a, b }, emit }) => ({ y: emit('Where', [condition, a, b]) }),
};

/** The same numbers in another element type. */
export const cast: OpDefinition<'Cast'> = {
  infer: ({ x }, { dtype }) => ({ y: { dtype, shape: x.shape } }),
  gradient: logical('casts are for comparisons and labels, which have no derivative'),
  onnx: ({ inputs: { x }, attributes: { dtype }, emit }) => ({
    y: emit('Cast', [x], { to: { int: onnxTypes[dtype] } }),
  }),
};

/** The tensor in the attribute. */
export const constant: OpDefinition<'Constant'> = {
  infer: (_, { value }) => ({ y: { dtype: value.dtype, shape: value.shape } }),
  gradient: {},
  onnx: ({ attributes: { value }, constant }) => ({ y: constant(value) }),
};

function zero(op: Apply) {
  return op('Constant', {}, { value: scalar(0) });
}

function requireDType(name: string, type: TensorType, dtype: TensorType['dtype']): void {
  if (type.dtype !== dtype) throw new GraphError(`${name} must be ${dtype}, it is ${describeType(type)}`);
}

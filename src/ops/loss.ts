/** The operators of loss functions. */
import { GraphError } from '../errors.ts';
import { float32, scalar, sizeOf } from '../tensor/tensor.ts';
import { int64Vector, type OpDefinition } from './definition.ts';
import { binary, plain, reduce, unary } from './primitives.ts';
import { float32Type, requireEqual, requireType } from './shapes.ts';

/**
 * loss[n] = -Σ target[n] · log softmax(logits[n]), backprop = softmax(logits) - target, with logits [N, K], labels [N] int32
 * in 0 … K-1, loss [N], backprop [N, K]. The target is onehot(labels), or with label smoothing ε (1 - ε) · onehot(labels) +
 * ε / K (C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, section 7; as in
 * PyTorch). The largest logit is subtracted before the exponential to avoid overflow.
 */
export const sparseSoftmaxCrossEntropyWithLogits: OpDefinition<'SparseSoftmaxCrossEntropyWithLogits'> = {
  infer: ({ logits, labels }, { labelSmoothing = 0 }) => {
    requireType('logits', logits, 'float32', 'N, K');
    requireType('labels', labels, 'int32', 'N');
    requireEqual('the rows of logits and of labels', logits.shape[0] ?? 0, labels.shape[0] ?? 0);
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
      throw new GraphError(`labelSmoothing must be a number from 0 to 1, found ${labelSmoothing}`);
    return { loss: float32Type(labels.shape), backprop: float32Type(logits.shape) };
  },
  gradient: {
    logits: ({ op, outputs: { loss, backprop }, dy }) =>
      op('Mul', { a: backprop, b: op('Reshape', { x: dy }, { shape: [...loss.shape, 1] }) }),
    labels: null, // class numbers are not differentiable
  },
  float16: 'never',
  onnx: ({ inputs: { logits, labels }, attributes: { labelSmoothing = 0 }, inputTypes, emit, constant }) => {
    const classes = inputTypes.logits.shape[1] ?? 0;
    const rows = constant(int64Vector([1]));
    const keep = { keepdims: { int: 1 } };
    const shifted = emit('Sub', [logits, emit('ReduceMax', [logits, rows], keep)]);
    const exponentials = emit('Exp', [shifted]);
    const total = emit('ReduceSum', [exponentials, rows], keep);
    const classNumbers = constant({
      dtype: 'int32',
      shape: [classes],
      data: Int32Array.from(Array(classes).keys()),
    });
    const isLabel = emit('Equal', [emit('Unsqueeze', [labels, rows]), classNumbers]);
    const logProbabilities = emit('Sub', [shifted, emit('Log', [total])]);
    const onehot = () => emit('Cast', [isLabel], { to: { int: 1 } });
    const number = (value: number) => constant(scalar(value));
    const target =
      labelSmoothing === 0
        ? undefined
        : emit('Add', [
            emit('Mul', [onehot(), number(1 - labelSmoothing)]),
            number(labelSmoothing / classes),
          ]);
    const weighted =
      target === undefined
        ? emit('Where', [isLabel, logProbabilities, constant(scalar(0))])
        : emit('Mul', [target, logProbabilities]);
    return {
      loss: emit('Neg', [emit('ReduceSum', [weighted, rows], { keepdims: { int: 0 } })]),
      backprop: emit('Sub', [emit('Div', [exponentials, total]), target ?? onehot()]),
    };
  },
  onednn: (context) => {
    const { logits, labels } = context.inputs;
    const [rows = 1, classes = 1] = logits.dims;
    const numbers = float32(
      logits.dims,
      Float32Array.from({ length: rows * classes }, (_, i) => i % classes),
    );
    const column = context.alias(context.call('copy', {}, labels.dims, { pieces: [{ source: labels }] }), [
      rows,
      1,
    ]);
    const isLabel = binary(context, 'eq', context.constant(numbers), column, logits.dims);
    const logProbabilities = context.call('softmax_forward', { src: logits }, logits.dims);
    const { labelSmoothing = 0 } = context.attributes;
    const target =
      labelSmoothing === 0
        ? isLabel
        : unary(context, 'linear', isLabel, 1 - labelSmoothing, labelSmoothing / classes);
    const weighted = binary(context, 'mul', target, logProbabilities, logits.dims);
    const sums = reduce(context, 'sum', weighted, [rows, 1]);
    return {
      loss: context.alias(unary(context, 'linear', sums, -1), [rows]),
      backprop: binary(context, 'sub', unary(context, 'exp', logProbabilities), target, logits.dims),
    };
  },
};

/** y = Σ x² / 2, a scalar. */
export const l2Loss: OpDefinition<'L2Loss'> = {
  infer: () => ({ y: float32Type([]) }),
  gradient: { x: ({ op, inputs: { x }, dy }) => op('Mul', { a: x, b: dy }) },
  float16: 'never',
  // The squares are summed in three levels, because ONNX Runtime adds sequentially, and a single sum of a million squares
  // would be wrong in the fifth digit.
  onnx: ({ inputs: { x }, inputTypes, emit, constant }) => {
    const rows = inputTypes.x.shape[0] ?? 1;
    const groups = nearestDivisor(rows);
    const levels = [groups, rows / groups, sizeOf(inputTypes.x.shape) / rows];
    const reduce = (opType: string, input: string, axis: number) =>
      emit(opType, [input, constant(int64Vector([axis]))], { keepdims: { int: 0 } });
    const ofRows = reduce('ReduceSumSquare', emit('Reshape', [x, constant(int64Vector(levels))]), 2);
    const sum = reduce('ReduceSum', reduce('ReduceSum', ofRows, 1), 0);
    return { y: emit('Mul', [sum, constant(scalar(0.5))]) };
  },
  onednn: (context) => {
    const { x } = context.inputs;
    const rows = x.dims[0] ?? 1;
    const flat = context.alias(plain(context, x), [rows, sizeOf(x.dims) / rows]);
    const squares = binary(context, 'mul', flat, flat, flat.dims);
    const sums = reduce(context, 'sum', squares, [rows, 1]);
    const sum = reduce(context, 'sum', context.alias(sums, [1, rows]), [1, 1]);
    return { y: unary(context, 'linear', context.alias(sum, [1]), 0.5) };
  },
};

/** Returns the largest divisor of a number that does not exceed the square root of that number: 48 for 2304. */
function nearestDivisor(count: number): number {
  let divisor = Math.max(1, Math.floor(Math.sqrt(count)));
  while (count % divisor !== 0) divisor--;
  return divisor;
}

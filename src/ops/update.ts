/** Operators that compute the new value of a variable. None of them modifies the variable in place. Learning rate and decay
 * are scalars. */
import { scalar } from '../tensor/tensor.ts';
import type { OpDefinition } from './definition.ts';
import { binary } from './primitives.ts';
import { requireSame, requireType } from './shapes.ts';

/** y = variable - learningRate · gradient. This is TensorFlow's ApplyGradientDescent without the assignment. */
export const applyGradientDescent: OpDefinition<'ApplyGradientDescent'> = {
  infer: ({ variable, gradient, learningRate }) => {
    requireSame('the variable and its gradient', variable, gradient);
    requireType('learningRate', learningRate, 'float32', '');
    return { y: variable };
  },
  gradient: { notDifferentiable: 'updates are not differentiated' },
  float16: 'never',
  onnx: ({ inputs: { variable, gradient, learningRate }, emit }) => ({
    y: emit('Sub', [variable, emit('Mul', [gradient, learningRate])]),
  }),
  onednn: (context) => {
    const { variable, gradient, learningRate } = context.inputs;
    const change = binary(context, 'mul', gradient, learningRate, gradient.dims);
    return { y: binary(context, 'sub', variable, change, variable.dims) };
  },
};

/** y = average - (1 - decay) · (average - value), TensorFlow's form of decay · average + (1 - decay) · value. */
export const exponentialMovingAverage: OpDefinition<'ExponentialMovingAverage'> = {
  infer: ({ average, value, decay }) => {
    requireSame('the average and the value', average, value);
    requireType('decay', decay, 'float32', '');
    return { y: average };
  },
  gradient: { notDifferentiable: 'updates are not differentiated' },
  float16: 'never',
  onnx: ({ inputs: { average, value, decay }, emit, constant }) => {
    const rest = emit('Sub', [constant(scalar(1)), decay]);
    return { y: emit('Sub', [average, emit('Mul', [emit('Sub', [average, value]), rest])]) };
  },
  onednn: (context) => {
    const { average, value, decay } = context.inputs;
    const rest = binary(context, 'sub', context.constant(scalar(1)), decay, [1]);
    const distance = binary(context, 'sub', average, value, average.dims);
    return {
      y: binary(context, 'sub', average, binary(context, 'mul', distance, rest, average.dims), average.dims),
    };
  },
};
